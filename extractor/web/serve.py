"""Runs the site on one database until it is interrupted."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import uvicorn
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import parse_metadata

from extractor.resources import resource
from extractor.web.plugin import OUR_TABLES

NAME = "events"  # what metadata.yml calls the database, whatever its file is called

SETTINGS = {
    "default_page_size": 50,
    "default_facet_size": 10,
    "truncate_cells_html": 400,  # characters of a cell on a page; JSON and CSV have it all
    "suggest_facets": False,  # they cost a query a column; metadata.yml names the useful ones
    "facet_time_limit_ms": 3000,  # facets of half a million rows take seconds, and one that times out just vanishes
    "sql_time_limit_ms": 5000,
    "max_csv_mb": 0,  # no limit: with the default of 100 a large export ends in the middle, without a word
}


def serve(db: Path, host: str = "127.0.0.1", port: int = 8001, on_start: Callable[[str], None] | None = None) -> None:
    """Serve the database at `db`, read-only, while others may write to it; returns when interrupted.

    `port` 0 takes any free one. `on_start` is called with the address once it answers. Raises FileNotFoundError when
    the database is missing, OSError when it is not ours or the address is taken; the message ends in the remedy.
    """
    site = application(db)
    with _listen(host, port) as listener:
        address = f"[{host}]" if ":" in host else host
        if on_start:
            on_start(f"http://{address}:{listener.getsockname()[1]}/")
        server = uvicorn.Server(uvicorn.Config(site.app(), log_level="error", access_log=False, lifespan="on"))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn has already closed the connections
            return


def application(db: Path) -> Datasette:
    """Datasette on one database, with our settings and metadata. Raises as `serve` does."""
    _check(db)
    metadata = parse_metadata(resource("metadata.yml").read_text(encoding="utf-8"))
    site = Datasette(metadata=metadata, settings=SETTINGS)
    site.remove_database("_memory")
    site.add_database(Database(site, path=str(db), is_mutable=True), name=NAME)
    return site


def _check(db: Path) -> None:
    if not db.is_file():
        raise FileNotFoundError(f"{db}: no such database; make it with `extractor run SOURCE --db {db}`")
    if set(str(db)) & set("?#%"):  # Datasette puts the path into an address as it stands
        raise OSError(f"{db}: Datasette cannot open a path with ?, # or % in it; rename the file or its folder")
    try:
        connection = sqlite3.connect(f"{db.absolute().as_uri()}?mode=ro", uri=True)
        try:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise OSError(f"{db}: cannot be read ({error}); check --db") from error
    if {"documents", "events", "runs"} <= tables and not tables >= OUR_TABLES:
        raise OSError(
            f"{db}: made by an older extractor; bring it up to date with `extractor events --db {db} --limit 1`"
        )
    if not tables >= OUR_TABLES:
        raise OSError(f"{db}: holds no events of the extractor; check --db, or fill it with `extractor run`")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise OSError(f"cannot serve at {host}, port {port} ({error.strerror}); choose another --port") from error
