"""fetch, run, sources and export, as a user calls them, with sources of one's own on a server on this machine."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sites import Site, give, running
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from extractor.fetch.archive import archive_of

FLOW = (b"<!doctype html><title>Tungsten imports fall</title><meta property='article:published_time' content='2026-02-27'>"
        b"<article><h1>Tungsten imports fall</h1><p>In January 2026 Japan imported 865 tonnes of tungsten from China, down "
        b"5.7% from a year earlier, the finance ministry said on Friday.</p><p>Traders expect little change.</p></article>")
BAN = (b"<!doctype html><title>China bans gallium</title><meta property='article:published_time' content='2026-02-20'>"
       b"<article><h1>China bans gallium</h1><p>China has banned exports of gallium to the United States since December 3, "
       b"2024.</p><p>Nothing else was said on that day.</p></article>")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    site["/feed"] = give(b"<rss version='2.0'><channel><item><title>Flow</title><link>/flow</link></item>"
                         b"<item><title>Ban</title><link>/ban</link></item></channel></rss>", "application/rss+xml")
    site["/flow"] = give(FLOW)
    site["/ban"] = give(BAN)
    with running(site.server):
        yield site


@pytest.fixture
def db(site: Site, tmp_path: Path) -> Path:
    """Where a database will be, with a file of own sources beside it: `wire`, and `gone`, which fails."""
    (tmp_path / "sources.yml").write_text(
        f"- {{id: wire, name: A wire, kind: feed, url: '{site.address}/feed', local: true, documents: notice}}\n"
        f"- {{id: gone, name: Gone, kind: feed, url: '{site.address}/gone', local: true}}\n")
    return tmp_path / "events.db"


def rows(db: Path, sql: str) -> list[tuple]:
    with sqlite3.connect(db) as connection:
        return connection.execute(sql).fetchall()


def test_what_is_fetched_is_run_and_run_again_without_the_network(site, db, extractor):
    done = extractor("fetch", "wire", "--db", db)
    assert done.exit_code == 0, done.stderr
    assert "wire" in done.stdout and "2" in done.stdout
    ran = extractor("run", "--db", db, "--quiet")
    assert ran.exit_code == 0, ran.stderr
    events = rows(db, "SELECT type, sentence FROM events ORDER BY type")
    assert [type for type, _ in events] == ["control_measure", "trade_flow"]
    assert rows(db, "SELECT kind, published FROM documents ORDER BY published") == [
        ("notice", "2026-02-20"), ("notice", "2026-02-27")]  # as the source says
    assert rows(db, "SELECT count(*) FROM pages WHERE document_id IN (SELECT id FROM documents)") == [(2,)]
    requests = len(site.asked)
    with sqlite3.connect(db) as connection:
        connection.execute("DELETE FROM documents")
        connection.execute("UPDATE pages SET read_pipeline = 'an older one'")
    assert extractor("run", "--db", db, "--quiet").exit_code == 0
    assert rows(db, "SELECT type, sentence FROM events ORDER BY type") == events
    assert len(site.asked) == requests


def test_a_second_run_reads_only_what_was_fetched_since(site, db, extractor):
    extractor("fetch", "wire", "--db", db, "--quiet")
    extractor("run", "--db", db, "--quiet")
    again = extractor("run", "--db", db)
    assert again.exit_code == 0
    assert json.loads(rows(db, "SELECT counts FROM runs ORDER BY id DESC LIMIT 1")[0][0])["added"] == 0
    assert "documents" not in json.loads(rows(db, "SELECT counts FROM runs ORDER BY id DESC LIMIT 1")[0][0])


def test_a_page_that_changed_replaces_its_rows_only(site, db, extractor):
    (db.parent / "sources.yml").write_text(
        f"- {{id: wire, name: A wire, kind: feed, url: '{site.address}/feed', local: true, recheck: 1m}}\n")
    extractor("fetch", "wire", "--db", db, "--quiet")
    extractor("run", "--db", db, "--quiet")
    ban = rows(db, "SELECT id FROM events WHERE type = 'control_measure'")
    site["/flow"] = give(FLOW.replace(b"865 tonnes", b"870 tonnes"))
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE pages SET fetched_at = '2026-01-01T00:00:00+00:00'")
    extractor("fetch", "wire", "--db", db, "--quiet")
    assert extractor("run", "--db", db, "--quiet").exit_code == 0
    assert rows(db, "SELECT tonnes FROM events WHERE type = 'trade_flow'") == [(870.0,)]
    assert rows(db, "SELECT id FROM events WHERE type = 'control_measure'") == ban
    assert rows(db, "SELECT count(*) FROM page_versions WHERE url LIKE '%/flow'") == [(2,)]


def test_run_without_source_says_what_to_do_where_nothing_was_fetched(tmp_path, extractor):
    refused = extractor("run", "--db", tmp_path / "new.db")
    assert refused.exit_code == 2 and "extractor fetch" in refused.stderr and refused.stderr.count("\n") == 1


def test_a_missing_version_is_a_problem_and_the_rest_is_read(db, extractor):
    extractor("fetch", "wire", "--db", db, "--quiet")
    (version,) = rows(db, "SELECT sha256 FROM pages WHERE url LIKE '%/flow'")[0]
    archive_of(db).path(version).unlink()
    ran = extractor("run", "--db", db, "--quiet")
    assert ran.exit_code == 1 and "is missing from" in ran.stderr and "fetch the page again" in ran.stderr
    assert rows(db, "SELECT type FROM events") == [("control_measure",)]


def test_what_could_not_be_read_is_read_again_when_asked(db, extractor):
    extractor("fetch", "wire", "--db", db, "--quiet")
    assert extractor("run", "--db", db, "--quiet", "--max-characters", 100).exit_code == 1
    assert rows(db, "SELECT count(*) FROM documents") == [(0,)]
    assert extractor("run", "--db", db, "--quiet").exit_code == 0  # said once
    assert rows(db, "SELECT count(*) FROM documents") == [(0,)]
    assert extractor("run", "--db", db, "--quiet", "--retry").exit_code == 0
    assert rows(db, "SELECT count(*) FROM documents") == [(2,)]
    assert rows(db, "SELECT count(*) FROM problems WHERE level = 'error'") == [(0,)]


def test_fetch_names_what_failed_and_brings_the_rest(db, extractor):
    done = extractor("fetch", "wire", "gone", "--db", db, "--json")
    assert done.exit_code == 1
    found = {line["source"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert found["wire"]["new"] == 2 and found["wire"]["error"] == ""
    assert "404 Not Found" in found["gone"]["error"]
    assert done.stderr == "error: gone: 404 Not Found; check the address\n"
    assert rows(db, "SELECT stage, source FROM problems") == [("fetch", "gone")]


def test_problems_of_a_source_go_when_it_is_well_again(site, db, extractor):
    extractor("fetch", "gone", "--db", db, "--quiet")
    site["/gone"] = site.pages["/feed"]
    assert extractor("fetch", "gone", "--db", db, "--quiet").exit_code == 0
    assert rows(db, "SELECT count(*) FROM problems") == [(0,)]


def test_quiet_is_quiet(db, extractor):
    done = extractor("fetch", "wire", "--db", db, "--quiet")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_a_mistyped_source_is_refused_with_the_nearest(db, extractor):
    refused = extractor("fetch", "wir", "--db", db)
    assert refused.exit_code == 2 and "wir: no such source, perhaps wire" in refused.stderr


def test_a_backfill_needs_its_sources_named(db, extractor):
    assert "name the sources to backfill" in extractor("fetch", "--since", "2026-01-01", "--db", db).stderr
    assert "2026-13-01" in extractor("fetch", "wire", "--since", "2026-13-01", "--db", db).stderr


def test_a_broken_file_of_sources_is_refused_with_file_and_line(db, extractor):
    (db.parent / "sources.yml").write_text("- id: wire\n  name: A wire\n  kind: fed\n  url: https://example.org/\n")
    refused = extractor("fetch", "wire", "--db", db)
    assert refused.exit_code == 2
    assert "sources.yml:1: kind: 'fed'; use one of feed, sitemap" in refused.stderr


def test_sources_says_how_they_do(db, extractor):
    extractor("fetch", "wire", "gone", "--db", db, "--quiet")
    found = {row["id"]: row for row in map(json.loads, extractor("sources", "--db", db, "--json").stdout.splitlines())}
    assert len(found) >= 27  # those that ship, and ours
    assert found["wire"]["kept"] == 2 and found["wire"]["last_success"] and not found["wire"]["error"]
    assert "404" in found["gone"]["error"] and not found["gone"]["last_success"]
    assert "wire" in extractor("sources", "--db", db).stdout


def test_checking_a_source_says_what_it_finds_and_stores_nothing(db, extractor):
    fine = extractor("sources", "--db", db, "--check", "wire")
    assert fine.exit_code == 0, fine.stdout
    assert "listed 2 pages, at least 1 expected" in fine.stdout and "first page: text/html" in fine.stdout
    broken = extractor("sources", "--db", db, "--check", "gone")
    assert broken.exit_code == 1 and "404 Not Found" in broken.stdout
    assert not db.exists()


def test_export_writes_every_version_as_warc(site, db, extractor, tmp_path):
    extractor("fetch", "wire", "--db", db, "--quiet")
    file = tmp_path / "all.warc.gz"
    done = extractor("export", "--warc", file, "--db", db)
    assert done.exit_code == 0, done.stderr
    with file.open("rb") as stream:
        found = {record.rec_headers["WARC-Target-URI"]: (record.http_headers.get_statuscode(), record.content_stream().read())
                 for record in ArchiveIterator(stream) if record.rec_type == "response"}
    assert found == {f"{site.address}/flow": ("200", FLOW), f"{site.address}/ban": ("200", BAN)}


def test_copies_of_a_story_are_linked_not_dropped(site, db, extractor):
    other = FLOW.replace(b"Traders expect little change.", b"Reporting by another desk.")
    text = b" ".join(b"The ministry named item %d of its list of goods under review." % n for n in range(30))
    for path, page in (("/flow", FLOW), ("/copy", other)):
        site[path] = give(page.replace(b"</article>", b"<p>" + text + b"</p></article>"))
    site["/feed"] = give(b"<rss version='2.0'><channel><item><link>/flow</link></item><item><link>/copy</link></item>"
                         b"<item><link>/ban</link></item></channel></rss>", "application/rss+xml")
    extractor("fetch", "wire", "--db", db, "--quiet")
    extractor("run", "--db", db, "--quiet")
    assert rows(db, "SELECT count(*) FROM documents") == [(3,)]
    links = rows(db, "SELECT a.url, b.url, similarity FROM near_duplicates n JOIN documents a ON a.id = n.document_id "
                     "JOIN documents b ON b.id = n.other_id ORDER BY a.url")
    assert [(one, other) for one, other, _ in links] == [
        (f"{site.address}/copy", f"{site.address}/flow"), (f"{site.address}/flow", f"{site.address}/copy")]
    assert all(0.7 <= similarity < 1 for *_, similarity in links)


def test_a_mail_is_not_believed_to_be_somebody_elses_page(db, extractor, tmp_path):
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "1.eml").write_bytes(
        b"From: a@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: Notice\r\nDate: Fri, 20 Feb 2026 10:00:00 +0000\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        + BAN.replace(b"<title>", b"<link rel='canonical' href='https://ministry.example/notice-46'><title>"))
    (tmp_path / "sources.yml").write_text(f"- {{id: post, name: Post, kind: mail, folder: '{tmp_path}/mail'}}\n")
    assert extractor("fetch", "post", "--db", db, "--quiet").exit_code == 0
    assert extractor("run", "--db", db, "--quiet").exit_code == 0
    assert rows(db, "SELECT url FROM documents") == [("mid:1@example.org",)]


def test_an_older_copy_from_a_warc_file_is_a_version_but_not_the_newest(site, db, extractor, tmp_path):
    extractor("fetch", "wire", "--db", db, "--quiet")
    newest = rows(db, "SELECT sha256 FROM pages WHERE url LIKE '%/flow'")
    old = FLOW.replace(b"865 tonnes", b"8 tonnes")
    with (tmp_path / "old.warc").open("wb") as stream:
        writer = WARCWriter(stream, gzip=False)
        http = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        writer.write_record(writer.create_warc_record(
            f"{site.address}/flow", "response", payload=BytesIO(old), http_headers=http,
            warc_headers_dict={"WARC-Date": "2026-02-27T12:00:00Z"}))
    (tmp_path / "sources.yml").write_text(
        f"- {{id: crawl, name: Crawl, kind: warc, file: '{tmp_path}/old.warc', local: true}}\n")
    done = extractor("fetch", "crawl", "--db", db, "--quiet")
    assert done.exit_code == 0, done.stderr
    assert rows(db, "SELECT sha256 FROM pages WHERE url LIKE '%/flow'") == newest
    assert rows(db, "SELECT count(*) FROM page_versions WHERE url LIKE '%/flow'") == [(2,)]


def test_the_interval_of_a_source_is_kept_unless_it_is_named(site, db, extractor):
    (db.parent / "sources.yml").write_text("\n".join(
        f"- {{id: {id}, enabled: false}}" for id in shipped_ids()) +
        f"\n- {{id: wire, name: A wire, kind: feed, url: '{site.address}/feed', local: true, interval: 6h}}\n")
    for count in (1, 1):
        assert extractor("fetch", "--db", db, "--quiet").exit_code == 0
        assert len([request for request in site.asked if request.path == "/feed"]) == count
    extractor("fetch", "wire", "--db", db, "--quiet")
    assert len([request for request in site.asked if request.path == "/feed"]) == 2


def shipped_ids() -> list[str]:
    from extractor.fetch.sources import catalogue

    return [source.id for source in catalogue()]
