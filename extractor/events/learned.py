"""Drafts of events from what the learned reader saw: an anchor, its choices, and the mentions linked to it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from extractor.events import tasks
from extractor.events.claims import claim
from extractor.events.figures import base_of_comparison, signed
from extractor.events.notice import authority
from extractor.events.page import Draft, Page, Sentence, distinct_ids, mass, spans
from extractor.schema import EVENT_TYPES, Mention, Slot

_LIKELY = 0.2  # of an anchor: what is less probable is not proposed
_LINKED = 0.5  # of a mention in a slot
_BEST = 0.25  # of the best mention where a key slot would stay empty
_LONGEST = 60  # characters of a figure; a longer one is noise
_MOST_PERCENT = 1000.0  # of a duty or change; what is more is a code read as a figure
_DENIED = frozenset({"denied"})  # what somebody denies by name is no event, however it reads
_FIGURES = frozenset({"QUANTITY", "PERCENT", "MONEY"})

Reading = Mapping[str, Any]
Links = Sequence[Sequence[float]]  # mentions as [start, end, probability]


def find(page: Page) -> Iterator[Draft]:
    """One draft for every anchor that the reader is sure of, in the order of the text."""
    by_sentence: dict[tuple[int, str], list[Reading]] = defaultdict(list)
    for reading in page.readings:
        if page.stated(reading["start"], reading["end"], _DENIED):
            by_sentence[page.sentence_at(reading["start"]).index, reading["type"]].append(reading)
    for (index, _), readings in sorted(by_sentence.items()):
        for reading, probability in _told(page, readings):
            yield _draft(page, page.sentences[index], reading, probability)


def _told(page: Page, readings: list[Reading]) -> Iterator[tuple[Reading, float]]:
    """The anchors of one type in one sentence. A trigger's probability is spread over the words that tell the event."""
    figures = [r for r in readings if (m := page.at.get(r["start"])) and m.label in _FIGURES]
    words = [r for r in readings if r not in figures]
    for reading in figures:
        figure = page.at[reading["start"]]
        if reading["p"] >= _LIKELY and figure.end - figure.start <= _LONGEST:
            yield reading, reading["p"]
    words.sort(key=lambda r: -r["p"])
    mass = sum(r["p"] for r in words)
    count = min(len(words), max(1, round(mass)))
    if mass >= _LIKELY:
        for reading in sorted(words[:count], key=lambda r: r["start"]):
            yield reading, min(1.0, mass / count)


def _draft(page: Page, sentence: Sentence, reading: Reading, probability: float) -> Draft:
    draft = Draft(reading["type"], sentence, confidence=probability)
    here = (reading["start"], reading["end"])
    weakest = chosen = 1.0
    roles = _one_side(page, reading["roles"])
    for slot in EVENT_TYPES[reading["type"]]:
        if slot.kind == "choice":
            value, p = _choice(slot, reading["choices"].get(slot.name, {}))
            draft.set(slot.name, value, [here])
            chosen = min(chosen, p) if slot.key else chosen
        elif linked := _linked(page, slot, roles.get(slot.name, ())):
            _fill(page, draft, slot, [mention for _, mention in linked])
            weakest = min(weakest, *(p for p, _ in linked)) if slot.key else weakest
    draft.evidence["anchor"] = [here]
    _complete(page, draft, here[0])
    draft.signs = {
        "read, key slots carried over": float(len(draft.implied)),
        "read, weakest key link": logit(weakest),
        "read, choice": logit(chosen),
        "read, told as no fact": reading["not_told"],
        **_by_rule(page, sentence, reading),
    }
    return draft


def _one_side(page: Page, roles: Mapping[str, Links]) -> dict[str, Links]:
    """The links without those that put a country on both sides of a border, or of a measure: the likelier one stays."""
    kept = dict(roles)
    for one, other in (("origin", "destination"), ("issuer", "target")):
        if one in kept and other in kept:
            best = {side: _by_country(page, kept[side]) for side in (one, other)}
            for side, rival in ((one, other), (other, one)):
                kept[side] = [
                    link
                    for link in kept[side]
                    if (code := _code(page, link)) not in best[rival] or best[side][code] >= best[rival][code]
                ]
    return kept


def _by_country(page: Page, links: Links) -> dict[str, float]:
    best: dict[str, float] = {}
    for link in links:
        code = _code(page, link)
        best[code] = max(best.get(code, 0.0), link[2])
    return best


def _code(page: Page, link: Sequence[float]) -> str:
    mention = next(iter(page.at_span.get((int(link[0]), int(link[1])), ())), None)
    return page.country_of(mention) if mention is not None and mention.label != "COMPANY" else repr(link[:2])


def _complete(page: Page, draft: Draft, place: int) -> None:
    """Fill key slots that no link fills from what the page is about, as readers do."""
    if draft.get("materials") is None:
        materials, _ = page.materials_near(draft.sentence, place)
        draft.set("materials", distinct_ids(materials), spans(materials), implied=True)
    if draft.type == "control_measure" and draft.get("issuer") is None and page.kind == "notice":
        issuer = authority(page)
        if issuer is not None and (code := page.country_of(issuer)):
            draft.set("issuer", [code], spans([issuer]), implied=True)
    if draft.type == "production" and draft.get("actor") is None and page.protagonist is not None:
        draft.set("actor", [page.protagonist.id], spans([page.protagonist]), implied=True)


def support(page: Page, told: Iterable[Draft]) -> None:
    """Note on the rules' drafts how sure the reader is that their sentence tells an event of their type."""
    best: dict[tuple[int, str], float] = defaultdict(float)
    for reading in page.readings:
        place = page.sentence_at(reading["start"]).index, reading["type"]
        best[place] = max(best[place], reading["p"])
    for draft in told:
        draft.signs["told, read in the sentence"] = logit(best[draft.sentence.index, draft.type])


def _by_rule(page: Page, sentence: Sentence, reading: Reading) -> dict[str, float]:
    """What the rules would say of the anchor: its condition, and whose its figure is."""
    start, end = reading["start"], reading["end"]
    signs = {"read, within a condition or denial": float(not page.stated(start, end))}
    figure = page.at.get(start)
    if figure is not None and figure.label in ("QUANTITY", "PERCENT") and not sentence.row:
        claimed = claim(page, sentence, figure)
        signs["read, figure claimed for its type"] = (claimed == reading["type"]) - 0.5 * bool(claimed)
        signs["read, base of a comparison"] = float(base_of_comparison(page, sentence, start))
    return signs


def _choice(slot: Slot, told: Mapping[str, float]) -> tuple[str | None, float]:
    if slot.key:  # an event without it is no event
        told = {value: p for value, p in told.items() if value}
    best = max(told, key=lambda value: told[value], default="")
    return best or None, told.get(best, 0.0)


def _linked(page: Page, slot: Slot, scores: Links) -> list[tuple[float, Mention]]:
    """The mentions that fill a slot: those the reader is sure of, and where a key slot has none the best."""
    labels = tasks.ROLES.get(slot.name, ())
    found = [(p, m) for a, b, p in scores for m in page.at_span.get((int(a), int(b)), ()) if m.label in labels]
    if not found:
        return []
    best = max(found, key=lambda f: f[0])
    if not slot.many:
        return [best] if best[0] >= _LINKED else []
    sure = [one for one in found if one[0] >= _LINKED]
    return sure or ([best] if slot.key and best[0] >= _BEST else [])


def logit(p: float) -> float:
    """Log odds, within ±5."""
    return max(-5.0, min(5.0, math.log(max(p, 1e-6) / max(1 - p, 1e-6))))


def _fill(page: Page, draft: Draft, slot: Slot, mentions: list[Mention]) -> None:
    places = spans(mentions)
    first = mentions[0]
    if slot.kind == "materials":
        draft.set(slot.name, list(dict.fromkeys(m.id for m in mentions)), places)
    elif slot.kind in ("countries", "parties"):
        codes = [_party(page, m, slot.kind) for m in mentions]
        values = list(dict.fromkeys(code for code in codes if code))
        draft.set(
            slot.name,
            values if slot.many else next(iter(values), None),
            [s for s, c in zip(places, codes, strict=True) if c],
        )
    elif slot.kind == "codes":
        draft.set(slot.name, list(dict.fromkeys(m.id for m in mentions if _kind(m) != "reference")), places)
    elif slot.kind == "text":
        draft.set(slot.name, first.id if _kind(first) == "reference" else None, places)
    elif slot.kind == "quantity":
        draft.set(slot.name, mass(first), places)
    elif slot.kind == "money":
        value = dict(first.value or {})
        draft.set(slot.name, value if draft.type != "price" or value.get("per") else None, places)
    elif slot.kind == "date":
        draft.set(slot.name, first.id, places)
    elif slot.name == "change_pct":
        change = signed(page, page.sentence_at(first.start), first)
        draft.set(slot.name, (first.value or {})["pct"] if change is None else change, places)
    elif (percent := (first.value or {})["pct"]) <= _MOST_PERCENT:
        draft.set(slot.name, percent, places)


def _party(page: Page, mention: Mention, kind: str) -> str:
    if kind == "parties" and mention.label == "COMPANY":
        return mention.id
    return page.country_of(mention)


def _kind(mention: Mention) -> str:
    return str((mention.value or {}).get("kind", ""))
