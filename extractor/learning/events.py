"""Trains the event heads, and the encoder further, on annotated documents; the base goes on being trained beside it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from extractor.events import tasks
from extractor.learning.base import UNKNOWN, encoded, padded
from extractor.learning.examples import Example
from extractor.learning.network import Network
from extractor.pipes.geometry import geometry


def loss(network: Network, batch: Sequence[Example]) -> Tensor:
    """The sum of the event heads' losses over a batch."""
    words = encoded(network, [e.window for e in batch])
    company = F.cross_entropy(
        network.company(words).flatten(0, 1).float(),
        padded((e.company for e in batch), UNKNOWN).flatten(),
        ignore_index=UNKNOWN,
        reduction="sum",
    )
    weight = torch.tensor([0.5, *[1.5] * (len(tasks.ANCHORS) - 1)])
    target = padded((e.anchors for e in batch), UNKNOWN).flatten()
    anchor = F.cross_entropy(
        network.anchor(words).flatten(0, 1).float(), target, weight, ignore_index=UNKNOWN, reduction="sum"
    )
    total = (company + 2 * anchor) / max(1, len(batch)) / 4
    pooled = torch.stack([row[: len(e.window.tokens)].mean(0) for row, e in zip(words, batch, strict=True)])
    relevant = torch.tensor([float(e.relevant) for e in batch])
    total = total + F.binary_cross_entropy_with_logits(network.relevance(pooled)[:, 0].float(), relevant)
    links = [_event_losses(network, row, e) for row, e in zip(words, batch, strict=True)]
    return total + torch.stack(links).sum() / max(1, len(batch))


def _event_losses(network: Network, words: Tensor, example: Example) -> Tensor:
    total = words.new_zeros((), dtype=torch.float32)
    if example.events:
        heads = torch.tensor([e.word for e in example.events])
        types = torch.tensor([e.type for e in example.events])
        anchors = words[heads] + network.type_embedding(types)
        chosen = network.choosing(anchors)
        targets = torch.from_numpy(example.targets.choices)
        for c, name in enumerate(tasks.CHOICES):
            if (targets[:, c] != UNKNOWN).any():
                logits = network.choices[name.replace(".", "_")](chosen).float()
                total = total + F.cross_entropy(logits, targets[:, c], ignore_index=UNKNOWN, reduction="sum")
        if example.mentions:
            total = total + _link_loss(network, words, anchors, example)
    told = [(i, f) for i, f in enumerate(example.factuality) if f != UNKNOWN]
    if told:
        logits = network.factuality(network.choosing(words[[i for i, _ in told]])).float()
        total = total + 0.5 * F.cross_entropy(logits, torch.tensor([f for _, f in told]), reduction="sum")
    return total


def _link_loss(network: Network, words: Tensor, anchors: Tensor, example: Example) -> Tensor:
    first, last, label = (torch.tensor([m[i] for m in example.mentions]) for i in range(3))
    linked = network.linked((words[first] + words[last]) / 2 + network.label_embedding(label))
    where = geometry([e.word for e in example.events], example.window.sentences, example.mentions)
    scores = network.role(network.linking(anchors)[None], linked[None])[0].float()
    scores = scores + network.geometry(torch.from_numpy(where)).permute(2, 0, 1).float()
    target, weight = torch.from_numpy(example.targets.links), torch.from_numpy(example.targets.weights)
    raw = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
    return (raw * weight * (1 + target)).sum() / 2
