"""Bad input through the command line: each costs itself, is named with a remedy, and loses nothing else."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF

SENTENCE = "Japan imported {} tonnes of tungsten from China in January 2026."
COMMAND = [sys.executable, "-c", "from extractor.cli import main; main()"]


def pdf(text: str, password: str = "") -> bytes:
    document = FPDF()
    if password:
        document.set_encryption(owner_password=f"{password}-owner", user_password=password)
    document.add_page()
    document.set_font("helvetica", size=12)
    document.multi_cell(0, text=text)
    return bytes(document.output())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good document."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.txt").write_text(f"Tungsten\n\n{SENTENCE.format(865)}\n", "utf-8")
    return tmp_path / "in"


@pytest.fixture
def run(folder, tmp_path, extractor):
    """Runs over the folder and what else is given: exit status, errors on stderr, problems and masses stored."""
    def call(*sources: object) -> tuple[int, list[str], list[tuple[str, str]], list[float]]:
        result = extractor("run", folder, *sources, "--db", tmp_path / "e.db", "--published", "2026-02-27")
        assert "Traceback" not in result.output
        with sqlite3.connect(tmp_path / "e.db") as db:
            problems = db.execute("SELECT level, source FROM problems ORDER BY id").fetchall()
            masses = [mass for (mass,) in db.execute("SELECT tonnes FROM events ORDER BY tonnes")]
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return result.exit_code, result.stderr.splitlines(), problems, masses
    return call


# Files of which nothing can be read: one error each, which says what to do; the good document is stored.

LOST = {
    "empty.txt": b"",
    "blank.txt": b" \n\n\t\n",
    "binary.txt": bytes(range(256)) * 40,
    "broken.pdf": pdf("Tungsten")[:300],
    "no.pdf": b"this is no PDF at all, whatever its name says",
    "encrypted.pdf": pdf(SENTENCE.format(100), password="secret"),
    "scanned.pdf": pdf(""),
    "huge.html": b"<html><body><p>" + b"<b>tungsten</b> " * (50_000_000 // 16) + b"</p></body></html>",
    "empty.html": b"",
    "empty.jsonl": b"",
}


@pytest.mark.parametrize("name", LOST)
def test_a_file_that_cannot_be_read(folder, run, name):
    (folder / name).write_bytes(LOST[name])
    status, errors, problems, masses = run()
    assert status == 1
    [line] = errors
    assert line.startswith(f"error: {folder / name}: ")
    assert "; " in line
    assert problems == [("error", str(folder / name))]
    assert masses == [865]


@pytest.mark.parametrize("name", ["missing.txt", "missing"])
def test_a_file_that_is_missing(tmp_path, run, name):
    status, errors, problems, masses = run(tmp_path / name)
    assert status == 1
    assert errors == [f"error: {tmp_path / name}: no such file or folder; check the path"]
    assert problems == [("error", str(tmp_path / name))]
    assert masses == [865]


def test_a_bad_line_of_json_lines(folder, run):
    good = [json.dumps({"text": SENTENCE.format(mass)}) for mass in (1, 2, 4)]
    (folder / "d.jsonl").write_text("\n".join([good[0], good[1], '{"text": "Japan', good[2]]) + "\n", "utf-8")
    status, errors, problems, masses = run()
    assert status == 1
    [line] = errors
    assert line.startswith(f"error: {folder / 'd.jsonl'}:3: ")
    assert problems == [("error", f"{folder / 'd.jsonl'}:3")]
    assert masses == [1, 2, 4, 865]


@pytest.mark.parametrize("line", ['["no object"]', '{"title": "no text"}', '{"text": 7}', '{"text": ""}', "null"])
def test_a_line_that_is_no_document(folder, run, line):
    (folder / "d.jsonl").write_text(f"{line}\n", "utf-8")
    status, errors, problems, masses = run()
    assert (status, len(errors), masses) == (1, 1, [865])
    [(level, source)] = problems
    assert level == "error"
    assert source.startswith(str(folder / "d.jsonl"))


def test_an_id_that_is_given_twice_loses_neither_document(folder, run):
    (folder / "d.jsonl").write_text("".join(json.dumps({"id": "same", "text": SENTENCE.format(mass)}) + "\n"
                                            for mass in (1, 2)), "utf-8")
    _, _, problems, masses = run()
    assert [source for _, source in problems] == [f"{folder / 'd.jsonl'}:2"]
    assert masses == [1, 2, 865] or masses == [1, 865]
    assert run()[3] == masses  # and the next run does not swap them


def test_a_document_of_a_million_words(folder, run):
    filler = "The committee met again to hear what the members had to say about it. " * 71_500
    (folder / "long.txt").write_text(f"Tungsten\n\n{filler}\n{SENTENCE.format(7)}\n", "utf-8")
    status, errors, _, masses = run()
    assert (status, errors) == (0, [])
    assert masses == [7, 865]


def test_a_document_beyond_the_limits_is_refused_whole(tmp_path, folder, extractor):
    (folder / "long.txt").write_text(f"Tungsten\n\n{SENTENCE.format(7)}" * 50, "utf-8")
    result = extractor("extract", folder, "--max-characters", 500)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr.startswith(f"error: {folder / 'long.txt'}: ")
    assert "--max-characters" in result.stderr


@pytest.mark.parametrize("noise", [b"\xff\xfe\xfa", b"\x00\x00", b"caf\xe9 ", b"\xed\xa0\x80"])
def test_bytes_that_do_not_belong_in_a_text(folder, run, noise):
    text = SENTENCE.format(7).encode()
    (folder / "odd.txt").write_bytes(b"Tungsten\n\nThe ministry" + noise + b" spoke. " + text + b"\n" + noise + b"\n")
    status, errors, _, masses = run()
    assert (status, errors) == (0, [])
    assert masses == [7, 865]


def test_nul_and_lone_surrogates_in_json(folder, run):
    document = {"id": "a\0b", "title": "\ud800", "text": f"\0 \udfff {SENTENCE.format(7)}"}
    (folder / "d.jsonl").write_text(json.dumps(document) + "\n", "utf-8")
    status, _, _, masses = run()
    assert (status, masses) == (0, [7, 865])


def test_a_name_that_is_no_utf8(folder, run):
    try:
        (folder / os.fsdecode(b"caf\xe9.txt")).write_text("", "utf-8")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    status, errors, _, masses = run()
    assert (status, len(errors), masses) == (1, 1, [865])


# Databases

def only_line(result) -> str:
    assert result.exit_code == 2, result.output
    [line] = result.stderr.splitlines()
    return line


def test_a_database_that_is_locked(folder, run, tmp_path, extractor):
    run()
    (folder / "more.txt").write_text(SENTENCE.format(7), "utf-8")
    holder = sqlite3.connect(tmp_path / "e.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    line = only_line(extractor("run", folder, "--db", tmp_path / "e.db", "--wait", "0.1"))
    assert line.startswith(f"error: {tmp_path / 'e.db'}: ")
    assert "locked by another program; " in line
    assert extractor("events", "--db", tmp_path / "e.db").exit_code == 0  # whoever reads does not wait
    holder.execute("ROLLBACK")
    holder.close()
    assert run()[3] == [7, 865]


@pytest.mark.parametrize("command", ["run", "events"])
def test_a_database_of_a_newer_version(folder, run, tmp_path, extractor, command):
    run()
    with sqlite3.connect(tmp_path / "e.db") as db:
        db.execute("PRAGMA user_version = 999")
    line = only_line(extractor(command, *([folder] if command == "run" else []), "--db", tmp_path / "e.db"))
    assert line.startswith(f"error: {tmp_path / 'e.db'}: ")
    assert "999" in line
    assert "upgrade" in line


@pytest.mark.parametrize("command", ["events", "serve"])
def test_no_database_at_all(tmp_path, extractor, command):
    line = only_line(extractor(command, "--db", tmp_path / "none.db"))
    assert line.startswith(f"error: {tmp_path / 'none.db'}: ")
    assert "extractor run" in line
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 4096])
@pytest.mark.parametrize("command", ["run", "events", "serve"])
def test_a_file_that_is_no_database(folder, tmp_path, extractor, command, content):
    (tmp_path / "e.db").write_bytes(content)
    line = only_line(extractor(command, *([folder] if command == "run" else []), "--db", tmp_path / "e.db"))
    assert line.startswith(f"error: {tmp_path / 'e.db'}: ")
    assert (tmp_path / "e.db").read_bytes() == content


def test_the_database_of_another_program(folder, tmp_path, extractor):
    with sqlite3.connect(tmp_path / "e.db") as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    assert "another program" in only_line(extractor("run", folder, "--db", tmp_path / "e.db"))


@pytest.fixture
def sealed(folder, run, tmp_path) -> Iterator[Path]:
    """The database of a run, in a folder where nothing can be written."""
    run()
    (tmp_path / "sealed").mkdir()
    shutil.copy(tmp_path / "e.db", tmp_path / "sealed" / "e.db")
    (tmp_path / "sealed" / "e.db").chmod(0o444)
    (tmp_path / "sealed").chmod(0o555)
    yield tmp_path / "sealed" / "e.db"
    (tmp_path / "sealed").chmod(0o755)


def obey_permissions() -> None:
    """Root may write everywhere, unless it gives up that capability before the command starts."""
    if os.geteuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1
        if ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0) != 0:
            raise PermissionError("root cannot give up writing to read-only files")


def test_a_database_that_is_read_only(folder, sealed):
    done = subprocess.run([*COMMAND, "run", str(folder), "--db", str(sealed)], preexec_fn=obey_permissions,
                          capture_output=True, text=True)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: {sealed}: is read-only; ")


def test_kill_in_the_middle_of_a_run_then_run_again(tmp_path, extractor):
    total = 600
    (tmp_path / "d.jsonl").write_text("".join(json.dumps({"id": f"d{n}", "text": SENTENCE.format(n + 1)}) + "\n"
                                              for n in range(total)), "utf-8")
    db = tmp_path / "e.db"

    def stored() -> int:
        try:
            with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as reader:
                return reader.execute("SELECT count(*) FROM documents").fetchone()[0]
        except sqlite3.OperationalError:  # no file or no tables yet
            return 0

    process = subprocess.Popen([*COMMAND, "run", str(tmp_path / "d.jsonl"), "--db", str(db)], stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True)
    while process.poll() is None and stored() < 20:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    before = [json.loads(line) for line in extractor("events", "--db", db, "--json").stdout.splitlines()]
    assert 20 <= len(before) < total

    assert extractor("run", tmp_path / "d.jsonl", "--db", db).exit_code == 0
    after = [json.loads(line) for line in extractor("events", "--db", db, "--json").stdout.splitlines()]
    assert after[:len(before)] == before
    assert sorted(event["quantity"]["tonnes"] for event in after) == list(range(1, total + 1))
    assert stored() == total
    with sqlite3.connect(db) as checked:
        assert checked.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert checked.execute("PRAGMA foreign_key_check").fetchall() == []
