"""The tables of the store, as numbered SQL files: 0001_events.sql brings an empty database to version 1, and so on.

A file that has been released is never edited; a change is a new file. `PRAGMA user_version` holds the number of the
last one applied, `PRAGMA application_id` tells our databases from anybody else's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import resources

APPLICATION_ID = 0x4D494E45  # "MINE"


def scripts() -> list[str]:
    """The SQL of every migration, in order; the first one makes version 1."""
    files = [file for file in resources.files(__package__).iterdir() if file.name.endswith(".sql")]
    return [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]


def apply(connection: sqlite3.Connection, since: int) -> None:
    """Run every migration after version `since`, inside the caller's transaction."""
    for version, script in enumerate(scripts(), start=1):
        if version > since:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _statements(script: str) -> Iterator[str]:
    """Split at the semicolons that end a statement. (`executescript` would commit the transaction.)"""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
