"""Incidents in the store: the events that are not in one yet, those that may tell the same, and what an incident says."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from extractor import wording
from extractor.incidents.likeness import Telling, may_be_one
from extractor.incidents.merging import Report
from extractor.store import rows
from extractor.store.database import Connected, explained, transaction

_BATCH = 200
_DAYS = 60  # between the reports of an incident, where nothing but its day leads to it
_MOST_ALIKE = 80  # events that a newcomer is compared with

_TELLING = "e.type, e.slots, e.document_id, coalesce(e.published, ''), e.sentence"


class Incidents(Connected):
    """The incidents of the database at `path`. Raises StoreError as Store does; one thread may use it."""

    def unplaced(self) -> Iterator[tuple[int, Telling]]:
        """The events that are in no incident yet, in the order they came."""
        last = 0
        while True:
            with explained(self.path):
                found = self._db.execute(
                    f"SELECT e.id, {_TELLING} FROM events e WHERE e.incident_id IS NULL AND e.id > ? ORDER BY e.id LIMIT ?",
                    (last, _BATCH),
                ).fetchall()
            for last, *told in found:
                yield last, _telling(told)
            if len(found) < _BATCH:
                return

    def like(self, telling: Telling) -> Mapping[int, list[Telling]]:
        """The incidents that may be what `telling` tells, each with all its tellings: those with a report on one of its
        materials near its day, or with its reference number, a date or a period of it."""
        values = {
            "type": telling.type,
            "published": telling.published,
            "days": _DAYS,
            "most": _MOST_ALIKE,
            **{name: telling.slots.get(name) for name in ("reference", "effective", "announced", "date")},
            "period_start": rows.period_start(str(telling.slots.get("period") or "")),
        }
        events: set[int] = set()
        with explained(self.path):
            for material in (*telling.materials, ""):
                events.update(id for (id,) in self._db.execute(_NEAR_IN_TIME, values | {"material": material}))
            for name, query in _SAME_MARK.items():
                if values[name] is not None:
                    events.update(id for (id,) in self._db.execute(query, values))
            found = self._db.execute(
                f"SELECT e.incident_id, {_TELLING} FROM events e WHERE e.id IN (SELECT value FROM json_each(?)) "
                "AND e.type = ? AND e.document_id != ? AND e.incident_id IS NOT NULL",
                (json.dumps(sorted(events)), telling.type, telling.document),
            ).fetchall()
        near = {incident for incident, *told in found if may_be_one(telling, _telling(told))}
        return {incident: self.tellings(incident) for incident in sorted(near)}

    def tellings(self, incident: int) -> list[Telling]:
        with explained(self.path):
            found = self._db.execute(
                f"SELECT {_TELLING} FROM events e WHERE e.incident_id = ? ORDER BY e.id", (incident,)
            ).fetchall()
        return [_telling(told) for told in found]

    def place(self, event: int, incident: int | None, type: str) -> int:
        """Put an event into an incident, or into a new one (None); its id."""
        with transaction(self._db, self.path) as db:
            if incident is None:
                added = db.execute(
                    "INSERT INTO incidents (type, summary, reports, confidence, slots, conflicts, stale) "
                    "VALUES (?, '', 0, 0, '{}', '{}', 1)",
                    (type,),
                )
                incident = added.lastrowid
                assert incident is not None
            db.execute("UPDATE events SET incident_id = ? WHERE id = ?", (incident, event))
            db.execute("DELETE FROM placed_events WHERE event_id = ?", (event,))
            db.execute(_ADD_PLACED, (event,))
            db.execute(_ADD_PLACED_WITHOUT_MATERIAL, (event, event))
        return incident

    def join(self, older: int, newer: int) -> None:
        """Make two incidents one, under the older one's id."""
        with transaction(self._db, self.path) as db:
            db.execute("UPDATE events SET incident_id = ? WHERE incident_id = ?", (older, newer))
            db.execute("DELETE FROM incidents WHERE id = ?", (newer,))

    def stale(self) -> Iterator[tuple[int, str, list[Report]]]:
        """Incidents whose reports have changed, with the reports."""
        while True:
            with explained(self.path):
                found = self._db.execute(
                    "SELECT id, type FROM incidents WHERE stale ORDER BY id LIMIT ?", (_BATCH,)
                ).fetchall()
            for id, type in found:
                yield id, type, self._reports(id)
            if not found:
                return

    def say(
        self,
        incident: int,
        type: str,
        reports: list[Report],
        slots: Mapping[str, Any],
        conflicts: Mapping[str, Any],
        sure: float,
    ) -> None:
        """Write down what an incident says."""
        with transaction(self._db, self.path) as db:
            first, last = db.execute(
                "SELECT min(published), max(published) FROM events WHERE incident_id = ?", (incident,)
            ).fetchone()
            db.execute(
                "UPDATE incidents SET summary = ?, first_published = ?, last_published = ?, reports = ?, confidence = ?, "
                "slots = ?, conflicts = ?, stale = 0 WHERE id = ?",
                rows.storable_all(
                    (
                        wording.summary(type, slots, _name(db)),
                        first,
                        last,
                        len(reports),
                        round(sure, 4),
                        json.dumps(dict(slots), ensure_ascii=False),
                        json.dumps(dict(conflicts), ensure_ascii=False),
                        incident,
                    )
                ),
            )

    def drop(self, incident: int) -> None:
        """Forget an incident that nobody tells any more."""
        with transaction(self._db, self.path) as db:
            db.execute("DELETE FROM incidents WHERE id = ?", (incident,))

    def _reports(self, incident: int) -> list[Report]:
        with explained(self.path):
            found = self._db.execute(
                "SELECT e.id, e.slots, e.confidence, d.kind = 'notice' OR coalesce(s.standing, '') = 'official' "
                "FROM events e JOIN documents d ON d.id = e.document_id "
                "LEFT JOIN pages p ON p.document_id = d.id LEFT JOIN sources s ON s.id = p.source "
                "WHERE e.incident_id = ? GROUP BY e.id ORDER BY e.id",
                (incident,),
            ).fetchall()
        return [Report(id, json.loads(slots), sure, bool(official)) for id, slots, sure, official in found]


def _telling(told: list[Any]) -> Telling:
    type, slots, document, published, sentence = told
    return Telling(type, json.loads(slots), document, published, sentence)


def _name(db: sqlite3.Connection) -> Any:
    """What people call the materials and countries of a slot, and the companies by their names."""

    def name(kind: str, id: str) -> str:
        if kind == "parties":
            kind = "country" if db.execute("SELECT 1 FROM countries WHERE id = ?", (id,)).fetchone() else "company"
        return rows.name({"materials": "material", "countries": "country", "codes": "code"}.get(kind, kind), id)

    return name


_ADD_PLACED = """
INSERT INTO placed_events SELECT e.type, m.material, coalesce(e.published, ''), e.id
FROM events e JOIN event_materials m ON m.event_id = e.id WHERE e.id = ?"""
_ADD_PLACED_WITHOUT_MATERIAL = """
INSERT INTO placed_events SELECT type, '', coalesce(published, ''), id
FROM events WHERE id = ? AND NOT EXISTS (SELECT 1 FROM event_materials WHERE event_id = ?)"""
# A newcomer's candidates: those on one of its materials or none, published near its day, the nearest first; and those
# that share its reference number, a date or a period.
_NEAR_IN_TIME = """
SELECT event_id FROM placed_events
WHERE type = :type AND material = :material
  AND published BETWEEN date(:published, '-' || :days || ' days') AND date(:published, '+' || :days || ' days')
ORDER BY abs(julianday(published) - julianday(:published)), event_id LIMIT :most"""
_SAME_MARK = {
    "reference": "SELECT id FROM events WHERE reference = :reference LIMIT :most",
    **{
        column: f"SELECT id FROM events WHERE type = :type AND {column} = :{column} ORDER BY id DESC LIMIT :most"
        for column in ("effective", "announced", "date", "period_start")
    },
}
