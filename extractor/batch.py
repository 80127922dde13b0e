"""Streams documents through the pipeline: order kept, memory flat, a document that fails costs only itself."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from extractor import model
from extractor.parts import is_long, joined, parts
from extractor.schema import Document, Event, Extraction, Mention, Problem

BATCH_DOCUMENTS = 64
BATCH_CHARACTERS = 500_000  # a batch is closed when it holds this much text: about 10 MB of tokens
CACHED_WORDS = 10_000  # as many as spaCy's tokenizer keeps

Batch = list[Document | Problem]
Results = list[Extraction | Problem]


class WorkerDied(Exception):
    """A process that extracted was killed; the message ends in the remedy."""


def extract(
    documents: Iterable[Document | Problem], nlp: Language, *, batch_size: int = BATCH_DOCUMENTS, n_process: int = 1
) -> Iterator[Extraction | Problem]:
    """What the pipeline finds in each document, in the order given. Problems that come in go out in their place.

    A document on which the pipeline raises comes out as an error Problem. With n_process above 1 every process loads
    the pipeline from where `nlp` was loaded; raises WorkerDied when one of them is killed from outside.
    """
    batches = _batches(documents, batch_size)
    if n_process > 1:
        yield from _in_processes(batches, nlp, n_process)
    else:
        extractor = _Extractor(nlp)
        for batch in batches:
            yield from extractor.results(batch)


def _batches(documents: Iterable[Document | Problem], size: int) -> Iterator[Batch]:
    batch: Batch = []
    characters = 0
    for document in documents:
        batch.append(document)
        characters += len(document.text) if isinstance(document, Document) else 0
        if len(batch) >= size or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


class _Extractor:
    """A pipeline at work on batches."""

    def __init__(self, nlp: Language):
        self.nlp = nlp
        self.cached: set[str] = set()

    def results(self, batch: Batch) -> Results:
        """All of a batch in one memory zone, each part of a long document in a zone of its own; if something in it raises, one document a zone to find out which."""
        documents = [item for item in batch if isinstance(item, Document)]
        self._fill_cache(documents)
        found: Iterator[Extraction | Problem]
        try:
            found = iter(self._extracted(documents))
        except Exception:
            found = (self._alone(document) for document in documents)
        return [next(found) if isinstance(item, Document) else item for item in batch]

    def _fill_cache(self, documents: list[Document]) -> None:
        """Have the tokenizer cache the frequent words: in memory zones it reads its cache but never fills it.

        That makes it five times as fast. One word a call, as it stops caching in a text at the first contraction.
        """
        room = CACHED_WORDS - len(self.cached)
        if room > 0:
            counts = Counter(word for document in documents for word in document.text[:BATCH_CHARACTERS].split())
            words = [
                word
                for word, count in counts.most_common(room)
                if count > 1 and len(word) < 40 and word not in self.cached
            ]
            for word in words:
                self.nlp.tokenizer(word)
            self.cached.update(words)

    def _extracted(self, documents: list[Document]) -> list[Extraction]:
        short = iter(self._zone([document for document in documents if not is_long(document)]))
        return [self._in_parts(document) if is_long(document) else next(short) for document in documents]

    def _in_parts(self, document: Document) -> Extraction:
        return joined(document, ((self._zone([part])[0], offset) for part, offset in parts(document)))

    def _zone(self, documents: list[Document]) -> list[Extraction]:
        # What spaCy adds to its tables inside the zone is freed at its end; the values that leave it are plain Python.
        with self.nlp.memory_zone():
            docs = self.nlp.pipe(model.doc_of(self.nlp, document) for document in documents)
            return [_extraction(document, doc) for document, doc in zip(documents, docs, strict=True)]

    def _alone(self, document: Document) -> Extraction | Problem:
        try:
            return self._extracted([document])[0]
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            return Problem(
                "extract",
                "error",
                f"the pipeline failed on it ({type(error).__name__}: {reason}); "
                "leave the document out, and report it with its text",
                document.origin,
                document.id,
            )


def _extraction(document: Document, doc: Doc) -> Extraction:
    found = doc._
    problems = (Problem(**problem, source=document.origin, document_id=document.id) for problem in found.problems)
    return Extraction(
        document,
        bool(found.relevant),
        tuple(found.materials),
        tuple(found.countries),
        tuple(found.companies),
        tuple(dict(quantity) for quantity in found.quantities),
        tuple(map(_event, found.events)),
        tuple(Mention(**mention) for mention in found.mentions),
        (*document.problems, *problems),
    )


def _event(found: dict[str, Any]) -> Event:
    slots = {name: value for name, value in found.items() if name not in ("type", "evidence", "confidence")}
    evidence = {name: tuple((start, end) for start, end in spans) for name, spans in found["evidence"].items()}
    return Event(found["type"], slots, evidence, found["confidence"])


# Processes of our own: spaCy's send whole Docs back, whose words stay in this process's tables for good, and one
# document that fails there takes its batch along.

_worker: _Extractor | None = None


def _in_processes(batches: Iterator[Batch], nlp: Language, count: int) -> Iterator[Extraction | Problem]:
    if nlp.path is None:
        raise ValueError("n_process above 1 needs a pipeline that was loaded from a folder")
    pool = ProcessPoolExecutor(count, get_context("spawn"), _start_worker, (Path(nlp.path),))
    under_way: deque[Future[Results]] = deque()
    try:
        for batch in batches:
            under_way.append(pool.submit(_work, batch))
            if len(under_way) > 2 * count:  # the reader never runs further ahead than this
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    except BrokenProcessPool as error:
        raise WorkerDied(
            "an extracting process was killed, perhaps for want of memory; run again with a smaller --n-process"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker(folder: Path) -> None:
    global _worker
    _worker = _Extractor(model.load(folder))


def _work(batch: Batch) -> Results:
    assert _worker is not None
    return _worker.results(batch)
