"""How commands end: problems named on stderr, exit statuses, and a database that cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from extractor.schema import Problem
from extractor.terminal import Refusal, complain

if TYPE_CHECKING:
    from extractor.store import Store

SOME_FAILED, NOTHING_NEW = 1, 3  # exit statuses


def report(problem: Problem, tally: Counter[str]) -> None:
    """An error is a document lost: it is named on stderr and decides the exit status."""
    tally["failed" if problem.level == "error" else "warnings"] += 1
    complain(f"{problem.level}: {problem.source or problem.document_id}: {problem.message}")


@contextmanager
def opened(db: Path, **options: Any) -> Iterator[Store]:
    """The store at `db`; what makes it unusable ends the command."""
    from extractor.store import Store, StoreError

    try:
        with Store(db, **options) as store:
            yield store
    except StoreError as error:
        raise Refusal(str(error)) from error


def finish(status: int) -> NoReturn:
    click.get_current_context().exit(status)
