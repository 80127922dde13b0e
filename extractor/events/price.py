"""Prices of materials: "$455-475 per mtu cif Rotterdam", "Tellurium: up 4pc to $92/kg"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from extractor.events.figures import base_of_comparison, change, period
from extractor.events.page import Draft, Page, Sentence, spans
from extractor.schema import Mention, Span

_MARKET = re.compile(
    r"\b(?:fob|cif|cfr|ddp|exw|ex-works|ex works|delivered|in|within|inside|at|on the|the)\s+(?:main\s+|the\s+)?$", re.I
)
_MARKET_NOUN = re.compile(
    r"['’]?s?\s+(?:level|price|prices|market|domestic|quotations?|spot|ports?|mainland|warehouse)", re.I
)
_COST = re.compile(
    r"\b(?:cost(?!\s+(?:about |around |some |nearly |just )?[\d$€£¥])|costs(?!\s+(?:about |around |some )?[\d$€£¥])|capex|aisc|opex|cash cost|royalty|freight|fee|fine|duty|tariff|surcharge|treatment charge|break-even|floor)\b",
    re.I,
)


_UNITS = ("t", "kg", "lb", "mtu", "oz")
_QUOTED = re.compile(
    r"\b(?:clos\w+|stood|trad\w+|quoted|fetch\w+|offer\w*|assess\w+|settl\w+|fob|cif|paid|pa(?:y|ys)|slipped|rose|fell|at|to|forward|spot|touch\w+|hit)\b",
    re.I,
)


def find(page: Page) -> Iterator[Draft]:
    if page.kind == "notice":
        return  # sums by the tonne in a notice are duties and thresholds
    for sentence in page.sentences:
        if sentence.row:
            continue
        prices = [m for m in (_per(page, sentence, money) for money in sentence.of("MONEY")) if m is not None]
        for money in prices:
            start, _ = sentence.clause(money.start)
            if not page.stated(money.start, money.end) or _COST.search(
                page.text[max(start, money.start - 45) : money.start + 1]
            ):
                continue
            if base_of_comparison(page, sentence, money.start):
                continue
            draft = _price(page, sentence, money, [(m.start, m.end) for m in prices])
            if draft:
                yield draft
        if not prices and (moved := _moved(page, sentence)):
            yield moved


def _per(page: Page, sentence: Sentence, money: Mention) -> Mention | None:
    """The sum as a price; one without a unit takes that of the price told just before: "$14,190 a ton … closing at $13,965"."""
    value = money.value or {}
    if value.get("per"):
        return money if value["per"] in _UNITS else None
    amount = value.get("amount", value.get("low", 0))
    if amount >= 1e5 or not _QUOTED.search(page.text[max(sentence.start, money.start - 60) : money.end + 12]):
        return None
    earlier = [
        m
        for s in page.sentences[max(0, sentence.index - 2) : sentence.index + 1]
        for m in s.of("MONEY")
        if m.end <= money.start and (m.value or {}).get("per") in _UNITS
    ]
    if not earlier or _far_apart(earlier[-1], value):
        return None
    return Mention(money.label, money.id, money.start, money.end, {**value, "per": (earlier[-1].value or {})["per"]})


def _far_apart(one: Mention, value: Mapping[str, Any]) -> bool:
    """Whether two sums are too far apart to be prices by the same unit."""
    a = (one.value or {}).get("amount", (one.value or {}).get("low", 0))
    b = value.get("amount", value.get("low", 0))
    return not a or not b or ((one.value or {}).get("currency") == value.get("currency") and not 0.1 < a / b < 10)


def _moved(page: Page, sentence: Sentence) -> Draft | None:
    """A change told without a price: "Tungsten prices have risen 38% this year"."""
    word = re.search(r"\b(?:prices?|futures|quotations?)\b", sentence.text)
    materials = sentence.of("MATERIAL")
    if not word or not materials or sentence.heading or sentence.of("QUANTITY") or sentence.of("MONEY"):
        return None
    at = sentence.start + word.start()
    nearest = min(materials, key=lambda m: abs(m.start - at))
    percent = min(sentence.of("PERCENT"), key=lambda p: abs(p.start - at), default=None)
    if (
        percent is None
        or abs(nearest.start - at) > 40
        or abs(percent.start - at) > 70
        or not page.stated(percent.start, percent.end)
    ):
        return None
    moved = change(page, sentence, (at, at + len(word[0])), [])
    if not moved:
        return None
    draft = Draft("price", sentence, confidence=0.6)
    draft.set("materials", [nearest.id], spans([nearest]))
    draft.set("change_pct", moved[0], moved[1])
    if when := period(page, sentence, (percent.start, percent.end), []):
        draft.set("period", when[0], when[1])
    return draft


def _price(page: Page, sentence: Sentence, money: Mention, figures: list[Span]) -> Draft | None:
    material = _material(page, sentence, money)
    if not material:
        return None
    draft = Draft("price", sentence)
    own = material[0].start >= sentence.start and material[0].end <= sentence.end
    draft.set("materials", [material[0].id], spans(material[:1]), implied=not own)
    draft.set("value", dict(money.value or {}), [(money.start, money.end)])
    here = (money.start, money.end)
    if moved := change(page, sentence, here, figures):
        draft.set("change_pct", moved[0], moved[1])
    elif flat := [s for s in sentence.cue("unchanged") if abs(s[0] - money.end) < 40 or abs(money.start - s[1]) < 40]:
        draft.set("change_pct", 0, flat[:1])
    elif (
        sentence.index
        and (previous := page.sentences[sentence.index - 1]).paragraph >= sentence.paragraph - 1
        and len(previous.text.split()) <= 2
        and previous.cue("unchanged")
    ):
        draft.set("change_pct", 0, previous.cue("unchanged")[:1])
    if when := period(page, sentence, here, figures):
        draft.set("period", when[0], when[1])
    if market := _market(page, sentence, money):
        draft.set("market", market.id, spans([market]))
    draft.confidence = 0.9 if own else 0.75
    return draft


def _material(page: Page, sentence: Sentence, money: Mention) -> list[Mention]:
    """The last material named before the price in its clause, else after it, else what was spoken of before."""
    start, end = sentence.clause(money.start)
    own = sentence.of("MATERIAL", start, end) or sentence.of("MATERIAL")
    before = [m for m in own if m.end <= money.start]
    if not own and re.search(
        r"\b(?:the metal|the material|it|the element)\b", page.text[sentence.start : money.start], re.I
    ):
        return page.topic_before(sentence)
    if before:
        return before[-1:]
    named = re.match(r"[^,.;:]{0,25}$", page.text[money.end : own[0].start]) if own else None
    if own and (named or not page.materials_before(sentence)):
        return own[:1]
    return page.materials_before(sentence)[:1] or own[:1]


def _market(page: Page, sentence: Sentence, money: Mention) -> Mention | None:
    start, end = sentence.clause(money.start)
    for country in sentence.of("COUNTRY", start, end):
        if country.value and country.value.get("as") in ("places",):
            continue
        before, after = page.before(country.start, 22), page.after(country.end, 22)
        near = abs(country.start - money.end) < 60 or abs(money.start - country.end) < 45
        if (
            near
            and (_MARKET.search(before) or _MARKET_NOUN.match(after))
            and not re.search(r"makers|buyers|consumers", after)
        ):
            return country
    return None
