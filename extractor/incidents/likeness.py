"""How probable it is that two events, of different documents, are one incident: a logistic model over readable features.

Each slot of two tellings is the same, differs, or is left out by one of them; each of these has a weight, one for all
types of event and one for its own. The weights are learned on `corpus/incidents/dev` by `extractor.learning.linking`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from extractor.agreement import name_words
from extractor.schema import EVENT_TYPES, Slot

Interval = tuple[float, float]

_PERIOD = re.compile(r"(\d{4})(?:-(?:(\d\d)(?:-(\d\d))?|Q([1-4])|H([12])))?")
_WORD = re.compile(r"[a-z]{4,}")
_FIGURE = re.compile(r"\d[\d.,]*\d|\d")
# Steps of a measure that tellings of one incident name differently: "announced" by one, "in force" by another.
_STEP = {"announced": "standing", "in_force": "standing"}
_SAME, _ROUNDED, _NEAR = 0.002, 0.03, 0.15  # log ratios of figures that are the same, rounded, or in conflict
_DAYS_NEAR = 7
_DAYS_FAR = 45


@dataclass(frozen=True, slots=True)
class Telling:
    """An event as one document tells it. `published` is the document's ISO day, "" if unknown."""

    type: str
    slots: Mapping[str, Any]
    document: str
    published: str = ""
    sentence: str = ""

    @property
    def materials(self) -> frozenset[str]:
        return frozenset(self.slots.get("materials") or ())


class Likeness:
    """Weights of the features. `threshold`: the log-odds from which on two groups of tellings are one incident."""

    def __init__(self, weights: Mapping[str, float], threshold: float = 0.0) -> None:
        self.weights = dict(weights)
        self.threshold = threshold

    @classmethod
    def from_disk(cls, path: Path) -> Likeness:
        state = json.loads(path.read_text("utf-8"))
        return cls(state["weights"], state["threshold"])

    def to_disk(self, path: Path) -> None:
        state = {"threshold": self.threshold, "weights": dict(sorted(self.weights.items()))}
        path.write_text(json.dumps(state, indent=1) + "\n", "utf-8")

    def odds(self, one: Telling, other: Telling) -> float:
        """Log-odds that they are one incident; -inf for those that never are (`may_be_one`)."""
        if not may_be_one(one, other):
            return -math.inf
        return sum(value * self.weights.get(name, 0.0) for name, value in features(one, other).items())


def may_be_one(one: Telling, other: Telling) -> bool:
    """A document tells an incident once, and tellings of one incident that name materials share one."""
    if one.type != other.type or one.document == other.document:
        return False
    return not one.materials or not other.materials or bool(one.materials & other.materials)


def features(one: Telling, other: Telling) -> dict[str, float]:
    """Each feature by its name, and once more by the type's: {"period same": 1, "trade_flow.period same": 1, …}."""
    found = {"any": 1.0}
    found |= _of_materials(one.materials, other.materials)
    found |= _of_time_and_words(one, other)
    for slot in EVENT_TYPES[one.type]:
        if slot.name != "materials":
            values = one.slots.get(slot.name), other.slots.get(slot.name)
            found.update(dict.fromkeys(_of_slot(slot, *values, one, other), 1.0))
    return found | {f"{one.type}.{name}": value for name, value in found.items()}


def _of_materials(one: frozenset[str], other: frozenset[str]) -> dict[str, float]:
    if not one or not other:
        return {"materials left out by one" if one or other else "materials left out by both": 1.0}
    how = "same" if one == other else "within" if one <= other or other <= one else "overlap"
    return {f"materials {how}": 1.0, "materials shared": len(one & other) / len(one | other)}


def _of_time_and_words(one: Telling, other: Telling) -> dict[str, float]:
    found = {}
    if one.published and other.published:
        days = abs((date.fromisoformat(one.published) - date.fromisoformat(other.published)).days)
        found["published apart"] = math.log10(1 + days)
        found |= {f"published within {bound} days": 1.0 for bound in (3, 14, 60) if days <= bound}
    words = [set(_WORD.findall(telling.sentence.lower())) for telling in (one, other)]
    found["words shared"] = len(words[0] & words[1]) / max(1, min(map(len, words)))
    figures = [set(_FIGURE.findall(telling.sentence)) for telling in (one, other)]
    if all(figures):
        found["figures shared"] = len(figures[0] & figures[1]) / min(map(len, figures))
    return found


def _of_slot(slot: Slot, a: Any, b: Any, one: Telling, other: Telling) -> Iterator[str]:
    if a in (None, [], ()) and b in (None, [], ()):
        return
    if a in (None, [], ()) or b in (None, [], ()):
        yield f"{slot.name} left out by one"
        if slot.kind == "date":
            stated, silent = (a, other) if b in (None, [], ()) else (b, one)
            if _days_between(span(str(stated)), span(silent.published)) > _DAYS_FAR:
                yield f"{slot.name} far from the other's day"
        return
    for how in _COMPARED[slot.kind](a, b):
        yield f"{slot.name} {how}"
    if slot.name == "status":
        yield "step same" if _STEP.get(a, a) == _STEP.get(b, b) else "step differs"


# ---- comparing two values of a slot ------------------------------------------------------------------------------


def _choices(a: str, b: str) -> Iterator[str]:
    yield "same" if a == b else "of a family" if a.partition("_")[0] == b.partition("_")[0] else "differ"


def _names(a: list[str], b: list[str]) -> Iterator[str]:
    one, other = ({" ".join(name_words(name)) for name in names} for names in (a, b))
    shared = [
        (x, y)
        for x in one
        for y in other
        if x == y or set(x.split()) <= set(y.split()) or set(y.split()) <= set(x.split())
    ]
    if not shared:
        yield "differ"
        return
    yield "shared"
    if one == other:
        yield "same"
    if len({x for x, _ in shared}) > 1:
        yield "several shared"


def _texts(a: str, b: str) -> Iterator[str]:
    one, other = (re.sub(r"\W", "", text).lower() for text in (a, b))
    yield "same" if one in other or other in one else "differ"


def _figures(a: Any, b: Any) -> Iterator[str]:
    one, other = _interval(a), _interval(b)
    apart = _log_ratio(one, other) if one and other else math.inf
    yield "same" if apart < _SAME else "rounded" if apart < _ROUNDED else "near" if apart < _NEAR else "differ"


def _dates(a: str, b: str) -> Iterator[str]:
    one, other = span(a), span(b)
    days = _days_between(one, other)
    if days == 0:
        yield "same" if one == other else "overlap"
    else:
        yield "near" if days <= _DAYS_NEAR else "apart"


_COMPARED: Mapping[str, Callable[[Any, Any], Iterator[str]]] = {
    "choice": _choices,
    "countries": lambda a, b: _names(_listed(a), _listed(b)),
    "parties": lambda a, b: _names(_listed(a), _listed(b)),
    "codes": lambda a, b: _names(_listed(a), _listed(b)),
    "text": _texts,
    "quantity": _figures,
    "money": _figures,
    "number": _figures,
    "date": _dates,
}


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _interval(value: Any) -> Interval | None:
    """A figure as its ends: {"tonnes": 5}, {"low": 3, "high": 4}, {"amount": 7, …}, 12.5."""
    if isinstance(value, Mapping):
        low = value.get("low", value.get("tonnes", value.get("amount", value.get("high"))))
        high = value.get("high", value.get("tonnes", value.get("amount", low)))
        return (float(low), float(high)) if low is not None and high is not None else None
    return (float(value), float(value))


def _log_ratio(one: Interval, other: Interval) -> float:
    """Natural logarithm of how many times larger one is; 0.0 where they overlap, inf for different signs."""
    low, high = sorted((one, other))
    if high[0] <= low[1]:
        return 0.0
    return abs(math.log(high[0] / low[1])) if low[1] * high[0] > 0 else math.inf


def span(period: str) -> tuple[date, date] | None:
    """First and last day of an ISO day, month, quarter (2025-Q2), half, year, or of two of them with / between."""
    first, _, last = period.partition("/")
    ends = [_PERIOD.fullmatch(part) for part in (first, last or first)]
    if not all(ends):
        return None
    begin, end = (_days(*match.groups()) for match in ends if match)
    return begin[0], end[1]


def _days(year: str, month: str | None, day: str | None, quarter: str | None, half: str | None) -> tuple[date, date]:
    if day:
        only = date(int(year), int(month or 1), int(day))
        return only, only
    if month:
        first, last = int(month), int(month)
    elif quarter:
        first, last = 3 * int(quarter) - 2, 3 * int(quarter)
    elif half:
        first, last = 6 * int(half) - 5, 6 * int(half)
    else:
        first, last = 1, 12
    after = date(int(year) + last // 12, last % 12 + 1, 1)
    return date(int(year), first, 1), after - timedelta(days=1)


def _days_between(one: tuple[date, date] | None, other: tuple[date, date] | None) -> float:
    """Days from the end of the earlier to the beginning of the later; 0 where they overlap, inf where one is none."""
    if one is None or other is None:
        return math.inf
    return max(0, (max(one[0], other[0]) - min(one[1], other[1])).days)


def agree(slot: Slot, a: Any, b: Any) -> bool:
    """Whether two values of a slot can both be right: the same, one a rounding of the other, or within its time."""
    if slot.kind in ("quantity", "money", "number"):
        one, other = _interval(a), _interval(b)
        return bool(one and other) and (
            _log_ratio(one, other) < _SAME  # type: ignore[arg-type]
            or any(_is_rounding(x, y) for x, y in zip(one, other, strict=True))  # type: ignore[arg-type]
        )
    return not {"differ", "near", "apart", "of a family"} & set(_COMPARED[slot.kind](a, b))


def _is_rounding(one: float, other: float) -> bool:
    """Whether one of two figures is the other with its last digits rounded off, as 870 of 865 and 1,100 of 1,127."""
    if not one * other > 0 or abs(math.log(one / other)) > _NEAR:
        return False
    steps = (Decimal(repr(value)).normalize().as_tuple().exponent for value in (one, other))
    return abs(one - other) <= 0.5 * 10.0 ** max(int(step) for step in steps)
