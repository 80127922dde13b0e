"""Tags, heads and names of a document, gathered window by window and written to the Doc at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from extractor.pipes.windows import Window


class Grammar:
    """labels: `upos`, `xpos`, `names` and `relations`, in the order of the reader's outputs."""

    def __init__(self, doc: Doc, labels: Mapping[str, Sequence[str]]) -> None:
        self.doc = doc
        self.names = labels["names"]
        self.ids = {key: [doc.vocab.strings.add(v) for v in labels[key]] for key in ("upos", "xpos", "relations")}
        self.tags = np.zeros((len(doc), 3), dtype="uint64")  # POS, TAG, DEP
        self.heads = np.zeros(len(doc), dtype="int64")  # relative, as spaCy keeps them
        self.named: list[Span] = []
        for sentence in doc.sents:  # what is not read hangs on the first word of its sentence
            for token in sentence:
                self.heads[token.i] = sentence.start - token.i
        self.tags[:, 2] = doc.vocab.strings.add("dep")

    def add(self, window: Window, upos: Any, xpos: Any, names: Any, arcs: Any, relations: Any) -> None:
        """What a window says of its own words. arcs: score of every word as every word's head, [words, words]."""
        tokens, own = window.tokens, window.own
        if own >= len(tokens):
            return
        first = own
        while first < len(tokens):
            last = first
            while last < len(tokens) and window.sentences[last] == window.sentences[first]:
                last += 1
            for word, head in enumerate(tree(arcs[first:last, first:last])):
                self.heads[tokens[first + word]] = tokens[first + head] - tokens[first + word]
            first = last
        where = np.array(tokens[own:])
        for column, key, values in ((0, "upos", upos), (1, "xpos", xpos), (2, "relations", relations)):
            self.tags[where, column] = np.array(self.ids[key], dtype="uint64")[values[own:]]
        self.named += _spans(self.doc, window, [self.names[i] for i in names])

    def written(self) -> Doc:
        """The Doc with its tags, heads and `spans["names"]`."""
        root = self.doc.vocab.strings.add("ROOT")
        for token in self.doc:
            if token.is_space and self.heads[token.i] == 0 and not token.is_sent_start:
                self.heads[token.i] = -1
        self.tags[self.heads == 0, 2] = root
        values = np.column_stack([self.tags, self.heads.astype("uint64")])
        doc = self.doc.from_array(["POS", "TAG", "DEP", "HEAD"], values)
        doc.spans["names"] = filter_spans(self.named)
        return doc


def tree(scores: NDArray[np.float32]) -> list[int]:
    """The head of each word of a sentence, itself for the root: the best heads, mended into one tree.

    A cycle is broken where a word loses least by another head; of several roots the best one stays.
    """
    size = len(scores)
    best = scores.argmax(1)
    if _is_tree(best):
        return best.tolist()
    heads: list[int] = best.tolist()
    roots = [word for word in range(size) if heads[word] == word]
    root = max(roots or range(size), key=lambda word: scores[word, word])
    for word in roots:
        if word != root:
            heads[word] = _best(scores, word, {word})
    heads[root] = root
    for word in range(size):
        cycle: list[int] = []
        at = word
        while at not in cycle and heads[at] != at:
            cycle.append(at)
            at = heads[at]
        if heads[at] == at:
            continue
        cycle = cycle[cycle.index(at) :]
        below = _under(heads, cycle)
        options = [(scores[w, h] - scores[w, heads[w]], w, h) for w in cycle if (h := _best(scores, w, below)) >= 0]
        _, loser, head = max(options)
        heads[loser] = head
    return heads


def _is_tree(heads: NDArray[np.int64]) -> bool:
    """Whether there is one root and every word is under it; most sentences are, and need no mending."""
    roots = np.flatnonzero(heads == np.arange(len(heads)))
    if len(roots) != 1:
        return False
    above = heads
    for _ in range(len(heads).bit_length()):
        above = above[above]
    return bool((above == roots[0]).all())


def _best(scores: NDArray[np.float32], word: int, without: set[int]) -> int:
    return max((h for h in range(len(scores)) if h not in without), key=lambda h: scores[word, h], default=-1)


def _under(heads: list[int], words: list[int]) -> set[int]:
    """The words and all that hang on them."""
    found = set(words)
    grown = True
    while grown:
        more = {w for w, h in enumerate(heads) if h in found and w not in found}
        found |= more
        grown = bool(more)
    return found


def _spans(doc: Doc, window: Window, labels: list[str]) -> list[Span]:
    """Names (PERSON, ORG, LOC) among a window's own words."""
    spans = []
    i = window.own
    while i < len(labels):
        end = i + 1
        if labels[i] != "O":
            kind = labels[i][2:]
            while end < len(labels) and labels[end] == "I-" + kind and window.tokens[end] == window.tokens[end - 1] + 1:
                end += 1
            spans.append(Span(doc, window.tokens[i], window.tokens[end - 1] + 1, label=kind))
        i = end
    return spans
