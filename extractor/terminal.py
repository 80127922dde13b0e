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
    table.add_row("problems", f"{tally['failed'] + tally['warnings']:,}", f"{held['problems']:,}", style="bold")
    Console().print(table)


def event_line(event: Mapping[str, Any]) -> str:
    """Cursor, type, the slots in words, the document's address or id, and the sentence; separated by tabs."""
    document = event["document"]
    fields = (event["cursor"], event["type"], event["summary"], document["url"] or document["id"], event["sentence"])
    return "\t".join(one_line(str(field)) for field in fields)
