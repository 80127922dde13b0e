"""Writes extractions to a file: every document as JSON Lines, or every event as a row of CSV or Parquet."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from extractor.schema import EVENT_TYPES, Event, Extraction, Slot

if TYPE_CHECKING:
    import pyarrow as pa


class Writer(Protocol):
    def write(self, extraction: Extraction) -> None: ...


# The columns of a table of events: the document, then every slot of every type, then what it was read from.
_SLOTS: dict[str, Slot] = {slot.name: slot for slots in EVENT_TYPES.values() for slot in slots}
_PARTS = {
    "quantity": ("tonnes", "low", "high"),
    "money": ("amount", "low", "high", "currency", "per"),
}
_TEXT_PARTS = ("currency", "per")


def _columns() -> Iterator[tuple[str, str]]:
    """Name and kind (text, number, list) of every column."""
    for name in ("document_id", "title", "url", "published", "type"):
        yield name, "text"
    for slot in _SLOTS.values():
        if slot.kind in _PARTS:
            for part in _PARTS[slot.kind]:
                yield f"{slot.name}_{part}", "text" if part in _TEXT_PARTS else "number"
        else:
            yield slot.name, "list" if slot.many else "number" if slot.kind == "number" else "text"
    yield "sentence", "text"
    yield "confidence", "number"


COLUMNS: dict[str, str] = dict(_columns())


def rows(extraction: Extraction) -> Iterator[dict[str, Any]]:
    """One row an event; what the text does not state is None. A single figure is its own low and high."""
    document = extraction.document
    for event in extraction.events:
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row |= {
            "document_id": document.id,
            "title": document.title,
            "url": document.url,
            "published": document.published,
            "type": event.type,
            "sentence": sentence(event, document.content),
            "confidence": float(event.confidence),
        }
        for name, value in event.slots.items():
            slot = _SLOTS[name]
            if slot.kind in _PARTS:
                row |= {f"{name}_{part}": value for part, value in _parted(value).items()}
            elif slot.many:
                row[name] = [str(member) for member in value]
            else:
                row[name] = float(value) if slot.kind == "number" else str(value)
        yield row


def sentence(event: Event, content: str) -> str:
    """The sentence, or sentences, that an event was read from, on one line."""
    return " … ".join(" ".join(content[start:end].split()) for start, end in event.evidence.get("sentence", ()))


def _parted(value: Mapping[str, Any]) -> dict[str, Any]:
    single = value.get("tonnes", value.get("amount"))
    parts = dict(value) if single is None else {"low": single, "high": single, **value}
    return {part: figure if part in _TEXT_PARTS else float(figure) for part, figure in parts.items()}


class JsonLines:
    """One document a line, as the annotation guidelines give it."""

    def __init__(self, stream: IO[str]):
        self.stream = stream

    def write(self, extraction: Extraction) -> None:
        self.stream.write(json.dumps(extraction.to_json(), ensure_ascii=False) + "\n")
        self.stream.flush()  # whoever reads at the other end of a pipe gets each document when it is done


class Csv:
    """One event a row; members of a list are joined by `|`."""

    def __init__(self, stream: IO[str]):
        self.table = csv.DictWriter(stream, list(COLUMNS))
        self.table.writeheader()

    def write(self, extraction: Extraction) -> None:
        self.table.writerows({name: _cell(value) for name, value in row.items()} for row in rows(extraction))


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is led by an apostrophe, which makes it plain text there."""
    text = "|".join(value) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


class Parquet:
    """One event a row, typed, in groups of rows, so that memory does not grow with the file."""

    GROUP = 20_000

    def __init__(self, path: Path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds: dict[str, pa.DataType] = {"text": pa.string(), "number": pa.float64(), "list": pa.list_(pa.string())}
        self.schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
        self.file = pq.ParquetWriter(path, self.schema)
        self.batch_of = pa.RecordBatch.from_pylist
        self.waiting: list[dict[str, Any]] = []

    def write(self, extraction: Extraction) -> None:
        self.waiting += rows(extraction)
        if len(self.waiting) >= self.GROUP:
            self._flush()

    def _flush(self) -> None:
        if self.waiting:
            self.file.write_batch(self.batch_of(self.waiting, schema=self.schema))
            self.waiting = []

    def close(self) -> None:
        self._flush()
        self.file.close()


@contextmanager
def _text_file(path: Path, kind: type[JsonLines] | type[Csv]) -> Iterator[Writer]:
    # Bytes of a name that were no UTF-8 come as lone surrogates; they must not lose the document.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        yield kind(stream)


@contextmanager
def _parquet_file(path: Path) -> Iterator[Writer]:
    writer = Parquet(path)
    try:
        yield writer
    finally:
        writer.close()


ENDINGS = (".jsonl", ".csv", ".parquet")


@contextmanager
def to_file(path: Path) -> Iterator[Writer]:
    """A writer by the ending of `path`, which is one of ENDINGS. The file appears whole at the end, or not at all.

    Raises OSError when the folder cannot be written to.
    """
    # Its own ending keeps the unfinished file from being read as input where it lies among the documents.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    opened: AbstractContextManager[Writer]
    if path.suffix == ".parquet":
        opened = _parquet_file(unfinished)
    else:
        opened = _text_file(unfinished, JsonLines if path.suffix == ".jsonl" else Csv)
    try:
        with opened as writer:
            yield writer
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
