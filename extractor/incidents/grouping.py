"""Which tellings are one incident: each joins the incident that it is most like, or begins one of its own.

Tellings come one by one, as documents do. Incidents that a newcomer shows to be one are joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from extractor.incidents.likeness import Likeness, Telling, may_be_one

_FLOOR = -6.0  # log-odds at least, so that one odd telling does not split an incident by itself


def group(tellings: Sequence[Telling], likeness: Likeness) -> list[int]:
    """The incident of each telling, by number. Tellings of one document are never one incident."""
    incidents: dict[int, list[int]] = {}
    for new in range(len(tellings)):
        incidents[new] = [new]
        while (found := _best(new, incidents, tellings, likeness)) is not None:
            older, newer = sorted((found, _of(new, incidents)))
            incidents[older] += incidents.pop(newer)
    return [_of(number, incidents) for number in range(len(tellings))]


def link(one: Iterable[Telling], other: Iterable[Telling], likeness: Likeness) -> float:
    """Mean log-odds between the tellings of two groups; far below any threshold where a document tells both."""
    odds = []
    others = list(other)
    for a in one:
        for b in others:
            if a.document == b.document:
                return float("-inf")
            odds.append(max(_FLOOR, likeness.odds(a, b)))
    return sum(odds) / len(odds)


def _best(new: int, incidents: dict[int, list[int]], tellings: Sequence[Telling], likeness: Likeness) -> int | None:
    """The other incident that the newcomer's is one with, if any: the one that it is most like."""
    own = _of(new, incidents)
    members = [tellings[i] for i in incidents[own]]
    best, most = None, likeness.threshold
    for number, others in incidents.items():
        if number == own or not any(may_be_one(tellings[new], tellings[i]) for i in others):
            continue
        odds = link(members, (tellings[i] for i in others), likeness)
        if odds > most:
            best, most = number, odds
    return best


def _of(telling: int, incidents: dict[int, list[int]]) -> int:
    return next(number for number, members in incidents.items() if telling in members)
