"""What the encoder reads at a time: the title, some sentences of context, then sentences that are read for events.

A document of up to about 250 words is one window; a longer one is cut at sentence ends, each window opening with the
title and with the last sentences of the one before it. A window depends on its document alone, never on what else is
being read, so that the same text always gives the same events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from extractor.pipes.wordpiece import WordPiece, shape

MOST_PIECES = 384  # a window; the encoder's own limit is 512
_TITLE = 48  # pieces of the title that every window opens with
_CONTEXT = 96  # pieces of the sentences before


@dataclass(slots=True)
class Window:
    """Positions of tokens, and what the encoder takes: ids and shapes of pieces, and each word's first piece."""

    tokens: list[int] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)  # the sentence of each word
    pieces: list[int] = field(default_factory=list)
    shapes: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)  # of each word: the mention that it is in, 0 for none
    cues: list[int] = field(default_factory=list)  # of each word: the cue that it is in, 0 for none
    own: int = 0  # words before this one are title or context: read, but not for events


class Pieces(Protocol):
    """What the encoder takes of a window."""

    pieces: list[int]
    shapes: list[int]
    first: list[int]
    labels: list[int]
    cues: list[int]


Words = list[tuple[int, int, str]]  # token, sentence, text


def windows(sentences: Sequence[Words], title: Words, wordpiece: WordPiece) -> Iterator[Window]:
    """Windows over the sentences of a document. `title` is left out where the sentences hold it themselves."""
    sizes = [sum(len(wordpiece(text)) for _, _, text in words) for words in sentences]
    start = 0
    while start < len(sentences):
        first = {token for token, _, _ in sentences[start]}
        opening = [] if any(token in first for token, _, _ in title) else _head(title, wordpiece, _TITLE)
        back, room = start, _CONTEXT
        while opening and back > 0 and sizes[back - 1] <= room and sentences[back - 1][0][0] > opening[-1][0]:
            back -= 1
            room -= sizes[back]
        context = [*opening, *(word for words in sentences[back:start] for word in words)]
        left = MOST_PIECES - 2 - sum(len(wordpiece(text)) for _, _, text in context)
        end = start
        while end < len(sentences) and (end == start or sizes[end] <= left):
            left -= sizes[end]
            end += 1
        yield _window(context, [word for words in sentences[start:end] for word in words], wordpiece)
        start = end


def by_piece(window: Pieces, values: Sequence[int]) -> list[int]:
    """Values of words → values of pieces, 0 for the two marks at the ends."""
    ends = [*window.first[1:], len(window.pieces) - 1]
    return [0, *(v for v, a, b in zip(values, window.first, ends, strict=True) for _ in range(b - a)), 0]


def _head(words: Words, wordpiece: WordPiece, most: int) -> Words:
    kept: Words = []
    for word in words:
        most -= len(wordpiece(word[2]))
        if most < 0:
            break
        kept.append(word)
    return kept


def _window(context: Words, own: Words, wordpiece: WordPiece) -> Window:
    window = Window(pieces=[wordpiece.start], shapes=[6], own=len(context))
    for token, sentence, text in [*context, *own]:
        ids = wordpiece(text)
        if len(window.pieces) + len(ids) >= MOST_PIECES:
            break  # a sentence longer than a window: its end is left unread
        window.tokens.append(token)
        window.sentences.append(sentence)
        window.first.append(len(window.pieces))
        window.pieces += ids
        window.shapes += [shape(text)] * len(ids)
    window.pieces.append(wordpiece.end)
    window.shapes.append(6)
    return window
