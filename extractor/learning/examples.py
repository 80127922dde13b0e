"""Annotated documents → windows with targets for the event heads.

The mentions are the pipeline's own, so that the heads learn to link what they will be given; gold decides which of
them fill which slot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from extractor import model
from extractor.agreement import SAME, same_choice, same_name
from extractor.events.tasks import ANCHORS, CHOICES, FACTUALITY, FIGURES, LABELS, ROLES
from extractor.pipes.windows import Window
from extractor.schema import EVENT_TYPES, Mention, Slot
from extractor.score import documents, read_gold

Span = tuple[int, int]
IGNORE = -100


@dataclass(slots=True)
class Anchored:
    """One event as a window shows it."""

    word: int  # its anchor
    type: int
    choices: dict[str, int] = field(default_factory=dict)
    filled: dict[str, set[int]] = field(default_factory=dict)  # role → mentions that fill it
    unsure: dict[str, set[int]] = field(default_factory=dict)  # role → further mentions of the same value


@dataclass(slots=True)
class Targets:
    """The events of a window as arrays: choices [events, choices], -100 for another type's; links and their weights
    [roles, events, mentions]."""

    choices: NDArray[np.int64]
    links: NDArray[np.float32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, events: Sequence[Anchored], labels: Sequence[int]) -> Targets:
        choices = np.full((len(events), len(CHOICES)), IGNORE, dtype=np.int64)
        links = np.zeros((len(ROLES), len(events), len(labels)), dtype=np.float32)
        weights = np.zeros_like(links)
        for e, event in enumerate(events):
            slots = {slot.name for slot in EVENT_TYPES[ANCHORS[event.type]]}
            for c, name in enumerate(CHOICES):
                choices[e, c] = event.choices.get(name, IGNORE)
            for r, (role, fitting) in enumerate(ROLES.items()):
                if role in slots:
                    weights[r, e] = [LABELS[label] in fitting for label in labels]
                    links[r, e, list(event.filled.get(role, ()))] = 1
                    weights[r, e, list(event.unsure.get(role, ()))] = 0
        return cls(choices, links, weights)


@dataclass(slots=True)
class Example:
    """A window with the mentions in it (words first to last, inclusive, and index in LABELS) and what is to be read from it."""

    document: str
    window: Window
    words: list[str]
    mentions: list[tuple[int, int, int]]
    names: list[tuple[str, str]]  # of each mention: its id, and how it is named ("names", "demonyms" …)
    anchors: list[int]  # word by word: index in ANCHORS, or IGNORE
    factuality: list[int]
    company: list[int]  # word by word: O, B, I
    events: list[Anchored]
    relevant: int
    targets: Targets


def examples(folder: Path, nlp: Language) -> Iterator[Example]:
    """Examples of an annotated folder. `nlp` is the pipeline up to the encoder."""
    golds = read_gold(folder)
    for gold, document in zip(golds, documents(folder, golds), strict=True):
        with nlp.select_pipes(disable=["reader", "events"]):
            doc = nlp(model.doc_of(nlp, document))
        yield from _of_document(gold, doc, nlp)


def _of_document(gold: Mapping[str, Any], doc: Any, nlp: Language) -> Iterator[Example]:
    home = nlp.get_pipe("reader").home
    mentions = [Mention(m["label"], m["id"], m["start"], m["end"], m.get("value")) for m in doc.user_data["mentions"]]
    places = [_anchor_place(event, mentions) for event in gold["events"]]
    for window in nlp.get_pipe("reader").windows(doc):
        yield _example(gold, doc, window, mentions, places, home)


def _anchor_place(event: Mapping[str, Any], mentions: Sequence[Mention]) -> tuple[Span, bool] | None:
    """Where an event is anchored, and whether at a figure; None where its evidence does not tell."""
    evidence = event.get("evidence") or {}
    near = (evidence.get("trigger") or evidence.get("sentence") or [None])[0]
    slots = {slot.name: slot for slot in EVENT_TYPES[event["type"]]}
    for name in FIGURES[event["type"]]:
        if event.get(name) is None or (
            event["type"] == "control_measure" and event["measure"] not in ("export_quota", "import_quota")
        ):
            continue
        fitting = [m for m in mentions if m.label in ROLES[name] and _fills(m, slots[name], event[name], {})]
        quoted = [m for m in fitting if _overlaps(m, evidence.get(name) or ())]
        if quoted or fitting:
            chosen = quoted or fitting
            best = min(chosen, key=lambda m: abs(m.start - near[0])) if near else chosen[0]
            return (best.start, best.end), True
    return (tuple(evidence["trigger"][0]), False) if evidence.get("trigger") else None


def _example(gold, doc, window: Window, mentions: Sequence[Mention], places, home) -> Example:
    word_at = {token: i for i, token in enumerate(window.tokens)}

    def words(span: Span) -> tuple[int, int] | None:
        found = doc.char_span(span[0], span[1], alignment_mode="expand")
        if found is None:
            return None
        inside = [word_at[t.i] for t in found if t.i in word_at]
        return (inside[0], inside[-1]) if inside else None

    shown, order = [], []
    for mention in mentions:
        if mention.label in _LABELS and (place := words((mention.start, mention.end))):
            shown.append((place[0], place[1], LABELS.index(mention.label)))
            order.append(mention)
    size = len(window.tokens)
    anchors, factuality = [0] * size, [IGNORE] * size
    for i in range(window.own):
        anchors[i] = IGNORE
    events = []
    known = all(place is not None for place in places)
    if not known:  # an event whose words are unknown may stand at any word that is no figure
        figures = {i for a, b, label in shown if LABELS[label] in _FIGURES for i in range(a, b + 1)}
        anchors = [a if i in figures else IGNORE for i, a in enumerate(anchors)]
    for event, place in zip(gold["events"], places, strict=True):
        if place is None or (span := words(place[0])) is None:
            continue
        head = span[0] if place[1] else _head(doc, window, span)
        if head < window.own:
            continue
        kind = ANCHORS.index(event["type"])
        if place[1]:  # the same figure told again is no other event, nor none
            told = next(m for m in order if (m.start, m.end) == place[0] and m.label in _FIGURES)
            for mention, (first, _, _) in zip(order, shown, strict=True):
                if (
                    mention is not told
                    and mention.label == told.label
                    and mention.value == told.value
                    and not anchors[first]
                ):
                    anchors[first] = IGNORE
        if event.get("optional"):
            anchors[head] = IGNORE
        else:
            anchors[head] = kind
            factuality[head] = (
                1 if event.get("action") == "planned" or event.get("status") in ("proposed", "announced") else 0
            )
        events.append(_anchored(event, head, kind, order, shown, home))
    for trap in gold.get("not_events", ()):
        place = (trap.get("evidence") or {}).get("trigger")
        if place and (span := words(tuple(place[0]))) and span[1] >= window.own:
            head = _head(doc, window, span)
            if anchors[head] <= 0:
                anchors[head], factuality[head] = (
                    0,
                    FACTUALITY.index(trap["why"] if trap["why"] in FACTUALITY else "hypothetical"),
                )
    company = [0] * size
    for mention in gold.get("mentions", ()):
        if mention["label"] == "COMPANY" and (span := words((mention["start"], mention["end"]))):
            company[span[0] : span[1] + 1] = [1] + [2] * (span[1] - span[0])
    if "mentions" not in gold:
        company = [IGNORE] * size
    texts = [doc[t].text for t in window.tokens]
    names = [(m.id, str((m.value or {}).get("as", ""))) for m in order]
    return Example(
        document=gold["id"],
        window=window,
        words=texts,
        mentions=shown,
        names=names,
        anchors=anchors,
        factuality=factuality,
        company=company,
        events=events,
        relevant=int(bool(gold["relevant"])),
        targets=Targets.of(events, [label for _, _, label in shown]),
    )


def _anchored(event, head: int, kind: int, mentions: Sequence[Mention], shown, home) -> Anchored:
    one = Anchored(head, kind)
    for name, values in CHOICES.items():
        type_, choice = name.split(".")
        if type_ == event["type"]:
            value = event.get(choice)
            one.choices[name] = values.index((value[0] if isinstance(value, list) else value) or "")
    evidence = event.get("evidence") or {}
    for slot in EVENT_TYPES[event["type"]]:
        if slot.name not in ROLES:
            continue
        fitting = [
            i
            for i, m in enumerate(mentions)
            if m.label in ROLES[slot.name]
            and event.get(slot.name) is not None
            and _fills(m, slot, event[slot.name], home)
        ]
        by_value: dict[str, list[int]] = {}
        for i in fitting:
            by_value.setdefault(_stands_for(mentions[i], home), []).append(i)
        filled, unsure = set(), set()
        for group in by_value.values():
            quoted = [i for i in group if _overlaps(mentions[i], evidence.get(slot.name) or ())]
            sure = quoted or [min(group, key=lambda i: abs(shown[i][0] - head))]
            filled.update(sure)
            unsure.update(set(group) - set(sure))
        one.filled[slot.name], one.unsure[slot.name] = filled, unsure
    return one


_FIGURES = ("QUANTITY", "PERCENT", "MONEY")
_LABELS = {label for labels in ROLES.values() for label in labels}


def _stands_for(mention: Mention, home: Mapping[str, str]) -> str:
    if mention.label == "BODY":
        return home.get(mention.id, mention.id)
    return f"{mention.id}" if mention.label in ("MATERIAL", "COUNTRY", "COMPANY") else repr(mention.value)


def _fills(mention: Mention, slot: Slot, value: Any, home: Mapping[str, str]) -> bool:
    """Whether a mention states a slot's gold value, or one of its values."""
    values = value if isinstance(value, list) else [value]
    stated = mention.value or {}
    if slot.kind in ("materials", "countries", "parties"):
        names = (
            {mention.id, home.get(mention.id, "")}
            if mention.label == "BODY" or slot.kind == "countries"
            else {mention.id}
        )
        return any(same_name(v, n) for v in values for n in names if n)
    if slot.kind == "quantity":
        return any(SAME["quantity"](stated, v) for v in values)
    if slot.kind == "money":
        return any(SAME["money"](stated, v) for v in values)
    if slot.kind == "number":
        return any(abs(abs(stated.get("pct", 1e9)) - abs(v)) < 0.011 for v in values)
    if slot.kind == "date":
        return any(SAME["date"](mention.id, v) for v in values)
    if slot.kind == "codes":
        return stated.get("kind") != "reference" and any(
            same_choice(mention.id.upper(), re.sub(r"\W+", "", str(v)).upper()) for v in values
        )
    return stated.get("kind") == "reference" and any(SAME["text"](mention.id, v) for v in values)


def _overlaps(mention: Mention, spans: Iterable[Sequence[int]]) -> bool:
    return any(mention.start < end and start < mention.end for start, end in spans)


def _head(doc, window: Window, span: tuple[int, int]) -> int:
    """The word of a trigger that carries it: its last one that is no function word."""
    for i in range(span[1], span[0] - 1, -1):
        text = doc[window.tokens[i]].lower_
        if text.isalpha() and text not in _FUNCTION:
            return i
    return span[1]


_FUNCTION = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "for",
        "by",
        "at",
        "from",
        "with",
        "and",
        "or",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "has",
        "have",
        "had",
        "will",
        "would",
        "its",
        "their",
        "up",
        "down",
        "out",
        "off",
        "into",
        "under",
        "over",
        "not",
        "no",
        "it",
        "that",
        "this",
        "as",
    ]
)
