"""The SQLite store: one writer at a time, one transaction a document, readers never blocked.

Tables and views are in `migrations/*.sql`, the mapping of an extraction to their rows in `rows`.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from extractor.schema import Document, Extraction, Problem
from extractor.store import rows
from extractor.store.database import Connected, StoreError, explained, transaction

__all__ = ["Store", "StoreError"]

BATCH_EVENTS = 500  # events_since reads this many at a time, so that no reader holds a snapshot for long
MOST_CANDIDATES = 50  # a band: a text that a thousand papers print is linked with some of them

DOCUMENT_COLUMNS = (
    "id",
    "title",
    "source",
    "published",
    "kind",
    "language",
    "author",
    "url",
    "relevant",
    "text",
    "origin",
    "content_hash",
    "extraction_hash",
    "pipeline",
    "run_id",
    "updated_at",
)


class Store(Connected):
    """The database at `path`, made if missing unless `create` is False.

    `timeout`: seconds to wait for another writer. `pipeline`: fingerprint of the extractor; documents stored under
    another one are not current. Raises StoreError when the database is missing, locked, read-only, of a newer version
    or not ours.
    """

    def __init__(self, path: Path, *, create: bool = True, timeout: float = 30.0, pipeline: str = "") -> None:
        super().__init__(path, create=create, timeout=timeout)
        self.pipeline = pipeline

    # Runs

    def start_run(self, command: str) -> int:
        """Record that `command` begins; the id goes with everything it saves."""
        with transaction(self._db, self.path) as db:
            started = db.execute(
                "INSERT INTO runs (command, pipeline, started_at) VALUES (?, ?, ?)",
                (rows.storable(command), self.pipeline, _now()),
            )
            return _id(started)

    def finish_run(self, run_id: int, counts: Mapping[str, int]) -> None:
        with transaction(self._db, self.path) as db:
            db.execute(
                "UPDATE runs SET finished_at = ?, counts = ? WHERE id = ?", (_now(), json.dumps(dict(counts)), run_id)
            )
        with explained(self.path):  # lets the query planner know how many rows there are now
            self._db.execute("PRAGMA analysis_limit = 1000")
            self._db.execute("PRAGMA optimize")

    # Documents

    def is_current(self, document: Document) -> bool:
        """Is exactly this document stored, read by exactly this pipeline?"""
        with explained(self.path):
            stored = self._db.execute(
                "SELECT content_hash, pipeline FROM documents WHERE id = ?", (document.id,)
            ).fetchone()
        return bool(stored == (rows.content_hash(document), self.pipeline))

    def save(self, extraction: Extraction, run_id: int) -> str:
        """Store one document with all that was read out of it, in one transaction; 'added', 'changed' or 'unchanged'.

        Of a changed document, events that state the same fact as before keep their row and cursor, the others are
        replaced. Nothing of another document is touched.
        """
        document = extraction.document
        hashes = (rows.content_hash(document), rows.extraction_hash(extraction))
        with transaction(self._db, self.path) as db:
            stored = db.execute(
                "SELECT content_hash, extraction_hash FROM documents WHERE id = ?", (document.id,)
            ).fetchone()
            if stored == hashes:
                db.execute(
                    "UPDATE documents SET pipeline = ? WHERE id = ? AND pipeline != ?",
                    (self.pipeline, document.id, self.pipeline),
                )
                return "unchanged"
            _save_document(db, extraction, hashes, self.pipeline, run_id)
            _link_near_duplicates(db, document)
            _save_mentions(db, extraction)
            _save_events(db, extraction)
            _replace_problems(db, extraction, run_id)
        return "added" if stored is None else "changed"

    def save_problem(self, problem: Problem, run_id: int) -> None:
        """Record a problem; one that is already there is not recorded twice."""
        with transaction(self._db, self.path) as db:
            _save_problem(db, problem, problem.source, problem.document_id, run_id)

    # Reading

    def events_since(
        self,
        cursor: int,
        *,
        type: str | None = None,
        material: str | None = None,
        issuer: str | None = None,
        min_confidence: float = 0.0,
        limit: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Events after `cursor`, in cursor order: {"cursor", "type", **slots, "summary", "sentence", "confidence",
        "document": {"id", "title", "url", "source", "published"}}.

        Cursors are handed out in the order of commits and never twice, so that the highest one seen is all that a
        script has to remember, also while a run is writing.
        """
        left = limit
        while left is None or left > 0:
            size = BATCH_EVENTS if left is None else min(left, BATCH_EVENTS)
            with explained(self.path):
                batch = self._db.execute(
                    _EVENTS_SINCE,
                    {
                        "cursor": cursor,
                        "type": type,
                        "material": material,
                        "issuer": issuer,
                        "least": min_confidence,
                        "size": size,
                    },
                ).fetchall()
            for row in batch:
                yield _event_json(row)
            if len(batch) < size:
                return
            cursor = batch[-1][0]
            left = None if left is None else left - len(batch)

    def summary(self) -> dict[str, Any]:
        """{"documents": n, "relevant": n, "events": {type: n}, "incidents": n, "problems": n}."""
        with explained(self.path):
            documents, relevant, incidents, problems = self._db.execute(
                "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM documents WHERE relevant = 1), "
                "(SELECT count(*) FROM incidents), (SELECT count(*) FROM problems)"
            ).fetchone()
            events = dict(self._db.execute("SELECT type, count(*) FROM events GROUP BY type ORDER BY type"))
        return {
            "documents": documents,
            "relevant": relevant,
            "events": events,
            "incidents": incidents,
            "problems": problems,
        }


# Writing one document, inside its transaction


def _save_document(
    db: sqlite3.Connection, extraction: Extraction, hashes: tuple[str, str], pipeline: str, run_id: int
) -> None:
    document = extraction.document
    now = _now()
    values = (
        document.id,
        document.title,
        document.source,
        document.published or None,
        document.kind,
        document.language,
        document.author,
        document.url,
        int(extraction.relevant),
        document.text,
        document.origin,
        *hashes,
        pipeline,
        run_id,
        now,
    )
    db.execute(_SAVE_DOCUMENT, (*rows.storable_all(values), now))


def _link_near_duplicates(db: sqlite3.Connection, document: Document) -> None:
    """Link the document with those that tell nearly the same in nearly the same words, in both directions."""
    from extractor import twins  # here, so that those who only read do not wait for numpy

    for table in ("near_duplicates", "document_signatures", "document_bands"):
        db.execute(f"DELETE FROM {table} WHERE document_id = ?", (document.id,))
    db.execute("DELETE FROM near_duplicates WHERE other_id = ?", (document.id,))
    signature = twins.signature(document.text)
    if signature is None:
        return
    bands = list(enumerate(twins.bands(signature)))
    candidates: dict[str, bytes] = {}
    for band in bands:
        candidates |= db.execute(_SAME_BAND, (*band, MOST_CANDIDATES)).fetchall()
    for other, its_signature in candidates.items():
        similarity = round(twins.similarity(signature, its_signature), 3)
        if similarity >= twins.LEAST_SIMILAR:
            db.executemany(
                "INSERT INTO near_duplicates (document_id, other_id, similarity) VALUES (?, ?, ?)",
                ((document.id, other, similarity), (other, document.id, similarity)),
            )
    db.execute("INSERT INTO document_signatures VALUES (?, ?)", (document.id, signature))
    db.executemany("INSERT INTO document_bands VALUES (?, ?, ?)", ((*band, document.id) for band in bands))


def _save_mentions(db: sqlite3.Connection, extraction: Extraction) -> None:
    db.execute("DELETE FROM mentions WHERE document_id = ?", (extraction.document.id,))
    db.executemany(
        'INSERT INTO mentions (document_id, label, entity, start, "end", text, value) VALUES (?, ?, ?, ?, ?, ?, ?)',
        rows.mentions(extraction),
    )


def _save_events(db: sqlite3.Connection, extraction: Extraction) -> None:
    document = extraction.document
    known: defaultdict[str, deque[int]] = defaultdict(deque)  # ids of the stored events that state a fact, in order
    for id, type, slots in db.execute(
        "SELECT id, type, slots FROM events WHERE document_id = ? ORDER BY id", (document.id,)
    ):
        known[rows.fact(type, json.loads(slots))].append(id)
    for event in extraction.events:
        links = list(rows.links(event, extraction))
        _save_names(db, links)
        same = known[rows.fact(event.type, event.slots)]
        if same:
            event_id = same.popleft()
            db.execute(_UPDATE_EVENT, (*rows.event(event, extraction), event_id))
            for table in ("event_materials", "event_countries", "event_companies", "event_codes", "evidence"):
                db.execute(f"DELETE FROM {table} WHERE event_id = ?", (event_id,))
        else:
            event_id = _id(db.execute(_ADD_EVENT, rows.event(event, extraction)))
        for kind, id, role in links:
            db.execute(_ADD_LINK[kind], {"event": event_id, "id": id, "role": role})
        db.executemany(
            'INSERT INTO evidence (event_id, slot, start, "end", text) VALUES (?, ?, ?, ?, ?)',
            ((event_id, *span) for span in rows.evidence(event, document.content)),
        )
    db.executemany("DELETE FROM events WHERE id = ?", ((id,) for ids in known.values() for id in ids))


def _save_names(db: sqlite3.Connection, links: list[tuple[str, str, str]]) -> None:
    for kind, id, _ in links:
        if kind in _NAMES:
            db.execute(
                f"INSERT INTO {_NAMES[kind]} (id, name) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
                (id, rows.name(kind, id)),
            )


def _replace_problems(db: sqlite3.Connection, extraction: Extraction, run_id: int) -> None:
    """The document's own problems, and none that an earlier run had with the place it was read from."""
    document = extraction.document
    db.execute("DELETE FROM problems WHERE document_id = ?", (document.id,))
    if document.origin:
        db.execute(
            "DELETE FROM problems WHERE source = ? AND level = 'error' AND document_id IS NULL AND run_id < ?",
            (rows.storable(document.origin), run_id),
        )
    for problem in dict.fromkeys((*document.problems, *extraction.problems)):
        _save_problem(db, problem, problem.source or document.origin, document.id, run_id)


def _save_problem(db: sqlite3.Connection, problem: Problem, source: str, document_id: str, run_id: int) -> None:
    # A document that was lost has no row to point at
    db.execute(
        "INSERT INTO problems (level, stage, source, message, document_id, run_id) "
        "VALUES (?, ?, ?, ?, (SELECT id FROM documents WHERE id = ?), ?) ON CONFLICT DO NOTHING",
        rows.storable_all((problem.level, problem.stage, source, problem.message, document_id, run_id)),
    )


_SAME_BAND = """
SELECT b.document_id, s.signature FROM document_bands b JOIN document_signatures s ON s.document_id = b.document_id
WHERE b.band = ? AND b.hash = ? LIMIT ?"""
_SAVE_DOCUMENT = (
    f"INSERT INTO documents ({', '.join(DOCUMENT_COLUMNS)}, added_at, number) "
    f"VALUES ({', '.join('?' * len(DOCUMENT_COLUMNS))}, ?, (SELECT coalesce(max(number), 0) + 1 FROM documents)) "
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in DOCUMENT_COLUMNS[1:])}"
)
_ADD_EVENT = f"INSERT INTO events ({', '.join(rows.EVENT_COLUMNS)}) VALUES ({', '.join('?' * len(rows.EVENT_COLUMNS))})"
_UPDATE_EVENT = f"UPDATE events SET {', '.join(f'{column} = ?' for column in rows.EVENT_COLUMNS)} WHERE id = ?"
_NAMES = {"material": "materials", "country": "countries", "company": "companies"}
_ADD_LINK = {
    "material": "INSERT INTO event_materials (event_id, material) VALUES (:event, :id)",
    "country": "INSERT INTO event_countries (event_id, country, role) VALUES (:event, :id, :role)",
    "company": "INSERT INTO event_companies (event_id, company, role) VALUES (:event, :id, :role)",
    "code": "INSERT INTO event_codes (event_id, code) VALUES (:event, :id)",
}

_EVENTS_SINCE = """
SELECT e.id, e.type, e.slots, e.summary, e.sentence, e.confidence, d.id, d.title, d.url, d.source, d.published
FROM events e JOIN documents d ON d.id = e.document_id
WHERE e.id > :cursor
  AND e.confidence >= :least
  AND (:type IS NULL OR e.type = :type)
  AND (:material IS NULL
       OR EXISTS (SELECT 1 FROM event_materials WHERE event_id = e.id AND material = :material))
  AND (:issuer IS NULL
       OR EXISTS (SELECT 1 FROM event_countries WHERE event_id = e.id AND role = 'issuer' AND country = :issuer))
ORDER BY e.id LIMIT :size"""


def _event_json(row: tuple[Any, ...]) -> dict[str, Any]:
    cursor, type, slots, summary, sentence, confidence, id, title, url, source, published = row
    return {
        "cursor": cursor,
        "type": type,
        **json.loads(slots),
        "summary": summary,
        "sentence": sentence,
        "confidence": confidence,
        "document": {"id": id, "title": title, "url": url, "source": source, "published": published or ""},
    }


def _id(inserted: sqlite3.Cursor) -> int:
    assert inserted.lastrowid is not None
    return inserted.lastrowid


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
