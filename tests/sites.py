"""Web servers on this machine for the tests of fetching, and a desk to fetch to."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from extractor.fetch.archive import Archive, archive_of
from extractor.fetch.harvest import Count, harvest
from extractor.fetch.sources import Source
from extractor.limits import Limits
from extractor.schema import Problem
from extractor.store.ledger import Ledger

PAGE = b"<!doctype html><title>Cobalt</title><p>Cobalt shipments rose.</p>"
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n"
LIMITS = Limits(max_bytes=1_000_000, connect_timeout=5, read_timeout=5, total_timeout=10, retry_wait=0.01, host_delay=0)

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A web server whose pages are functions. `asked` holds the requests it saw."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[BaseHTTPRequestHandler] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self)
                site.pages.get(self.path, not_found)(self)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.address = f"http://127.0.0.1:{self.port}"

    def __setitem__(self, path: str, answer: Answer) -> None:
        self.pages[path] = answer


def give(content: bytes, content_type: str = "text/html", status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)
    return answer


def redirect(to: str) -> Answer:
    return give(b"", status=302, Location=to)


def drip(piece: bytes, *, before: bytes = HEAD) -> Answer:
    """Write a piece again and again, for as long as somebody reads."""
    def answer(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(before)
            while True:
                handler.wfile.write(piece)
                if len(piece) < 100:
                    time.sleep(0.05)
        except OSError:
            pass
    return answer


not_found = give(b"nothing here", status=404)


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    """Serve in a thread for as long as the block lasts."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def in_turn(*answers: Answer) -> Answer:
    """The first answer to the first request, and so on; the last one to all that follow."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def asked(site: Site, path: str) -> list[BaseHTTPRequestHandler]:
    return [request for request in site.asked if request.path == path]


class Desk:
    """A database, its archive, and what was complained of."""

    def __init__(self, folder: Path) -> None:
        self.db = folder / "events.db"
        self.problems: list[Problem] = []

    @property
    def archive(self) -> Archive:
        return archive_of(self.db)

    def fetch(self, *sources: Source, limits: Limits = LIMITS, since: str = "", until: str = "") -> dict[str, Count]:
        self.problems = []
        with Ledger(self.db) as ledger:
            return harvest(sources, ledger, self.archive, limits, complain=self.problems.append,
                           since=date.fromisoformat(since) if since else None,
                           until=date.fromisoformat(until) if until else None)

    def rows(self, sql: str, *values: object) -> list[tuple]:
        with sqlite3.connect(self.db) as db:
            return db.execute(sql, values).fetchall()

    def message(self) -> str:
        (problem,) = self.problems
        assert "\n" not in problem.message
        return problem.message
