"""Opening the SQLite file of the store: ours, of this version, shared between a writer and its readers."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from extractor.store import migrations

OLDEST_SQLITE = (3, 34, 0)  # the first with trigram search


class StoreError(Exception):
    """The database cannot be used; the message is one line that ends in the remedy."""


class Connected:
    """What keeps a connection to the database at `path` open; a context manager that closes it. Raises StoreError."""

    def __init__(self, path: Path, *, create: bool = True, timeout: float = 30.0) -> None:
        self.path = Path(path)
        self._db = connect(self.path, create=create, timeout=timeout)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(path: Path, *, create: bool, timeout: float) -> sqlite3.Connection:
    """A connection to the database at `path`, brought to the newest version; `timeout` in seconds.

    Raises StoreError when it is missing and `create` is False, locked, read-only, of a newer version or not ours.
    """
    _check_place(path, create)
    with explained(path):
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}",
            uri=True,
            timeout=timeout,
            isolation_level=None,
        )
        try:
            _prepare(db, path, timeout)
        except BaseException:
            db.close()
            raise
        return db


@contextmanager
def transaction(db: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """BEGIN IMMEDIATE: a transaction that first reads and then asks to write would not wait for its turn."""
    with explained(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite says of a file into a StoreError with its remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or code & 0xFF not in _REMEDIES:  # the low byte is the primary code
            raise
        raise StoreError(f"{path}: {_REMEDIES[code & 0xFF]}") from error


_LOCKED = "is locked by another program; close that program or wait until it is done, then run again"
_REMEDIES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: "is read-only; make the file and its folder writable, or choose another --db",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that the file and its folder may be read and written",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database; choose another --db",
    sqlite3.SQLITE_CORRUPT: "is damaged; move it away and run again, or restore it from a copy",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full; make room, then run again",
    sqlite3.SQLITE_IOERR: "could not be read or written; check the disk, then run again",
}


def _check_place(path: Path, create: bool) -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(
            f"SQLite {sqlite3.sqlite_version} is too old; use a Python built with SQLite "
            f"{'.'.join(map(str, OLDEST_SQLITE))} or newer"
        )
    if path.is_dir():
        raise StoreError(f"{path}: is a folder; name a file in it, such as {path / 'events.db'}")
    if not path.exists():
        if not create:
            raise StoreError(f"{path}: no such database; make it with `extractor run SOURCE --db {path}`")
        if not path.absolute().parent.is_dir():
            raise StoreError(f"{path}: its folder does not exist; make {path.parent} first")


def _prepare(db: sqlite3.Connection, path: Path, timeout: float) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    newest = len(migrations.scripts())
    if db.execute("PRAGMA application_id").fetchone()[0] != migrations.APPLICATION_ID:
        if version or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"{path}: holds the tables of another program; choose another --db")
    elif version > newest:
        raise StoreError(
            f"{path}: written by a newer extractor (version {version}, this one knows {newest}); "
            "upgrade with `pip install --upgrade mineral-extractor`"
        )
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = NORMAL")  # with WAL: a power cut may cost the last documents, never the database
    db.execute("PRAGMA cache_size = -16000")  # KB
    db.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: fewer and larger ones are faster in bulk
    if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _switch_to_wal(db, path, timeout)
    if version < newest:
        with transaction(db, path):  # another process may have been faster
            migrations.apply(db, db.execute("PRAGMA user_version").fetchone()[0])


def _switch_to_wal(db: sqlite3.Connection, path: Path, timeout: float) -> None:
    """SQLite does not wait for others here as it does elsewhere, so that we do."""
    until = time.monotonic() + timeout
    while True:
        try:
            mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.05)
    if mode != "wal":
        raise StoreError(f"{path}: its file system cannot share the database between programs; put it on a local disk")
