"""Learns from annotated documents how probable a proposed event is, and whom to believe about a slot.

A logistic model (scikit-learn) over the features of `events.judge`, and per slot a count of who was right. The
documents must be others than those the reader was trained on and the rules were written for; both would flatter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from sklearn.linear_model import LogisticRegression
from spacy.language import Language

from extractor import model
from extractor.events import lists
from extractor.events.judge import Candidate, Judge, candidates, features
from extractor.events.merge import event
from extractor.schema import EVENT_TYPES
from extractor.score import align, documents, key_agrees, read_gold, tally_slot

Json = Mapping[str, Any]
Case = tuple[list[Candidate], list[Json], Any]  # the candidates of a document, its gold events, its page


_AS_GOOD = 0.01


def cases(folders: Iterable[Path], nlp: Language) -> list[Case]:
    found = []
    events = nlp.get_pipe("events")
    for folder in folders:
        golds = read_gold(folder)
        for gold, document in zip(golds, documents(folder, golds), strict=True):
            with nlp.select_pipes(disable=["events"]):
                doc = nlp(model.doc_of(nlp, document))
            page = events.page(doc)
            if lists.gather(page)["relevant"]:
                found.append((candidates(*events.proposals(page)), gold["events"], page))
    return found


def learned(found: Sequence[Case]) -> Judge:
    """The judge that fits these documents: trust first, then the weights, then the threshold with the best F1."""
    judge = Judge(trust=trust(found))
    rows, right = graded(found, judge)
    judge.weights = weights(rows, right)
    judge.threshold = threshold(found)
    return judge


def graded(found: Sequence[Case], judge: Judge) -> tuple[list[dict[str, float]], list[bool]]:
    """Features of every candidate, and whether its key slots are right. Those paired with optional gold are left out."""
    rows, right = [], []
    for proposed, golds, page in found:
        drafts = [judge.joined(c) for c in proposed]
        events = [{"type": e.type, **e.slots} for e in lists.with_names(page, [event(d) for d in drafts])]
        for kind in EVENT_TYPES:
            ours = [(c, e) for c, e in zip(proposed, events, strict=True) if e["type"] == kind]
            gold = [g for g in golds if g["type"] == kind]
            paired = dict(align([e for _, e in ours], gold))
            for i, (candidate, e) in enumerate(ours):
                partner = gold[paired[i]] if i in paired else None
                if partner is None or not partner.get("optional"):
                    rows.append(features(candidate))
                    right.append(partner is not None and key_agrees(e, partner))
    return rows, right


def weights(rows: Sequence[Mapping[str, float]], right: Sequence[bool]) -> dict[str, float]:
    names = sorted({name for row in rows for name in row})
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    model = LogisticRegression(C=1.0, max_iter=5000, fit_intercept=False).fit(matrix, np.array(right))
    return {name: round(float(w), 4) for name, w in zip(names, model.coef_[0], strict=True)}


def trust(found: Sequence[Case]) -> dict[str, dict[str, str]]:
    """`type.slot` → {"both": told | read, "told alone": keep | drop, "read alone": keep | drop}."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for proposed, golds, _ in found:
        for kind, slots in EVENT_TYPES.items():
            ours = [c for c in proposed if c.type == kind and c.told and c.read]
            gold = [g for g in golds if g["type"] == kind]
            for i, j in align([dict(c.read.slots) | dict(c.told.slots) for c in ours if c.read and c.told], gold):
                candidate = ours[i]
                assert candidate.told and candidate.read
                for slot in slots:
                    a, b, g = candidate.told.get(slot.name), candidate.read.get(slot.name), gold[j].get(slot.name)
                    hit = {who: tally_slot(slot, value, g) for who, value in (("told", a), ("read", b))}
                    if a is not None and b is not None and a != b:
                        best = max(hit, key=lambda who: hit[who].f1)
                        if hit["told"].f1 != hit["read"].f1:
                            counts[f"{kind}.{slot.name}"][best] += 1
                    elif a is not None and b is None:
                        counts[f"{kind}.{slot.name}"]["told alone " + ("right" if hit["told"].hit else "wrong")] += 1
                    elif b is not None and a is None:
                        counts[f"{kind}.{slot.name}"]["read alone " + ("right" if hit["read"].hit else "wrong")] += 1
    advice = {}
    for name, count in counts.items():
        advice[name] = {"both": "told" if count["told"] > count["read"] else "read"}
        for who in ("told", "read"):
            wrong, right = count[f"{who} alone wrong"], count[f"{who} alone right"]
            advice[name][f"{who} alone"] = "drop" if wrong > 1.2 * right and wrong + right >= 4 else "keep"
    return advice


def threshold(found: Sequence[Case], folds: int = 5) -> float:
    """The probability from which on events are put out: the lowest with nearly the best F1 (`_AS_GOOD` less) on documents
    that the weights were not learned on. Who wants fewer and surer events can ask for them (`--min-confidence`); who
    misses one cannot.
    """
    scored: list[tuple[float, bool]] = []
    for fold in range(folds):
        rest = [case for i, case in enumerate(found) if i % folds != fold]
        judge = Judge(trust=trust(rest))
        judge.weights = weights(*graded(rest, judge))
        rows, right = graded([case for i, case in enumerate(found) if i % folds == fold], judge)
        scored += zip(probabilities(rows, judge), right, strict=True)
    total = sum(not g.get("optional") for _, golds, _ in found for g in golds)
    reached = {t: _f1(scored, t, total) for t in np.arange(0.2, 0.5, 0.02)}
    return round(float(min(t for t, f1 in reached.items() if f1 >= max(reached.values()) - _AS_GOOD)), 2)


def probabilities(rows: Sequence[Mapping[str, float]], judge: Judge) -> list[float]:
    odds = (sum(judge.weights.get(name, 0.0) * value for name, value in row.items()) for row in rows)
    return [float(1 / (1 + np.exp(-o))) for o in odds]


def _f1(scored: Sequence[tuple[float, bool]], least: float, total: int) -> float:
    kept = [ok for p, ok in scored if p >= least]
    return 2 * sum(kept) / max(1, len(kept) + total)


def reliability(found: Sequence[Case], judge: Judge, bins: int = 10) -> tuple[float, list[tuple[float, float, int]]]:
    """Expected calibration error over equal-width bins, and each bin's mean confidence, share right and count."""
    rows, right = graded(found, judge)
    p = np.array(probabilities(rows, judge))
    ok = np.array(right, dtype=float)
    kept = p >= judge.threshold
    p, ok = p[kept], ok[kept]
    table = []
    for low in np.arange(0, 1, 1 / bins):
        inside = (p >= low) & (p < low + 1 / bins)
        if inside.any():
            table.append((float(p[inside].mean()), float(ok[inside].mean()), int(inside.sum())))
    error = sum(abs(mean - share) * count for mean, share, count in table) / max(1, len(p))
    return error, table


def picture(path: Path, tables: Mapping[str, tuple[float, list[tuple[float, float, int]]]]) -> None:
    """The reliability diagram: how often events of a confidence were right, one line a set of documents."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="calibrated")
    for name, (error, table) in tables.items():
        axes.plot([t[0] for t in table], [t[1] for t in table], marker="o", label=f"{name}: ECE {error:.3f}")
        for mean, share, count in table:
            axes.annotate(str(count), (mean, share), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(xlabel="confidence", ylabel="share of events that are right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left")
    figure.savefig(path)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--test", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Documents to test it on")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write the reliability diagram here")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("models/en_critical_minerals/events/judge.json"),
    show_default=True,
)
def main(folders: tuple[Path, ...], test: Path | None, plot: Path | None, out: Path) -> None:
    """Learn the judge from annotated folders that neither rules nor reader have seen, and say how well it is calibrated."""
    nlp = model.load()
    found = cases(folders, nlp)
    judge = learned(found)
    out.parent.mkdir(parents=True, exist_ok=True)
    judge.to_disk(out)
    tables = {"learned on": reliability(found, judge)}
    if test:
        tables["held out"] = reliability(cases([test], nlp), judge)
    for name, (error, table) in tables.items():
        click.echo(f"{name}: expected calibration error {error:.3f} over {sum(t[2] for t in table)} events")
    click.echo(f"threshold {judge.threshold}")
    if plot:
        picture(plot, tables)


if __name__ == "__main__":
    main()
