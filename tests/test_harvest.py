"""Fetching from sources, against real servers on this machine, some of them hostile: what is kept, noted and said."""

from __future__ import annotations

import gzip
import json
import socket
import sqlite3
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest
from sites import LIMITS, PAGE, Answer, Desk, Site, asked, drip, give, in_turn, redirect

from extractor.fetch.archive import Archive
from extractor.fetch.harvest import Count, harvest
from extractor.fetch.sources import Source
from extractor.limits import Limits
from extractor.store.ledger import Ledger


def feed_of(site: Site, *paths: str, path: str = "/feed", **headers: str) -> Source:
    items = "".join(f"<item><title>About {name}</title><link>{name}</link></item>" for name in paths)
    site[path] = give(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), "application/rss+xml", **headers)
    return Source("wire", "A wire", "feed", url=site.address + path, local=True)


# ---- what is new, and what is not fetched twice -------------------------------------------------------------------

def test_each_page_is_fetched_once_and_kept_with_its_request(site: Site, desk: Desk) -> None:
    source = feed_of(site, "/a?utm_source=rss", "/b")
    site["/a"] = give(PAGE + b"a", ETag='"1"')
    site["/b"] = give(b"%PDF-1.4", "application/pdf")
    assert desk.fetch(source)["wire"].new == 2
    assert desk.fetch(source)["wire"].new == 0
    assert len(asked(site, "/a")) == len(asked(site, "/b")) == 1
    (row,) = desk.rows("SELECT url, source, status, outcome, sha256, headers, bytes FROM fetches WHERE url LIKE '%/a'")
    assert row[:4] == (f"{site.address}/a", "wire", 200, "new")
    assert desk.archive.get(row[4]) == PAGE + b"a" and row[6] == len(PAGE) + 1
    assert json.loads(row[5])["etag"] == '"1"'
    assert gzip.decompress(desk.archive.path(row[4]).read_bytes()) == PAGE + b"a"


def test_a_feed_that_has_not_changed_is_asked_with_its_etag(site: Site, desk: Desk) -> None:
    source = feed_of(site, "/a", ETag='"one"')
    site["/a"] = give(PAGE)
    desk.fetch(source)
    site["/feed"] = give(b"", status=304)
    count = desk.fetch(source)["wire"]
    assert asked(site, "/feed")[-1].headers["If-None-Match"] == '"one"'
    assert count.error == "" and not desk.problems


def test_a_page_that_changes_gets_a_new_version_and_the_old_one_stays(site: Site, desk: Desk) -> None:
    source = Source("wire", "A wire", "feed", url=feed_of(site, "/a").url, local=True, recheck=0)
    site["/a"] = in_turn(give(PAGE, ETag='"1"'), give(PAGE + b"amended", ETag='"2"'))
    desk.fetch(source)
    time.sleep(1.1)  # moments are whole seconds
    assert desk.fetch(source)["wire"].changed == 1
    assert asked(site, "/a")[1].headers["If-None-Match"] == '"1"'
    versions = desk.rows("SELECT sha256 FROM page_versions WHERE url LIKE '%/a'")
    assert [desk.archive.get(version) for (version,) in versions] == [PAGE, PAGE + b"amended"]
    assert desk.rows("SELECT sha256 FROM pages WHERE url LIKE '%/a'") == [versions[1]]


def test_an_etag_that_lies_hides_no_new_content(site: Site, desk: Desk) -> None:
    source = Source("wire", "A wire", "feed", url=feed_of(site, "/a").url, local=True, recheck=0)
    site["/a"] = in_turn(give(PAGE, ETag='"same"'), give(PAGE + b"2", ETag='"same"'), give(PAGE + b"2", ETag='"other"'))
    outcomes = []
    for _ in range(3):
        count = desk.fetch(source)["wire"]
        outcomes.append((count.new, count.changed, count.unchanged))
        time.sleep(1.1)
    assert outcomes == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]  # the content decides, not the label


def test_pages_of_other_editions_are_the_same_page(site: Site, desk: Desk) -> None:
    source = feed_of(site, "/story/amp", "/story?utm_campaign=x", "/print/story")
    site["/story/amp"] = site["/story"] = give(PAGE)
    site["/print/story"] = give(b"<link rel='canonical' href='/story'>" + PAGE)
    assert desk.fetch(source)["wire"].new == 2
    kept = desk.rows("SELECT url, state, alias_of FROM pages ORDER BY id")
    assert kept == [(f"{site.address}/story", "kept", None),
                    (f"{site.address}/print/story", "alias", f"{site.address}/story")]


# ---- nothing lost -------------------------------------------------------------------------------------------------

def test_a_fetch_that_was_broken_off_goes_on_with_what_the_feed_has_dropped(site: Site, desk: Desk) -> None:
    source = feed_of(site, *(f"/{n}" for n in range(40)))
    for number in range(40):
        site[f"/{number}"] = give(PAGE + str(number).encode())

    class Interrupted(Exception):
        pass

    seen: list[Count] = []

    def interrupt(id: str, count: Count) -> None:
        seen.append(count)
        if count.new >= 5:
            raise Interrupted

    with Ledger(desk.db) as ledger, pytest.raises(BaseExceptionGroup):
        harvest([source], ledger, desk.archive, LIMITS, report=interrupt)
    kept = desk.rows("SELECT count(*) FROM pages WHERE state = 'kept'")[0][0]
    assert 5 <= kept < 40
    feed_of(site, "/0")
    assert desk.fetch(source)["wire"].new == 40 - kept
    assert desk.rows("SELECT count(*) FROM pages WHERE state = 'kept'") == [(40,)]


def test_a_source_that_fails_is_noted_and_stops_no_other(site: Site, desk: Desk) -> None:
    site["/gone"] = give(b"no", status=500)
    broken = Source("broken", "Broken", "feed", url=f"{site.address}/gone", local=True)
    site["/a"] = give(PAGE)
    counts = desk.fetch(broken, feed_of(site, "/a"))
    assert counts["wire"].new == 1 and "500 Internal Server Error" in counts["broken"].error
    with Ledger(desk.db) as ledger:
        state = ledger.state("broken")
    assert state.failures == 1 and "500" in state.error and state.last_error and not state.last_success
    site["/gone"] = site.pages["/feed"]
    assert desk.fetch(broken)["broken"].error == ""
    with Ledger(desk.db) as ledger:
        assert ledger.state("broken").failures == 0 and ledger.state("broken").error == ""


def test_a_listing_whose_selector_finds_nothing_is_an_error_not_no_news(site: Site, desk: Desk) -> None:
    site["/list"] = give(b"<ul class='redesigned'><li><a href='/a'>Notice</a></ul>")
    source = Source("board", "A board", "listing", url=f"{site.address}/list", local=True, options={"item": ".news li"})
    assert "'.news li' finds nothing" in desk.fetch(source)["board"].error
    assert "mend the selectors" in desk.message()


def test_a_source_that_lists_less_than_expected_is_an_error_and_its_pages_come_all_the_same(site: Site, desk: Desk) -> None:
    source = feed_of(site, "/a")
    site["/a"] = give(PAGE)
    wanted = Source("wire", "A wire", "feed", url=source.url, local=True, expect_listed=10)
    count = desk.fetch(wanted)["wire"]
    assert "lists 1 pages where at least 10 are expected" in count.error and count.new == 1


def test_a_page_that_fails_for_a_while_is_tried_again_later(site: Site, desk: Desk) -> None:
    source = feed_of(site, "/a")
    site["/a"] = give(b"no", status=503)
    assert desk.fetch(source)["wire"].postponed == 1
    assert len(asked(site, "/a")) == LIMITS.attempts
    state, due, attempts = desk.rows("SELECT state, due, attempts FROM pages")[0]
    assert state == "waiting" and attempts == 1 and due > (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    site["/a"] = give(PAGE)
    assert desk.fetch(source)["wire"].new == 0  # not before its time
    with sqlite3.connect(desk.db) as db:
        db.execute("UPDATE pages SET due = '2020-01-01T00:00:00+00:00'")
    assert desk.fetch(source)["wire"].new == 1


def test_a_page_that_is_gone_is_lost_and_said_so_once(site: Site, desk: Desk) -> None:
    source = feed_of(site, "/gone")
    assert desk.fetch(source)["wire"].failed == 1
    assert desk.message() == "404 Not Found; check the address"
    assert desk.fetch(source)["wire"].failed == 0 and not desk.problems
    assert desk.rows("SELECT state FROM pages") == [("lost",)]


def test_a_backfill_takes_what_was_listed_in_its_days_and_leaves_the_cursor(site: Site, desk: Desk) -> None:
    notices = [(f"/n{month}", f"2025-{month:02}-10") for month in range(12, 0, -1)]
    for page in range(4):
        rows = "".join(f"<li><a href='{path}'>Notice</a> <time>{day}</time></li>" for path, day in notices[page * 3:page * 3 + 3])
        following = f"<a class='next' href='/list?{page + 1}'>older</a>" if page < 3 else ""
        site[f"/list?{page}"] = give(f"<ul>{rows}</ul>{following}".encode())
    for path, _ in notices:
        site[path] = give(PAGE + path.encode())
    source = Source("board", "A board", "listing", url=f"{site.address}/list?0", local=True,
                    options={"item": "li", "date": "time", "next": "a.next"})
    assert desk.fetch(source)["board"].new == 3  # the first visit takes the first page
    with Ledger(desk.db) as ledger:
        cursor = ledger.state("board").cursor
    assert desk.fetch(source, since="2025-05-01", until="2025-08-31")["board"].new == 4
    assert [path for path, in desk.rows("SELECT substr(url, -3) FROM pages WHERE published < '2025-09-01'")] == \
        ["/n8", "/n7", "/n6", "/n5"]
    with Ledger(desk.db) as ledger:
        assert ledger.state("board").cursor == cursor


def test_a_listing_is_read_on_until_a_page_brings_nothing_new(site: Site, desk: Desk) -> None:
    def show(*paths: str, following: str) -> Answer:
        rows = "".join(f"<li><a href='{path}'>Notice</a></li>" for path in paths)
        return give(f"<ul>{rows}</ul><a class='next' href='{following}'>older</a>".encode())

    for number in range(9):
        site[f"/n{number}"] = give(PAGE + str(number).encode())
    site["/list"] = show("/n1", "/n0", following="/list?2")
    source = Source("board", "A board", "listing", url=f"{site.address}/list", local=True,
                    options={"item": "li", "next": "a.next"})
    desk.fetch(source)
    site["/list"] = show("/n6", "/n5", following="/list?2")  # more came than a page holds
    site["/list?2"] = show("/n4", "/n3", following="/list?3")
    site["/list?3"] = show("/n2", "/n1", following="/list?4")
    site["/list?4"] = show("/n1", "/n0", following="/list?5")
    assert desk.fetch(source)["board"].new == 5
    assert not asked(site, "/list?5")


def test_files_attached_to_a_notice_are_fetched_with_it(site: Site, desk: Desk) -> None:
    site["/list"] = give(b"<li><a href='/n1'>Notice 7</a> <b>3 March 2026</b></li>")
    site["/n1"] = give(PAGE + b"<div class='files'><a href='annex.pdf'>Annex 1</a><a href='/style.css'>css</a></div>")
    site["/annex.pdf"] = give(b"%PDF-1.4 annex", "application/pdf")
    source = Source("board", "A board", "listing", url=f"{site.address}/list", local=True,
                    options={"item": "li", "date": "b", "attachments": ".files a[href$='.pdf']"})
    assert desk.fetch(source)["board"].new == 2
    assert desk.rows("SELECT title, published FROM pages WHERE url LIKE '%annex.pdf'") == [("Annex 1", "2026-03-03")]


# ---- dates --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("stated", "language", "order"), [
    ("2026-03-12", "en", ""), ("12 March 2026", "en", ""), ("March 12, 2026", "en", ""), ("[12.03.2026]", "de", ""),
    ("12/03/2026", "en", "DMY"), ("03/12/2026", "en", "MDY"), ("2026年3月12日", "ja", ""), ("12 mars 2026", "fr", ""),
    ("2026/03/12", "zh", ""), ("Posted on 12 Mar 2026 09:30", "en", ""),
])
def test_dates_of_listings_are_read_as_they_are_written(
    site: Site, desk: Desk, stated: str, language: str, order: str
) -> None:
    site["/list"] = give(f"<meta charset='utf-8'><li><a href='/n1'>Notice</a> <b>{stated}</b></li>".encode())
    site["/n1"] = give(PAGE)
    source = Source("board", "A board", "listing", url=f"{site.address}/list", local=True, language=language,
                    options={"item": "li", "date": "b", **({"date_order": order} if order else {})})
    desk.fetch(source)
    assert desk.rows("SELECT published FROM pages") == [("2026-03-12",)]


def test_dates_in_the_future_are_none(site: Site, desk: Desk) -> None:
    site["/feed"] = give(b"<rss><channel><item><title>T</title><link>/a</link><pubDate>Fri, 10 Oct 2098 22:30:00 GMT"
                         b"</pubDate></item></channel></rss>", "application/rss+xml")
    site["/a"] = give(PAGE)
    desk.fetch(Source("wire", "A wire", "feed", url=f"{site.address}/feed", local=True))
    assert desk.rows("SELECT published, state FROM pages") == [(None, "kept")]


def test_a_date_that_cannot_be_read_is_a_warning(site: Site, desk: Desk) -> None:
    site["/list"] = give(b"<li><a href='/n1'>Notice</a> <b>lately</b></li>")
    site["/n1"] = give(PAGE)
    desk.fetch(Source("board", "A board", "listing", url=f"{site.address}/list", local=True,
                      options={"item": "li", "date": "b"}))
    assert "finds no date" in desk.message() and desk.rows("SELECT state FROM pages") == [("kept",)]


# ---- JSON Feed, large and broken feeds ----------------------------------------------------------------------------

def test_a_json_feed_is_a_feed(site: Site, desk: Desk) -> None:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Metals", "items": [
        {"id": "1", "url": "/a", "title": "Gallium", "date_published": "2026-02-01T23:30:00-05:00"}, {"id": "2"}]}
    site["/feed.json"] = give(json.dumps(feed).encode(), "application/feed+json")
    site["/a"] = give(PAGE)
    desk.fetch(Source("wire", "A wire", "feed", url=f"{site.address}/feed.json", local=True))
    assert desk.rows("SELECT title, published, state FROM pages") == [("Gallium", "2026-02-02", "kept")]


@pytest.mark.parametrize(("content", "content_type", "words"), [
    (b"<rss><channel><item><link>/a</li", "application/rss+xml", "lists 0 pages"),
    (b"\x00\x01\x02not a feed at all", "application/rss+xml", "lists 0 pages"),
    (b'{"version": "1", "items": []}', "application/feed+json", "no JSON Feed"),
    (b"<!doctype html><p>We have moved.</p>", "text/html", "lists 0 pages"),
])
def test_a_broken_feed_is_an_error(site: Site, desk: Desk, content: bytes, content_type: str, words: str) -> None:
    site["/feed"] = give(content, content_type)
    assert words in desk.fetch(Source("wire", "A wire", "feed", url=f"{site.address}/feed", local=True))["wire"].error


def test_a_feed_of_fifty_thousand_entries_is_noted_whole(site: Site, desk: Desk) -> None:
    items = "".join(f"<item><link>/{n}</link><title>{n}</title></item>" for n in range(50_000))
    site["/feed"] = give(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), "application/rss+xml")
    site["/49999"] = give(PAGE)
    source = Source("wire", "A wire", "feed", url=f"{site.address}/feed", local=True)
    limits = Limits(host_delay=0, retry_wait=0.01, max_listed=49_000)
    with Ledger(desk.db) as ledger:
        class Enough(Exception):
            pass

        def stop(id: str, count: Count) -> None:
            if count.failed:
                raise Enough

        with pytest.raises(BaseExceptionGroup):
            harvest([source], ledger, desk.archive, limits, report=stop)
    assert desk.rows("SELECT count(*) FROM pages") == [(49_000,)]


# ---- servers that misbehave ---------------------------------------------------------------------------------------

def one(site: Site, desk: Desk, answer: Answer, limits: Limits = LIMITS) -> tuple:
    """The record of a page that is answered so: outcome, status, error; and the state of the page."""
    source = feed_of(site, "/x")
    site["/x"] = answer
    desk.fetch(source, limits=limits)
    return (*desk.rows("SELECT outcome, status, coalesce(error, '') FROM fetches WHERE url LIKE '%/x'")[-1],
            *desk.rows("SELECT state FROM pages")[0])


def check(found: tuple, outcome: str, status: int | None, words: str, state: str) -> None:
    assert found[:2] == (outcome, status) and found[3] == state
    assert words in found[2], found[2]


def test_a_wrong_type_is_refused(site: Site, desk: Desk) -> None:
    check(one(site, desk, give(b"\x89PNG\r\n", "image/png")), "failed", None, "image/png, which is not read", "lost")


def test_a_wrong_type_is_seen_through(site: Site, desk: Desk) -> None:
    check(one(site, desk, give(b"%PDF-1.4", "text/html")), "new", 200, "", "kept")
    assert desk.rows("SELECT content_type FROM pages") == [("application/pdf",)]


def test_a_redirect_loop_ends(site: Site, desk: Desk) -> None:
    check(one(site, desk, give(b"", status=301, Location="/x")), "failed", None, "more than 5 redirects", "lost")


def test_a_redirect_to_the_metadata_service_is_not_followed(site: Site, desk: Desk) -> None:
    found = one(site, desk, redirect("http://169.254.169.254/latest/meta-data/"))
    check(found, "failed", None, "169.254.169.254, which is never fetched from", "lost")


def test_a_source_that_is_not_local_stays_out_of_private_networks(site: Site, desk: Desk) -> None:
    source = feed_of(site, "/x")
    count = desk.fetch(Source("wire", "A wire", "feed", url=source.url))["wire"]
    assert "not a public address" in count.error and not site.asked


def test_retry_after_is_waited_for(site: Site, desk: Desk) -> None:
    times: list[float] = []

    def note(answer: Answer) -> Answer:
        def noted(handler: BaseHTTPRequestHandler) -> None:
            times.append(time.monotonic())
            answer(handler)
        return noted

    found = one(site, desk, in_turn(note(give(b"", status=429, Retry_After="1")), note(give(PAGE))))
    check(found, "new", 200, "", "kept")
    assert times[1] - times[0] >= 1.0


def test_a_long_retry_after_is_left_to_a_later_fetch(site: Site, desk: Desk) -> None:
    check(one(site, desk, give(b"", status=429, Retry_After="7200")), "postponed", 429, "429 Too Many Requests", "waiting")
    assert len(asked(site, "/x")) == 1
    due = desk.rows("SELECT due FROM pages")[0][0]
    assert due > (datetime.now(UTC) + timedelta(hours=1, minutes=55)).isoformat()


def test_a_retry_after_date_counts_from_the_servers_own_clock(site: Site, desk: Desk) -> None:
    there = datetime.now(UTC) + timedelta(days=400)  # its clock is wrong

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(503)
        handler.send_header("Date", format_datetime(there, usegmt=True))
        handler.send_header("Retry-After", format_datetime(there + timedelta(seconds=1), usegmt=True))
        handler.end_headers()

    check(one(site, desk, in_turn(answer, give(PAGE))), "new", 200, "", "kept")


def test_a_server_that_stumbles_is_asked_again(site: Site, desk: Desk) -> None:
    check(one(site, desk, in_turn(give(b"", status=502), give(b"", status=500), give(PAGE))), "new", 200, "", "kept")


def test_half_a_body_is_no_body(site: Site, desk: Desk) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(PAGE)

    check(one(site, desk, half), "postponed", None, "cannot be fetched", "waiting")
    assert not desk.rows("SELECT 1 FROM pages WHERE sha256 IS NOT NULL")


def test_a_slow_body_is_left(site: Site, desk: Desk) -> None:
    limits = Limits(total_timeout=0.5, retry_wait=0.01, host_delay=0, attempts=2)
    check(one(site, desk, drip(b"x"), limits), "postponed", None, "not there after 0.5 seconds", "waiting")


def test_an_endless_body_is_cut(site: Site, desk: Desk) -> None:
    check(one(site, desk, drip(b"x" * 100_000)), "failed", None, "larger than 1,000,000 bytes", "lost")


def test_a_gzip_bomb_is_measured_unpacked(site: Site, desk: Desk) -> None:
    bomb = give(gzip.compress(b"x" * 50_000_000), Content_Encoding="gzip")
    check(one(site, desk, bomb), "failed", None, "larger than 1,000,000 bytes", "lost")


def test_a_packing_that_was_not_asked_for_is_refused(site: Site, desk: Desk) -> None:
    check(one(site, desk, give(b"\x1b\x03", Content_Encoding="br")), "failed", None, "packed as br", "lost")


def test_a_wrong_charset_costs_nothing_in_the_archive(site: Site, desk: Desk) -> None:
    content = "<!doctype html><p>出口管制公告</p>".encode("gb18030")
    check(one(site, desk, give(content, "text/html; charset=utf-8")), "new", 200, "", "kept")
    assert desk.archive.get(desk.rows("SELECT sha256 FROM pages")[0][0]) == content


def test_a_server_that_is_not_there_is_tried_again_later(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    source = Source("wire", "A wire", "feed", url=f"http://127.0.0.1:{port}/feed", local=True)
    assert "cannot be fetched" in desk.fetch(source)["wire"].error


# ---- manners ------------------------------------------------------------------------------------------------------

def test_robots_txt_is_obeyed_and_asked_for_once(site: Site, desk: Desk) -> None:
    site["/robots.txt"] = give(b"User-agent: *\nDisallow: /private\nAllow: /", "text/plain")
    source = feed_of(site, "/private/a", "/b")
    site["/private/a"] = site["/b"] = give(PAGE)
    count = desk.fetch(source)["wire"]
    assert (count.new, count.failed) == (1, 1)
    assert "robots.txt forbids it" in desk.message()
    assert len(asked(site, "/robots.txt")) == 1 and not asked(site, "/private/a")


def test_rules_for_this_tool_beat_those_for_all(site: Site, desk: Desk) -> None:
    site["/robots.txt"] = give(b"User-agent: *\nDisallow: /\n\nUser-agent: mineral-extractor\nAllow: /", "text/plain")
    source = feed_of(site, "/b")
    site["/b"] = give(PAGE)
    assert desk.fetch(source)["wire"].new == 1


def test_a_site_whose_rules_cannot_be_had_is_left_alone(site: Site, desk: Desk) -> None:
    site["/robots.txt"] = give(b"", status=500)
    assert "robots.txt cannot be read" in desk.fetch(feed_of(site, "/b"))["wire"].error
    assert not asked(site, "/feed")


def test_a_site_without_answers_is_left_alone_after_a_few(site: Site, desk: Desk) -> None:
    source = feed_of(site, *(f"/{n}" for n in range(40)))
    for number in range(40):
        site[f"/{number}"] = lambda handler: None  # it hangs up
    count = desk.fetch(source)["wire"]
    assert count.postponed == 40
    under_way = 16  # pages of a source at a time: those are tried to the end
    assert len([request for request in site.asked if request.path[1:].isdigit()]) <= under_way * LIMITS.attempts < 120
    assert any("is left alone for" in problem.message for problem in desk.problems)


def test_slow_hosts_do_not_wait_for_one_another(desk: Desk) -> None:
    together = threading.Barrier(20, timeout=20)  # no answer before 20 hosts are being asked at the same time

    def page(handler: BaseHTTPRequestHandler) -> None:
        together.wait()
        give(PAGE)(handler)

    slow = Site()
    slow["/"] = page
    slow.server.server_close()
    slow.server.__init__(("0.0.0.0", 0), slow.server.RequestHandlerClass)
    threading.Thread(target=slow.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    port = slow.server.server_port
    listed = [f"http://127.0.2.{number}:{port}/" for number in range(1, 21)]
    sources = [Source(f"s{number}", "A slow host", "urls", local=True, options={"urls": [url]})
               for number, url in enumerate(listed)]
    try:
        counts = desk.fetch(*sources, limits=Limits(host_delay=0, attempts=1))
    finally:
        slow.server.shutdown()
        slow.server.server_close()
    assert sum(count.new for count in counts.values()) == 20


def test_crawl_delay_and_pace_leave_time_between_requests(site: Site, desk: Desk) -> None:
    site["/robots.txt"] = give(b"User-agent: *\nCrawl-delay: 0.3", "text/plain")
    times: list[float] = []

    def page(handler: BaseHTTPRequestHandler) -> None:
        times.append(time.monotonic())
        give(PAGE)(handler)

    source = feed_of(site, *(f"/{n}" for n in range(4)))
    for number in range(4):
        site[f"/{number}"] = page
    desk.fetch(source)
    assert len(times) == 4
    assert all(later - earlier >= 0.25 for earlier, later in pairwise(times))


def test_no_more_connections_to_a_host_than_allowed(site: Site, desk: Desk) -> None:
    lock, at_once, most = threading.Lock(), 0, 0

    def page(handler: BaseHTTPRequestHandler) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        give(PAGE)(handler)

    source = feed_of(site, *(f"/{n}" for n in range(12)))
    for number in range(12):
        site[f"/{number}"] = page
    assert desk.fetch(source)["wire"].new == 12
    assert most == LIMITS.host_connections


def test_cookies_and_credentials_go_nowhere(site: Site, desk: Desk) -> None:
    source = feed_of(site, f"http://user:secret@127.0.0.1:{site.port}/a", "/b")
    site["/a"] = site["/b"] = give(PAGE, Set_Cookie="id=1")
    desk.fetch(source)
    for request in site.asked:
        assert "Cookie" not in request.headers and "Authorization" not in request.headers
    assert not desk.rows("SELECT 1 FROM pages WHERE url LIKE '%secret%' OR request LIKE '%secret%'")
    assert not desk.rows("SELECT 1 FROM fetches WHERE headers LIKE '%ookie%'")


# ---- the archive --------------------------------------------------------------------------------------------------

def test_the_archive_takes_no_path_but_a_hash(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    for name in ("../../etc/passwd", "0" * 63, "0" * 64 + "/x", ""):
        with pytest.raises(ValueError, match="not a SHA-256"):
            archive.path(name)


def test_a_damaged_version_is_noticed(tmp_path: Path) -> None:
    from extractor.fetch.archive import ArchiveError

    archive = Archive(tmp_path / "archive")
    name = archive.put(PAGE)
    archive.path(name).write_bytes(gzip.compress(b"something else"))
    with pytest.raises(ArchiveError, match="damaged"):
        archive.get(name)
    archive.path(name).write_bytes(b"not packed")
    with pytest.raises(ArchiveError, match="cannot be read"):
        archive.get(name)




# ---- HTTP/2 -------------------------------------------------------------------------------------------------------

def speak_http2(listener: socket.socket, context: ssl.SSLContext, paths: list[str]) -> None:
    """Answer every request of one connection with PAGE, by HTTP/2 only."""
    with context.wrap_socket(listener.accept()[0], server_side=True) as stream:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        stream.sendall(connection.data_to_send())
        while data := stream.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    path = dict(event.headers)[b":path"].decode()
                    paths.append(path)
                    missing = path == "/robots.txt"
                    connection.send_headers(event.stream_id, [(":status", "404" if missing else "200"),
                                                              ("content-type", "text/html")])
                    connection.send_data(event.stream_id, b"none" if missing else PAGE + path.encode(), end_stream=True)
            stream.sendall(connection.data_to_send())


def test_http2_is_spoken_where_the_server_speaks_it(
    desk: Desk, certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.set_alpn_protocols(["h2"])
    paths: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=speak_http2, args=(listener, context, paths), daemon=True).start()
        address = f"https://localhost:{listener.getsockname()[1]}"
        listed = [f"{address}/{name}" for name in "abc"]
        count = desk.fetch(Source("list", "A list", "urls", local=True, options={"urls": listed}))["list"]
    assert count.new == 3, desk.problems
    assert sorted(paths) == ["/a", "/b", "/c", "/robots.txt"]  # all by one connection
