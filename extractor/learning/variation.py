"""The same example with other names and other figures, so that the heads learn the telling and not the names.

Every country, company and material of a window is, at even odds, replaced throughout by another one of its kind; digits
of masses, prices and percentages change, their form stays. Labels stand on words, so they move along.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from extractor.events.tasks import LABELS
from extractor.learning.examples import Anchored, Example
from extractor.pipes.windows import Window
from extractor.pipes.wordpiece import WordPiece, shape

Pools = Mapping[tuple[str, str], Sequence[list[str]]]  # label and way of naming → names as words
_FIGURES = ("QUANTITY", "MONEY", "PERCENT")


def varied(example: Example, pools: Pools, wordpiece: WordPiece, rng: random.Random) -> Example:
    """A variant of the example; shorter where the new names would not fit the window."""
    renamed: dict[tuple[str, str, str], list[str] | None] = {}
    words: list[str] = []
    place: list[int] = []  # old word → new word
    source: list[int] = []  # new word → old word
    chosen: dict[int, tuple[int, list[str]]] = {}
    swapped: dict[tuple[str, str], bool] = {}
    hidden: set[int] = set()
    for (first, last, index), (id_, kind) in zip(example.mentions, example.names, strict=True):
        label = LABELS[index]
        if label == "COMPANY" and swapped.setdefault(("hide", id_), rng.random() < 0.4):
            hidden.update(range(first, last + 1))  # so that names the vocabulary lacks are learned too
        if label in ("COUNTRY", "COMPANY", "MATERIAL"):
            if swapped.setdefault((label, id_), rng.random() < 0.5):
                pool = pools.get((label, kind)) or pools.get((label, "names"))
                name = renamed.setdefault((label, id_, kind), rng.choice(pool) if pool else None)
                if name:
                    chosen.setdefault(first, (last, _like(name, example.words[first])))
        elif label in _FIGURES and rng.random() < 0.5:
            chosen.setdefault(first, (last, [_digits(w, rng) for w in example.words[first : last + 1]]))
    i = 0
    while i < len(example.words):
        last, new = chosen.get(i, (i, [example.words[i]]))
        begin = len(words)
        words += new
        for old in range(i, last + 1):
            place.append(min(begin + old - i, begin + len(new) - 1))
        source += [min(i + k, last) for k in range(len(new))]
        i = last + 1
    varied = _rebuilt(example, words, place, source, wordpiece)
    varied.window.labels = [
        0 if s in hidden and label == 1 + LABELS.index("COMPANY") else label
        for s, label in zip(
            source if len(varied.words) == len(source) else range(len(varied.words)), varied.window.labels, strict=True
        )
    ]
    return varied


def _rebuilt(example: Example, words: list[str], place: list[int], source: list[int], wordpiece: WordPiece) -> Example:
    old = example.window
    window = Window(
        tokens=[old.tokens[s] for s in source],
        sentences=[old.sentences[s] for s in source],
        pieces=[wordpiece.start],
        shapes=[6],
        labels=[old.labels[s] for s in source],
        cues=[old.cues[s] for s in source],
        own=place[old.own] if old.own < len(place) else len(words),
    )
    for word in words:
        ids = wordpiece(word)
        window.first.append(len(window.pieces))
        window.pieces += ids
        window.shapes += [shape(word)] * len(ids)
    window.pieces.append(wordpiece.end)
    window.shapes.append(6)
    if len(window.pieces) > 500:
        return replace(example, window=replace(old))
    first_of = {s: n for n, s in reversed(list(enumerate(source)))}

    def moved(values: list[int], inside: Mapping[int, int] = {}) -> list[int]:
        return [values[s] if first_of[s] == n else inside.get(values[s], values[s]) for n, s in enumerate(source)]

    mentions = []
    for first, last, label in example.mentions:
        end = place[last]
        while end + 1 < len(source) and source[end + 1] == last:
            end += 1
        mentions.append((place[first], end, label))
    company = [
        2 if v == 1 and first_of[s] != n else v for n, (s, v) in enumerate((s, example.company[s]) for s in source)
    ]
    events = [Anchored(place[e.word], e.type, e.choices, e.filled, e.unsure) for e in example.events]
    return replace(
        example,
        window=window,
        words=words,
        mentions=mentions,
        anchors=[
            v if first_of[s] == n or v <= 0 else 0 for n, (s, v) in enumerate((s, example.anchors[s]) for s in source)
        ],
        factuality=moved(example.factuality),
        company=company,
        events=events,
    )


def _like(name: list[str], first: str) -> list[str]:
    """The name, written in capitals where the one that it replaces was."""
    if first.isupper() and len(first) > 3:
        return [word.upper() for word in name]
    return name if not first[:1].isupper() else [name[0][:1].upper() + name[0][1:], *name[1:]]


def _digits(word: str, rng: random.Random) -> str:
    return "".join(str(rng.randint(1, 9)) if c in "123456789" else c for c in word)
