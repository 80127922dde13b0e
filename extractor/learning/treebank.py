"""Treebank files → sentences with tags, heads and names.

Reads CoNLL-U whose MISC column may hold `NER=<IOB2>`. `# ner = missing` marks a sentence without name labels; the
sentences of a file named `*-ner-only*` have no usable tags or heads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Sentence:
    """Parallel lists, one item a word. `heads` are positions in the sentence, -1 for the root; empty lists: unknown."""

    words: list[str] = field(default_factory=list)
    upos: list[str] = field(default_factory=list)
    xpos: list[str] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # IOB2
    opens: bool = False  # a document begins here


def read(path: Path) -> Iterator[Sentence]:
    """The sentences of a file, in its order."""
    parsed = "-ner-only" not in path.name
    for block in path.read_text("utf-8").split("\n\n"):
        if sentence := _sentence(block.splitlines(), parsed):
            yield sentence


def _sentence(lines: list[str], parsed: bool) -> Sentence | None:
    sentence, named = Sentence(), True
    for line in lines:
        if line.startswith("#"):
            sentence.opens |= line.startswith("# newdoc")
            named &= line != "# ner = missing"
            continue
        fields = line.split("\t")
        if not fields[0].isdigit():  # a contraction's surface form, or an elided word
            continue
        sentence.words.append(fields[1])
        if parsed:
            sentence.upos.append(fields[3])
            sentence.xpos.append(fields[4])
            sentence.heads.append(int(fields[6]) - 1)
            sentence.relations.append("ROOT" if fields[7] == "root" else fields[7])
        misc = dict(item.split("=", 1) for item in fields[9].split("|") if "=" in item)
        sentence.names.append(misc.get("NER", "O"))
    if not named:
        sentence.names = []
    return sentence if sentence.words else None


def chunks(sentences: Iterator[Sentence], most_words: int = 100, most_sentences: int = 4) -> Iterator[list[Sentence]]:
    """Neighbouring sentences of one document, as many as fit: what one window of the encoder is trained on."""
    chunk: list[Sentence] = []
    for sentence in sentences:
        size = sum(len(s.words) for s in chunk)
        if chunk and (sentence.opens or len(chunk) == most_sentences or size + len(sentence.words) > most_words):
            yield chunk
            chunk = []
        chunk.append(sentence)
    if chunk:
        yield chunk
