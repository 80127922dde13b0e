"""How an anchor and a mention stand to each other: distance, sentence, rank among its like, figures between them.

What links them is often plain from this alone: a figure fills its own quantity, the nearest country before "exported" is
the origin. The reader adds what it learned of these features to what it learned of the words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from extractor.events import tasks

_EDGES = np.array([1, 2, 4, 7, 12, 20, 35, 60])  # words apart
_FIGURES = [tasks.LABELS.index(label) for label in ("QUANTITY", "MONEY")]
SIZES = (17, 7, 9, 3, len(tasks.LABELS))  # values of each feature
WIDTH = sum(SIZES)


def geometry(
    anchors: Sequence[int], sentences: Sequence[int], mentions: Sequence[tuple[int, int, int]]
) -> NDArray[np.float32]:
    """One-hot features [anchors, mentions, WIDTH] of anchor words and mentions (first word, last word, label)."""
    place = np.asarray(anchors)[:, None]
    first, last, label = (np.asarray([m[i] for m in mentions])[None] for i in range(3))
    sentence = np.asarray(sentences)
    gap = np.where(last < place, last - place, np.where(first > place, first - place, 0))  # negative: before
    step = np.searchsorted(_EDGES, np.abs(gap), side="right").clip(max=8)
    distance = np.where(gap == 0, 0, np.where(gap < 0, step, 8 + step))
    apart = sentence[first] - sentence[place]
    where = np.select(
        [apart == 0, sentence[first] == 0, apart == -1, (apart < 0) & (apart >= -3), apart < -3, apart == 1],
        [0, 1, 2, 3, 4, 5],
        6,
    )
    like = label[0][:, None] == label[0][None]  # mentions of one label
    nearer_before = (gap[:, None, :] < 0) & (gap[:, None, :] > gap[:, :, None]) & like
    nearer_behind = (gap[:, None, :] > 0) & (gap[:, None, :] < gap[:, :, None]) & like
    rank = np.where(gap < 0, nearer_before.sum(2).clip(max=3), 4 + nearer_behind.sum(2).clip(max=3))
    rank = np.where(gap == 0, 8, rank)
    figure = np.isin(label[0], _FIGURES)[None, None]
    between = figure & (
        ((gap[:, None, :] < 0) & (gap[:, None, :] > gap[:, :, None]))
        | ((gap[:, None, :] > 0) & (gap[:, None, :] < gap[:, :, None]))
    )
    features = (distance, where, rank, between.sum(2).clip(max=2), np.broadcast_to(label, gap.shape))
    return np.concatenate([np.eye(n, dtype=np.float32)[f] for n, f in zip(SIZES, features, strict=True)], -1)
