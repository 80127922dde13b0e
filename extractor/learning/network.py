"""The encoder with its heads, as it is trained. `export.py` turns it into the ONNX file that the pipeline runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertModel

from extractor.events import tasks
from extractor.pipes.geometry import WIDTH
from extractor.pipes.wordpiece import SHAPES

ARCS, RELATIONS, LINKS, GEOMETRY = 192, 64, 128, 64  # widths of what the pairwise scores compare


class Bilinear(nn.Module):
    """Scores of every pair of two sets of vectors [A, d] and [B, d], for each of `labels`: [labels, A, B]."""

    def __init__(self, width: int, labels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(labels, width + 1, width + 1))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        left = torch.cat([left, torch.ones_like(left[..., :1])], -1)
        right = torch.cat([right, torch.ones_like(right[..., :1])], -1)
        return torch.einsum("bid,ldk,bjk->blij", left, self.weight, right)


class Network(nn.Module):
    """MiniLM with a shape embedding at its input and, on the first piece of every word, the heads.

    tokens: label sets of the word-wise heads, by name. relations: labels of the parse. cues: how many kinds of cue
    words there are. The event heads' labels are those of `extractor.events.tasks`.
    """

    def __init__(self, encoder: Path, tokens: Mapping[str, list[str]], relations: list[str], cues: int) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(encoder, add_pooling_layer=False, attn_implementation="sdpa")
        self.bert.embeddings.word_embeddings.weight.requires_grad = False
        width = self.bert.config.hidden_size
        self.shape = nn.Embedding(SHAPES, width)
        nn.init.zeros_(self.shape.weight)
        self.label, self.cue = nn.Embedding(len(tasks.LABELS) + 1, width), nn.Embedding(cues + 1, width)
        for embedding in (self.label, self.cue):
            nn.init.zeros_(embedding.weight)
        self.dropout = nn.Dropout(0.15)
        self.tokens = nn.ModuleDict({name: nn.Linear(width, len(labels)) for name, labels in tokens.items()})
        self.dependent, self.head = _side(width, ARCS), _side(width, ARCS)
        self.dependent_relation, self.head_relation = _side(width, RELATIONS), _side(width, RELATIONS)
        self.arc, self.relation = Bilinear(ARCS, 1), Bilinear(RELATIONS, len(relations))
        self.company, self.anchor = nn.Linear(width, 3), nn.Linear(width, len(tasks.ANCHORS))
        self.relevance = nn.Linear(width, 1)
        self.type_embedding = nn.Embedding(len(tasks.ANCHORS), width)
        self.label_embedding = nn.Embedding(len(tasks.LABELS), width)
        for embedding in (self.type_embedding, self.label_embedding):
            nn.init.normal_(embedding.weight, std=0.02)
        self.linking, self.linked = _side(width, LINKS), _side(width, LINKS)
        self.role = Bilinear(LINKS, len(tasks.ROLES))
        self.geometry = nn.Sequential(nn.Linear(WIDTH, GEOMETRY), nn.ReLU(), nn.Linear(GEOMETRY, len(tasks.ROLES)))
        self.choosing = _side(width, LINKS)
        self.choices = nn.ModuleDict(
            {name.replace(".", "_"): nn.Linear(LINKS, len(values)) for name, values in tasks.CHOICES.items()}
        )
        self.factuality = nn.Linear(LINKS, len(tasks.FACTUALITY))

    def encode(
        self, pieces: Tensor, mask: Tensor, shapes: Tensor, labels: Tensor, cues: Tensor, first: Tensor
    ) -> Tensor:
        """Word vectors [windows, words, width] of pieces with their mask, shapes, mention labels and cues, all [windows,
        pieces]; `first` [windows, words] is the place of each word's first piece."""
        embedded = (
            self.bert.embeddings.word_embeddings(pieces) + self.shape(shapes) + self.label(labels) + self.cue(cues)
        )
        hidden = self.bert(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
        words = torch.gather(hidden, 1, first.unsqueeze(-1).expand(-1, -1, hidden.shape[-1]))
        return self.dropout(words)


def _side(width: int, size: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, size), nn.ReLU(), nn.Dropout(0.15))
