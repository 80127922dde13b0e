"""Sentence starts, by line and by punctuation: notices are lists and tables as often as prose.

A line break always ends a sentence, so that a bullet, a heading or a table row is one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy
from spacy.language import Language
from spacy.tokens import Doc

from extractor.vocabulary import Vocabulary

_STOP = re.compile(r"(?<=[.!?。！？])[\"'”’)\]]*[ \t]+(?=[\"'“‘(\[]?[A-Z0-9$€£¥•“])|\n+|(?<=[。！？])")
_STARTERS = frozenset(
    [
        "The",
        "This",
        "That",
        "These",
        "Those",
        "It",
        "Its",
        "In",
        "On",
        "At",
        "A",
        "An",
        "But",
        "And",
        "For",
        "From",
        "He",
        "She",
        "They",
        "We",
        "If",
        "As",
        "Since",
        "While",
        "Last",
        "Under",
        "Both",
        "Neither",
        "No",
        "Some",
        "Most",
        "However",
        "Meanwhile",
        "Our",
        "Their",
    ]
)
_LONGEST = 1200  # characters; a longer "sentence" is a list without stops, or made to be slow to read
_INITIAL = re.compile(r"(?:^|[\s(.])[A-Z]\.$")


@Language.factory("minerals_segmenter", assigns=["token.is_sent_start"])
def make_segmenter(nlp: Language, name: str) -> Segmenter:
    return Segmenter(frozenset(Vocabulary().cue("abbreviation")))


class Segmenter:
    """Sets `Token.is_sent_start` on every token."""

    def __init__(self, abbreviations: frozenset[str]) -> None:
        self.abbreviations = abbreviations
        self.longest = max(map(len, abbreviations))

    def __call__(self, doc: Doc) -> Doc:
        starts = self.starts(doc.text)
        pending = next(starts, None)
        flags: list[int] = []
        opening = True  # whether the next word begins a sentence
        for token in doc:
            while pending is not None and token.idx + len(token) > pending:
                opening, pending = True, next(starts, None)
            begins = opening and (not token.is_space or not flags)
            flags.append(1 if begins else -1)
            opening = opening and token.is_space
        # All flags in one array: setting them token by token makes spaCy look at the whole document each time.
        return doc.from_array(["SENT_START"], numpy.array(flags, dtype="int64").astype("uint64").reshape(-1, 1))

    def starts(self, text: str) -> Iterator[int]:
        """Character offsets at which sentences begin, the first one left out."""
        last = 0
        for stop in _STOP.finditer(text):
            while stop.end() - last > _LONGEST:
                last = _break(text, last + _LONGEST)
                yield last
            if "\n" in stop.group() or self._ends(text, stop.start(), stop.end()):
                last = stop.end()
                yield last
        while len(text) - last > _LONGEST:
            last = _break(text, last + _LONGEST)
            yield last

    def _ends(self, text: str, stop: int, start: int) -> bool:
        head = text[max(0, stop - self.longest - 1) : stop]
        word = head.split()[-1].lstrip("(\"'“‘[") if head.split() else ""
        if word in self.abbreviations or _INITIAL.search(head):
            following = re.match(r"[\"'“‘(\[]?(\w+)", text[start : start + 30])
            closes = word.endswith((".S.", "Inc.", "Corp.", "Ltd.", "Co.", "plc.", "p.m.", "a.m.", "etc."))
            return bool(closes and following and following[1] in _STARTERS)
        if re.fullmatch(r"\(?\d{1,2}\.", word):  # a list number: "1. Ore of any base mineral"
            return text.rfind("\n", 0, stop) + 1 < stop - len(word)
        return True


def _break(text: str, near: int) -> int:
    """Where to break an endless sentence: behind the next semicolon or space, else right there."""
    gap = re.compile(r"[;,]?\s").search(text, near, near + 200)
    return gap.end() if gap else near
