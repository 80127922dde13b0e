"""How the command line speaks: one line an error, one line an event, a progress bar, a table at the end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import click

from extractor.schema import EVENT_TYPES


class Refusal(click.ClickException):
    """Ends a command with one line on stderr: what it is about, what is wrong with it, what to do."""

    exit_code = 2

    def __init__(self, message: str):
        super().__init__(one_line(message))

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"error: {self.message}", file=file, err=file is None)


class OneLineGroup(click.Group):
    """Commands in the order they are written, whose usage errors are one line too."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else ctx.command_path
            raise Refusal(f"{error.format_message().rstrip('.')}; see {command} --help") from error


def one_line(text: str) -> str:
    """`text` without what could break the line or steer the terminal: it may come from a hostile document."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def complain(text: str) -> None:
    """One line on stderr; unlike click's echo it goes above the progress bar, where one is shown."""
    print(one_line(text), file=sys.stderr, flush=True)


@contextmanager
def progress(hidden: bool) -> Iterator[Callable[[Mapping[str, int]], None]]:
    """A bar on stderr, where that is a terminal. Yields what shows the counts so far."""
    if hidden or not sys.stderr.isatty():
        yield lambda tally: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)  # how much there is, only the end of the stream tells

        def show(tally: Mapping[str, int]) -> None:
            bar.update(
                task,
                description=f"{tally['documents']:,} documents  {tally['events']:,} events  {tally['failed']:,} failed",
            )

        yield show


def print_found(tally: Counter[str], held: Mapping[str, Any], database: str) -> None:
    """The table at the end of a run: what this run did, and what the database holds now."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Found, and held in {database}", title_justify="left")
    table.add_column("")
    table.add_column("this run", justify="right")
    table.add_column("in the database", justify="right")
    table.add_row("documents", f"{tally['documents']:,}", f"{held['documents']:,}", style="bold")
    for what in ("added", "changed", "unchanged", "failed"):
        table.add_row(f"  {what}", f"{tally[what]:,}", "")
    table.add_row("events", f"{tally['events']:,}", f"{sum(held['events'].values()):,}", style="bold")
    for kind in EVENT_TYPES:
        table.add_row(f"  {kind}", f"{tally[kind]:,}", f"{held['events'].get(kind, 0):,}")
    table.add_row("incidents", "", f"{held['incidents']:,}", style="bold")
    table.add_row("problems", f"{tally['failed'] + tally['warnings']:,}", f"{held['problems']:,}", style="bold")
    Console().print(table)


def event_line(event: Mapping[str, Any]) -> str:
    """Cursor, type, the slots in words, the document's address or id, and the sentence; separated by tabs."""
    document = event["document"]
    fields = (event["cursor"], event["type"], event["summary"], document["url"] or document["id"], event["sentence"])
    return "\t".join(one_line(str(field)) for field in fields)


@contextmanager
def progress_by_source(hidden: bool) -> Iterator[Callable[[str, Any], None]]:
    """A bar a source on stderr, where that is a terminal. Yields what shows a source's counts so far."""
    if hidden or not sys.stderr.isatty():
        yield lambda source, count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.fields[source]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(source: str, count: Any) -> None:
            if source not in tasks:
                tasks[source] = bars.add_task("listing", total=None, source=source)
            done = count.new + count.changed + count.unchanged + count.failed + count.postponed
            bars.update(
                tasks[source],
                completed=done,
                total=done if count.done else max(done, count.noted) or None,
                description=f"{count.new:,} new  {count.changed:,} changed  {count.failed + count.postponed:,} failed"
                + (f"  {one_line(count.error)[:60]}" if count.error else ""),
            )

        yield show


def print_fetched(counts: Mapping[str, Mapping[str, Any]], not_due: int) -> None:
    """The table at the end of a fetch: a row a source, and their sums."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = ("listed", "new", "changed", "unchanged", "failed", "postponed")
    table = Table(title=f"Fetched; {not_due:,} sources were not visited", title_justify="left")
    table.add_column("source")
    for column in columns:
        table.add_column(column, justify="right")
    table.add_column("error")
    for id, count in counts.items():
        table.add_row(id, *(f"{count[column]:,}" for column in columns), Text(one_line(count["error"])))
    sums = (f"{sum(count[column] for count in counts.values()):,}" for column in columns)
    table.add_row("all", *sums, "", style="bold")
    Console().print(table)


def print_sources(rows: list[dict[str, Any]]) -> None:
    """The table of the sources and how they do. Pages a day that are under half of what is expected stand in red."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(rows):,} sources", title_justify="left")
    for column in ("id", "name", "kind", "country", "standing", "last success", "kept", "a day (expected)", "error"):
        table.add_column(column, justify="right" if column in ("kept", "a day (expected)") else "left")
    for row in rows:
        behind = row["last_success"] and row["per_day"] < row["expected_per_day"] / 2
        rate = Text(f"{row['per_day']:g} ({row['expected_per_day']:g})", style="red" if behind else "")
        error = Text(one_line(f"{_minute(row['last_error'])} {row['error']}"), style="red")
        names = (row["id"], row["name"], row["kind"], row["country"], row["standing"])
        table.add_row(*names, _minute(row["last_success"]) or "never", f"{row['kept']:,}", rate, error)
    Console().print(table)


def _minute(moment: str) -> str:
    """An ISO moment as people read it, by UTC, to the minute."""
    return moment[:16].replace("T", " ")
