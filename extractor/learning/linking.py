"""Learns how alike two tellings of one incident are: `python -m extractor.learning.linking` writes models/incidents.json.

A logistic model (scikit-learn) over the features of `incidents.likeness`, on every pair of gold events of different
documents that may be one incident. How well events are then grouped is measured by B-cubed (Bagga and Baldwin 1998).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import click
import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from extractor.incidents.grouping import group
from extractor.incidents.likeness import Likeness, Telling, features, may_be_one
from extractor.schema import EVENT_TYPES

Told = tuple[Telling, str]  # with the incident that it is of, by gold


def told(folder: Path) -> list[Told]:
    """The events of an annotated folder with their incidents, in the order in which the documents were published."""
    golds = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    return [
        (
            Telling(event["type"], _slots(event), gold["id"], gold["published"], event["evidence"]["sentence"]),
            event["incident"],
        )
        for gold in sorted(golds, key=lambda gold: (gold["published"], gold["id"]))
        for event in gold["events"]
    ]


def _slots(event: Mapping[str, Any]) -> dict[str, Any]:
    """Of several values that gold accepts for a slot, the first."""
    found = {}
    for slot in EVENT_TYPES[event["type"]]:
        value = event.get(slot.name)
        if isinstance(value, list):
            firsts = [item[0] if isinstance(item, list) else item for item in value]
            value = firsts if slot.many else next(iter(firsts), None)
        if value is not None:
            found[slot.name] = value
    return found


def learned(found: Sequence[Told], threshold: float = 0.0) -> Likeness:
    """The weights that fit these events."""
    rows, same = [], []
    for (one, incident), (other, its) in combinations(found, 2):
        if may_be_one(one, other):
            rows.append(features(one, other))
            same.append(incident == its)
    vectors = DictVectorizer()
    model = LogisticRegression(C=1.0, max_iter=3000, fit_intercept=False)
    model.fit(vectors.fit_transform(rows), np.array(same))
    names = vectors.get_feature_names_out()
    weights = {str(name): round(float(weight), 3) for name, weight in zip(names, model.coef_[0], strict=True)}
    return Likeness(weights, threshold)


def b_cubed(ours: Sequence[Hashable], gold: Sequence[Hashable]) -> tuple[float, float, float]:
    """Precision, recall and F1: the mean over the events of how much of an event's group is of its incident, and the
    other way round."""
    groups, incidents = defaultdict(set), defaultdict(set)
    for number, (own, true) in enumerate(zip(ours, gold, strict=True)):
        groups[own].add(number)
        incidents[true].add(number)
    shared = [len(groups[own] & incidents[true]) for own, true in zip(ours, gold, strict=True)]
    precision = sum(n / len(groups[own]) for n, own in zip(shared, ours, strict=True)) / len(gold)
    recall = sum(n / len(incidents[true]) for n, true in zip(shared, gold, strict=True)) / len(gold)
    return precision, recall, 2 * precision * recall / (precision + recall)


def measured(found: Sequence[Told], likeness: Likeness) -> tuple[float, float, float]:
    return b_cubed(group([telling for telling, _ in found], likeness), [incident for _, incident in found])


def best_threshold(found: Sequence[Told]) -> float:
    """The threshold with the best F1 on each writer's events, by weights learned on the other writers'."""
    writers = sorted({telling.document[:2] for telling, _ in found})
    parts = []
    for writer in writers:
        own = [event for event in found if event[0].document[:2] == writer]
        parts.append((own, learned([event for event in found if event[0].document[:2] != writer]).weights))
    return max(
        (-1.0, -0.5, 0.0, 0.5, 1.0),
        key=lambda least: sum(measured(own, Likeness(weights, least))[2] for own, weights in parts),
    )


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--test", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Events to test it on")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("models/incidents.json"), show_default=True
)
def main(folder: Path, test: Path | None, out: Path) -> None:
    """Learn from an annotated folder, and say how well events are grouped."""
    found = told(folder)
    likeness = learned(found, best_threshold(found))
    likeness.to_disk(out)
    click.echo(f"threshold {likeness.threshold}, {len(likeness.weights)} weights")
    for name, events in {"learned on": found, **({"held out": told(test)} if test else {})}.items():
        precision, recall, f1 = measured(events, likeness)
        alone = b_cubed(range(len(events)), [incident for _, incident in events])
        click.echo(
            f"{name}: B-cubed P {precision:.3f} R {recall:.3f} F1 {f1:.3f} over {len(events)} events (each alone: {alone[2]:.3f})"
        )


if __name__ == "__main__":
    main()
