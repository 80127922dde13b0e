"""Options that several commands of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import click

from extractor.limits import Limits
from extractor.terminal import Refusal

_USUAL = Limits()

database_option = click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    default="events.db",
    show_default=True,
    help="The SQLite database.",
)

confidence_option = click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="P",
    help="Only events that are right with at least this probability (0 to 1).",
)


def iso_date(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """A callback that takes only days, as 2026-02-27; "" stays."""
    try:
        return value and date.fromisoformat(value).isoformat()
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date; write it as 2026-02-27") from None


quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress bar, and no table at the end.")


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that reads documents."""
    for option in reversed(
        (
            click.option(
                "--published",
                metavar="DATE",
                callback=iso_date,
                default="",
                help="Date (YYYY-MM-DD) of documents that do not tell their own.",
            ),
            click.option(
                "--allow-private", is_flag=True, help="Let addresses lead into private and loopback networks."
            ),
            click.option(
                "--max-bytes",
                type=click.IntRange(min=1),
                default=_USUAL.max_bytes,
                show_default=True,
                help="Size of one file, page or JSONL line.",
            ),
            click.option(
                "--max-pages",
                type=click.IntRange(min=1),
                default=_USUAL.max_pages,
                show_default=True,
                help="Pages of one PDF.",
            ),
            click.option(
                "--max-characters",
                type=click.IntRange(min=1),
                default=_USUAL.max_characters,
                show_default=True,
                help="Characters of one document's text.",
            ),
            click.option(
                "--max-seconds",
                type=click.FloatRange(min=0, min_open=True),
                default=_USUAL.max_seconds,
                show_default=True,
                help="Seconds to parse one HTML page, PDF or feed.",
            ),
            click.option(
                "--n-process",
                type=click.IntRange(min=1),
                default=1,
                show_default=True,
                help="Processes that extract side by side.",
            ),
            quiet_option,
        )
    ):
        command = option(command)
    return command


def id_of(file: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """A callback that takes only ids of a vocabulary file, in any case: with a mistyped one nothing would ever come."""

    def checked(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
        if value is None:
            return None
        from extractor.vocabulary import Vocabulary, VocabularyError

        try:
            ids = {row.id.lower(): row.id for row in Vocabulary().rows[file]}
        except VocabularyError as error:
            raise Refusal(f"vocabulary: {error}") from error
        if value.lower() not in ids:
            near = get_close_matches(value.lower(), ids, 1)
            raise click.BadParameter(f"{value!r} is no id of {file}" + (f", perhaps {ids[near[0]]!r}" if near else ""))
        return ids[value.lower()]

    return checked
