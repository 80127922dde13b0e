"""Long documents in parts, so that a gazette of 300 pages takes no more memory than a page of it.

Each part opens with the document's title and ends at a paragraph; what is found in the parts becomes one extraction,
its offsets those of the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from extractor.schema import Document, Event, Extraction, Mention, Problem, Span

PART_CHARACTERS = 60_000  # about twelve pages; a document of up to one and a half times as much stays whole


def is_long(document: Document) -> bool:
    return len(document.text) > 1.5 * PART_CHARACTERS


def parts(document: Document) -> Iterator[tuple[Document, int]]:
    """Parts of a document, and how far into the whole text each begins."""
    text = document.text
    start = 0
    while start < len(text):
        end = _end(text, start)
        yield replace(document, text=text[start:end]), start
        start = end


def _end(text: str, start: int) -> int:
    """Where a part ends: behind the last paragraph that fits, else line, else sentence, else word."""
    if len(text) - start <= 1.5 * PART_CHARACTERS:
        return len(text)
    least, most = start + PART_CHARACTERS // 2, start + PART_CHARACTERS
    for gap in ("\n\n", "\n", ". ", " "):
        if (at := text.rfind(gap, least, most)) > 0:
            return at + len(gap)
    return most


def joined(document: Document, found: Iterable[tuple[Extraction, int]]) -> Extraction:
    """One extraction of the parts' extractions; what several parts tell is told once."""
    title = len(document.content) - len(document.text)  # what stands before the text, in every part
    events: dict[str, Event] = {}
    mentions: list[Mention] = []
    lists: dict[str, dict[str, Any]] = {"materials": {}, "countries": {}, "companies": {}, "quantities": {}}
    problems: dict[Problem, None] = {}
    relevant = False
    for extraction, offset in found:
        relevant |= extraction.relevant
        for name, seen in lists.items():
            for item in getattr(extraction, name):
                seen.setdefault(json.dumps(item, sort_keys=True), item)
        for event in extraction.events:
            moved = {slot: tuple(_moved(s, offset, title) for s in spans) for slot, spans in event.evidence.items()}
            key = json.dumps([event.type, event.slots], sort_keys=True)
            events.setdefault(key, replace(event, evidence=moved))
        for m in extraction.mentions:
            if m.start >= title or not offset:
                start, end = _moved((m.start, m.end), offset, title)
                mentions.append(replace(m, start=start, end=end))
        problems.update(dict.fromkeys(extraction.problems))
    materials, countries, companies, quantities = (tuple(seen.values()) for seen in lists.values())
    return Extraction(
        document,
        relevant,
        materials,
        countries,
        companies,
        quantities,
        tuple(events.values()),
        tuple(mentions),
        tuple(problems),
    )


def _moved(span: Span, offset: int, title: int) -> Span:
    return span if span[0] < title else (span[0] + offset, span[1] + offset)
