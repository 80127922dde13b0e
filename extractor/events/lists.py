"""The document's own lists: materials, countries, companies, quantities, and whether it is about supply or control."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from extractor.events.page import Page, Sentence, is_place
from extractor.schema import EVENT_TYPES, Event, Mention

_STRONG = (
    "export",
    "import",
    "quota",
    "licence",
    "tax",
    "control",
    "ban",
    "probe",
    "capacity",
    "mining",
    "refining",
    "recycling",
    "stockpile",
    "offtake",
    "listing",
    "sanction",
    "produce",
)
_WEAK_WORDS = frozenset(
    [
        "made",
        "make",
        "makes",
        "making",
        "process",
        "processed",
        "processing",
        "processes",
        "control",
        "controls",
        "listed",
        "list",
        "mine",
        "stock",
        "stop",
        "stopped",
        "halt",
        "halted",
        "bar",
        "bars",
        "cast",
        "band",
        "oxide",
        "magnet",
        "magnets",
        "taken",
        "took",
        "duty",
        "duties",
        "permit",
        "order",
        "recovered",
        "recover",
        "license",
        "licensing",
        "licence",
        "certificate",
        "separate",
        "separated",
        "tax",
        "taxes",
        "tools",
        "tool",
        "production",
        "produced",
        "produces",
        "produce",
    ]
)
_PAGE = 600  # characters; a longer text that passed the gate may name its material within a company's name only
_DATELINE = re.compile(r"^\s*(?:\([^)]*\)\s*)?[A-Z][\w' .,-]{0,40}$")


def gather(page: Page) -> dict[str, Any]:
    relevant = _relevant(page)
    return {
        "relevant": relevant,
        "materials": _distinct(m.id for m in page.mentions if m.label == "MATERIAL"),
        "countries": _distinct(m.id for m in page.mentions if m.label == "COUNTRY" and _meant(page, m)),
        "companies": list(company_names(page).values()),
        "quantities": quantities(page) if relevant else [],
    }


def company_names(page: Page) -> dict[str, str]:
    """Company id → the name to file it under: the id where it opens as the text does, else the text's fullest form."""
    forms: dict[str, list[str]] = {}
    for mention in page.mentions:
        if mention.label == "COMPANY":
            forms.setdefault(mention.id, []).append(page.text[mention.start : mention.end])
    names = {}
    for company, texts in forms.items():
        fullest = max(texts, key=lambda t: (len(t.split()), len(t)))
        opens = _words(company)[: len(_words(fullest))] == _words(fullest)
        names[company] = company if opens or _words(company) == _words(fullest) else _plain(fullest)
    return names


def with_names(page: Page, events: list[Event]) -> list[Event]:
    """Events whose parties carry the names of the document's own list."""
    names = company_names(page)
    named = []
    for event in events:
        slots = dict(event.slots)
        for slot in EVENT_TYPES[event.type]:
            if slot.kind == "parties" and slot.name in slots:
                slots[slot.name] = list(dict.fromkeys(names.get(v, v) for v in slots[slot.name]))
        named.append(replace(event, slots=slots))
    return named


def countries_of(events: list[Event]) -> Iterator[str]:
    """Countries that events name as a party, also by the name of a body."""
    for event in events:
        for slot in EVENT_TYPES[event.type]:
            if slot.kind in ("countries", "parties") and slot.many:
                yield from (value for value in event.slots.get(slot.name, ()) if re.fullmatch(r"[A-Z]{2}", value))


def _relevant(page: Page) -> bool:
    """About supply, trade or control: so the reader says; unread, where materials stand beside volumes, prices, trade,
    measures or plants, and often."""
    if page.relevance is not None:
        named = len(page.text) > _PAGE or any(m.label == "MATERIAL" for m in page.mentions)
        return page.relevance >= 0.5 and named
    strong = 0.0
    for sentence in page.sentences:
        if sentence.of("MATERIAL"):
            strong += _weight(page, sentence)
        elif any((m.value or {}).get("per") for m in sentence.of("MONEY")) and page.main_materials:
            strong += 1  # a price below its heading
    leisure = len({page.text[a:b].lower() for s in page.sentences for a, b in s.cue("sport_leisure", "other_goods")})
    return strong >= 2 + leisure


def _weight(page: Page, sentence: Sentence) -> float:
    if any((m.value or {}).get("counted", True) for m in sentence.of("QUANTITY")) or any(
        (m.value or {}).get("per") for m in sentence.of("MONEY")
    ):
        return 2.0
    words = {page.text[a:b].lower() for a, b in sentence.cue(*_STRONG)} - _WEAK_WORDS
    return min(2.0, 0.5 * len(words) + 0.5 * len(sentence.of("MATERIAL")) - 0.25) if words else 0.25


def _meant(page: Page, country: Mention) -> bool:
    """Whether a country is spoken of: not a place within it, not the city of a dateline or an address."""
    if is_place(country):
        return False
    if country.value and country.value.get("as") == "capitals":
        line_start = page.text.rfind("\n", 0, country.start) + 1
        head = page.text[line_start : country.start]
        after = page.after(country.end, 40)
        if _DATELINE.match(head + "X") and re.match(
            r"\s*(?:\([\w ]+\)\s*)?(?:[-–—:]|,\s*(?:\w+\s){0,2}\d|[.,]\s*\d|\s*/)", after
        ):
            return False
        officials = re.match(
            r",?\s+(?:[\w-]+\s+){0,3}(?:officials?|government|ministers?|ministry|lawmakers|regulators?|authorities|policy)",
            after,
        )
        if not officials and re.search(
            r"\b(?:in|at|near|outside|from|of|to|through|via|cif|fob|warehouse|into|visited|around|greater|central)\s+$",
            page.before(country.start, 14),
            re.I,
        ):
            return False
    if re.search(
        r"\btranslat\w+ (?:from|into)\s+(?:the\s+)?$|\b(?:in|into)\s+$", page.before(country.start, 25), re.I
    ) and (
        re.match(r"\s*(?:\)|\.|,|\n|version|text|translation|$)", page.after(country.end, 14))
        and country.value
        and country.value.get("as") == "demonyms"
    ):
        return False  # a language
    line_start = page.text.rfind("\n", 0, country.start) + 1
    address = page.text[line_start : country.start].isupper() and re.match(
        r"\s*,\s*(?:\w+\.?\s){1,2}\d", page.after(country.end, 20)
    )
    return not (country.start - line_start < 45 and address)


def quantities(page: Page) -> list[dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for sentence in page.sentences:
        for mention in sentence.of("QUANTITY"):
            value = mention.value or {}
            if not value.get("counted", True) or not page.stated(mention.start, mention.end):
                continue
            mass = {k: value[k] for k in ("tonnes", "low", "high") if k in value}
            if mass.get("tonnes") != 0:
                found.setdefault(repr(mass), mass)
    return list(found.values())


def _distinct(values: Any) -> list[str]:
    return list(dict.fromkeys(values))


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip(" ,.")
