"""One page that needs nothing else: figures, misses by cause, and each document's text with gold beside predicted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from extractor.causes import Miss, by_cause, event_cause, misses, slot_fault
from extractor.schema import EVENT_TYPES, Slot
from extractor.score import Compared, Pair, Score, members
from extractor.wording import value_text

Json = Mapping[str, Any]

_WEIGHT = ("missed", "spurious", "key differs", "matched", "optional")  # whose colour wins where several were read


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text that an event was read from. `slot` is "sentence" for all of it."""

    start: int
    end: int
    slot: str
    number: int  # of the event, as the table counts them
    verdict: str


def page(name: str, score: Score, texts: Mapping[str, str]) -> str:
    """The page as HTML. `name` is what was scored; `texts` holds each document's content by id."""
    found = [(document, list(misses(document))) for document in score.compared]
    found.sort(key=lambda one: -len(one[1]))
    anchors = {str(document.gold["id"]): f"d{number}" for number, (document, _) in enumerate(found, 1)}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("score.html").render(
        name=name,
        figures=[
            {"name": figure, "slot": figure.startswith("slot."), "interval": score.interval(figure), "tally": tally}
            for figure, tally in score.table().items()
        ],
        causes=by_cause(miss for _, missed in found for miss in missed),
        anchors=anchors,
        documents=[_document(*one, texts, anchors) for one in found],
    )


def _document(document: Compared, missed: Sequence[Miss], texts: Mapping[str, str], anchors: Json) -> dict[str, Any]:
    id, gold = str(document.gold["id"]), document.gold
    text = texts[id]
    events = [_event(number, pair, document) for number, pair in enumerate(document.pairs, 1)]
    sides = (("Gold", [pair.gold for pair in document.pairs]), ("Predicted", [pair.pred for pair in document.pairs]))
    return {
        "id": id,
        "anchor": anchors[id],
        "title": text.partition("\n")[0],
        "about": " · ".join(str(gold[part]) for part in ("kind", "published") if gold.get(part)),
        "misses": len(missed),
        "lists": [miss for miss in missed if miss.figure in document.lists or miss.figure == "relevance"],
        "events": events,
        "texts": [
            {"side": side, "marked": bool(marks), "pieces": list(pieces(text, marks))}
            for side, marks in ((side, list(_marks(side_events, document.pairs))) for side, side_events in sides)
        ],
    }


def _event(number: int, pair: Pair, document: Compared) -> dict[str, Any]:
    aligned = pair.pred is not None and pair.gold is not None and pair.verdict != "optional"
    pred, gold = pair.pred or {}, pair.gold or {}
    return {
        "number": number,
        "type": pair.type,
        "verdict": pair.verdict,
        "outcome": _outcome(pair, document),
        "confidence": pred.get("confidence"),
        "slots": [
            {
                "name": slot.name,
                "key": slot.key,
                "gold": _words(slot, gold.get(slot.name)),
                "pred": _words(slot, pred.get(slot.name)),
                "fault": (slot_fault(slot, pred.get(slot.name), gold.get(slot.name)) or "") if aligned else "",
            }
            for slot in EVENT_TYPES[pair.type]
            if members(pred.get(slot.name)) or members(gold.get(slot.name))
        ],
    }


def _outcome(pair: Pair, document: Compared) -> str:
    verdict, cause = pair.verdict, event_cause(pair, document)
    return cause if cause.startswith(verdict) else f"{verdict}: {cause}" if cause else verdict


def _words(slot: Slot, value: Any) -> str:
    """A slot's value; what gold accepts instead of each other is joined by "or"."""
    return (", " if slot.many else " or ").join(_one(slot, one) for one in members(value))


def _one(slot: Slot, value: Any) -> str:
    if isinstance(value, list):
        return " or ".join(map(str, value))
    try:
        return value_text(slot, value)
    except (TypeError, ValueError, AttributeError):  # what others predicted may be anything
        return str(value)


def _marks(events: Iterable[Json | None], pairs: Iterable[Pair]) -> Iterator[Mark]:
    for number, (event, pair) in enumerate(zip(events, pairs, strict=True), 1):
        for slot, spans in ((event or {}).get("evidence") or {}).items():
            for start, end in spans:
                yield Mark(start, end, slot, number, pair.verdict)


def pieces(text: str, marks: Sequence[Mark]) -> Iterator[dict[str, Any]]:
    """The text cut where marks begin and end; "starts" are the events whose sentence, or first mark, begins there."""
    starts = defaultdict(list)
    for number in dict.fromkeys(mark.number for mark in marks):
        own = [mark for mark in marks if mark.number == number]
        starts[min(own, key=lambda mark: (mark.slot != "sentence", mark.start)).start].append(number)
    ends = (end for mark in marks for end in (mark.start, mark.end) if 0 < end < len(text))
    for left, right in pairwise(sorted({0, len(text), *ends})):
        over = [mark for mark in marks if mark.start <= left and right <= mark.end]
        slots = [mark for mark in over if mark.slot != "sentence"]
        yield {
            "text": text[left:right],
            "starts": starts.get(left, ()),
            "verdict": min((mark.verdict for mark in slots), key=_WEIGHT.index, default=""),
            "sentence": min((mark.verdict for mark in over), key=_WEIGHT.index, default=""),
            "read": ", ".join(dict.fromkeys(f"{mark.number} {mark.verdict}: {mark.slot}" for mark in slots)),
        }
