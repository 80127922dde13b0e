"""What rules, reader and judge each earn: the same documents by each alone and by all.

python benchmarks/ablation.py corpus/test
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from extractor import batch, model
from extractor.events.judge import Judge
from extractor.schema import Problem
from extractor.score import Score, documents, read_gold

FIGURES = (
    "event",
    "slot",
    "companies",
    "relevance",
    "event.control_measure",
    "event.trade_flow",
    "event.production",
    "event.stockpile",
    "event.deal",
    "event.price",
)
ALONE = 0.5  # from which probability on the reader is believed where it has no judge


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit("usage: python benchmarks/ablation.py GOLD_DIR...")
    nlp = model.load()
    events, reader = nlp.get_pipe("events"), nlp.get_pipe("reader")
    judge, encoder = events.judge, reader.encoder
    ways = {
        "rules alone, without the encoder": (True, False, Judge(), b""),
        "rules alone": (True, False, Judge(), encoder),
        "reader alone": (False, True, Judge(threshold=ALONE), encoder),
        "both, not judged": (True, True, Judge(threshold=ALONE), encoder),
        "both, judged": (True, True, judge, encoder),
    }
    for folder in map(Path, sys.argv[1:]):
        table = Table("", "P", "R", *(figure.removeprefix("event.") for figure in FIGURES), title=str(folder))
        golds = read_gold(folder)
        for name, (events.rules, events.learned, events.judge, reader.encoder) in ways.items():
            found = batch.extract(documents(folder, golds), nlp)
            score = Score(golds, {r.document.id: r.to_json() for r in found if not isinstance(r, Problem)}).table()
            table.add_row(
                name,
                f"{score['event'].precision:.3f}",
                f"{score['event'].recall:.3f}",
                *(f"{score[figure].f1:.3f}" if figure in score else "" for figure in FIGURES),
            )
        Console(width=180).print(table)


if __name__ == "__main__":
    main()
