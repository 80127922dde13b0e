"""The command line: parses, calls, prints. What is heavy is imported inside the commands, so that --help is quick."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from extractor.cli.fetching import export, fetch, sources
from extractor.cli.outcomes import NOTHING_NEW, SOME_FAILED, finish, opened, report
from extractor.options import confidence_option, database_option, id_of, reading_options
from extractor.schema import EVENT_TYPES, Document, Extraction, Problem
from extractor.terminal import OneLineGroup, Refusal, complain, event_line, one_line, print_found, progress

if TYPE_CHECKING:
    from spacy.language import Language

    from extractor.fetched import Kept
    from extractor.floors import Floors
    from extractor.score import Score
    from extractor.store import Store


@click.group(cls=OneLineGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="mineral-extractor")
def main() -> None:
    """Reads news and official notices for events on critical-mineral supply and export control.

    Exit status: 0 done, 1 done but for some documents, 2 not done (wrong usage, a database that cannot be used).
    """


@main.command(short_help="Read documents, extract, store in a database.")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@database_option
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds to wait while another program writes to the database.",
)
@click.option(
    "--retry",
    is_flag=True,
    help="Of what was fetched, also read again what could not be read before; with other limits.",
)
@reading_options
def run(
    sources: tuple[str, ...], db: Path, wait: float, retry: bool, n_process: int, quiet: bool, **reading: Any
) -> None:
    """Read documents, extract their events, and store them.

    SOURCE is a file, a folder, a URL or - (documents as JSON Lines on stdin). Without one, what `extractor fetch` has
    brought and this pipeline has not read yet is read from the archive; no network is needed. A second run adds
    nothing; a document that has changed replaces its own rows only.

    \b
    Example:
      extractor run corpus/demo --db events.db
    """
    from extractor import model

    nlp = _pipeline()
    pipeline = model.identity(nlp)
    tally: Counter[str] = Counter(added=0, changed=0, unchanged=0, failed=0)
    with opened(db, timeout=wait, pipeline=pipeline) as store, progress(quiet) as show:
        source = _Named(sources, **reading) if sources else _Fetched(db, wait, pipeline, retry, **reading)
        with source:
            run_id = store.start_run(f"run {' '.join(sources)}".rstrip())
            documents = _not_current(source.documents, store, tally, source.done)
            for result in _extracted(documents, nlp, n_process):
                if isinstance(result, Problem):
                    store.save_problem(result, run_id)
                    report(result, tally)
                    source.done(result.source, "")
                else:
                    tally[store.save(result, run_id)] += 1
                    _count(result, tally)
                    source.done(result.document.origin, result.document.id)
                show(tally)
            _place_in_incidents(db, wait)
            store.finish_run(run_id, dict(tally))
        held = store.summary()
    if not quiet:
        print_found(tally, held, str(db))
    finish(SOME_FAILED if tally["failed"] else 0)


@main.command(short_help="Extract to JSON Lines, CSV or Parquet; nothing is stored.")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to write: .jsonl, .csv or .parquet. Without it, JSON Lines go to stdout.",
)
@confidence_option
@reading_options
def extract(
    inputs: tuple[str, ...], output: Path | None, min_confidence: float, n_process: int, quiet: bool, **reading: Any
) -> None:
    """Extract from documents, and write what is found; nothing is stored.

    INPUT is a .txt, .html, .pdf or .jsonl file, a folder of them, a URL or - (documents as JSON Lines on stdin).

    JSON Lines hold one document a line, as the annotation guidelines give it. CSV and Parquet hold one event a row; in
    CSV the members of a list are joined by |, and a text that a spreadsheet would run as a formula (it begins with
    = + - @) is led by an apostrophe.

    \b
    Example:
      extractor extract notices/ report.pdf -o events.csv
    """
    nlp = _pipeline()
    tally: Counter[str] = Counter()
    with _writer(output) as write, progress(quiet or (output is None and sys.stdout.isatty())) as show:
        for result in _extracted(_documents(inputs, **reading), nlp, n_process):
            if isinstance(result, Problem):
                report(result, tally)
            else:
                result = result.confident(min_confidence)
                write(result)
                _count(result, tally)
            show(tally)
    finish(SOME_FAILED if tally["failed"] else 0)


@main.command(short_help="What is new in a database since a cursor.")
@database_option
@click.option(
    "--since",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="CURSOR",
    help="The last cursor you have seen; 0 for everything.",
)
@click.option("--type", "type_", type=click.Choice(list(EVENT_TYPES)), help="Events of this type only.")
@click.option(
    "--material", callback=id_of("materials.csv"), help="Events on this commodity only (its id, as tungsten)."
)
@click.option(
    "--issuer", callback=id_of("countries.csv"), help="Measures of this jurisdiction only (its code, as CN or EU)."
)
@confidence_option
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def events(
    db: Path,
    since: int,
    type_: str | None,
    material: str | None,
    issuer: str | None,
    min_confidence: float,
    limit: int | None,
    as_json: bool,
) -> None:
    """Print what is new since a cursor, one line an event, its cursor first; for alert scripts.

    Keep the last cursor printed and give it the next time: no event is skipped and none repeated, also while a run is
    writing. Exit status: 0 something new, 3 nothing new.

    \b
    Example:
      extractor events --db events.db --since 0 --type control_measure --material gallium
    """
    found = False
    with opened(db, create=False) as store:
        for event in store.events_since(
            since, type=type_, material=material, issuer=issuer, min_confidence=min_confidence, limit=limit
        ):
            found = True
            click.echo(json.dumps(event, ensure_ascii=False) if as_json else event_line(event))
    finish(0 if found else NOTHING_NEW)


@main.command(short_help="Serve a database as a web site (Datasette).")
@database_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
def serve(db: Path, host: str, port: int) -> None:
    """Serve a database with Datasette until interrupted.

    \b
    Example:
      extractor serve --db events.db --port 8001
    """
    from extractor.web.serve import serve as serve_site

    try:
        serve_site(db, host, port, on_start=lambda url: click.echo(f"serving {db} at {url} (Ctrl-C to stop)"))
    except OSError as error:
        raise Refusal(str(error)) from error


@main.command(short_help="Score the pipeline, or given output, against gold.")
@click.argument("gold", type=click.Path(path_type=Path), metavar="GOLD_DIR")
@click.argument("predictions", type=click.Path(path_type=Path), required=False, metavar="[PRED.jsonl]")
@click.option("--errors", is_flag=True, help="Also print every value missed, spurious or different, by its cause.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page that shows gold beside predicted.")
@click.option(
    "--floors", type=click.Path(path_type=Path), help="A file of the least F1 of each figure; below one it fails."
)
@click.option("--raise-floors", is_flag=True, help="Raise the floors in that file to what is measured.")
@confidence_option
def score(
    gold: Path,
    predictions: Path | None,
    errors: bool,
    as_json: bool,
    html: Path | None,
    floors: Path | None,
    raise_floors: bool,
    min_confidence: float,
) -> None:
    """Print precision, recall and F1 of every figure against the gold documents of a folder.

    GOLD_DIR holds <id>.json beside <id>.txt. PRED.jsonl is the output of 'extractor extract'; without it the pipeline
    reads the folder's texts now.

    Exit status: 0 done, 1 done but for some documents, or with a figure below its floor, 2 not done.

    \b
    Example:
      extractor score corpus/dev --errors
    """
    from extractor.floors import Floors, FloorsError
    from extractor.score import Score, ScoreError, confident, documents, read_gold, read_predictions

    if raise_floors and not floors:
        raise Refusal("--raise-floors: there is no file to raise them in; name it with --floors")
    tally: Counter[str] = Counter()
    try:
        golds = read_gold(gold)
        recorded = Floors(floors, gold) if floors else None
        texts = {document.id: document.content for document in documents(gold, golds)} if html else {}
        predicted = read_predictions(predictions) if predictions else _predicted(documents(gold, golds), tally)
    except (ScoreError, FloorsError) as error:
        raise Refusal(str(error)) from error
    if missing := [document["id"] for document in golds if str(document["id"]) not in predicted]:
        complain(f"not predicted: {', '.join(missing)}")
    if missing and raise_floors:
        complain("floors are not raised: not every document was predicted; see to those first")
    result = Score(golds, confident(predicted, min_confidence))
    if as_json:
        click.echo(json.dumps(result.to_json()))
    else:
        for line in (*(_error_lines(result) if errors else ()), *result.lines()):
            click.echo(line)
    if html:
        _write_page(html, gold, result, texts)
    below = _below(recorded, result, raise_floors and not missing) if recorded else 0
    finish(SOME_FAILED if tally["failed"] or below else 0)


@main.command(short_help="Turn the quotes of annotated documents into offsets.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def annotate(folder: Path) -> None:
    """Finish hand-written annotations in place: quoted evidence becomes offsets, mentions are added, faults printed.

    FOLDER holds <id>.json beside <id>.txt. An annotator writes evidence as words of the text; see corpus/guidelines.md.

    \b
    Example:
      extractor annotate corpus/train
    """
    from extractor import annotation

    found = 0
    for line in (*annotation.finished(folder, _pipeline()), *annotation.faults(folder)):
        click.echo(line)
        found += 1
    finish(SOME_FAILED if found else 0)


@main.command(short_help="Lint the vocabulary and the configuration.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
def check(folder: Path | None) -> None:
    """Lint the vocabulary, the sources and the configuration, and print each fault as file:line: what, remedy.

    FOLDER is a folder of vocabulary files; by default the one that ships with the package.

    \b
    Example:
      extractor check
    """
    from extractor.check import faults

    found = 0
    for line in faults(folder):
        click.echo(line)
        found += 1
    finish(SOME_FAILED if found else 0)


# What the commands share


def _pipeline() -> Language:
    from extractor import model

    try:
        return model.load()
    except model.ModelError as error:
        raise Refusal(str(error)) from error


def _documents(
    sources: Iterable[str], published: str, allow_private: bool, **limits: Any
) -> Iterator[Document | Problem]:
    from extractor.limits import Limits
    from extractor.read import read_all

    return read_all(sources, Limits(**limits), published=published, allow_private=allow_private)


def _place_in_incidents(db: Path, wait: float) -> None:
    """Join what several documents tell of the same event; also of a run that was broken off before it came to this."""
    from extractor.incidents.likeness import Likeness
    from extractor.incidents.placing import update
    from extractor.resources import resource
    from extractor.store.incidents import Incidents

    with Incidents(db, timeout=wait) as shelf:
        update(shelf, Likeness.from_disk(resource("models") / "incidents.json"))


class _Named:
    """The documents of sources named on the command line."""

    def __init__(self, sources: tuple[str, ...], **reading: Any) -> None:
        self.documents = _documents(sources, **reading)

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...

    def done(self, origin: str, document_id: str) -> None:
        """Nothing to note: the next run looks at them again."""


class _Fetched:
    """The documents in the archive that the pipeline has not read yet; what is read is noted, so that it is read once."""

    def __init__(
        self,
        db: Path,
        wait: float,
        pipeline: str,
        retry: bool,
        *,
        published: str,
        allow_private: bool,
        **limits: Any,
    ) -> None:
        from extractor.fetch.archive import archive_of, from_archive
        from extractor.limits import Limits
        from extractor.read import read_raws
        from extractor.store.ledger import Ledger

        self._ledger = Ledger(db, timeout=wait)
        self._pipeline = pipeline
        self._under_way: dict[str, str] = {}  # address → version
        if self._ledger.is_empty():
            raise Refusal(
                "SOURCE: nothing has been fetched yet; name a file, a folder, a URL or -, as in: extractor run corpus/demo, "
                "or fetch first with: extractor fetch"
            )
        raws = from_archive(self._noted(self._ledger.unread(pipeline, retry=retry)), archive_of(db))
        self.documents = read_raws(raws, Limits(**limits), published=published)

    def _noted(self, pages: Iterable[Kept]) -> Iterator[Kept]:
        for page in pages:
            self._under_way[page.url] = page.sha256
            yield page

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None:
        self._ledger.close()

    def done(self, origin: str, document_id: str) -> None:
        if version := self._under_way.pop(origin, None):
            self._ledger.read(origin, version, self._pipeline, document_id)


def _not_current(
    documents: Iterable[Document | Problem], store: Store, tally: Counter[str], done: Callable[[str, str], None]
) -> Iterator[Document | Problem]:
    """Those that the store does not already hold, unchanged and extracted by this very pipeline."""
    for document in documents:
        if isinstance(document, Document) and store.is_current(document):
            tally["unchanged"] += 1
            tally["documents"] += 1
            done(document.origin, document.id)
        else:
            yield document


def _extracted(
    documents: Iterable[Document | Problem], nlp: Language, n_process: int = 1
) -> Iterator[Extraction | Problem]:
    from extractor import batch

    try:
        yield from batch.extract(documents, nlp, n_process=n_process)
    except batch.WorkerDied as error:
        raise Refusal(str(error)) from error


def _count(extraction: Extraction, tally: Counter[str]) -> None:
    tally["documents"] += 1
    tally["events"] += len(extraction.events)
    tally["warnings"] += len(extraction.problems)
    tally.update(event.type for event in extraction.events)


@contextmanager
def _writer(output: Path | None) -> Iterator[Callable[[Extraction], None]]:
    from extractor import export

    if output is None:
        # Lone surrogates, from names that were no UTF-8, are written as JSON escapes.
        with click.open_file("-", "w", "utf-8", "backslashreplace") as stream:
            yield export.JsonLines(stream).write
        return
    if output.suffix not in export.ENDINGS:
        raise Refusal(f"{output}: this ending is not known; use one of {', '.join(export.ENDINGS)}")
    try:
        with export.to_file(output) as writer:
            yield writer.write
    except OSError as error:
        raise Refusal(f"{output}: cannot be written ({error.strerror}); name a place that can") from error


def _predicted(documents: Iterable[Document], tally: Counter[str]) -> dict[str, dict[str, Any]]:
    predicted = {}
    for result in _extracted(documents, _pipeline()):
        if isinstance(result, Problem):
            report(result, tally)
        else:
            predicted[result.document.id] = result.to_json()
    return predicted


def _error_lines(result: Score) -> Iterator[str]:
    from extractor.causes import by_cause, misses

    for cause, group in by_cause(miss for document in result.compared for miss in misses(document)):
        yield f"{cause}  {len(group)}"
        for miss in group:
            yield "\t".join(one_line(field) for field in (miss.document, miss.figure, miss.what, *miss.values))
        yield ""


def _write_page(file: Path, gold: Path, result: Score, texts: dict[str, str]) -> None:
    from extractor.score_page import page

    try:  # lone surrogates, which JSON can hold, are written as references
        file.write_text(page(gold.resolve().name, result, texts), "utf-8", "xmlcharrefreplace")
    except OSError as error:
        raise Refusal(f"{file}: cannot be written ({error.strerror}); name a place that can") from error


def _below(floors: Floors, result: Score, raising: bool) -> int:
    """How many figures are below their floors, each named on stderr; before that the floors are raised, if wished."""
    from extractor.floors import FloorsError

    measured = {figure: counts.f1 for figure, counts in result.table().items()}
    try:
        for line in floors.raise_to(measured) if raising else ():
            complain(line)
    except FloorsError as error:
        raise Refusal(str(error)) from error
    faults = list(floors.faults(measured))
    for fault in faults:
        complain(fault)
    return len(faults)


for command in (fetch, sources, export):
    main.add_command(command)
