"""The commands round fetching: fetch, sources, export."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from extractor.cli.outcomes import SOME_FAILED, finish, opened, report
from extractor.options import database_option, iso_date, quiet_option
from extractor.schema import Problem
from extractor.terminal import Refusal, one_line, print_fetched, print_sources, progress_by_source

if TYPE_CHECKING:
    from extractor.fetch.harvest import Count
    from extractor.fetch.sources import Source
    from extractor.store.ledger import Ledger


_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a source and line.")


@click.command(short_help="Fetch what is new from the configured sources.")
@click.argument("ids", nargs=-1, metavar="[SOURCE_ID]...")
@database_option
@click.option(
    "--since", metavar="DATE", callback=iso_date, default="", help="Backfill: what was listed from this day on."
)
@click.option(
    "--until", metavar="DATE", callback=iso_date, default="", help="Backfill: what was listed up to this day."
)
@click.option(
    "--max-bytes", type=click.IntRange(min=1), default=20_000_000, show_default=True, help="Size of one page or file."
)
@_json_option
@quiet_option
def fetch(ids: tuple[str, ...], db: Path, since: str, until: str, max_bytes: int, as_json: bool, quiet: bool) -> None:
    """Fetch what is new from the sources into the archive beside the database; `extractor run` reads it from there.

    Without SOURCE_ID every source is visited whose interval is over. Sources ship with the package; a file sources.yml
    beside the database adds to them or changes them. A fetch that is broken off goes on where it stopped, and a source
    that fails is tried again at a later fetch.

    Exit status: 0 done, 1 done but for the sources or pages named on stderr, 2 not done.

    \b
    Example:
      extractor fetch us-federal-register-critical-minerals --db events.db
    """
    from extractor.fetch.archive import ArchiveError, archive_of
    from extractor.fetch.harvest import harvest
    from extractor.limits import Limits
    from extractor.store.ledger import Ledger

    if (since or until) and not ids:
        raise Refusal(
            "--since, --until: name the sources to backfill, as in: extractor fetch SOURCE_ID --since 2026-01-01"
        )
    known = _catalogue(db)
    tally: Counter[str] = Counter()
    with opened(db) as store, Ledger(db) as ledger, progress_by_source(quiet or as_json) as show:
        chosen = _chosen(known, ids) if ids else _due(known, ledger)
        run_id = store.start_run(f"fetch {' '.join(ids)}".rstrip())

        def complain(problem: Problem) -> None:
            store.save_problem(problem, run_id)
            report(problem, tally)

        try:
            counts = harvest(
                chosen,
                ledger,
                archive_of(db),
                Limits(max_bytes=max_bytes),
                since=_day(since),
                until=_day(until),
                report=show,
                complain=complain,
            )
        except ArchiveError as error:
            raise Refusal(str(error)) from error
        store.finish_run(run_id, _sums(counts))
    if as_json:
        for id, count in counts.items():
            click.echo(json.dumps({"source": id, **asdict(count)}))
    elif not quiet:
        print_fetched({id: asdict(count) for id, count in counts.items()}, len(known) - len(chosen))
    finish(SOME_FAILED if tally["failed"] else 0)


@click.command(short_help="List the sources and how they do, or test one.")
@database_option
@click.option("--check", "id", metavar="ID", help="Visit this source now, and say what it finds; nothing is stored.")
@_json_option
def sources(db: Path, id: str | None, as_json: bool) -> None:
    """List the sources: what they are, when they were last fetched, how many pages a day they bring, what is wrong.

    Exit status: 0 fine, 1 the source that was checked does not do what is expected of it, 2 not done.

    \b
    Example:
      extractor sources --check us-federal-register-critical-minerals
    """
    known = _catalogue(db)
    if id:
        (source,) = _chosen(known, (id,))
        from extractor.fetch.trial import try_out

        found = try_out(source)
        click.echo(json.dumps(found.to_json()) if as_json else "\n".join(map(one_line, found.lines())))
        finish(0 if found.ok else SOME_FAILED)
    rows = list(_source_rows(known, db))
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
    else:
        print_sources(rows)


@click.command(short_help="Write the archive as a WARC file.")
@click.option(
    "--warc",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write: .warc, or .warc.gz to have it compressed.",
)
@database_option
def export(file: Path, db: Path) -> None:
    """Write everything that was fetched, every version of it, as a WARC file (ISO 28500).

    Exit status: 0 done, 1 done but for versions that are missing or damaged, 2 not done.

    \b
    Example:
      extractor export --warc archive.warc.gz --db events.db
    """
    from extractor.fetch.archive import archive_of
    from extractor.fetch.warc_file import write_warc
    from extractor.store.ledger import Ledger

    tally: Counter[str] = Counter()
    with opened(db, create=False), Ledger(db) as ledger:
        try:
            for problem in write_warc(file, ledger.versions(), archive_of(db)):
                report(problem, tally)
        except OSError as error:
            raise Refusal(f"{file}: cannot be written ({error.strerror}); name a place that can") from error
    finish(SOME_FAILED if tally["failed"] else 0)


def _catalogue(db: Path) -> dict[str, Source]:
    from extractor.fetch.sources import OWN_FILE, SourcesError, catalogue

    own = db.with_name(OWN_FILE)
    try:
        return {source.id: source for source in catalogue(own if own.exists() else None)}
    except SourcesError as error:
        raise Refusal(str(error)) from error


def _chosen(known: dict[str, Source], ids: tuple[str, ...]) -> list[Source]:
    from difflib import get_close_matches

    for id in ids:
        if id not in known:
            near = get_close_matches(id, known, 1)
            raise Refusal(f"{id}: no such source{f', perhaps {near[0]}' if near else ''}; see extractor sources")
    return [known[id] for id in dict.fromkeys(ids)]


def _due(known: dict[str, Source], ledger: Ledger) -> list[Source]:
    from extractor.fetch.harvest import is_due

    moment = datetime.now(UTC)
    return [source for source in known.values() if is_due(source, ledger.state(source.id), moment)]


def _source_rows(known: dict[str, Source], db: Path) -> Iterator[dict[str, Any]]:
    from extractor.fetched import SourceState

    def rows(state_of: Callable[[str], SourceState]) -> Iterator[dict[str, Any]]:
        for source in known.values():
            state = state_of(source.id)
            yield {
                "id": source.id,
                "name": source.name,
                "kind": source.kind,
                "url": source.url,
                "country": source.country,
                "language": source.language,
                "standing": source.standing,
                "interval_hours": source.interval / 3600,
                "last_success": state.last_success,
                "last_error": state.last_error if state.error else "",
                "error": state.error,
                "kept": state.kept,
                "waiting": state.waiting,
                "per_day": round(state.per_day, 2),
                "expected_per_day": source.expect_per_day,
            }

    if not db.exists():
        yield from rows(lambda id: SourceState())
        return
    from extractor.store.ledger import Ledger

    with opened(db, create=False), Ledger(db) as ledger:
        yield from rows(ledger.state)


def _day(stated: str) -> date | None:
    return date.fromisoformat(stated) if stated else None


def _sums(counts: dict[str, Count]) -> dict[str, int]:
    names = ("listed", "new", "changed", "unchanged", "failed", "postponed")
    return {name: sum(getattr(count, name) for count in counts.values()) for name in names}
