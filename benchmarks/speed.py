"""Speed and memory, as ratios within one run: what a figure means depends on the machine, a ratio much less.

python benchmarks/speed.py                             the full run: 100,000 documents, some 20 minutes
python benchmarks/speed.py --small 1000 --large 10000  a quick look
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import spacy
from rich.console import Console
from rich.table import Table

from extractor import batch, model
from extractor.schema import Document
from extractor.score import documents as corpus
from extractor.score import read_gold

COMMAND = [sys.executable, "-c", "from extractor.cli import main; main()"]
SENTENCE = "Japan imported 865 tonnes of tungsten from China in January 2026."
MEMORY_LIMIT, START_LIMIT = 1.2, 3.0  # times, seconds
RELEVANT_LIMIT, MIXED_LIMIT = 4_000, 10_000  # words a second and core
GATE_LIMIT = 0.995  # share of the relevant documents


@dataclass(frozen=True)
class Row:
    measure: str
    figure: str
    against: str
    ratio: str = ""
    limit: str = ""
    kept: bool = True


# Documents like the real ones in shape and vocabulary, with words, names and numbers that no other of them has

MATERIALS = (
    "tungsten",
    "gallium",
    "antimony",
    "lithium carbonate",
    "cobalt",
    "graphite",
    "germanium",
    "rare earths",
    "vanadium",
    "manganese ore",
    "nickel",
    "indium",
)
COUNTRIES = ("China", "Japan", "Australia", "Chile", "Indonesia", "Canada", "Germany", "South Korea", "Kazakhstan")
TEMPLATES = (
    "{country} exported {number} tonnes of {material} to {other} in {month} {year}, {percent}% less than before.",
    "{company} said that it would expand its {word} plant in {country} to {number} tonnes of {material} a year.",
    "Exporters of {material} in {country} will need a licence from {month} {year}, according to Notice No. {number}.",
    "Prices of {material} rose {percent}% to ${number} a tonne in {word}, traders at {company} and {word} said.",
    "{company} and {company} signed an agreement on {number} tonnes of {material} for delivery until {year}.",
    "The {word} committee of {country} heard from {word} and {word}, who had little to add on the matter.",
    "Analysts do not expect the {word} market to recover before {month}, whatever {other} decides.",
    "At the {word} mine, {number} workers returned after the {word} dispute, which had begun in {month}.",
)
GENERAL = (
    "The {word} committee of {country} heard from {word} and {word} on {month} 12, who had little to add on the matter.",
    "Analysts do not expect the {word} market to recover before {month} {year}, whatever {other} decides.",
    "{company} said that it would open {number} shops in {country} and hire {percent}% more people by {month}.",
    "In the second half {word} scored twice, and {country} won the match before {number} spectators.",
    "The minister told parliament that the budget for schools and hospitals would grow by {percent} percent in {year}.",
    "Heavy rain is forecast for {country} until {month}, and the {word} river has risen by {percent} metres.",
    "A court in {country} fined {company} $ {number} for late filings, a spokesman said on Monday.",
    "The film, which opens in {month}, tells the story of a {word} who leaves {country} for {other} and never writes home.",
)
MONTHS = ("January", "March", "May", "July", "September", "November")
SYLLABLES = ("ka", "lo", "mi", "ren", "tas", "vor", "bel", "qui", "zan", "dro", "fel", "hu", "sti", "gom", "pry", "wex")


def documents(count: int, seed: int = 1, sentences: int = 4) -> Iterator[Document]:
    """`count` documents, the same ones for the same seed."""
    rng = random.Random(seed)

    def word() -> str:
        return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4)))

    for number in range(count):
        text = " ".join(_filled(rng.choice(TEMPLATES), rng, word) for _ in range(sentences))
        title = f"{rng.choice(MATERIALS).capitalize()} and {word()} in {rng.choice(COUNTRIES)}"
        yield Document(f"generated-{number}", text, title=title, published=f"2026-{rng.randint(1, 12):02}-15")


def _filled(template: str, rng: random.Random, word: Callable[[], str]) -> str:
    fields: dict[str, Callable[[], object]] = {
        "country": lambda: rng.choice(COUNTRIES),
        "other": lambda: rng.choice(COUNTRIES),
        "material": lambda: rng.choice(MATERIALS),
        "company": lambda: f"{word().capitalize()} {word().capitalize()} Ltd",
        "number": lambda: f"{rng.randint(20, 90_000):,}",
        "percent": lambda: round(rng.uniform(0.1, 60), 1),
        "month": lambda: rng.choice(MONTHS),
        "year": lambda: rng.randint(2019, 2027),
        "word": word,
    }
    for name, value in fields.items():
        while f"{{{name}}}" in template:
            template = template.replace(f"{{{name}}}", str(value()), 1)
    return template


# The measures


def speed(folders: list[Path]) -> Iterator[Row]:
    """Words (what stands between spaces) a second on one core, against spaCy's tokenizer alone in the same process.

    Relevant text is that of the annotated corpus; irrelevant text is made up, of the same length, and names no material.
    The mixed stream holds one relevant document in five.
    """
    golds = [(folder, read_gold(folder)) for folder in folders]
    relevant = [d for folder, gold in golds for d, g in zip(corpus(folder, gold), gold, strict=True) if g["relevant"]]
    irrelevant = list(general(4 * len(relevant)))
    blank, nlp = spacy.blank("en"), model.load()
    list(batch.extract(relevant[:20], nlp))  # loads what is loaded at the first document
    tokenising = rate([*relevant, *irrelevant], lambda given: blank.pipe(d.content for d in given))
    apart = [rate(given, lambda given: batch.extract(given, nlp)) for given in (relevant, irrelevant)]
    mixed = [d for i, one in enumerate(relevant) for d in (one, *irrelevant[4 * i : 4 * i + 4])]
    together = rate(mixed, lambda given: batch.extract(given, nlp))
    against = f'spacy.blank("en"): {tokenising:,.0f} words/s'
    yield Row(
        "extraction, relevant text",
        f"{apart[0]:,.0f} words/s",
        against,
        f"{apart[0] / tokenising:.4f}",
        f"{RELEVANT_LIMIT:,} words/s",
        apart[0] >= RELEVANT_LIMIT,
    )
    yield Row(
        "extraction, one relevant in five",
        f"{together:,.0f} words/s",
        against,
        f"{together / tokenising:.4f}",
        f"{MIXED_LIMIT:,} words/s",
        together >= MIXED_LIMIT,
    )
    yield Row(
        "an irrelevant word",
        f"{1e6 / apart[1]:.0f} µs",
        f"a relevant one: {1e6 / apart[0]:.0f} µs",
        f"{apart[0] / apart[1]:.3f}",
        "0.1",
        apart[0] / apart[1] <= 0.1,
    )


def gate(folders: list[Path]) -> Row:
    """How many relevant documents of the annotated corpus the first gate lets through to the encoder."""
    nlp = model.load()
    passed = total = 0
    for folder in folders:
        gold = read_gold(folder)
        for document, wanted in zip(corpus(folder, gold), gold, strict=True):
            if wanted["relevant"]:
                with nlp.select_pipes(enable=["segmenter", "mentions"]):
                    doc = nlp(model.doc_of(nlp, document))
                passed += not doc.user_data["shut"]
                total += 1
    return Row(
        "relevant documents past the gate",
        f"{passed}",
        f"{total}",
        f"{passed / total:.4f}",
        f"{GATE_LIMIT}",
        passed / total >= GATE_LIMIT,
    )


def general(count: int) -> Iterator[Document]:
    """Documents about nothing that concerns us, as long as those of the corpus."""
    rng = random.Random(3)

    def word() -> str:
        return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4)))

    for number in range(count):
        text = " ".join(_filled(rng.choice(GENERAL), rng, word) for _ in range(18))
        yield Document(
            f"general-{number}",
            text,
            title=f"{word().capitalize()} in {rng.choice(COUNTRIES)}",
            published=f"2026-{rng.randint(1, 12):02}-15",
        )


def rate(given: list[Document], work: Callable[[list[Document]], Iterable[object]]) -> float:
    """Words a second."""
    return sum(len(document.content.split()) for document in given) / seconds(work(given))


def seconds(stream: Iterable[object]) -> float:
    start = time.perf_counter()
    for _ in stream:
        pass
    return time.perf_counter() - start


def memory(small: int, large: int, folder: Path) -> Row:
    """Peak of a long run against that of a short one, in processes of their own."""
    few, many = (peak_of_run(count, folder) for count in (small, large))
    return Row(
        f"peak memory, {large:,} documents",
        f"{many / 1e6:,.0f} MB",
        f"{small:,} documents: {few / 1e6:,.0f} MB",
        f"{many / few:.2f}",
        f"{MEMORY_LIMIT}",
        many / few <= MEMORY_LIMIT,
    )


def peak_of_run(count: int, folder: Path) -> int:
    """Bytes."""
    source = folder / f"{count}.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for document in documents(count):
            file.write(
                json.dumps(
                    {"id": document.id, "title": document.title, "text": document.text, "published": document.published}
                )
                + "\n"
            )
    process = subprocess.Popen([*COMMAND, "run", str(source), "--db", str(folder / f"{count}.db"), "--quiet"])
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"the run of {count:,} documents failed with exit status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def start_up() -> Row:
    """The quickest of three: `extractor extract` on one sentence, against an interpreter that only imports spaCy."""
    document = json.dumps({"text": SENTENCE, "published": "2026-02-27"}).encode()
    ours = min(seconds_of([*COMMAND, "extract", "-"], document) for _ in range(3))
    theirs = min(seconds_of([sys.executable, "-c", "import spacy; spacy.blank('en')"]) for _ in range(3))
    return Row(
        "start-up, one sentence",
        f"{ours:.2f} s",
        f'import and spacy.blank("en"): {theirs:.2f} s',
        f"{ours / theirs:.1f}",
        f"{START_LIMIT} s",
        ours <= START_LIMIT,
    )


def seconds_of(command: list[str], given: bytes = b"") -> float:
    start = time.perf_counter()
    subprocess.run(command, input=given, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000, help="documents of the short run")
    parser.add_argument("--corpus", type=Path, nargs="+", default=[Path("corpus/dev"), Path("corpus/test")])
    parser.add_argument("--large", type=int, default=100_000, help="documents of the long run")
    sizes = parser.parse_args()
    table = Table("measure", "figure", "against", "ratio", "limit", "")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for measured in (
            lambda: [start_up()],
            lambda: speed(sizes.corpus),
            lambda: [gate(sizes.corpus)],
            lambda: [memory(sizes.small, sizes.large, Path(folder))],
        ):
            for row in measured():
                rows.append(row)
                table.add_row(row.measure, row.figure, row.against, row.ratio, row.limit, "" if row.kept else "missed")
    Console(width=120).print(table)
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
