"""The commands, as a user calls them: run, extract, events, serve, check."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fpdf import FPDF

from extractor.resources import resource

FLOW = {"id": "flow", "title": "Japan's tungsten imports fall", "published": "2026-02-27",
        "url": "https://example.org/flow",
        "text": "In January 2026 Japan imported 865 tonnes of tungsten from China, down 5.7% from a year earlier."}
BAN = {"id": "ban", "title": "China bans gallium exports", "published": "2026-02-27",
       "text": "China has banned exports of gallium to the United States since December 3, 2024."}
WEATHER = {"id": "weather", "title": "Rain on Sunday", "published": "2026-02-27", "text": "It rained all day long."}


def lines_of(*documents: dict) -> bytes:
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


def events_of(extractor, db: Path, *arguments: object) -> list[dict]:
    result = extractor("events", "--db", db, "--json", *arguments)
    assert result.exit_code in (0, 3)
    return [json.loads(line) for line in result.stdout.splitlines()]


def processes(*arguments: object, **options) -> subprocess.Popen[str]:
    """The installed command, in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", "from extractor.cli import main; main()", *map(str, arguments)],
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@pytest.fixture
def db(tmp_path: Path, extractor) -> Path:
    """A database of FLOW, BAN and WEATHER."""
    path = tmp_path / "events.db"
    assert extractor("run", "-", "--db", path, stdin=lines_of(FLOW, BAN, WEATHER)).exit_code == 0
    return path


# run

def test_run_stores_what_it_finds_and_says_so(tmp_path, extractor):
    result = extractor("run", "-", "--db", tmp_path / "e.db", stdin=lines_of(FLOW, BAN, WEATHER))
    assert result.exit_code == 0, result.stderr
    rows = {row[0]: row[1:] for line in result.stdout.splitlines() if len(row := re.findall(r"[\w,]+", line)) > 1}
    assert rows["documents"] == ["3", "3"]
    assert rows["added"] == ["3"]
    assert rows["trade_flow"] == ["1", "1"]
    assert rows["control_measure"] == ["1", "1"]
    flow, measure = events_of(extractor, tmp_path / "e.db")
    assert {slot: flow[slot] for slot in ("direction", "origin", "destination", "materials", "quantity", "period")} == {
        "direction": "import", "origin": ["CN"], "destination": ["JP"], "materials": ["tungsten"],
        "quantity": {"tonnes": 865}, "period": "2026-01"}
    assert flow["sentence"] == FLOW["text"]
    assert measure["measure"] == "export_ban"
    assert measure["document"]["id"] == "ban"


def test_a_second_run_adds_nothing(db, extractor):
    before = events_of(extractor, db)
    again = extractor("run", "-", "--db", db, stdin=lines_of(FLOW, BAN, WEATHER))
    assert again.exit_code == 0
    assert re.search(r"unchanged\W+3\b", again.stdout)
    assert re.search(r"added\W+0\b", again.stdout)
    assert events_of(extractor, db) == before


def test_a_changed_document_replaces_its_own_rows_only(db, extractor):
    before = {event["document"]["id"]: event for event in events_of(extractor, db)}
    changed = FLOW | {"text": FLOW["text"].replace("865", "900")}
    result = extractor("run", "-", "--db", db, stdin=lines_of(changed, BAN, WEATHER))
    assert re.search(r"changed\W+1\b", result.stdout)
    after = {event["document"]["id"]: event for event in events_of(extractor, db)}
    assert after["ban"] == before["ban"]
    assert after["flow"]["quantity"] == {"tonnes": 900}
    assert after["flow"]["cursor"] > max(event["cursor"] for event in before.values())


def test_every_kind_of_file_in_a_folder_is_read(tmp_path, extractor):
    folder = tmp_path / "documents"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.txt").write_text("Tungsten\n\nJapan imported 101 tonnes of tungsten from China in 2024.\n", "utf-8")
    (folder / "deeper" / "b.jsonl").write_bytes(lines_of({"text": "Japan imported 102 tonnes of tungsten from China."}))
    (folder / "c.html").write_text(
        "<html><head><title>Tungsten</title></head><body><article><h1>Tungsten</h1><p>Japan imported 103 tonnes of "
        "tungsten from China in 2024, its customs service reported on the last day of the year, after a long wait.</p>"
        "</article></body></html>", "utf-8")
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    pdf.multi_cell(0, text="Tungsten\n\nJapan imported 104 tonnes of tungsten from China in 2024.")
    pdf.output(str(folder / "d.pdf"))
    result = extractor("run", folder, "--db", tmp_path / "e.db", "--published", "2025-02-01")
    assert result.exit_code == 0, result.stderr
    assert sorted(event["quantity"]["tonnes"] for event in events_of(extractor, tmp_path / "e.db")) \
        == [101, 102, 103, 104]


def test_published_is_what_last_month_means(tmp_path, extractor):
    text = {"text": "Last month Japan imported 865 tonnes of tungsten from China."}
    extractor("run", "-", "--db", tmp_path / "e.db", "--published", "2026-02-27", stdin=lines_of(text))
    assert events_of(extractor, tmp_path / "e.db")[0]["period"] == "2026-01"


def test_a_run_without_sources_says_how_to_give_one(extractor):
    result = extractor("run")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: SOURCE: nothing has been fetched yet; ")
    assert "extractor run " in result.stderr


def test_a_document_that_fails_is_named_and_stored_and_the_others_are_read(tmp_path, extractor):
    result = extractor("run", tmp_path / "missing.txt", "-", "--db", tmp_path / "e.db", stdin=lines_of(FLOW))
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f"error: {tmp_path / 'missing.txt'}: ")
    assert len(events_of(extractor, tmp_path / "e.db")) == 1
    with sqlite3.connect(tmp_path / "e.db") as stored:
        assert stored.execute("SELECT level, source FROM problems").fetchall() \
            == [("error", str(tmp_path / "missing.txt"))]


def test_quiet_is_silent(tmp_path, extractor):
    result = extractor("run", "-", "--db", tmp_path / "e.db", "--quiet", stdin=lines_of(FLOW))
    assert (result.exit_code, result.output) == (0, "")


# extract

def test_extract_writes_the_contract(extractor):
    result = extractor("extract", "-", stdin=lines_of(FLOW, WEATHER))
    assert result.exit_code == 0, result.stderr
    flow, weather = map(json.loads, result.stdout.splitlines())
    assert flow["id"] == "flow"
    assert flow["relevant"] is True
    assert flow["materials"] == ["tungsten"]
    assert sorted(flow["countries"]) == ["CN", "JP"]
    assert flow["companies"] == []
    assert flow["quantities"] == [{"tonnes": 865}]
    [event] = flow["events"]
    assert event["type"] == "trade_flow"
    assert 0 < event["confidence"] <= 1
    content = f"{FLOW['title']}\n\n{FLOW['text']}"
    [(start, end)] = event["evidence"]["quantity"]
    assert "865" in content[start:end]
    mentioned = {(mention["label"], mention["id"]) for mention in flow["mentions"]}
    assert {("MATERIAL", "tungsten"), ("COUNTRY", "JP")} <= mentioned
    assert (weather["relevant"], weather["events"], weather["quantities"]) == (False, [], [])


def test_extract_to_csv(tmp_path, extractor):
    hostile = {"id": "=1+1", "title": "@SUM(A1)", "published": "2026-02-27",
               "text": "Japan and Korea imported 3,500-4,000 tonnes of tungsten from China in 2025, down 5.7%."}
    assert extractor("extract", "-", "-o", tmp_path / "e.csv", stdin=lines_of(FLOW, WEATHER, hostile)).exit_code == 0
    with (tmp_path / "e.csv").open(encoding="utf-8", newline="") as file:
        first, *others = csv.DictReader(file)
    assert (first["document_id"], first["type"], first["direction"]) == ("flow", "trade_flow", "import")
    assert [float(first[f"quantity_{part}"]) for part in ("tonnes", "low", "high")] == [865, 865, 865]
    assert first["sentence"] == FLOW["text"]
    assert float(first["change_pct"]) == -5.7
    assert {row["document_id"] for row in others} == {"'=1+1"}
    assert {row["title"] for row in others} == {"'@SUM(A1)"}
    assert {(row["quantity_low"], row["quantity_high"], row["quantity_tonnes"]) for row in others} \
        == {("3500.0", "4000.0", "")}


def test_extract_to_parquet(tmp_path, extractor):
    assert extractor("extract", "-", "-o", tmp_path / "e.parquet", stdin=lines_of(FLOW, BAN)).exit_code == 0
    flow, measure = pq.read_table(tmp_path / "e.parquet").to_pylist()
    assert flow["quantity_tonnes"] == 865.0
    assert flow["origin"] == ["CN"]
    assert measure["measure"] == "export_ban"
    assert measure["quantity_tonnes"] is None
    assert os.listdir(tmp_path) == ["e.parquet"]


def test_extract_to_json_lines_is_what_score_reads(tmp_path, extractor):
    assert extractor("extract", "-", "-o", tmp_path / "p.jsonl", stdin=lines_of(FLOW)).exit_code == 0
    gold = {"id": "flow", "relevant": True, "materials": ["tungsten"], "events": []}
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "flow.json").write_text(json.dumps(gold), "utf-8")
    table = json.loads(extractor("score", tmp_path / "gold", tmp_path / "p.jsonl", "--json").stdout)
    assert table["materials"]["f1"] == 1.0


def test_an_unknown_ending_is_refused(tmp_path, extractor):
    result = extractor("extract", "-", "-o", tmp_path / "e.xlsx", stdin=lines_of(FLOW))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'e.xlsx'}: ")
    assert all(ending in result.stderr for ending in (".jsonl", ".csv", ".parquet"))
    assert not os.listdir(tmp_path)


def test_an_output_folder_that_is_missing_is_refused(tmp_path, extractor):
    result = extractor("extract", "-", "-o", tmp_path / "nowhere" / "e.csv", stdin=lines_of(FLOW))
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert line.startswith(f"error: {tmp_path / 'nowhere' / 'e.csv'}: cannot be written")


def test_stdout_is_streamed_and_an_interrupted_file_leaves_the_old_one(tmp_path):
    (tmp_path / "p.jsonl").write_text("old\n", "utf-8")
    streaming = processes("extract", "-", stdin=subprocess.PIPE)
    writing = processes("extract", "-", "-o", tmp_path / "p.jsonl", stdin=subprocess.PIPE)
    for process in (streaming, writing):
        for number in range(200):
            process.stdin.write(lines_of(FLOW | {"id": f"flow{number}"}).decode())
        process.stdin.flush()
    assert json.loads(streaming.stdout.readline())["id"] == "flow0"  # while stdin is still open
    while writing.poll() is None and len(os.listdir(tmp_path)) == 1:  # until it has begun to write
        time.sleep(0.05)
    for process in (streaming, writing):
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (tmp_path / "p.jsonl").read_text("utf-8") == "old\n"


def test_a_reader_that_stops_reading_is_no_error(tmp_path):
    (tmp_path / "d.jsonl").write_bytes(lines_of(*(FLOW | {"id": f"flow{number}"} for number in range(500))))
    process = processes("extract", tmp_path / "d.jsonl")
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in /proc")
def test_a_worker_that_is_killed_ends_the_command_with_one_line(tmp_path):
    process = processes("extract", "-", "-o", tmp_path / "p.jsonl", "--n-process", "2", stdin=subprocess.PIPE)
    process.stdin.write(lines_of(*(FLOW | {"id": f"flow{number}"} for number in range(200))).decode())
    process.stdin.flush()
    workers: list[int] = []
    while process.poll() is None and len(workers) < 2:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        workers = [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
        time.sleep(0.05)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    _, errors = process.communicate(lines_of(*(FLOW | {"id": f"more{number}"} for number in range(1000))).decode())
    assert process.returncode == 2
    [line] = errors.splitlines()
    assert line.startswith("error: ")
    assert "--n-process" in line
    assert not os.listdir(tmp_path)


# events

def test_events_by_cursor(db, extractor):
    everything = events_of(extractor, db)
    assert [event["cursor"] for event in everything] == sorted(event["cursor"] for event in everything)
    assert events_of(extractor, db, "--since", everything[0]["cursor"]) == everything[1:]
    last = extractor("events", "--db", db, "--since", everything[-1]["cursor"])
    assert (last.exit_code, last.output) == (3, "")
    extractor("run", "-", "--db", db, stdin=lines_of(FLOW | {"id": "new", "url": ""}))
    [new] = events_of(extractor, db, "--since", everything[-1]["cursor"])
    assert new["document"]["id"] == "new"


def test_a_line_of_events_is_for_people(db, extractor):
    result = extractor("events", "--db", db, "--type", "trade_flow")
    assert result.exit_code == 0
    cursor, kind, summary, source, sentence = result.stdout.rstrip("\n").split("\t")
    assert cursor.isdecimal()
    assert kind == "trade_flow"
    assert "865" in summary
    assert source == FLOW["url"]
    assert sentence == FLOW["text"]


@pytest.mark.parametrize(("arguments", "found"), [
    (["--type", "control_measure"], ["ban"]),
    (["--material", "tungsten"], ["flow"]),
    (["--material", "GALLIUM"], ["ban"]),
    (["--material", "zinc"], []),
    (["--issuer", "cn"], ["ban"]),
    (["--issuer", "US"], []),
    (["--limit", 1], ["flow"]),
])
def test_events_are_filtered(db, extractor, arguments, found):
    assert [event["document"]["id"] for event in events_of(extractor, db, *arguments)] == found


@pytest.mark.parametrize("arguments", [
    ["--since", "yesterday"], ["--since", "-1"], ["--type", "rumour"], ["--material", "unobtanium"],
    ["--issuer", "Narnia"], ["--limit", "0"],
])
def test_events_refuses_what_could_never_match(db, extractor, arguments):
    result = extractor("events", "--db", db, *arguments)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert arguments[0] in line
    assert arguments[1] in line


def test_a_hostile_title_cannot_steer_the_terminal(tmp_path, extractor):
    hostile = {"id": "a\x1b]0;b", "text": "Japan imported 865 tonnes of \x1b[2Jtungsten from China in 2025."}
    assert "\x1b" not in extractor("run", "-", "--db", tmp_path / "e.db", stdin=lines_of(hostile)).output
    assert "\x1b" not in extractor("events", "--db", tmp_path / "e.db").output


def test_the_cursor_neither_skips_nor_repeats_while_a_run_writes(tmp_path, extractor):
    (tmp_path / "d.jsonl").write_bytes(lines_of(*(FLOW | {"id": f"d{number}", "url": ""} for number in range(400))))
    process = processes("run", tmp_path / "d.jsonl", "--db", tmp_path / "e.db")
    seen: list[dict] = []
    while process.poll() is None:
        if (tmp_path / "e.db").exists():
            seen += events_of(extractor, tmp_path / "e.db", "--since", seen[-1]["cursor"] if seen else 0)
    assert process.wait() == 0
    seen += events_of(extractor, tmp_path / "e.db", "--since", seen[-1]["cursor"] if seen else 0)
    assert seen == events_of(extractor, tmp_path / "e.db")
    assert len(seen) == 400
    process.communicate()


# serve, check

def test_serve_answers_over_http(db):
    process = processes("serve", "--db", db, "--port", "0")
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/?", process.stdout.readline())
        assert address
        with urllib.request.urlopen(f"{address[0].rstrip('/')}/-/databases.json") as answer:
            assert [database["name"] for database in json.load(answer)] == ["events"]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def test_check_finds_nothing_in_what_ships(extractor):
    result = extractor("check")
    assert (result.exit_code, result.output) == (0, "")


def test_check_names_file_line_and_remedy(tmp_path, extractor):
    shutil.copytree(resource("data"), tmp_path / "data")
    units = tmp_path / "data" / "units.csv"
    with units.open(encoding="utf-8", newline="") as file:
        header, first, *others = csv.reader(file)
    first[header.index("tonnes")] = "heavy"
    with units.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, first, *others])
    result = extractor("check", tmp_path / "data")
    assert result.exit_code == 1
    [line] = result.stdout.splitlines()
    assert re.match(r"units\.csv:2: .*'heavy'.*, write ", line)


def test_check_reads_the_sources_too(tmp_path, extractor):
    shutil.copytree(resource("data"), tmp_path / "data")
    sources = tmp_path / "data" / "sources.yml"
    sources.write_text(sources.read_text("utf-8") + "\n- id: mine\n  name: Mine\n  kind: fed\n", "utf-8")
    result = extractor("check", tmp_path / "data")
    assert result.exit_code == 1
    [line] = result.stdout.splitlines()
    assert re.search(r"sources\.yml:\d+: kind: 'fed'; use one of feed", line)


def test_only_events_of_a_least_confidence(tmp_path, extractor):
    (tmp_path / "a.txt").write_text(
        "Tungsten exports of Japan\n\nJapan exported 865 tonnes of tungsten scrap to Germany in May 2025. "
        "Some of the tungsten might have been cobalt, which a miner is thought to have stockpiled.\n", "utf-8")
    arguments = (tmp_path / "a.txt", "--published", "2025-07-01")
    every = json.loads(extractor("extract", *arguments).stdout)["events"]
    confidences = sorted(event["confidence"] for event in every)
    least = confidences[-1]
    kept = json.loads(extractor("extract", *arguments, "--min-confidence", str(least)).stdout)["events"]
    assert [event["confidence"] for event in kept] == [c for c in confidences if c >= least]
    assert json.loads(extractor("extract", *arguments, "--min-confidence", "1").stdout)["events"] == []
    assert extractor("extract", *arguments, "--min-confidence", "2").exit_code == 2

    database = tmp_path / "events.db"
    assert extractor("run", *arguments, "--db", database, "--quiet").exit_code == 0
    shown = extractor("events", "--db", database, "--json", "--min-confidence", str(least)).stdout.splitlines()
    assert [json.loads(line)["confidence"] for line in shown] == [c for c in confidences if c >= least]
    assert extractor("events", "--db", database, "--min-confidence", "1").exit_code == 3
