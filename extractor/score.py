"""Scores predicted documents against gold, by the rules of the annotation guidelines (`corpus/guidelines.md`)."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.optimize import linear_sum_assignment

from extractor.agreement import SAME, Same, same_choice, same_name, same_quantity
from extractor.schema import EVENT_TYPES, Document, Slot

Json = Mapping[str, Any]

HEADLINES = ("event", "slot", "materials", "countries", "companies", "quantities", "relevance")
SET_KINDS = ("countries", "materials", "parties", "codes")


class ScoreError(Exception):
    """Gold or predictions that cannot be read; the message names the file and ends in the remedy."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many values agree, how many were predicted, how many the gold has."""

    hit: int = 0
    pred: int = 0
    gold: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.hit + other.hit, self.pred + other.pred, self.gold + other.gold)

    @property
    def precision(self) -> float:
        return self.hit / self.pred if self.pred else 0.0

    @property
    def recall(self) -> float:
        return self.hit / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if p + r else 0.0

    def to_json(self) -> dict[str, float]:
        return {
            "p": self.precision,
            "r": self.recall,
            "f1": self.f1,
            "hit": self.hit,
            "pred": self.pred,
            "gold": self.gold,
        }


def read_gold(folder: Path) -> list[dict[str, Any]]:
    """The gold documents of a folder, one `<id>.json` each. Raises ScoreError."""
    if not folder.is_dir():
        raise ScoreError(f"{folder}: no such folder; give one that holds <id>.json beside <id>.txt")
    golds = [_read_gold_file(path) for path in sorted(folder.glob("*.json"))]
    if not golds:
        raise ScoreError(f"{folder}: holds no gold; give a folder of <id>.json beside <id>.txt")
    return golds


def _read_gold_file(path: Path) -> dict[str, Any]:
    try:
        gold = json.loads(path.read_text("utf-8"))
        if missing := {"id", "relevant", "events"} - gold.keys():
            raise ValueError(f"it has no {', '.join(sorted(missing))}")
        return gold
    except (OSError, ValueError, AttributeError) as error:
        raise ScoreError(f"{path}: no gold document ({error}); write it as the annotation guidelines say") from error


def read_predictions(path: Path) -> dict[str, dict[str, Any]]:
    """Predicted documents by id, from JSON Lines as `extractor extract` writes them. Raises ScoreError."""
    predictions = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ScoreError(f"{path}: cannot be read ({error}); give the JSON Lines of 'extractor extract'") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                prediction = json.loads(line)
                predictions[str(prediction["id"])] = prediction
            except (ValueError, KeyError, TypeError) as error:
                raise ScoreError(
                    f"{path}:{number}: no JSON object with an id; give the JSON Lines of 'extractor extract'"
                ) from error
    return predictions


def documents(folder: Path, golds: Iterable[Json]) -> Iterator[Document]:
    """The documents of a gold folder as the pipeline takes them. Raises ScoreError."""
    for gold in golds:
        path = folder / f"{gold['id']}.txt"
        try:
            title, _, body = path.read_text("utf-8").partition("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ScoreError(
                f"{path}: the text of {gold['id']}.json cannot be read ({error}); put it there in UTF-8"
            ) from error
        yield Document(
            id=gold["id"],
            title=title.strip(),
            text=body.strip(),
            kind=gold.get("kind", "article"),
            published=gold.get("published", ""),
            origin=str(path),
        )


def _members(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _unpaired(wanted: list[Any], offered: list[Any], same: Same) -> tuple[list[Any], list[Any]]:
    """What is left of both after each of `wanted` took the first of `offered` that is the same."""
    left, missed = list(offered), []
    for item in wanted:
        match = next((i for i, other in enumerate(left) if same(item, other)), None)
        if match is None:
            missed.append(item)
        else:
            del left[match]
    return missed, left


def tally_slot(slot: Slot, pred: Any, gold: Any) -> Tally:
    if slot.kind in SET_KINDS:
        p, g = _members(pred), _members(gold)
        if slot.kind == "codes":
            p, g = ([*{re.sub(r"\W+", "", str(code)).upper() for code in codes}] for codes in (p, g))
        missed, _ = _unpaired(p, g, same_choice if slot.kind == "codes" else same_name)
        return Tally(len(p) - len(missed), len(p), len(g))
    if pred is None or gold is None:
        return Tally(0, int(pred is not None), int(gold is not None))
    if isinstance(gold, list):  # accepted alternatives, as for a change given on the month and on the year
        return max((tally_slot(slot, pred, one) for one in gold), key=lambda tally: tally.hit, default=Tally(pred=1))
    return Tally(int(SAME[slot.kind](pred, gold)), 1, 1)


def key_agrees(pred: Json, gold: Json) -> bool:
    """Whether every key slot that the gold states agrees: sets by half of their union, single values as such."""
    for slot in EVENT_TYPES[gold["type"]]:
        if not slot.key or gold.get(slot.name) in (None, [], {}):
            continue
        tally = tally_slot(slot, pred.get(slot.name), gold[slot.name])
        union = tally.pred + tally.gold - tally.hit if slot.kind in SET_KINDS else 1
        if tally.hit / max(1, union) < 0.5:
            return False
    return True


def align(pred: list[Json], gold: list[Json]) -> list[tuple[int, int]]:
    """Predicted and gold events of one type, paired one to one for the most slots shared."""
    if not pred or not gold:
        return []
    cost = [[0.0] * len(gold) for _ in pred]
    for i, p in enumerate(pred):
        for j, g in enumerate(gold):
            shared = sum(tally_slot(slot, p.get(slot.name), g.get(slot.name)).hit for slot in EVENT_TYPES[g["type"]])
            if shared:
                cost[i][j] = -(shared + 5 * key_agrees(p, g) - 0.001 * bool(g.get("optional")))
    rows, columns = linear_sum_assignment(cost)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if cost[i][j] < 0]


class Score:
    """The figures over all documents, and what went wrong as lines `id <tab> figure <tab> what <tab> values`."""

    def __init__(self, golds: Iterable[Json], predictions: Mapping[str, Json]):
        self.errors: list[str] = []
        self.by_document = [self._score(predictions.get(str(gold["id"]), {}), gold) for gold in golds]

    def table(self) -> dict[str, Tally]:
        """Tally by figure: the headlines, then each event type and each slot by name."""
        figures = {figure for tallies in self.by_document for figure in tallies}
        order = [*(head for head in HEADLINES if head in figures), *sorted(figures - set(HEADLINES))]
        return {
            figure: sum((tallies[figure] for tallies in self.by_document if figure in tallies), Tally())
            for figure in order
        }

    def lines(self) -> Iterator[str]:
        """The table as text."""
        yield f"{len(self.by_document)} documents"
        yield f"{'figure':34} {'P':>6} {'R':>6} {'F1':>6}   {'95 %':>13} {'hit':>5} {'pred':>5} {'gold':>5}"
        for figure, t in self.table().items():
            within = "{:.3f}-{:.3f}".format(*self.interval(figure)) if figure in HEADLINES else ""
            yield (
                f"{figure:34} {t.precision:6.3f} {t.recall:6.3f} {t.f1:6.3f}   {within:>13} "
                f"{t.hit:5} {t.pred:5} {t.gold:5}"
            )

    def interval(self, figure: str, rounds: int = 400) -> tuple[float, float]:
        """95 % bootstrap interval of a figure's F1 over documents; the same documents are drawn every time."""
        rng, tallies = random.Random(7), [tallies.get(figure, Tally()) for tallies in self.by_document]
        draws = ((tallies[rng.randrange(len(tallies))] for _ in tallies) for _ in range(rounds))
        values = sorted(sum(draw, Tally()).f1 for draw in draws)
        return values[int(0.025 * rounds)], values[int(0.975 * rounds)]

    def _score(self, pred: Json, gold: Json) -> dict[str, Tally]:
        tallies: dict[str, Tally] = defaultdict(Tally)
        for figure, same in (
            ("materials", same_name),
            ("countries", same_name),
            ("companies", same_name),
            ("quantities", same_quantity),
        ):
            tallies[figure] = self._score_set(figure, same, pred, gold)
        tallies["relevance"] = Tally(int(bool(pred.get("relevant")) == bool(gold["relevant"])), 1, 1)
        for kind in EVENT_TYPES:
            self._score_events(kind, pred, gold, tallies)
        return tallies

    def _score_set(self, figure: str, same: Same, pred: Json, gold: Json) -> Tally:
        wanted, optional = _members(gold.get(figure)), _members(gold.get(f"{figure}_optional"))
        missed, left = _unpaired(wanted, _members(pred.get(figure)), lambda item, other: same(other, item))
        spurious = [item for item in left if not any(same(item, other) for other in optional + wanted)]
        for what, items in (("missed", missed), ("spurious", spurious)):
            self.errors += [f"{gold['id']}\t{figure}\t{what}\t{_compact(item)}" for item in items]
        hits = len(wanted) - len(missed)
        return Tally(hits, hits + len(spurious), len(wanted))

    def _score_events(self, kind: str, pred: Json, gold: Json, tallies: dict[str, Tally]) -> None:
        p = [event for event in pred.get("events", []) if event.get("type") == kind]
        g = [event for event in gold["events"] if event.get("type") == kind]
        pairs = align(p, g)
        for i, j in pairs:
            if not g[j].get("optional"):
                self._score_pair(p[i], g[j], gold, tallies)
        for i in sorted(set(range(len(p))) - {i for i, _ in pairs}):
            _count(tallies, kind, Tally(0, 1, 0), Tally(0, _slots_stated(p[i]), 0))
            self.errors.append(f"{gold['id']}\t{kind}\tspurious\tpred {_brief(p[i])}")
        for j in sorted(set(range(len(g))) - {j for _, j in pairs}):
            if not g[j].get("optional"):
                _count(tallies, kind, Tally(0, 0, 1), Tally(0, 0, _slots_stated(g[j])))
                self.errors.append(f"{gold['id']}\t{kind}\tmissed\tgold {_brief(g[j])}")

    def _score_pair(self, pred: Json, gold: Json, document: Json, tallies: dict[str, Tally]) -> None:
        kind, hit = gold["type"], key_agrees(pred, gold)
        if not hit:
            self.errors.append(f"{document['id']}\t{kind}\tkey differs\tpred {_brief(pred)}\tgold {_brief(gold)}")
        slots = {slot.name: tally_slot(slot, pred.get(slot.name), gold.get(slot.name)) for slot in EVENT_TYPES[kind]}
        _count(tallies, kind, Tally(int(hit), 1, 1), sum(slots.values(), Tally()))
        for name, tally in slots.items():
            if tally.pred or tally.gold:
                tallies[f"slot.{kind}.{name}"] += tally


def _count(tallies: dict[str, Tally], kind: str, event: Tally, slots: Tally) -> None:
    tallies["event"] += event
    tallies[f"event.{kind}"] += event
    tallies["slot"] += slots


def _slots_stated(event: Json) -> int:
    return sum(tally_slot(slot, event.get(slot.name), None).pred for slot in EVENT_TYPES[event["type"]])


def _brief(event: Json) -> str:
    names = (slot.name for slot in EVENT_TYPES[event["type"]])
    return _compact({name: event[name] for name in names if event.get(name) is not None})


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
