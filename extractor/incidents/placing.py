"""Placing the events of a store, as they come, in the incidents that they tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from extractor.incidents.grouping import link
from extractor.incidents.likeness import Likeness, Telling
from extractor.incidents.merging import Report, confidence, merged


class Shelf(Protocol):
    """What of the store is needed here."""

    def unplaced(self) -> Iterator[tuple[int, Telling]]: ...
    def like(self, telling: Telling) -> Mapping[int, Sequence[Telling]]: ...
    def tellings(self, incident: int) -> list[Telling]: ...
    def place(self, event: int, incident: int | None, type: str) -> int: ...
    def join(self, older: int, newer: int) -> None: ...
    def stale(self) -> Iterator[tuple[int, str, list[Report]]]: ...
    def say(
        self, incident: int, type: str, reports: list[Report], slots: Mapping, conflicts: Mapping, sure: float
    ) -> None: ...
    def drop(self, incident: int) -> None: ...


def update(shelf: Shelf, likeness: Likeness) -> int:
    """Place every event that has no incident yet, and work out anew what changed incidents say; how many were placed."""
    placed = 0
    for event, telling in shelf.unplaced():
        nearest = _near([telling], shelf.like(telling), likeness)
        incident = shelf.place(event, nearest[0] if nearest else None, telling.type)
        if nearest:
            _join_with_others(incident, telling, shelf, likeness)
        placed += 1
    for incident, type, reports in shelf.stale():
        if reports:
            shelf.say(incident, type, reports, *merged(type, reports), confidence(reports))
        else:
            shelf.drop(incident)
    return placed


def _near(tellings: list[Telling], others: Mapping[int, Sequence[Telling]], likeness: Likeness) -> list[int]:
    """The incidents that these tellings are one with, the most alike first."""
    odds = {incident: link(tellings, its, likeness) for incident, its in others.items()}
    return sorted((i for i, o in odds.items() if o > likeness.threshold), key=lambda i: -odds[i])


def _join_with_others(incident: int, telling: Telling, shelf: Shelf, likeness: Likeness) -> None:
    """A newcomer may show that two incidents are one."""
    while True:
        others = {other: its for other, its in shelf.like(telling).items() if other != incident}
        near = _near(shelf.tellings(incident), others, likeness)
        if not near:
            return
        older, newer = sorted((incident, near[0]))
        shelf.join(older, newer)
        incident = older
