"""The store through `Store` and plain SQL: what is saved, what a rerun leaves alone, and what survives."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from store_samples import chinese, gallium, hostile, lithium, numbered

from extractor.schema import EVENT_TYPES, Document, Event, Extraction, Problem
from extractor.store import Store, StoreError

ROWS = ("documents", "events", "event_materials", "event_countries", "event_companies", "event_codes", "evidence",
        "mentions", "problems", "materials", "countries", "companies")
OF_A_RUN = {"run_id", "added_at", "updated_at"}


def fill(path: Path, *extractions: Extraction, pipeline: str = "") -> list[str]:
    with Store(path, pipeline=pipeline) as store:
        run = store.start_run("test")
        outcomes = [store.save(extraction, run) for extraction in extractions]
        store.finish_run(run, {"saved": len(outcomes)})
    return outcomes


def query(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


def dump(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row, without what tells one run from another."""
    db = sqlite3.connect(path)
    try:
        tables = {}
        for table in ROWS:
            found = db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
            names = [column[0] for column in found.description]
            tables[table] = [{name: value for name, value in zip(names, row, strict=True) if name not in OF_A_RUN}
                             for row in found]
        return tables
    finally:
        db.close()


def assert_sound(path: Path) -> None:
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "PRAGMA foreign_key_check") == []
    db = sqlite3.connect(path)
    for index in ("documents_fts", "events_fts"):  # raises where an index and its table disagree
        db.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    db.close()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


# What is saved

def test_every_view_shows_its_events_with_names_and_figures(db: Path) -> None:
    assert fill(db, gallium(), lithium()) == ["added", "added"]
    assert query(db, "SELECT published, measure, status, issuer, materials, target, effective, reference, tonnes, "
                     "codes, source, url FROM export_controls") == [
        ("2026-03-12", "export_licence", "announced", "China", "gallium, germanium", "Japan", "2026-04-01",
         "Announcement No. 18 of 2026", 3750.0, "81129290", "Example Wire", "https://example.org/gallium")]
    assert query(db, "SELECT direction, origin, destination, materials, tonnes, tonnes_low, tonnes_high, period, "
                     "period_start, change_pct, value_low, value_high, value_currency, confidence "
                     "FROM trade_flows") == [
        ("import", None, "Germany", "gallium", 41.0, 41.0, 41.0, "2026-01", "2026-01-01", -12.5, 1.2e7, 1.2e7, "EUR",
         0.8)]
    assert query(db, "SELECT action, activity, actor, site, tonnes, period_start FROM production") == [
        ("planned", "refining", "Larvik Lithium", "Norway", 12000.0, "2028-01-01")]
    assert query(db, "SELECT kind, status, parties, date, value_low, value_currency, tonnes FROM deals") == [
        ("offtake", "signed", "GE, Larvik Lithium", "2026-03", 4.1e8, "USD", 25000.0)]
    assert query(db, "SELECT action, actor, tonnes, days FROM stockpiles") == [("hold", "South Korea", 120.0, 60.0)]
    assert query(db, "SELECT materials, value_low, value_currency, value_per, market FROM prices") == [
        ("lithium", 11250.0, "USD", "t", "China")]
    assert_sound(db)


def test_every_slot_of_every_type_has_its_place(db: Path) -> None:
    values = {"materials": "gallium", "countries": "CN", "parties": "CN", "codes": "8112", "number": 7.0,
              "quantity": {"low": 1, "high": 3}, "money": {"low": 2, "high": 4, "currency": "USD", "per": "t"},
              "date": "2025-Q2", "text": "No. 1"}
    for type, slots in EVENT_TYPES.items():
        filled = {slot.name: slot.values[0] if slot.kind == "choice" else values[slot.kind] for slot in slots}
        filled = {slot.name: [filled[slot.name]] if slot.many else filled[slot.name] for slot in slots}
        fill(db, Extraction(Document(id=type, text="x"), True, events=(Event(type, filled),)))
        row = query(db, "SELECT id FROM events WHERE document_id = ?", type)[0][0]
        for slot in slots:
            if slot.kind == "quantity":
                wanted, found = (2, 1, 3), "SELECT tonnes, tonnes_low, tonnes_high FROM events WHERE id = ?"
            elif slot.kind == "money":
                wanted = (2, 4, "USD", "t")
                found = "SELECT value_low, value_high, value_currency, value_per FROM events WHERE id = ?"
            elif slot.kind == "materials":
                wanted, found = ("gallium",), "SELECT material FROM event_materials WHERE event_id = ?"
            elif slot.kind == "codes":
                wanted, found = ("8112",), "SELECT code FROM event_codes WHERE event_id = ?"
            elif slot.many:
                wanted = ("CN",)
                found = f"SELECT country FROM event_countries WHERE event_id = ? AND role = '{slot.name}'"
            else:
                wanted, found = (filled[slot.name],), f'SELECT "{slot.name}" FROM events WHERE id = ?'
            assert query(db, found, row) == [wanted], (type, slot.name)


def test_evidence_is_the_text_at_its_offsets(db: Path) -> None:
    extraction = gallium()
    fill(db, extraction)
    rows = query(db, 'SELECT slot, start, "end", text FROM evidence')
    assert {text for slot, _, _, text in rows if slot == "materials"} == {"gallium and", "germanium", "gallium worth"}
    assert all(extraction.document.content[start:end] == text for _, start, end, text in rows)


def test_a_party_is_a_company_where_the_document_says_so(db: Path) -> None:
    fill(db, lithium())  # GE: the company, not Georgia
    assert query(db, "SELECT company FROM event_companies WHERE role = 'parties' ORDER BY 1") == [
        ("GE",), ("Larvik Lithium",)]
    assert query(db, "SELECT country FROM event_countries WHERE country = 'GE'") == []


@pytest.mark.parametrize(("period", "start"), [
    ("2025", "2025-01-01"), ("2025-07", "2025-07-01"), ("2025-Q2", "2025-04-01"), ("2025-H2", "2025-07-01"),
    ("2025-04/2025-06", "2025-04-01"), ("2025-04-09", "2025-04-09"), ("last winter", None)])
def test_periods_sort_by_their_first_day(db: Path, period: str, start: str | None) -> None:
    fill(db, Extraction(Document(id="d", text="x"), True, events=(Event("price", {"period": period}),)))
    assert query(db, "SELECT period, period_start FROM events") == [(period, start)]


def test_of_several_values_where_there_can_be_one_the_first_counts(db: Path) -> None:
    event = Event("price", {"materials": ["tin"], "market": ["CN", "JP"], "change_pct": [5, 7]})
    fill(db, Extraction(Document(id="d", text="x"), True, events=(event,)))
    assert query(db, "SELECT materials, market, change_pct FROM prices") == [("tin", "China", 5.0)]


def test_hostile_text_is_stored_as_text(db: Path) -> None:
    assert fill(db, hostile()) == ["added"]
    (text,) = query(db, "SELECT text FROM documents")[0]
    assert text == hostile().document.text.replace("\ud83d", "?")
    assert_sound(db)


# Reruns and changes

def test_a_rerun_adds_nothing(db: Path) -> None:
    everything = (gallium(), lithium(), chinese(), hostile())
    fill(db, *everything)
    before = dump(db)
    with Store(db) as store:
        assert all(store.is_current(extraction.document) for extraction in everything)
    assert fill(db, *everything) == ["unchanged"] * 4
    assert dump(db) == before
    assert len(query(db, "SELECT id FROM runs WHERE finished_at IS NOT NULL")) == 2


def test_a_changed_document_replaces_its_own_rows_and_its_facts_keep_their_cursors(db: Path) -> None:
    fill(db, gallium(), lithium())
    before = {row["summary"]: row for row in dump(db)["events"]}
    others = [row for row in dump(db)["events"] if row["document_id"] == "lithium"]
    old = gallium(title="Ministry sets rule")
    rule, flow = old.events
    later = dataclasses.replace(rule, slots={**rule.slots, "target": ["JP", "US"]}, confidence=0.5)  # the same fact
    other = dataclasses.replace(flow, slots={**flow.slots, "quantity": {"tonnes": 44}})  # another one
    assert fill(db, dataclasses.replace(old, events=(other, later))) == ["changed"]

    events = {row["id"]: row for row in dump(db)["events"]}
    first, second = (row["id"] for row in before.values() if row["document_id"] == "gallium")
    assert events[first]["confidence"] == 0.5
    assert query(db, "SELECT country FROM event_countries WHERE event_id = ? AND role = 'target' ORDER BY 1",
                 first) == [("JP",), ("US",)]
    assert second not in events
    assert max(events) == max(row["id"] for row in before.values()) + 1
    assert query(db, "SELECT tonnes FROM events WHERE id = ?", max(events)) == [(44.0,)]
    assert [row for row in events.values() if row["document_id"] == "lithium"] == others
    assert query(db, "SELECT title FROM documents WHERE id = 'gallium'") == [("Ministry sets rule",)]
    assert_sound(db)


def test_cursors_are_never_used_again(db: Path) -> None:
    fill(db, numbered(1))
    last = query(db, "SELECT max(cursor) FROM events")[0][0]
    fill(db, dataclasses.replace(numbered(1), events=()))
    assert query(db, "SELECT count(*) FROM events") == [(0,)]
    fill(db, numbered(1))
    assert query(db, "SELECT min(cursor) FROM events")[0][0] == last + 1


def test_a_step_of_a_measure_is_an_event_of_its_own_and_equal_facts_are_told_apart(db: Path) -> None:
    document = Document(id="d", text="x")
    announced = Event("control_measure", {"measure": "export_ban", "issuer": ["CN"], "materials": ["tin"],
                                          "status": "announced"})
    lifted = Event("control_measure", {**announced.slots, "status": "lifted"})
    fill(db, Extraction(document, True, events=(announced, lifted, announced)))
    fill(db, Extraction(document, True, materials=("tin",), events=(lifted, announced, announced)))
    assert query(db, "SELECT id, status FROM events ORDER BY id") == [
        (1, "announced"), (2, "lifted"), (3, "announced")]


def test_a_better_pipeline_makes_documents_due_again(db: Path) -> None:
    fill(db, gallium(), pipeline="rules-1")
    with Store(db, pipeline="rules-2") as store:
        assert not store.is_current(gallium().document)
        assert store.save(gallium(), store.start_run("again")) == "unchanged"
        assert store.is_current(gallium().document)
        assert not store.is_current(dataclasses.replace(gallium().document, text="Another text."))


def test_search_follows_what_changes(db: Path) -> None:
    find = "SELECT id FROM documents WHERE number IN (SELECT rowid FROM documents_{} WHERE documents_{} MATCH ?)"
    english, chinese_text = find.format("fts", "fts"), find.format("cjk", "cjk")
    fill(db, gallium(), chinese())
    assert query(db, english, "shipment") == [("gallium",)]
    assert query(db, chinese_text, "出口管制") == [("chinese",)]
    document = dataclasses.replace(chinese().document, text="A text in English.", title="")
    fill(db, Extraction(document, False))
    assert query(db, chinese_text, "出口管制") == []
    assert query(db, english, "English") == [("chinese",)]
    assert query(db, "SELECT rowid FROM events_cjk WHERE events_cjk MATCH '出口管制'") == []
    assert_sound(db)


# Problems

def test_the_same_problem_is_recorded_once(db: Path) -> None:
    lost = Problem("read", "error", "broken PDF; save it again", source="scan.pdf")
    for _ in range(2):
        with Store(db) as store:
            run = store.start_run("test")
            store.save_problem(lost, run)
            store.save_problem(dataclasses.replace(lost, document_id="never-stored"), run)
    assert query(db, "SELECT level, stage, source, message, document_id FROM problems") == [
        ("error", "read", "scan.pdf", "broken PDF; save it again", None)]


def test_problems_of_a_document_go_with_what_caused_them(db: Path) -> None:
    with Store(db) as store:
        run = store.start_run("test")
        store.save_problem(Problem("read", "error", "not UTF-8; save it so", source="demo/gallium.html"), run)
        store.save_problem(Problem("read", "error", "empty; remove it", source="demo/empty.txt"), run)
    undated = Problem("extract", "warning", "'last winter' has no year; the slot was left out")
    fill(db, dataclasses.replace(gallium(), problems=(undated, undated)))
    assert query(db, "SELECT source, document_id FROM problems ORDER BY 1") == [
        ("demo/empty.txt", None), ("demo/gallium.html", "gallium")]
    fill(db, gallium())
    assert query(db, "SELECT source FROM problems") == [("demo/empty.txt",)]


# Reading on

def test_events_since_gives_each_event_once_in_order(db: Path) -> None:
    fill(db, gallium(), lithium(), chinese())
    with Store(db, create=False) as store:
        events = list(store.events_since(0))
        assert [event["cursor"] for event in events] == [1, 2, 3, 4, 5, 6, 7]
        assert [event["cursor"] for event in store.events_since(3, limit=2)] == [4, 5]
        gallium_rules = store.events_since(0, material="gallium", type="control_measure")
        assert [event["cursor"] for event in gallium_rules] == [1, 7]
        assert [event["cursor"] for event in store.events_since(0, issuer="CN")] == [1, 7]
        assert list(store.events_since(7)) == []
        assert store.summary() == {
            "documents": 3, "relevant": 3, "incidents": 0, "problems": 0,
            "events": {"control_measure": 2, "deal": 1, "price": 1, "production": 1, "stockpile": 1, "trade_flow": 1}}
    assert events[1] == {
        "cursor": 2, "type": "trade_flow", **gallium().events[1].slots,
        "summary": "import · to Germany · gallium · 41 t", "confidence": 0.8,
        "sentence": "Germany imported 41 tonnes of gallium worth 12 million euros in January, 12.5% less than a year "
                    "earlier.",
        "document": {"id": "gallium", "title": "Ministry sets licence rule for gallium", "source": "Example Wire",
                     "url": "https://example.org/gallium", "published": "2026-03-12"}}


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from store_samples import numbered
from extractor.store import Store
first, last = int(sys.argv[2]), int(sys.argv[3])
with Store(Path(sys.argv[1])) as store:
    run = store.start_run("test")
    for number in range(first, last):
        if not store.is_current(numbered(number).document):
            store.save(numbered(number), run)
        print(number, flush=True)
"""


def writer(db: Path, first: int, last: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER.format(tests=str(Path(__file__).parent)), str(db),
                             str(first), str(last)], stdout=subprocess.PIPE, text=True)


def test_a_reader_sees_every_event_once_while_two_processes_write(db: Path) -> None:
    writers = [writer(db, 0, 150), writer(db, 150, 300)]
    assert all(process.stdout and process.stdout.readline() for process in writers)  # both have opened a new database
    seen: list[int] = []
    polls = 0
    with Store(db, create=False) as store:
        running = True
        while running:
            running = any(process.poll() is None for process in writers)  # asked before the last look
            seen += [event["cursor"] for event in store.events_since(seen[-1] if seen else 0)]
            polls += 1
    assert [process.wait() for process in writers] == [0, 0]
    assert polls > 2
    assert seen == [cursor for (cursor,) in query(db, "SELECT cursor FROM events ORDER BY cursor")]
    assert len(seen) == 600


def test_a_killed_run_loses_nothing_and_doubles_nothing(db: Path, tmp_path: Path) -> None:
    process = writer(db, 0, 100_000)
    assert process.stdout
    for _ in range(40):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()

    assert_sound(db)
    stored = len(query(db, "SELECT id FROM documents"))
    assert stored >= 40
    assert query(db, "SELECT document_id FROM events GROUP BY 1 HAVING count(*) != 2") == []  # no document in halves
    total = stored + 20
    assert writer(db, 0, total).wait() == 0
    clean = tmp_path / "clean.db"
    fill(clean, *(numbered(number) for number in range(total)))
    assert dump(db) == dump(clean)


# Databases that cannot be used

def test_a_missing_database_is_made_or_named(db: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"events\.db: no such database; make it with `extractor run"):
        Store(db, create=False)
    assert not db.exists()
    with pytest.raises(StoreError, match="its folder does not exist; make"):
        Store(tmp_path / "no" / "events.db")
    with pytest.raises(StoreError, match="is a folder; name a file in it"):
        Store(tmp_path)
    db.touch()
    fill(db, gallium())  # an empty file is as good as none


def test_a_locked_database_is_named_with_its_remedy(db: Path) -> None:
    fill(db, gallium())
    other = sqlite3.connect(db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store(db, timeout=0.05) as store:
        with pytest.raises(StoreError, match="is locked by another program; close"):
            store.start_run("test")
        assert len(list(store.events_since(0))) == 2  # readers go on
        other.execute("ROLLBACK")
        assert store.start_run("test") == 2
    other.close()


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that everybody may enter and write, as pytest's own may not be."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


def test_a_read_only_database_is_named_with_its_remedy(shared_folder: Path) -> None:
    db = shared_folder / "events.db"
    fill(db, gallium())
    os.chmod(db, 0o444)
    user = os.geteuid()
    if user == 0:  # nothing is read-only to root
        os.seteuid(65534)
    try:
        with Store(db) as store:
            assert len(list(store.events_since(0))) == 2
            with pytest.raises(StoreError, match="is read-only; make the file and its folder writable"):
                store.start_run("test")
    finally:
        os.seteuid(user)


def test_a_database_of_a_newer_version_is_left_alone(db: Path) -> None:
    fill(db, gallium())
    raw = sqlite3.connect(db)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StoreError, match=r"written by a newer extractor \(version 99, .* upgrade with"):
        Store(db)
    assert query(db, "PRAGMA user_version") == [(99,)]


def test_what_is_no_database_of_ours_is_left_alone(db: Path) -> None:
    db.write_bytes(b"%PDF-1.7 " * 300)
    with pytest.raises(StoreError, match="is not a SQLite database; choose another --db"):
        Store(db)
    assert db.read_bytes() == b"%PDF-1.7 " * 300
    db.unlink()
    raw = sqlite3.connect(db)
    raw.execute("CREATE TABLE customers (name TEXT)")
    raw.close()
    before = db.read_bytes()
    with pytest.raises(StoreError, match="holds the tables of another program; choose another --db"):
        Store(db)
    assert db.read_bytes() == before


def test_an_error_inside_a_document_leaves_nothing_of_it(db: Path) -> None:
    fill(db, lithium())
    before = dump(db)
    broken = dataclasses.replace(gallium(), events=(*gallium().events, Event("no_such_type", {})))
    with pytest.raises(KeyError):
        fill(db, broken)
    assert dump(db) == before
    assert fill(db, gallium()) == ["added"]
