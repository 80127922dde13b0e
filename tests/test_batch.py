"""Streaming: order, memory, and what a document that fails does to the others."""

from __future__ import annotations

from itertools import count, islice

import pytest
from spacy.language import Language

from extractor import batch, model
from extractor.schema import Document, Extraction, Problem


def flow(number: int, text: str = "") -> Document:
    return Document(id=f"d{number}", title="Tungsten", published="2026-02-27", origin=f"docs.jsonl:{number}",
                    text=text or f"Japan imported {number + 100} tonnes of tungsten from China in January 2026.")


@pytest.mark.parametrize("n_process", [1, 2])
def test_order_is_kept_and_problems_pass_through(nlp, n_process):
    given = [Problem("read", "error", f"broken {n}; mend it") if n % 4 == 1 else flow(n) for n in range(30)]
    results = list(batch.extract(given, nlp, batch_size=4, n_process=n_process))
    assert [result if isinstance(result, Problem) else result.document for result in results] == given
    masses = [result.quantities for result in results if isinstance(result, Extraction)]
    assert masses == [({"tonnes": n + 100.0},) for n in range(30) if n % 4 != 1]


def test_what_comes_out_is_what_the_pipeline_finds_in_the_document_alone(nlp):
    document = flow(765)
    [result] = batch.extract([document], nlp)
    alone = nlp.make_doc(document.content)
    alone.user_data.update(published=document.published, title_end=len(document.title), kind=document.kind)
    alone = nlp(alone)
    assert isinstance(result, Extraction)
    assert result.to_json()["events"] == alone._.events != []
    assert result.to_json()["mentions"] == alone._.mentions != []
    [event] = result.events
    [(start, end)] = event.evidence["quantity"]
    assert "865" in document.content[start:end]


@Language.component("chokes_on_arsenic")
def chokes_on_arsenic(doc):
    if "arsenic" in doc.text:
        raise ValueError("cannot\nstomach it")
    return doc


@pytest.fixture(scope="module")
def choking():
    nlp = model.load()
    nlp.add_pipe("chokes_on_arsenic", last=True)
    return nlp


def test_a_document_that_the_pipeline_fails_on_costs_only_itself(choking):
    given = [flow(0), flow(1, "No arsenic here."), flow(2)]
    first, second, third = batch.extract(given, choking)
    assert isinstance(first, Extraction)
    assert isinstance(third, Extraction)
    assert first.events and third.events
    assert isinstance(second, Problem)
    assert (second.level, second.stage, second.source, second.document_id) == ("error", "extract", "docs.jsonl:1", "d1")
    assert "ValueError: cannot stomach it" in second.message


def test_documents_are_read_only_as_far_as_they_are_needed(nlp):
    read = []

    def endless():
        for number in count():
            read.append(number)
            yield flow(number)

    assert [result.document.id for result in islice(batch.extract(endless(), nlp, batch_size=5), 7)] \
        == [f"d{n}" for n in range(7)]
    assert len(read) == 10


def test_a_batch_is_closed_by_its_characters_too(nlp):
    read = []

    def long():
        for number in count():
            read.append(number)
            yield flow(number, "Nothing to see here. " * 500)

    next(batch.extract(long(), nlp, batch_size=1_000_000))
    assert len(read) == pytest.approx(batch.BATCH_CHARACTERS / 10_500, abs=1)


def test_the_words_of_a_long_run_are_not_kept(nlp):
    def varied(start: int):
        for n in range(start, start + 40):
            yield flow(n, " ".join(f"word{n}x{m} Company{n}x{m} Ltd" for m in range(50)))

    for _ in batch.extract(varied(0), nlp):
        pass
    strings = len(nlp.vocab.strings)
    for _ in batch.extract(varied(1000), nlp):
        pass
    assert len(nlp.vocab.strings) - strings < 500  # of 4,000 new ones
