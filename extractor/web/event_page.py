"""What the page of one event shows: its slots with their values, and the text with the words they were read from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from datasette.utils import tilde_encode

from extractor.schema import EVENT_TYPES, Document, Slot, Span
from extractor.wording import items, value_text

CONTEXT = 300  # characters shown before and after the sentence
NEAR = 90  # and around words of a slot that stand elsewhere
COLOURS = 10  # classes slot-0 … slot-9 of the stylesheet

# Characters that turn the direction of what follows: harmless in a cell of their own, misleading inside a quotation
_DIRECTION_MARKS = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


@dataclass(frozen=True)
class Evidence:
    slot: str
    start: int
    end: int


async def event_page(datasette: Any, database: str, event_id: int) -> dict[str, Any]:
    """Everything that `event.html` shows of one event; the event exists."""
    db = datasette.get_database(database)
    event = dict(
        (
            await db.execute(
                "select e.id, e.type, e.summary, e.confidence, e.slots, e.document_id, e.incident_id, d.title, d.text, d.url, d.source, "
                "d.published, d.origin from events e join documents d on d.id = e.document_id where e.id = ?",
                [event_id],
            )
        ).first()
    )
    slots = json.loads(event["slots"])
    content = Document(id=event["document_id"], title=event["title"], text=event["text"]).content
    evidence = [
        Evidence(*row)
        for row in await db.execute(
            'select slot, start, "end" from evidence where event_id = ? order by id', [event_id]
        )
    ]
    filled = [slot for slot in EVENT_TYPES.get(event["type"], ()) if items(slot, slots)]
    colours = {slot.name: number % COLOURS for number, slot in enumerate(filled)}
    named = await _names(db, event_id)
    table = datasette.urls.table(database, "events")
    others = await db.execute(
        "select id, summary from events where document_id = ? and id != ? order by id limit 100",
        [event["document_id"], event_id],
    )
    return {
        **{name: event[name] for name in ("id", "type", "summary", "confidence", "title", "source", "published")},
        "url": event["url"] if is_web_address(event["url"]) else "",
        "origin": event["url"] or event["origin"],
        "document_href": datasette.urls.row(database, "documents", tilde_encode(event["document_id"])),
        "slots": [
            {
                "name": slot.name,
                "description": slot.description,
                "colour": colours[slot.name],
                "values": [_value(slot, value, named, table) for value in items(slot, slots)],
                "read": _read(slot.name, evidence, content),
            }
            for slot in filled
        ],
        "excerpts": excerpts(content, evidence, colours),
        "reports": await _reports(datasette, database, event_id, event["incident_id"]),
        "others": [
            {"summary": row["summary"], "href": datasette.urls.row(database, "events", str(row["id"]))}
            for row in others
        ],
    }


async def _reports(datasette: Any, database: str, event_id: int, incident: int | None) -> list[dict[str, Any]]:
    """What other documents tell of the incident, and what each says otherwise than this event."""
    db = datasette.get_database(database)
    found = (await db.execute("select type, conflicts from incidents where id = ?", [incident])).first()
    if found is None:
        return []
    slots = {slot.name: slot for slot in EVENT_TYPES.get(found["type"], ())}
    camps = json.loads(found["conflicts"])
    rows = await db.execute(
        "select e.id, e.sentence, e.published, d.source, d.title from events e join documents d on d.id = e.document_id "
        "where e.incident_id = ? and e.id != ? order by e.published, e.id limit 100",
        [incident, event_id],
    )
    return [
        {
            **{name: plain(row[name] or "") for name in ("sentence", "published", "source", "title")},
            "href": datasette.urls.row(database, "events", str(row["id"])),
            "otherwise": [
                {"slot": name, "value": value_text(slots[name], camp["value"])}
                for name, told in camps.items()
                for camp in told
                if name in slots and row["id"] in camp["events"] and event_id not in camp["events"]
            ],
        }
        for row in rows
    ]


def is_web_address(url: str) -> bool:
    """Only these become links: a `javascript:` address must not."""
    return re.match(r"https?://[^\s/]", url) is not None


async def _names(db: Any, event_id: int) -> dict[tuple[str, str], tuple[str, str]]:
    """(slot, id) → (name, filter that finds other events with it)."""
    rows = await db.execute(
        "select 'materials' as role, material as id, name, '_material' as filter from event_materials "
        "  join materials on materials.id = material where event_id = :id "
        "union all select role, country, name, '_country' from event_countries "
        "  join countries on countries.id = country where event_id = :id "
        "union all select role, company, name, '_company' from event_companies "
        "  join companies on companies.id = company where event_id = :id "
        "union all select 'codes', code, code, '_code' from event_codes where event_id = :id",
        {"id": event_id},
    )
    return {(row["role"], row["id"]): (row["name"], row["filter"]) for row in rows}


def _value(slot: Slot, value: Any, named: dict[tuple[str, str], tuple[str, str]], table: str) -> dict[str, str]:
    name, filter = named.get((slot.name, str(value)), ("", ""))
    if not filter:
        return {"text": value_text(slot, value), "href": ""}
    text = f"{name} ({value})" if filter == "_country" and name != value else name
    return {"text": text, "href": f"{table}?{urlencode({filter: value})}"}


def _read(slot: str, evidence: Iterable[Evidence], content: str) -> list[str]:
    """The words that a slot was read from, each once."""
    return list(dict.fromkeys(plain(content[one.start : one.end]) for one in evidence if one.slot == slot))


def plain(text: str) -> str:
    """Without the marks that turn the direction of reading."""
    return text.translate(_DIRECTION_MARKS)


def excerpts(content: str, evidence: list[Evidence], colours: dict[str, int]) -> list[dict[str, Any]]:
    """The stretches of text around the evidence, each cut into pieces that the same slots were read from.

    [{"before": True if text was left out before it, "after", "pieces": [{"text", "slots", "colours", "anchors",
    "sentence"}]}]
    """
    marked = [one for one in evidence if one.slot in colours]
    sentences = [one for one in evidence if one.slot == "sentence"]
    windows = _windows(
        [(one.start - CONTEXT, one.end + CONTEXT) for one in sentences]
        + [(one.start - NEAR, one.end + NEAR) for one in marked],
        content,
    )
    anchored: set[str] = set()
    result = []
    for start, end in windows:
        cuts = sorted(
            {start, end, *(cut for one in (*marked, *sentences) for cut in (one.start, one.end) if start < cut < end)}
        )
        pieces = []
        for left, right in pairwise(cuts):
            slots = list(dict.fromkeys(one.slot for one in marked if one.start <= left and right <= one.end))
            pieces.append(
                {
                    "text": plain(content[left:right]),
                    "slots": slots,
                    "colours": [colours[slot] for slot in slots],
                    "anchors": [slot for slot in slots if slot not in anchored],
                    "sentence": any(one.start <= left and right <= one.end for one in sentences),
                }
            )
            anchored.update(slots)
        result.append({"before": start > 0, "after": end < len(content), "pieces": pieces})
    return result


def _windows(wanted: list[Span], content: str) -> list[Span]:
    """The spans, kept inside the text and off the middle of words; those that touch become one."""
    merged: list[Span] = []
    for start, end in sorted(wanted):
        start, end = max(0, start), min(len(content), end)
        while start > 0 and not content[start - 1].isspace() and content[start].isascii():
            start -= 1
        while end < len(content) and not content[end].isspace() and content[end].isascii():
            end += 1
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged
