"""Reserves held, built up or released, by a state or a company."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from extractor.events.claims import claim
from extractor.events.figures import base_of_comparison, period
from extractor.events.page import Draft, Page, Sentence, distinct_ids, is_place, mass, spans
from extractor.schema import Mention, Span

_DAYS = re.compile(
    r"\b(\d{1,3}|a day and a half|one and a half)\s*(?:-\s*)?(?:days?|day['’]s?)(?:['’])?\s+(?:of|worth|domestic|consumption|use|demand|cover|supply)|"
    r"\b(?P<half>a day and a half) of\b",
    re.I,
)
_GEOLOGY = re.compile(
    r"\b(?:ore reserves?|mineral reserves?|proven|probable|resources? (?:of|estimate)|deposit|in situ|reserves there|inferred|jorc)\b",
    re.I,
)


_ANY_DAYS = re.compile(
    r"\b(\d{1,3}|a day and a half|one and a half)(?:\s+|-)days?\b|\b(?P<half>a day and a half)\b", re.I
)


def find(page: Page) -> Iterator[Draft]:
    told = -9  # the sentence that last spoke of a reserve or of a body that keeps one
    for sentence in page.sentences:
        if _GEOLOGY.search(sentence.text) or sentence.heading or sentence.row:
            continue
        official = sentence.cue("reserve_official") or _keeper(page, sentence)
        if official or (
            re.search(r"\breserves?\b", sentence.text, re.I)
            and (sentence.of("COUNTRY") or len(sentence.text.split()) <= 3)
        ):
            told = sentence.index
        if sentence.cue("stockpile", "reserve_official") or sentence.index - told <= 3:
            yield from _sentence(page, sentence, bool(official) or sentence.index - told <= 3)


def _keeper(page: Page, sentence: Sentence) -> list[Span]:
    return spans(m for m in sentence.of("BODY") if m.id in page.stockpilers)


def _sentence(page: Page, sentence: Sentence, reserve: bool) -> Iterator[Draft]:
    """`reserve`: the talk is of a reserve, so that "it released 5,200 tonnes" is a release."""
    official = sentence.cue("reserve_official") or _keeper(page, sentence)
    masses = [m for m in sentence.of("QUANTITY") if _stocked(page, sentence, m, reserve)]
    days = list((_ANY_DAYS if reserve else _DAYS).finditer(sentence.text))
    days = [d for d in days if not base_of_comparison(page, sentence, sentence.start + d.start())]
    spots = [(m.start, m.end) for m in sentence.of("QUANTITY")]
    money = [m for m in sentence.of("MONEY") if m.value and not m.value.get("per")]
    moved = sentence.cue("stock_build", "stock_release")
    anchors: list[Mention | None] = [
        m for m in masses if page.stated(m.start, m.end) and not base_of_comparison(page, sentence, m.start)
    ]
    if not anchors:
        trigger = (official or sentence.cue("stockpile") or (moved if reserve else []))[:1]
        plain = (
            days
            or (official and moved)
            or (reserve and sentence.cue("stock_hold") and sentence.of("COMPANY") and sentence.of("MATERIAL"))
        )
        if (
            not trigger
            or sentence.of("QUANTITY")
            or not page.stated(*trigger[0])
            or page.negated(*trigger[0])
            or not plain
        ):
            return
        if len(days) > 1 and len(sentence.of("MATERIAL")) > 1:
            yield from _by_days(page, sentence, days)
            return
        anchors = list(money) if moved and len(money) > 1 and len(sentence.of("MATERIAL")) > 1 else [None]
    for anchor in anchors:
        draft = Draft("stockpile", sentence, confidence=0.7)
        position = anchor.start if anchor else (official or sentence.cue("stockpile") or moved)[0][0]
        weighed = anchor if anchor and anchor.label == "QUANTITY" else None
        materials, implied = (
            page.materials_of(sentence, weighed) if weighed else page.materials_near(sentence, position)
        )
        draft.set("materials", distinct_ids(materials), spans(materials), implied=implied)
        actor, carried = _actor(page, sentence, position)
        draft.set(
            "actor", [page.country_of(a) if a.label == "BODY" else a.id for a in actor], spans(actor), implied=carried
        )
        action, cue = _action(page, sentence, position)
        draft.set("action", action, cue)
        if weighed:
            value = mass(weighed)
            draft.set("quantity", value, [(weighed.start, weighed.end)])
        if days:
            count = days[0][1] or ""
            number = 1.5 if not count.isdigit() else float(count)
            draft.set(
                "days",
                int(number) if number == int(number) else number,
                [(sentence.start + days[0].start(), sentence.start + days[0].end())],
            )
        worth = anchor if anchor and not weighed else (money[0] if money else None)
        if worth:
            draft.set("value", dict(worth.value or {}), spans([worth]))
        here: Span = (anchor.start, anchor.end) if anchor else (position, position)
        if when := period(page, sentence, here, spots):
            draft.set("period", when[0], when[1])
        if draft.get("actor") and draft.get("materials"):
            yield draft


def _by_days(page: Page, sentence: Sentence, days: list[re.Match[str]]) -> Iterator[Draft]:
    """ "Its lithium reserve corresponds to 31 days and its gallium reserve to 60 days": one holding a material."""
    for match in days:
        at = sentence.start + match.start()
        material = max((m for m in sentence.of("MATERIAL") if m.end <= at), key=lambda m: m.start, default=None)
        actor, carried = _actor(page, sentence, at)
        if material is None or not (match[1] or "").isdigit() or not actor:
            continue
        draft = Draft("stockpile", sentence, confidence=0.7)
        draft.set("materials", [material.id], spans([material]))
        draft.set(
            "actor", [page.country_of(a) if a.label == "BODY" else a.id for a in actor], spans(actor), implied=carried
        )
        draft.set("action", *_action(page, sentence, at))
        yield draft.set("days", int(match[1]), [(at, sentence.start + match.end())])


def _stocked(page: Page, sentence: Sentence, figure: Mention, reserve: bool) -> bool:
    kind = claim(page, sentence, figure)
    if kind == "stockpile":
        return True
    verbs = sentence.cue("stock_hold", "stock_build", "stock_release") or re.search(
        r"\bthere (?:were|was|are)\b", sentence.text
    )
    return reserve and kind in ("", "deal", "none") and bool(verbs) and bool((figure.value or {}).get("counted"))


def _action(page: Page, sentence: Sentence, position: int) -> tuple[str, list[Span]]:
    best: tuple[int, str, Span] | None = None
    for cue, action, weight in (
        ("stock_release", "release", 0),
        ("stock_build", "build", 0),
        ("stock_hold", "hold", 0),
    ):
        for span in sentence.cue(cue):
            if re.fullmatch(r"stockpile\w*", page.text[span[0] : span[1]], re.I):
                continue
            gap = abs(span[0] - position) - weight
            if best is None or gap < best[0]:
                best = (gap, action, span)
    return (best[1], [best[2]]) if best else ("hold", sentence.cue("stockpile", "reserve_official")[:1])


def _actor(page: Page, sentence: Sentence, position: int) -> tuple[list[Mention], bool]:
    owners = [
        m
        for m in sentence.mentions
        if (
            m.label == "COMPANY"
            or (m.label == "COUNTRY" and not is_place(m))
            or (m.label == "BODY" and page.country_of(m))
        )
    ]
    before = [m for m in owners if m.start <= position]
    keeper = [m for m in before if m.label == "BODY"]
    if keeper or before:
        return (keeper or before)[:1], False
    owners = [
        m for m in owners if not re.search(r"\b(?:in|at|of|to|from|for)\s+(?:the\s+)?$", page.before(m.start, 12))
    ]
    if owners:
        return owners[:1], False
    if page.protagonist:
        return [page.protagonist], True
    keepers = page.keepers[: bisect_right([m.start for m in page.keepers], sentence.start)]
    if keepers:
        return keepers[-1:], True
    if page.main_country and page.main_country.end <= page.title_end:
        return [page.main_country], True
    for earlier in reversed(page.sentences[max(0, sentence.index - 4) : sentence.index]):
        keepers = [m for m in earlier.of("BODY") if m.id in page.stockpilers and page.country_of(m)]
        owners = keepers or [
            m for m in earlier.mentions if (m.label == "COUNTRY" and not is_place(m)) or m.label == "COMPANY"
        ]
        if owners:
            return owners[:1], True
    return ([page.main_country], True) if page.main_country else ([], True)
