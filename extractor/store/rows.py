"""An extraction as rows of the store's tables. Pure: values in, tuples out; the SQL is in `store`."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from extractor import wording
from extractor.schema import EVENT_TYPES, Document, Event, Extraction

Row = tuple[Any, ...]

# The columns of `events` that `event` fills, in its order.
EVENT_COLUMNS = (
    "type",
    "summary",
    "sentence",
    "published",
    "confidence",
    "document_id",
    "measure",
    "status",
    "direction",
    "action",
    "activity",
    "kind",
    "tonnes",
    "tonnes_low",
    "tonnes_high",
    "rate_pct",
    "change_pct",
    "share_pct",
    "days",
    "value_low",
    "value_high",
    "value_currency",
    "value_per",
    "period",
    "period_start",
    "announced",
    "effective",
    "until",
    "date",
    "reference",
    "site",
    "market",
    "slots",
)

_PERIOD_START = re.compile(r"(\d{4})(?:-(?:(\d\d)(?:-(\d\d))?|Q([1-4])|H([12])))?(?:/.*)?")
_COUNTRY_CODE = re.compile(r"[A-Z]{2}")
_ALSO_IDENTIFYING = {"control_measure": ("status", "reference")}  # a later step of a measure is an event of its own


def content_hash(document: Document) -> str:
    """Changes when anything of the document changes that the extractor reads or the store shows."""
    return _hash(
        [
            document.title,
            document.text,
            document.url,
            document.source,
            document.kind,
            document.published,
            document.language,
            document.author,
        ]
    )


def extraction_hash(extraction: Extraction) -> str:
    return _hash(extraction.to_json())


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def fact(type: str, slots: Mapping[str, Any]) -> str:
    """What makes an event of a document the event it is: its type and key slots, as one comparable string."""
    identifying = [
        slots.get(slot.name) for slot in EVENT_TYPES[type] if slot.key or slot.name in _ALSO_IDENTIFYING.get(type, ())
    ]
    return json.dumps(
        [type, *(sorted(value) if isinstance(value, list | tuple) else value for value in identifying)], sort_keys=True
    )


def event(event: Event, extraction: Extraction) -> Row:
    """One row of `events`, in the order of EVENT_COLUMNS."""
    document, slots = extraction.document, event.slots
    columns: dict[str, Any] = {
        "type": event.type,
        "summary": wording.summary(event.type, slots, lambda kind, id: name(_kind(kind, id, extraction), id)),
        "sentence": " … ".join(document.content[start:end] for start, end in event.evidence.get("sentence", ())),
        "published": document.published or None,
        "confidence": event.confidence,
        "document_id": document.id,
        "slots": json.dumps(dict(slots), ensure_ascii=False),
    }
    for slot in EVENT_TYPES[event.type]:
        if slot.many or not (values := wording.items(slot, slots)):
            continue
        value = values[0]
        if slot.kind == "quantity":
            low, high = wording.ends(value, "tonnes")
            columns |= {"tonnes": _middle(low, high), "tonnes_low": low, "tonnes_high": high}
        elif slot.kind == "money":
            low, high = wording.ends(value, "amount")
            columns |= {
                "value_low": low,
                "value_high": high,
                "value_currency": value.get("currency"),
                "value_per": value.get("per"),
            }
        elif slot.kind == "number":
            columns[slot.name] = float(value)
        else:
            columns[slot.name] = str(value)
    columns["period_start"] = period_start(columns.get("period") or "")
    return tuple(storable(columns.get(column)) for column in EVENT_COLUMNS)


def _middle(low: float | None, high: float | None) -> float | None:
    return (low + high) / 2 if low is not None and high is not None else high if low is None else low


def period_start(period: str) -> str | None:
    """First day of a period: 2025-Q2 → 2025-04-01. None where it is no period of the guidelines."""
    match = _PERIOD_START.fullmatch(period)
    if not match:
        return None
    year, month, day, quarter, half = match.groups()
    if quarter or half:
        month = f"{(int(quarter) - 1) * 3 + 1 if quarter else (int(half) - 1) * 6 + 1:02}"
    return f"{year}-{month or '01'}-{day or '01'}"


def links(event: Event, extraction: Extraction) -> Iterator[tuple[str, str, str]]:
    """(kind, id, role) of all that an event's lists and places name. Kind is material, country, company or code."""
    for slot in EVENT_TYPES[event.type]:
        if slot.kind in ("materials", "countries", "parties", "codes"):
            for value in dict.fromkeys(wording.items(slot, event.slots)):
                yield _kind(slot.kind, value, extraction), storable(str(value)), slot.name


def _kind(slot_kind: str, value: str, extraction: Extraction) -> str:
    if slot_kind == "parties":  # "GE" is a company where the document's companies say so
        if value not in extraction.companies and _COUNTRY_CODE.fullmatch(value):
            return "country"
        return "company"
    return {"materials": "material", "countries": "country", "codes": "code"}[slot_kind]


def evidence(event: Event, content: str) -> Iterator[Row]:
    """(slot, start, end, text) of every span that a slot was read from."""
    for slot, spans in event.evidence.items():
        for start, end in spans:
            yield slot, start, end, storable(content[start:end])


def mentions(extraction: Extraction) -> Iterator[Row]:
    """(document_id, label, entity, start, end, text, value)."""
    content = extraction.document.content
    for mention in extraction.mentions:
        value = None if mention.value is None else json.dumps(dict(mention.value), ensure_ascii=False)
        yield (
            extraction.document.id,
            mention.label,
            storable(mention.id),
            mention.start,
            mention.end,
            storable(content[mention.start : mention.end]),
            storable(value),
        )


def name(kind: str, id: str) -> str:
    """What people call a material, country or company."""
    if kind == "country":
        return _country_names().get(id, id)
    return wording.plain_name("materials" if kind == "material" else kind, id)


@cache
def _country_names() -> dict[str, str]:
    with (resources.files("extractor") / "data" / "countries.csv").open(encoding="utf-8") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def storable(value: Any) -> Any:
    """SQLite takes no half of a surrogate pair: such a character becomes "?", which keeps every offset."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def storable_all(values: Iterable[Any]) -> Row:
    return tuple(storable(value) for value in values)
