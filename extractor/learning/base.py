"""Trains the base: tags, parse, names and sentence starts, on treebanks, over the pretrained encoder.

The step count, not the clock, ends the training, and everything that is drawn is drawn from one seed, so that a second
run on the same machine gives the same file.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch.nn import functional as F

from extractor.learning.network import Network
from extractor.learning.treebank import Sentence, chunks, read
from extractor.pipes.windows import Pieces, by_piece
from extractor.pipes.wordpiece import WordPiece, shape
from extractor.vocabulary import Vocabulary

Item = TypeVar("Item")
UNKNOWN = -100  # a word without a label for a head: it counts in no loss


@dataclass(slots=True)
class Labels:
    """Label sets, in the order of the heads' outputs."""

    tokens: dict[str, list[str]]
    relations: list[str]
    cues: list[str]

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> Labels:
        upos, xpos, relations = set(), set(), set()
        for s in sentences:
            upos.update(s.upos)
            xpos.update(s.xpos)
            relations.update(s.relations)
        names = ["O", *(f"{prefix}-{kind}" for kind in ("PERSON", "ORG", "LOC") for prefix in "BI")]
        return cls(
            {"upos": sorted(upos), "xpos": sorted(xpos), "names": names, "starts": ["no", "yes"]},
            sorted(relations),
            sorted({row.id for row in Vocabulary().rows["cues.csv"]}),
        )


@dataclass(slots=True)
class Window:
    """Words as the encoder reads them. `targets` hold label ids word by word; `heads` are places in the window."""

    pieces: list[int]
    shapes: list[int]
    first: list[int]
    targets: dict[str, list[int]]
    heads: list[int]
    relations: list[int]
    sentence: list[int]  # which sentence each word is in
    labels: list[int] = field(default_factory=list)  # no mentions and no cues are known in treebanks
    cues: list[int] = field(default_factory=list)


def pieces_of(words: Iterable[str], wordpiece: WordPiece) -> tuple[list[int], list[int], list[int]]:
    """Ids and shapes of the pieces of a window, [CLS] and [SEP] round them, and where each word begins."""
    ids, shapes, first = [wordpiece.start], [6], []
    for word in words:
        parts = wordpiece(word)
        first.append(len(ids))
        ids += parts
        shapes += [shape(word)] * len(parts)
    return [*ids, wordpiece.end], [*shapes, 6], first


def windows(path: Path, labels: Labels, wordpiece: WordPiece) -> Iterator[Window]:
    for chunk in chunks(read(path)):
        yield window(chunk, labels, wordpiece)


def window(chunk: list[Sentence], labels: Labels, wordpiece: WordPiece) -> Window:
    index = {name: {label: i for i, label in enumerate(values)} for name, values in labels.tokens.items()}
    relation = {label: i for i, label in enumerate(labels.relations)}
    targets: dict[str, list[int]] = {name: [] for name in ("upos", "xpos", "names", "starts")}
    heads: list[int] = []
    relations: list[int] = []
    sentence: list[int] = []
    for number, s in enumerate(chunk):
        size, offset = len(s.words), len(heads)
        for name, values in (("upos", s.upos), ("xpos", s.xpos), ("names", s.names)):
            targets[name] += [index[name].get(v, UNKNOWN) for v in values] or [UNKNOWN] * size
        targets["starts"] += [1] + [0] * (size - 1) if s.upos else [UNKNOWN] * size
        heads += [(h if h >= 0 else i) + offset for i, h in enumerate(s.heads)] or [UNKNOWN] * size  # root: itself
        relations += [relation.get(r, UNKNOWN) for r in s.relations] or [UNKNOWN] * size
        sentence += [number] * size
    ids, shapes, first = pieces_of((w for s in chunk for w in s.words), wordpiece)
    return Window(ids, shapes, first, targets, heads, relations, sentence)


def batches(
    items: Iterable[Item], length: Callable[[Item], int], budget: int, rng: random.Random, *, mixing: int = 8
) -> Iterator[list[Item]]:
    """All items once, in groups of like length (but for `mixing` pieces) of about `budget` pieces, in random order."""
    order = sorted(items, key=lambda item: (length(item) + rng.randrange(mixing), rng.random()))
    groups: list[list[Item]] = [[]]
    for item in order:
        if groups[-1] and (len(groups[-1]) + 1) * length(item) > budget:
            groups.append([])
        groups[-1].append(item)
    rng.shuffle(groups)
    yield from groups


def padded(rows: Iterable[list[int]], fill: int) -> torch.Tensor:
    rows = list(rows)
    out = np.full((len(rows), max(map(len, rows))), fill, dtype=np.int64)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return torch.from_numpy(out)


def encoded(network: Network, batch: Sequence[Pieces]) -> torch.Tensor:
    pieces = padded((w.pieces for w in batch), 0)
    mask = padded(([1] * len(w.pieces) for w in batch), 0)
    labels, cues = (
        padded((_by_piece(w, v) for w, v in rows), 0)
        for rows in ([(w, w.labels) for w in batch], [(w, w.cues) for w in batch])
    )
    return network.encode(
        pieces, mask, padded((w.shapes for w in batch), 6), labels, cues, padded((w.first for w in batch), 0)
    )


def _by_piece(window: Pieces, values: list[int]) -> list[int]:
    return by_piece(window, values) if values else [0] * len(window.pieces)


def loss(network: Network, batch: list[Window]) -> torch.Tensor:
    words = encoded(network, batch)
    total = words.new_zeros(())
    for name in ("upos", "xpos", "names", "starts"):
        target = padded((w.targets[name] for w in batch), UNKNOWN)
        if (target != UNKNOWN).any():
            total = total + F.cross_entropy(
                network.tokens[name](words).flatten(0, 1).float(), target.flatten(), ignore_index=UNKNOWN
            )
    heads = padded((w.heads for w in batch), UNKNOWN)
    if (heads != UNKNOWN).any():
        total = total + parse_loss(network, words, batch, heads)
    return total


def parse_loss(network: Network, words: torch.Tensor, batch: list[Window], heads: torch.Tensor) -> torch.Tensor:
    sentence = padded((w.sentence for w in batch), -1)
    arcs = network.arc(network.dependent(words), network.head(words))[:, 0].float()
    other = sentence.unsqueeze(2) != sentence.unsqueeze(1)  # a head stands in its word's own sentence
    arcs = arcs.masked_fill(other, -1e4)
    total = F.cross_entropy(arcs.flatten(0, 1), heads.flatten(), ignore_index=UNKNOWN)
    chosen = heads.clamp(min=0).unsqueeze(-1)
    right = network.head_relation(words)
    right = torch.gather(right, 1, chosen.expand(-1, -1, right.shape[-1]))
    left = network.dependent_relation(words)
    one = torch.ones_like(left[..., :1])
    scores = torch.einsum(
        "bid,ldk,bik->bil", torch.cat([left, one], -1), network.relation.weight, torch.cat([right, one], -1)
    ).float()
    relations = padded((w.relations for w in batch), UNKNOWN)
    return total + F.cross_entropy(scores.flatten(0, 1), relations.flatten(), ignore_index=UNKNOWN)


def optimizer(network: Network, steps: int, encoder_rate: float, head_rate: float):
    """AdamW with 5 % warm-up and linear decay to nothing after `steps`."""
    inner = [p for p in network.bert.parameters() if p.requires_grad]
    own = {id(p) for p in network.bert.parameters()}
    outer = [p for p in network.parameters() if id(p) not in own]
    adam = torch.optim.AdamW(
        [{"params": inner, "lr": encoder_rate}, {"params": outer, "lr": head_rate}], weight_decay=0.01, fused=True
    )
    warm = max(1, steps // 20)
    rate = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / (steps - warm)))
    )
    return adam, rate
