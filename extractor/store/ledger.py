"""The fetchers' book in the store: what sources list, what waits to be fetched, every request, what waits to be read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from extractor.fetched import Fetch, Kept, Listed, SourceState, Waiting
from extractor.store.database import Connected, explained, transaction
from extractor.store.rows import storable_all

_RATE_DAYS = 30  # over which the rows a day are counted
_BATCH = 200


class Ledger(Connected):
    """The book in the database at `path`. Raises StoreError as Store does; one thread may use it."""

    # Sources

    def know(self, source: Mapping[str, Any]) -> None:
        """Note what a source is: id, name, kind, url, country, standing, documents, expected_per_day."""
        columns = ("id", "name", "kind", "url", "country", "standing", "documents", "expected_per_day")
        with transaction(self._db, self.path) as db:
            db.execute(
                f"INSERT INTO sources ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) ON CONFLICT (id) "
                f"DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in columns[1:])}",
                storable_all(source[column] for column in columns),
            )

    def state(self, source: str) -> SourceState:
        """What is known of a source; all empty for one that was never visited."""
        since = (datetime.now(UTC) - timedelta(days=_RATE_DAYS)).isoformat(timespec="seconds")
        with explained(self.path):
            row = self._db.execute(
                "SELECT cursor, last_try, last_success, last_error, error, failures, listed FROM sources WHERE id = ?",
                (source,),
            ).fetchone()
            if row is None:
                return SourceState()
            pages = dict(
                self._db.execute("SELECT state, count(*) FROM pages WHERE source = ? GROUP BY state", (source,))
            )
            recent, first = self._db.execute(
                "SELECT count(*), min(fetched_at) FROM fetches WHERE source = ? AND outcome = 'new' AND fetched_at > ?",
                (source, since),
            ).fetchone()
        days = max(1.0, (datetime.now(UTC) - datetime.fromisoformat(first)).total_seconds() / 86400) if first else 1.0
        cursor, last_try, last_success, last_error, error, failures, listed = row
        return SourceState(
            json.loads(cursor),
            last_try or "",
            last_success or "",
            last_error or "",
            error or "",
            failures,
            listed,
            pages.get("kept", 0),
            pages.get("waiting", 0),
            recent / days,
        )

    def succeeded(self, source: str, at: str, cursor: Mapping[str, Any] | None, listed: int | None) -> None:
        """A visit is done: its cursor (None leaves the old one) and how much it found listed (None: as before)."""
        with transaction(self._db, self.path) as db:
            db.execute(
                "UPDATE sources SET last_try = :at, last_success = :at, failures = 0, error = NULL, "
                "cursor = coalesce(:cursor, cursor), listed = coalesce(:listed, listed) WHERE id = :id",
                {
                    "at": at,
                    "cursor": None if cursor is None else json.dumps(dict(cursor)),
                    "listed": listed,
                    "id": source,
                },
            )
            _settle(db, source)

    def failed(self, source: str, at: str, error: str) -> None:
        """A visit failed: why, as one line. The cursor stays, so that the next one misses nothing."""
        with transaction(self._db, self.path) as db:
            db.execute(
                "UPDATE sources SET last_try = :at, last_error = :at, failures = failures + 1, error = :error "
                "WHERE id = :id",
                {"at": at, "error": error, "id": source},
            )

    # Pages

    def note(self, source: str, pages: Iterable[Listed], at: str, recheck_before: str) -> int:
        """Note what a source lists, in one transaction; how many of the pages are new.

        A known page waits to be fetched again when the listing says that it changed since, or when its last fetch was
        before `recheck_before`.
        """
        new = 0
        with transaction(self._db, self.path) as db:
            for page in pages:
                new += _list(db, source, page, at, recheck_before)
        return new

    def knows(self, url: str) -> bool:
        """Whether an address was listed or fetched before."""
        with explained(self.path):
            return self._db.execute("SELECT 1 FROM pages WHERE url = ?", (url,)).fetchone() is not None

    def waiting(self, source: str, now: str, limit: int) -> list[Waiting]:
        """Pages of a source that are to be fetched now, first listed first."""
        with explained(self.path):
            rows = self._db.execute(
                "SELECT url, request, source, title, coalesce(published, ''), attempts, etag, last_modified, "
                "coalesce(sha256, '') FROM pages WHERE source = ? AND state = 'waiting' AND due <= ? ORDER BY due, id "
                "LIMIT ?",
                (source, now, limit),
            ).fetchall()
        return [Waiting(*row) for row in rows]

    def page(self, url: str) -> Waiting | None:
        """A page as `waiting` gives it, whatever its state."""
        with explained(self.path):
            row = self._db.execute(
                "SELECT url, request, source, title, coalesce(published, ''), attempts, etag, last_modified, "
                "coalesce(sha256, '') FROM pages WHERE url = ?",
                (url,),
            ).fetchone()
        return Waiting(*row) if row else None

    def record(self, fetch: Fetch, *, canonical: str = "", also: Iterable[Listed] = ()) -> None:
        """Note a request and what it means for its page, in one transaction.

        `canonical`: another address that the page states as its own; the page is kept under that one, and this one
        becomes its alias. `also`: pages that this one leads to, such as attached files.
        """
        with transaction(self._db, self.path) as db:
            db.execute(_ADD_FETCH, storable_all(_fetch_row(fetch)))
            if fetch.outcome in ("failed", "postponed"):
                db.execute(
                    "UPDATE pages SET state = CASE WHEN :due != '' THEN 'waiting' WHEN sha256 IS NULL THEN 'lost' "
                    "ELSE 'kept' END, due = nullif(:due, ''), attempts = attempts + 1, error = :error WHERE url = :url",
                    {"due": fetch.again_at, "error": fetch.error, "url": fetch.url},
                )
                return
            _settle(db, fetch.url)
            if canonical and canonical != fetch.url:
                _alias(db, fetch, canonical)
            else:
                _keep(db, fetch, fetch.url)
            for page in also:
                _list(db, fetch.source, page, fetch.fetched_at, "")

    # Reading

    def is_empty(self) -> bool:
        """Whether no page was ever fetched."""
        with explained(self.path):
            return self._db.execute("SELECT 1 FROM pages WHERE sha256 IS NOT NULL LIMIT 1").fetchone() is None

    def unread(self, pipeline: str, *, retry: bool = False) -> Iterator[Kept]:
        """The newest version of every page that this pipeline has not read yet, in the order they were first listed.

        With `retry` also those that it could not read.
        """
        last = 0
        while True:
            with explained(self.path):
                rows = self._db.execute(
                    _UNREAD, {"last": last, "pipeline": pipeline, "retry": retry, "size": _BATCH}
                ).fetchall()
            for id, *values in rows:
                last = id
                yield Kept(*values)
            if len(rows) < _BATCH:
                return

    def read(self, url: str, sha256: str, pipeline: str, document_id: str = "") -> None:
        """Note that a version was read, and the document it gave ("" for none)."""
        with transaction(self._db, self.path) as db:
            db.execute(
                "UPDATE pages SET read_sha256 = ?, read_pipeline = ?, "
                "document_id = (SELECT id FROM documents WHERE id = ?) WHERE url = ?",
                (sha256, pipeline, document_id, url),
            )

    def versions(self) -> Iterator[dict[str, Any]]:
        """Every version that is in the archive, in the order they were fetched, with its request and answer."""
        last = 0
        while True:
            with explained(self.path):
                rows = self._db.execute(
                    "SELECT id, url, answered, fetched_at, status, content_type, headers, sha256 FROM fetches "
                    "WHERE id > ? AND outcome IN ('new', 'changed') ORDER BY id LIMIT ?",
                    (last, _BATCH),
                ).fetchall()
            for id, url, answered, fetched_at, status, content_type, headers, sha256 in rows:
                last = id
                yield {
                    "url": answered or url,
                    "fetched_at": fetched_at,
                    "status": status,
                    "content_type": content_type,
                    "headers": json.loads(headers),
                    "sha256": sha256,
                }
            if len(rows) < _BATCH:
                return


def _list(db: sqlite3.Connection, source: str, page: Listed, at: str, recheck_before: str) -> int:
    added = db.execute(
        "INSERT INTO pages (url, request, source, title, published, listed_at, state, due) "
        "VALUES (?, ?, ?, ?, nullif(?, ''), ?, 'waiting', ?) ON CONFLICT (url) DO NOTHING",
        storable_all((page.url, page.request or page.url, source, page.title, page.published, at, at)),
    ).rowcount
    if not added:
        db.execute(
            "UPDATE pages SET state = 'waiting', due = :at, listed_at = :at, attempts = 0 WHERE url = :url AND state IN ('kept', 'lost') "
            "AND (:updated > coalesce(fetched_at, listed_at) OR coalesce(fetched_at, listed_at) < :before)",
            {"at": at, "url": page.url, "updated": page.updated, "before": recheck_before},
        )
    return added


def _settle(db: sqlite3.Connection, source: str) -> None:
    """Drop the problems there were with fetching an address or visiting a source: it is well again."""
    db.execute("DELETE FROM problems WHERE source = ? AND stage = 'fetch'", storable_all((source,)))


def _keep(db: sqlite3.Connection, fetch: Fetch, url: str) -> None:
    """Make a fetch the newest version of a page; an older copy, from a WARC file, is a version and no more."""
    if fetch.outcome == "unchanged":
        db.execute(
            "UPDATE pages SET state = 'kept', due = NULL, attempts = 0, error = NULL, "
            "fetched_at = max(coalesce(fetched_at, ''), ?) WHERE url = ?",
            (fetch.fetched_at, url),
        )
        return
    db.execute(
        "UPDATE pages SET state = 'kept', due = NULL, attempts = 0, error = NULL, fetched_at = ?, content_type = ?, "
        "sha256 = ?, etag = ?, last_modified = ? WHERE url = ? AND (fetched_at IS NULL OR fetched_at <= ?)",
        storable_all(
            (
                fetch.fetched_at,
                fetch.content_type,
                fetch.sha256,
                fetch.headers.get("etag", ""),
                fetch.headers.get("last-modified", ""),
                url,
                fetch.fetched_at,
            )
        ),
    )


def _alias(db: sqlite3.Connection, fetch: Fetch, canonical: str) -> None:
    db.execute(
        "INSERT INTO pages (url, request, source, title, published, listed_at, state) "
        "SELECT ?, ?, source, title, published, listed_at, 'waiting' FROM pages WHERE url = ? "
        "ON CONFLICT (url) DO NOTHING",
        storable_all((canonical, canonical, fetch.url)),
    )
    if db.execute("SELECT sha256 FROM pages WHERE url = ?", (canonical,)).fetchone()[0] is None:
        _keep(db, fetch, canonical)
    db.execute(
        "UPDATE pages SET state = 'alias', alias_of = ?, due = NULL, attempts = 0, error = NULL, fetched_at = ? "
        "WHERE url = ?",
        (canonical, fetch.fetched_at, fetch.url),
    )


def _fetch_row(fetch: Fetch) -> tuple[Any, ...]:
    return (
        fetch.url,
        fetch.source,
        fetch.fetched_at,
        fetch.outcome,
        fetch.status,
        fetch.asked,
        fetch.answered,
        fetch.content_type,
        fetch.bytes,
        fetch.sha256 or None,
        fetch.error or None,
        json.dumps(dict(fetch.headers), ensure_ascii=False),
    )


_ADD_FETCH = (
    "INSERT INTO fetches (url, source, fetched_at, outcome, status, asked, answered, content_type, bytes, sha256, "
    f"error, headers) VALUES ({', '.join('?' * 12)})"
)
_UNREAD = """
SELECT p.id, p.url, p.source, p.title, coalesce(p.published, ''), s.documents, p.content_type, p.sha256, p.fetched_at
FROM pages p JOIN sources s ON s.id = p.source
WHERE p.id > :last AND p.sha256 IS NOT NULL AND p.state != 'alias'
  AND (p.read_sha256 IS NOT p.sha256 OR p.read_pipeline IS NOT :pipeline OR (:retry AND p.document_id IS NULL))
ORDER BY p.id LIMIT :size"""
