"""Words → sub-word ids of an uncased BERT vocabulary, and the shape that lower-casing hides.

The words come from spaCy's tokenizer, so only BERT's own steps are left: lower case without accents, punctuation
apart, then greedily the longest pieces of the vocabulary (Wu et al. 2016, "WordPiece").
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from string import punctuation

SHAPES = 7  # how many word shapes `shape` tells apart
_LONGEST = 64  # characters of a word that are read; what is longer is a code or noise
_MOST = 8  # pieces a word; the first stands for the word, so the tail of a long one adds little


class WordPiece:
    """Splits single words. `vocabulary` is a BERT vocab in its order; ids are positions in it."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self.ids = {piece: i for i, piece in enumerate(vocabulary)}
        self.unknown, self.start, self.end = (self.ids[name] for name in ("[UNK]", "[CLS]", "[SEP]"))
        self._known: dict[str, list[int]] = {}

    def __call__(self, word: str) -> list[int]:
        """Ids of a word's pieces, one at least and eight at most."""
        found = self._known.get(word)
        if found is None:
            found = [i for part in _parts(word) for i in self._pieces(part)][:_MOST] or [self.unknown]
            if len(self._known) < 50_000:
                self._known[word] = found
        return found

    def _pieces(self, part: str) -> list[int]:
        found, start = [], 0
        while start < len(part):
            for end in range(len(part), start, -1):
                piece = self.ids.get(("##" if start else "") + part[start:end])
                if piece is not None:
                    found.append(piece)
                    start = end
                    break
            else:
                return [self.unknown]
        return found


def _parts(word: str) -> list[str]:
    """A word in lower case, without accents and control characters, its punctuation and ideographs apart."""
    parts = [""]
    for character in unicodedata.normalize("NFD", word[:_LONGEST].lower()):
        category = unicodedata.category(character)
        if category == "Mn" or category.startswith("C"):
            continue
        if character.isspace():
            parts.append("")
        elif character in punctuation or category.startswith("P") or "\u4e00" <= character <= "\u9fff":
            parts += [character, ""]
        else:
            parts[-1] += character
    return [part for part in parts if part]


def shape(word: str) -> int:
    """0 lower case, 1 Capitalised, 2 CAPITALS, 3 miXed, 4 digits, 5 digits and letters, 6 neither."""
    if any(c.isdigit() for c in word):
        return 5 if any(c.isalpha() for c in word) else 4
    if not any(c.isalpha() for c in word):
        return 6
    if word.islower():
        return 0
    if word.isupper() and len(word) > 1:
        return 2
    return 1 if (word[0].isupper() and word[1:].islower()) or len(word) == 1 else 3
