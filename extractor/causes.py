"""Why figures are no higher: every value missed, spurious or different, with its cause.

Evidence, where an event carries it, is {"sentence": [[start, end], …], slot: …} in characters of the document's
content. Two events stand at one place when their sentences overlap; where one of them tells no evidence, when they
name the same things.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from extractor.agreement import Same, same_money, same_name, same_quantity
from extractor.schema import EVENT_TYPES, Slot, Span
from extractor.score import Compared, Pair, differing_keys, key_agrees, members, tally_slot

Json = Mapping[str, Any]
What = Literal["missed", "spurious", "key differs", "missing", "differs"]

# What an error line calls a key slot that differs, by the slot's kind.
ASPECTS = {
    "materials": "material",
    "countries": "party",
    "parties": "party",
    "quantity": "figure",
    "money": "figure",
    "choice": "kind",
}
ANOTHER_TYPE = "spurious: another type in gold"
# What two events of different types may name alike.
NAMED: tuple[tuple[tuple[str, ...], Same], ...] = (
    (("materials",), same_name),
    (("countries", "parties"), same_name),
    (("quantity",), same_quantity),
    (("money",), same_money),
)


@dataclass(frozen=True, slots=True)
class Miss:
    """One value that costs a figure. `values` holds what was predicted and what gold has, each as JSON."""

    document: str
    cause: str
    figure: str
    what: What
    values: tuple[str, ...]


def by_cause(misses: Iterable[Miss]) -> list[tuple[str, list[Miss]]]:
    """The misses of each cause, the commonest cause first, within a cause those of one figure together."""
    groups: dict[str, list[Miss]] = defaultdict(list)
    for miss in misses:
        groups[miss.cause].append(miss)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return [(cause, sorted(group, key=lambda miss: miss.figure)) for cause, group in ordered]


def misses(document: Compared) -> Iterator[Miss]:
    """Everything that a document costs: its relevance, values of its lists, events, slots of aligned events."""
    id = str(document.gold["id"])
    yield from _relevance(id, document)
    for figure, (missed, spurious) in document.lists.items():
        for item in missed:
            yield Miss(id, f"{figure} missed", figure, "missed", (_compact(item),))
        for item in spurious:
            yield Miss(id, f"{figure} spurious", figure, "spurious", (_compact(item),))
    for pair in document.pairs:
        yield from _event(id, pair, document)
        yield from _slots(id, pair)


def _relevance(id: str, document: Compared) -> Iterator[Miss]:
    pred, gold = bool(document.pred.get("relevant")), bool(document.gold["relevant"])
    if pred != gold:
        cause = "irrelevant, taken for relevant" if pred else "relevant, taken for irrelevant"
        values = (f"pred {_compact(pred)}", f"gold {_compact(gold)}")
        yield Miss(id, cause, "relevance", "spurious" if pred else "missed", values)


def _event(id: str, pair: Pair, document: Compared) -> Iterator[Miss]:
    cause, verdict = event_cause(pair, document), pair.verdict
    if verdict in ("missed", "spurious", "key differs"):
        values = [f"{side} {_brief(event)}" for side, event in (("pred", pair.pred), ("gold", pair.gold)) if event]
        if verdict == "spurious" and (trap := _trap(pair.pred or {}, document.gold)):
            values.append(f"the text is {trap.get('why', 'no event')}")
        yield Miss(id, cause, pair.type, verdict, tuple(values))


def event_cause(pair: Pair, document: Compared) -> str:
    """Why an event does not count, in words; "" where it does, or is optional."""
    if pair.verdict == "missed" and pair.gold:
        return _why_missed(pair.gold, document)
    if pair.verdict == "spurious" and pair.pred:
        return _why_spurious(pair.pred, document)
    if pair.verdict == "key differs" and pair.pred and pair.gold:
        aspects = {ASPECTS[slot.kind] for slot in differing_keys(pair.pred, pair.gold)}
        return f"key differs: {' and '.join(aspect for aspect in dict.fromkeys(ASPECTS.values()) if aspect in aspects)}"
    return ""


def _why_missed(gold: Json, document: Compared) -> str:
    if not document.pred:
        return "document not predicted"
    if document.gold["relevant"] and not document.pred.get("relevant"):
        return "document taken for irrelevant"
    alone = [pair.pred for pair in document.pairs if pair.gold is None and pair.type != gold["type"]]
    if any(_at_one_place(gold, pred) and _why_spurious(pred, document) == ANOTHER_TYPE for pred in alone if pred):
        return "told, but as another type"
    return "no event at its place"


def _why_spurious(pred: Json, document: Compared) -> str:
    if _trap(pred, document.gold):
        return "spurious: denied, hypothetical or advised"
    taken = [pair.gold for pair in document.pairs if pair.pred is not None and pair.type == pred["type"]]
    if any(key_agrees(pred, gold) for gold in taken if gold):
        return "spurious: told twice"
    alone = [pair.gold for pair in document.pairs if pair.pred is None and pair.type != pred["type"]]
    if any(_at_one_place(pred, gold) for gold in alone if gold):
        return ANOTHER_TYPE
    return "spurious: nothing there"


def _trap(pred: Json, gold: Json) -> Json | None:
    """What gold tells to be no event, and the prediction was read from all the same."""
    where = spans(pred)
    return next((trap for trap in gold.get("not_events", ()) if _overlap(where, spans(trap))), None)


def _at_one_place(a: Json, b: Json) -> bool:
    here, there = spans(a), spans(b)
    if here and there:
        return _overlap(here, there)
    alike = (
        any(same(x, y) for x in _values(a, kinds) for y in _values(b, kinds)) for kinds, same in NAMED
    )  # one is chance: much of a document is about one material
    return sum(alike) >= 2


def spans(event: Json) -> list[Span]:
    """Where an event stands: its sentences, or where it tells none, its slots; [] without evidence."""
    evidence = event.get("evidence") or {}
    return [
        (start, end) for start, end in evidence.get("sentence") or [s for found in evidence.values() for s in found]
    ]


def _overlap(here: list[Span], there: list[Span]) -> bool:
    return any(a < d and c < b for a, b in here for c, d in there)


def _values(event: Json, kinds: tuple[str, ...]) -> list[Any]:
    return [
        value for slot in EVENT_TYPES[event["type"]] if slot.kind in kinds for value in members(event.get(slot.name))
    ]


def _slots(id: str, pair: Pair) -> Iterator[Miss]:
    """Slots of aligned events; those of an event without its like are missed or spurious with it."""
    if pair.pred is None or pair.gold is None or pair.verdict == "optional":
        return
    for slot in EVENT_TYPES[pair.type]:
        pred, gold = pair.pred.get(slot.name), pair.gold.get(slot.name)
        if fault := slot_fault(slot, pred, gold):
            values = [f"{side} {_compact(value)}" for side, value in (("pred", pred), ("gold", gold)) if members(value)]
            yield Miss(id, f"slot {fault}", f"slot.{pair.type}.{slot.name}", fault, tuple(values))


def slot_fault(slot: Slot, pred: Any, gold: Any) -> Literal["missing", "spurious", "differs"] | None:
    """What is wrong with a slot of an aligned event: of a list only members missing, only some too many, or both."""
    tally = tally_slot(slot, pred, gold)
    if tally.hit == tally.pred == tally.gold:
        return None
    if tally.hit == tally.pred:
        return "missing"
    return "spurious" if tally.hit == tally.gold else "differs"


def _brief(event: Json) -> str:
    names = (slot.name for slot in EVENT_TYPES[event["type"]])
    return _compact({name: event[name] for name in names if event.get(name) is not None})


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
