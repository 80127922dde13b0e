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

COMMAND = [sys.executable, "-c", "from extractor.cli import main; main()"]
SENTENCE = "Japan imported 865 tonnes of tungsten from China in January 2026."
MEMORY_LIMIT, START_LIMIT = 1.2, 3.0  # times, seconds


@dataclass(frozen=True)
class Row:
    measure: str
    figure: str
    against: str
    ratio: str = ""
    limit: str = ""
    kept: bool = True


# Documents like the real ones in shape and vocabulary, with words, names and numbers that no other of them has

MATERIALS = ("tungsten", "gallium", "antimony", "lithium carbonate", "cobalt", "graphite", "germanium", "rare earths",
             "vanadium", "manganese ore", "nickel", "indium")
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

def speed(count: int) -> Row:
    """Extraction against spaCy's tokenizer alone, both in words (what stands between spaces) a second.

    The documents are of an article's length, about 300 words.
    """
    given = list(documents(count, sentences=20))
    words = sum(len(document.content.split()) for document in given)
    blank, nlp = spacy.blank("en"), model.load()
    tokenising = words / seconds(blank.pipe(document.content for document in given))
    extracting = words / seconds(batch.extract(given, nlp))
    return Row("extraction", f"{extracting:,.0f} words/s", f'spacy.blank("en"): {tokenising:,.0f} words/s',
               f"{extracting / tokenising:.3f}")


def seconds(stream: Iterable[object]) -> float:
    start = time.perf_counter()
    for _ in stream:
        pass
    return time.perf_counter() - start


def memory(small: int, large: int, folder: Path) -> Row:
    """Peak of a long run against that of a short one, in processes of their own."""
    few, many = (peak_of_run(count, folder) for count in (small, large))
    return Row(f"peak memory, {large:,} documents", f"{many / 1e6:,.0f} MB",
               f"{small:,} documents: {few / 1e6:,.0f} MB", f"{many / few:.2f}", f"{MEMORY_LIMIT}",
               many / few <= MEMORY_LIMIT)


def peak_of_run(count: int, folder: Path) -> int:
    """Bytes."""
    source = folder / f"{count}.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for document in documents(count):
            file.write(json.dumps({"id": document.id, "title": document.title, "text": document.text,
                                   "published": document.published}) + "\n")
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
    return Row("start-up, one sentence", f"{ours:.2f} s", f'import and spacy.blank("en"): {theirs:.2f} s',
               f"{ours / theirs:.1f}", f"{START_LIMIT} s", ours <= START_LIMIT)


def seconds_of(command: list[str], given: bytes = b"") -> float:
    start = time.perf_counter()
    subprocess.run(command, input=given, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000, help="documents of the short run")
    parser.add_argument("--large", type=int, default=100_000, help="documents of the long run")
    sizes = parser.parse_args()
    table = Table("measure", "figure", "against", "ratio", "limit", "")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for measured in (start_up, lambda: speed(500), lambda: memory(sizes.small, sizes.large, Path(folder))):
            row = measured()
            rows.append(row)
            table.add_row(row.measure, row.figure, row.against, row.ratio, row.limit, "" if row.kept else "over")
    Console(width=120).print(table)
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
