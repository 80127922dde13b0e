"""What an incident says: of each slot the value that most and best of its reports state, and what others say instead."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from extractor.incidents.likeness import agree
from extractor.schema import EVENT_TYPES, Slot

_OFFICIAL = 3.0  # what a report by the publisher of the act itself weighs, beside one by the press


@dataclass(frozen=True, slots=True)
class Report:
    """One telling of an incident. `official`: it is a notice, or its source is."""

    event: int
    slots: Mapping[str, Any]
    confidence: float
    official: bool = False

    @property
    def weight(self) -> float:
        return self.confidence * (_OFFICIAL if self.official else 1.0)


def merged(type: str, reports: Sequence[Report]) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The slots of the incident; and for each slot that is told differently {"value", "events"} of every value."""
    slots, conflicts = {}, {}
    for slot in EVENT_TYPES[type]:
        told = [
            (report.slots[slot.name], report) for report in reports if report.slots.get(slot.name) not in (None, [])
        ]
        if not told:
            continue
        if slot.many:
            slots[slot.name] = _members(told)
            continue
        camps = _camps(slot, told)
        slots[slot.name] = _most_precise(camps[0])
        if len(camps) > 1:
            conflicts[slot.name] = [
                {"value": _most_precise(camp), "events": [report.event for _, report in camp]} for camp in camps
            ]
    return slots, conflicts


def confidence(reports: Sequence[Report]) -> float:
    """That of its surest report: reports copy one another, so that they are no independent witnesses."""
    return max(report.confidence for report in reports)


def _members(told: list[tuple[Any, Report]]) -> list[Any]:
    """The members of a list that reports of at least half the weight name, in the order of the first report."""
    total = sum(report.weight for _, report in told)
    weights: dict[Any, float] = {}
    for values, report in told:
        for value in values:
            weights[value] = weights.get(value, 0.0) + report.weight
    kept = [value for value, weight in weights.items() if weight >= total / 2]
    return kept or list(max(told, key=lambda one: one[1].weight)[0])


def _camps(slot: Slot, told: list[tuple[Any, Report]]) -> list[list[tuple[Any, Report]]]:
    """The reports by what they say, those that agree together; the weightiest camp first."""
    camps: list[list[tuple[Any, Report]]] = []
    for value, report in sorted(told, key=lambda one: (-one[1].weight, one[1].event)):
        for camp in camps:
            if agree(slot, value, camp[0][0]):
                camp.append((value, report))
                break
        else:
            camps.append([(value, report)])
    return sorted(camps, key=lambda camp: -sum(report.weight for _, report in camp))


def _most_precise(camp: list[tuple[Any, Report]]) -> Any:
    """Of values that agree the one that says most: the longest as text, as 2025-04-01 beside 2025-04."""
    return max(camp, key=lambda one: (len(json.dumps(one[0])), one[1].weight))[0]
