"""Joins what the rules found with what the reader read, and says how probable each event is.

Where both tell the same fact it becomes one event; which of the two a slot is taken from, and how sure the whole is,
was learned from annotated documents (`models/…/events/judge.json`): a weight for each readable feature, and for each
slot whom to believe.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from extractor.events.learned import logit
from extractor.events.merge import same_fact
from extractor.events.page import Draft
from extractor.schema import EVENT_TYPES

# Slots of which an event names at least one: in the corpus 3 of 4,657 events of these types name none.
_NAMED_BY = {
    "control_measure": ("issuer",),
    "trade_flow": ("origin", "destination"),
    "production": ("actor", "site"),
    "stockpile": ("actor", "quantity"),
    "deal": ("parties",),
    "price": ("value", "change_pct"),
}
_CROWD = 40  # drafts of one type in one sentence


@dataclass(slots=True)
class Candidate:
    """One fact as the rules told it, as the reader read it, or both."""

    told: Draft | None
    read: Draft | None

    @property
    def type(self) -> str:
        return self.first.type

    @property
    def first(self) -> Draft:
        return self.told or self.read  # type: ignore[return-value]


@dataclass(slots=True)
class Judge:
    """weights: feature → weight of a logistic model. trust: `type.slot` → whom to believe where the two differ, and
    whether to believe one that speaks alone. threshold: what is less probable is no event."""

    weights: Mapping[str, float] = field(default_factory=dict)
    trust: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    threshold: float = 0.0

    def events(self, told: Sequence[Draft], read: Sequence[Draft]) -> Iterator[Draft]:
        """The events that are probable enough, each with its confidence, in the order of the text."""
        found = []
        for candidate in candidates(told, read):
            draft = self.joined(candidate)
            draft.confidence = self.confidence(candidate)
            if draft.confidence >= self.threshold and _is_somebodys(draft):
                found.append(draft)
        return iter(sorted(_one_type_a_figure(found), key=lambda draft: draft.sentence.start))

    def confidence(self, candidate: Candidate) -> float:
        """Probability that the event's key slots are right."""
        if not self.weights:
            return candidate.first.confidence
        odds = sum(self.weights.get(name, 0.0) * value for name, value in features(candidate).items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))

    def joined(self, candidate: Candidate) -> Draft:
        """One draft of both, slot by slot from whom it is to be believed."""
        told, read = candidate.told, candidate.read
        if told is None or read is None:
            return candidate.first
        draft = Draft(told.type, told.sentence, implied=set(told.implied))
        for slot in EVENT_TYPES[told.type]:
            ours, theirs = told.get(slot.name), read.get(slot.name)
            advice = self.trust.get(f"{told.type}.{slot.name}", {})
            source = self._source(ours, theirs, advice)
            if source is not None:
                chosen = told if source == "told" else read
                draft.set(slot.name, chosen.get(slot.name), chosen.evidence.get(slot.name, ()))
        for name in ("sentence", "anchor"):
            spans = [*told.evidence.get(name, ()), *read.evidence.get(name, ())]
            if spans:
                draft.evidence[name] = spans
        return draft

    @staticmethod
    def _source(ours: Any, theirs: Any, advice: Mapping[str, str]) -> str | None:
        if ours is None and theirs is None:
            return None
        if theirs is None:
            return None if advice.get("told alone") == "drop" else "told"
        if ours is None:
            return None if advice.get("read alone") == "drop" else "read"
        return "told" if ours == theirs else advice.get("both", "read")

    def to_disk(self, path: Path) -> None:
        state = {"threshold": self.threshold, "weights": dict(self.weights), "trust": dict(self.trust)}
        path.write_text(json.dumps(state, indent=1, sort_keys=True) + "\n", "utf-8")

    @classmethod
    def from_disk(cls, path: Path) -> Judge:
        state = json.loads(path.read_text("utf-8"))
        return cls(state["weights"], state["trust"], state["threshold"])


def _is_somebodys(draft: Draft) -> bool:
    """An agreement without parties or a measure without an issuer is a word that sounded like one."""
    return any(draft.get(name) is not None for name in _NAMED_BY.get(draft.type, ())) or draft.type not in _NAMED_BY


def _one_type_a_figure(found: Sequence[Draft]) -> list[Draft]:
    """A mass is traded, made, stocked or allotted, never two of these: the most probable reading of a figure stays."""
    kinds: dict[tuple[int, int], str] = {}
    kept = []
    for draft in sorted(found, key=lambda draft: -draft.confidence):
        figure = next(iter(draft.evidence.get("quantity", ())), None)
        if figure is None or kinds.setdefault((figure[0], figure[1]), draft.type) == draft.type:
            kept.append(draft)
    return kept


def candidates(told: Sequence[Draft], read: Sequence[Draft]) -> list[Candidate]:
    """Every fact once. A fact that both tell is the pair that shares most."""
    by_place: dict[tuple[str, int], list[Draft]] = {}
    by_figure: dict[tuple[str, int, str], list[Draft]] = {}
    for draft in read:
        by_place.setdefault((draft.type, draft.sentence.index), []).append(draft)
        by_figure.setdefault((draft.type, draft.sentence.index, repr(_figure(draft))), []).append(draft)
    scored = []
    for i, ours in enumerate(told):
        near = by_place.get((ours.type, ours.sentence.index), [])
        if len(near) > _CROWD:  # an endless list: only those with the same figure, so that the work stays linear
            near = by_figure.get((ours.type, ours.sentence.index, repr(_figure(ours))), [])[:_CROWD]
        far = (
            [d for d in read if d.type == ours.type and d.sentence is not ours.sentence and same_fact(ours, d)]
            if len(read) < 300
            else []
        )
        for theirs in [*near, *far]:
            if (shared := _kinship(ours, theirs)) > 0:
                scored.append((shared, i, theirs))
    taken: set[int] = set()
    pairs: dict[int, Draft] = {}
    for _, i, theirs in sorted(scored, key=lambda s: -s[0]):
        if i not in pairs and id(theirs) not in taken:
            pairs[i] = theirs
            taken.add(id(theirs))
    found = [Candidate(ours, pairs.get(i)) for i, ours in enumerate(told)]
    return [*found, *(Candidate(None, draft) for draft in read if id(draft) not in taken)]


def _figure(draft: Draft) -> Any:
    return next((draft.get(name) for name in ("quantity", "value", "share_pct") if draft.get(name) is not None), None)


def _kinship(ours: Draft, theirs: Draft) -> float:
    """How much two drafts of one type share; none where their figures differ."""
    shared = 0.5 if ours.sentence is theirs.sentence else 0.0
    for name in ("quantity", "value", "share_pct", "days"):
        a, b = ours.get(name), theirs.get(name)
        if name in _keys(ours.type) and a is not None and b is not None:
            if a != b:
                return 0.0
            shared += 5
    for slot in EVENT_TYPES[ours.type]:
        a, b = ours.get(slot.name), theirs.get(slot.name)
        if a is not None and b is not None:
            same = bool(set(a) & set(b)) if slot.many else a == b
            shared += (1 if same else -0.5) * (2 if slot.key else 1)
    return shared


def _keys(kind: str) -> set[str]:
    return {slot.name for slot in EVENT_TYPES[kind] if slot.key}


def features(candidate: Candidate) -> dict[str, float]:
    """What the judge goes by."""
    told, read, kind = candidate.told, candidate.read, candidate.type
    found = {"any": 1.0, f"type {kind}": 1.0}
    found[f"{kind} {'both' if told and read else 'told alone' if told else 'read alone'}"] = 1.0
    if told:
        found["told, how sure"] = told.confidence - 0.7
        found |= told.signs
        found["told, key slots carried over"] = float(sum(name in told.implied for name in _keys(kind)))
    if read:
        found["read, how sure"] = logit(read.confidence)
        found |= read.signs
    if told and read:
        keys = [slot for slot in EVENT_TYPES[kind] if slot.key]
        same = sum(_agree(told.get(s.name), read.get(s.name), s.many) for s in keys)
        found["both, share of key slots agreeing"] = same / len(keys)
        found["both, all key slots agree"] = float(same == len(keys))
    first = read or told
    assert first is not None
    for slot in EVENT_TYPES[kind]:
        if slot.key and all(d is None or d.get(slot.name) is None for d in (told, read)):
            found[f"{kind} without {slot.name}"] = 1.0
    found["in a table"] = float(first.sentence.row)
    found["in a heading"] = float(first.sentence.heading)
    return found


def _agree(a: Any, b: Any, many: bool) -> bool:
    if many and a and b:
        return bool(set(a) & set(b))
    return a == b
