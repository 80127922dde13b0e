"""Scores predicted documents against gold, by the rules of the annotation guidelines (`corpus/guidelines.md`)."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from extractor.agreement import SAME, Same, same_choice, same_name, same_quantity
from extractor.schema import EVENT_TYPES, Document, Slot

Json = Mapping[str, Any]
Verdict = Literal["matched", "key differs", "missed", "spurious", "optional"]

HEADLINES = ("event", "slot", "materials", "countries", "companies", "quantities", "relevance")
LISTS: dict[str, Same] = {
    "materials": same_name,
    "countries": same_name,
    "companies": same_name,
    "quantities": same_quantity,
}
SET_KINDS = ("countries", "materials", "parties", "codes")
ROUNDS = 400  # of the bootstrap


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
        _check_events(gold["events"])
        _check_events(gold.get("not_events", []))
        return gold
    except (OSError, ValueError, TypeError, AttributeError) as error:
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
                _check_events(prediction.get("events", []))
                predictions[str(prediction["id"])] = prediction
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ScoreError(
                    f"{path}:{number}: no JSON object with an id and events ({error}); "
                    "give the JSON Lines of 'extractor extract'"
                ) from error
    return predictions


def _check_events(events: Any) -> None:
    """Raises ValueError, TypeError or AttributeError unless these are objects whose evidence is pairs of numbers."""
    for event in events:
        float(event.get("confidence", 1.0))
        for spans in (event.get("evidence") or {}).values():
            for start, end in spans:
                if not (isinstance(start, int) and isinstance(end, int)):
                    raise ValueError(f"the evidence {spans!r} is no list of [start, end]")


def confident(predictions: Mapping[str, Json], least: float) -> dict[str, Json]:
    """The predictions without the events of a lower confidence; one that tells none is sure."""
    return {
        id: {**pred, "events": [event for event in pred.get("events", []) if event.get("confidence", 1.0) >= least]}
        for id, pred in predictions.items()
    }


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


def members(value: Any) -> list[Any]:
    """The values of a slot or list: none, one, or those of the list."""
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
        p, g = members(pred), members(gold)
        if slot.kind == "codes":
            p, g = ([*{re.sub(r"\W+", "", str(code)).upper() for code in codes}] for codes in (p, g))
        missed, _ = _unpaired(p, g, same_choice if slot.kind == "codes" else same_name)
        return Tally(len(p) - len(missed), len(p), len(g))
    if pred is None or gold is None:
        return Tally(0, int(pred is not None), int(gold is not None))
    if isinstance(gold, list):  # accepted alternatives, as for a change given on the month and on the year
        return max((tally_slot(slot, pred, one) for one in gold), key=lambda tally: tally.hit, default=Tally(pred=1))
    return Tally(int(SAME[slot.kind](pred, gold)), 1, 1)


def differing_keys(pred: Json, gold: Json) -> list[Slot]:
    """The key slots that the gold states and the prediction does not share: sets by half of their union."""
    differing = []
    for slot in EVENT_TYPES[gold["type"]]:
        if not slot.key or gold.get(slot.name) in (None, [], {}):
            continue
        tally = tally_slot(slot, pred.get(slot.name), gold[slot.name])
        union = tally.pred + tally.gold - tally.hit if slot.kind in SET_KINDS else 1
        if tally.hit / max(1, union) < 0.5:
            differing.append(slot)
    return differing


def key_agrees(pred: Json, gold: Json) -> bool:
    """Whether every key slot that the gold states agrees: sets by half of their union, single values as such."""
    return not differing_keys(pred, gold)


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


@dataclass(frozen=True, slots=True)
class Pair:
    """A predicted event and the gold one of its type that it is aligned with, or one of them that stands alone."""

    type: str
    pred: Json | None
    gold: Json | None

    @property
    def verdict(self) -> Verdict:
        if self.gold is None:
            return "spurious"
        if self.gold.get("optional"):
            return "optional"
        if self.pred is None:
            return "missed"
        return "matched" if key_agrees(self.pred, self.gold) else "key differs"


@dataclass(frozen=True, slots=True)
class Compared:
    """A document's prediction ({} where there is none) beside its gold."""

    pred: Json
    gold: Json
    lists: Mapping[str, tuple[list[Any], list[Any]]]  # by name of the list, its values missed and spurious
    pairs: tuple[Pair, ...]
    tallies: Mapping[str, Tally]  # by figure


def compare(pred: Json, gold: Json) -> Compared:
    lists = {figure: _compare_list(figure, same, pred, gold) for figure, same in LISTS.items()}
    pairs = tuple(pair for kind in EVENT_TYPES for pair in _pairs(kind, pred, gold))
    tallies: dict[str, Tally] = defaultdict(Tally)
    for figure, (missed, spurious) in lists.items():
        wanted = len(members(gold.get(figure)))
        hits = wanted - len(missed)
        tallies[figure] = Tally(hits, hits + len(spurious), wanted)
    tallies["relevance"] = Tally(int(bool(pred.get("relevant")) == bool(gold["relevant"])), 1, 1)
    for pair in pairs:
        _count(pair, tallies)
    return Compared(pred, gold, lists, pairs, tallies)


def _compare_list(figure: str, same: Same, pred: Json, gold: Json) -> tuple[list[Any], list[Any]]:
    wanted, optional = members(gold.get(figure)), members(gold.get(f"{figure}_optional"))
    missed, left = _unpaired(wanted, members(pred.get(figure)), lambda item, other: same(other, item))
    return missed, [item for item in left if not any(same(item, other) for other in optional + wanted)]


def _pairs(kind: str, pred: Json, gold: Json) -> Iterator[Pair]:
    p = [event for event in pred.get("events", []) if event.get("type") == kind]
    g = [event for event in gold["events"] if event.get("type") == kind]
    aligned = align(p, g)
    yield from (Pair(kind, p[i], g[j]) for i, j in aligned)
    yield from (Pair(kind, p[i], None) for i in sorted(set(range(len(p))) - {i for i, _ in aligned}))
    yield from (Pair(kind, None, g[j]) for j in sorted(set(range(len(g))) - {j for _, j in aligned}))


def _count(pair: Pair, tallies: dict[str, Tally]) -> None:
    """An event without its like gives all its slots as missed or spurious, to the sum over slots alone."""
    if (verdict := pair.verdict) == "optional":
        return
    pred, gold = pair.pred or {}, pair.gold or {}
    event = Tally(int(verdict == "matched"), int(verdict != "missed"), int(verdict != "spurious"))
    slots = {slot.name: tally_slot(slot, pred.get(slot.name), gold.get(slot.name)) for slot in EVENT_TYPES[pair.type]}
    tallies["event"] += event
    tallies[f"event.{pair.type}"] += event
    tallies["slot"] += sum(slots.values(), Tally())
    if verdict in ("matched", "key differs"):
        for name, tally in slots.items():
            if tally.pred or tally.gold:
                tallies[f"slot.{pair.type}.{name}"] += tally


class Score:
    """The figures over all documents."""

    def __init__(self, golds: Iterable[Json], predictions: Mapping[str, Json]):
        self.compared = [compare(predictions.get(str(gold["id"]), {}), gold) for gold in golds]

    def table(self) -> dict[str, Tally]:
        """Tally by figure: the headlines, then each event type and each slot by name."""
        figures = {figure for document in self.compared for figure in document.tallies}
        order = [*(head for head in HEADLINES if head in figures), *sorted(figures - set(HEADLINES))]
        return {
            figure: sum((d.tallies[figure] for d in self.compared if figure in d.tallies), Tally()) for figure in order
        }

    def lines(self) -> Iterator[str]:
        """The table as text."""
        yield f"{len(self.compared)} documents"
        yield f"{'figure':34} {'P':>6} {'R':>6} {'F1':>6}   {'95 %':>13} {'hit':>5} {'pred':>5} {'gold':>5}"
        for figure, t in self.table().items():
            low, high = self.interval(figure)
            yield (
                f"{figure:34} {t.precision:6.3f} {t.recall:6.3f} {t.f1:6.3f}   {f'{low:.3f}-{high:.3f}':>13} "
                f"{t.hit:5} {t.pred:5} {t.gold:5}"
            )

    def to_json(self) -> dict[str, dict[str, Any]]:
        return {figure: {**t.to_json(), "interval": list(self.interval(figure))} for figure, t in self.table().items()}

    def interval(self, figure: str) -> tuple[float, float]:
        """95 % bootstrap interval of a figure's F1 over documents; a draw that holds nothing of it has no F1."""
        tallies = [document.tallies.get(figure, Tally()) for document in self.compared]
        sums = (self._draws @ np.array([(t.hit, t.pred, t.gold) for t in tallies])).tolist()
        values = sorted(Tally(*counts).f1 for counts in sums if any(counts)) or [0.0]
        return values[int(0.025 * len(values))], values[int(0.975 * len(values))]

    @cached_property
    def _draws(self) -> NDArray[np.int64]:
        """How often each document was drawn, a row a round; the same documents are drawn every time."""
        rng, number = random.Random(7), len(self.compared)
        rounds = ([rng.randrange(number) for _ in range(number)] for _ in range(ROUNDS))
        return np.array([np.bincount(drawn, minlength=number) for drawn in rounds])
