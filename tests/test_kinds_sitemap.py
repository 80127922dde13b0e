"""Sitemaps from real servers on this machine, some of them hostile: what is listed, asked for and said."""

from __future__ import annotations

import gzip
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sites import LIMITS, PAGE, Desk, Site, asked, give, in_turn, redirect

from extractor.fetch.sources import Source
from extractor.store.ledger import Ledger

NOW = datetime.now(UTC)
NAMESPACES = ('xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
              'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"')


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat(timespec="seconds")


def entry(url: str, lastmod: str = "", more: str = "") -> str:
    return f"<url><loc>{url}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}{more}</url>"


def urlset(*entries: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {NAMESPACES}>{"".join(entries)}</urlset>'.encode()


def index(*children: tuple[str, str]) -> bytes:
    sitemaps = "".join(f"<sitemap><loc>{url}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}</sitemap>"
                       for url, lastmod in children)
    return f'<?xml version="1.0" encoding="UTF-8"?><sitemapindex {NAMESPACES}>{sitemaps}</sitemapindex>'.encode()


def serve(site: Site, *paths: str) -> None:
    for path in paths:
        site[path] = give(PAGE + path.encode())


def source(site: Site, content: bytes, content_type: str = "application/xml", **fields: object) -> Source:
    site["/sitemap.xml"] = give(content, content_type)
    return Source("site", "A site", "sitemap", url=f"{site.address}/sitemap.xml", local=True, **fields)


def got(site: Site) -> list[str]:
    """What was asked for, but for robots.txt; and forget it."""
    paths = [request.path for request in site.asked if request.path != "/robots.txt"]
    site.asked.clear()
    return sorted(paths)


def cursor(desk: Desk) -> dict:
    with Ledger(desk.db) as ledger:
        return dict(ledger.state("site").cursor)


def messages(desk: Desk) -> str:
    return "\n".join(f"{problem.level}: {problem.message}" for problem in desk.problems)


# ---- what a sitemap says ------------------------------------------------------------------------------------------

def test_its_pages_are_fetched_with_what_a_news_sitemap_says_of_them(site: Site, desk: Desk) -> None:
    published = (NOW - timedelta(days=2)).replace(hour=23, minute=30)
    told = published.strftime("%Y-%m-%dT%H:%M:%S-05:00")
    news = f"<news:news><news:publication_date>{told}</news:publication_date><news:title>Cobalt &amp; more</news:title></news:news>"
    serve(site, "/a", "/b?x=1&y=2", "/c?x=1&y=2")
    found = source(site, urlset(entry(f"{site.address}/a", more=news), entry(f"{site.address}/b?x=1&y=2"),
                                f"<url><loc><![CDATA[ {site.address}/c?x=1&y=2 ]]></loc></url>"))
    assert desk.fetch(found)["site"].new == 3 and not desk.problems
    assert desk.rows("SELECT url, title, published FROM pages ORDER BY url") == [
        (f"{site.address}/a", "Cobalt & more", (published + timedelta(days=1)).date().isoformat()),  # by UTC
        (f"{site.address}/b?x=1&y=2", "", None), (f"{site.address}/c?x=1&y=2", "", None)]


def test_an_index_leads_to_its_files_whatever_they_are(site: Site, desk: Desk) -> None:
    serve(site, "/a", "/b", "/c", "/d")
    site["/deep.xml"] = give(index(("/packed.xml.gz", "")), "application/xml")
    site["/packed.xml.gz"] = give(gzip.compress(urlset(entry("/a"))), "application/x-gzip")
    site["/wide.xml"] = give(urlset(entry("/b")).decode().replace("UTF-8", "UTF-16").encode("utf-16"), "text/xml")
    site["/list.txt"] = give(f"\ufeff{site.address}/c\n\n".encode(), "text/plain")
    site["/feed"] = give(b"<rss version='2.0'><channel><item><link>/d</link></item></channel></rss>", "text/xml")
    children = [(f"{site.address}{path}", "") for path in ("/deep.xml", "/wide.xml", "/list.txt", "/feed")]
    assert desk.fetch(source(site, index(*children)))["site"].new == 4
    assert not desk.problems


def test_a_plain_list_of_addresses_is_a_sitemap(site: Site, desk: Desk) -> None:
    serve(site, "/a")
    found = source(site, f"{site.address}/a\nnot an address\n".encode(), "text/plain")
    assert desk.fetch(found)["site"].new == 1
    assert "1 entries without a usable address" in messages(desk)


def test_an_index_that_lists_itself_is_read_once(site: Site, desk: Desk) -> None:
    serve(site, "/a")
    site["/other.xml"] = give(index(("/sitemap.xml", ""), ("/other.xml", ""), ("/moved.xml", ""), ("/pages.xml", "")))
    site["/moved.xml"] = redirect("/sitemap.xml")
    site["/pages.xml"] = give(urlset(entry("/a")), "text/xml")
    assert desk.fetch(source(site, index(("/sitemap.xml", ""), ("/other.xml", ""))))["site"].new == 1
    assert got(site) == ["/a", "/moved.xml", "/other.xml", "/pages.xml", "/sitemap.xml", "/sitemap.xml"]


# ---- what is new --------------------------------------------------------------------------------------------------

def test_a_first_visit_takes_thirty_days_and_what_has_no_date(site: Site, desk: Desk) -> None:
    serve(site, "/new", "/month", "/undated", "/nonsense")
    site["/pages.xml"] = give(urlset(
        entry("/new", days_ago(29)), entry("/old", days_ago(40)), entry("/older", "2019"), entry("/undated"),
        entry("/month", NOW.strftime("%Y-%m")), entry("/nonsense", "last Tuesday")))
    found = source(site, index(("/pages.xml", days_ago(1)), ("/archive.xml", days_ago(50))))
    assert desk.fetch(found)["site"].new == 4 and not desk.problems
    assert got(site) == ["/month", "/new", "/nonsense", "/pages.xml", "/sitemap.xml", "/undated"]


def test_the_next_visit_asks_only_for_what_changed_since(site: Site, desk: Desk) -> None:
    serve(site, "/a", "/b", "/c")
    site["/old.xml"] = give(urlset(entry("/a", days_ago(3))), "text/xml")
    site["/new.xml"] = give(urlset(entry("/b", days_ago(2.5))), "text/xml")
    found = source(site, index(("/old.xml", days_ago(3)), ("/new.xml", days_ago(2))))
    assert desk.fetch(found)["site"].new == 2
    got(site)
    assert desk.fetch(found)["site"].error == "" and not desk.problems  # nothing new is no error
    assert got(site) == ["/sitemap.xml"]
    site["/new.xml"] = give(urlset(entry("/b", days_ago(2.5)), entry("/c", NOW.date().isoformat())), "text/xml")
    site["/sitemap.xml"] = give(index(("/old.xml", days_ago(3)), ("/new.xml", NOW.date().isoformat())), "text/xml")
    assert desk.fetch(found)["site"].new == 1
    assert got(site) == ["/c", "/new.xml", "/sitemap.xml"]


def test_a_page_that_changed_since_it_was_fetched_is_a_new_version(site: Site, desk: Desk) -> None:
    serve(site, "/a")
    found = source(site, urlset(entry("/a", days_ago(3))))
    assert desk.fetch(found)["site"].new == 1
    assert desk.fetch(found)["site"].changed == 0
    with sqlite3.connect(desk.db) as db:
        db.execute("UPDATE pages SET fetched_at = ?", (days_ago(2),))
    site["/a"] = give(PAGE + b"changed")
    source(site, urlset(entry("/a", days_ago(0.1))))
    assert desk.fetch(found)["site"].changed == 1


@pytest.mark.parametrize("ahead", [timedelta(hours=20), timedelta(days=4000)])
def test_clocks_that_are_ahead_never_move_the_cursor_past_now(site: Site, desk: Desk, ahead: timedelta) -> None:
    serve(site, "/a", "/b")
    future = (NOW + ahead).isoformat()
    site["/pages.xml"] = give(urlset(entry("/a", future)), "text/xml")
    found = source(site, index(("/pages.xml", future)))
    assert desk.fetch(found)["site"].new == 1
    assert cursor(desk)["since"] <= datetime.now(UTC).isoformat()
    site["/pages.xml"] = give(urlset(entry("/a", future), entry("/b", days_ago(0))), "text/xml")
    assert desk.fetch(found)["site"].new == 1
    if ahead.days:
        assert len(asked(site, "/a")) == 1  # such a date is no news of a change


def test_a_backfill_goes_by_the_dates_of_pages_and_files(site: Site, desk: Desk) -> None:
    serve(site, "/march", "/news", "/undated")
    news = "<news:news><news:publication_date>2025-03-31</news:publication_date><news:title>x</news:title></news:news>"
    site["/pages.xml"] = give(urlset(
        entry("/march", "2025-03-05"), entry("/news", "2025-07-01", news), entry("/february", "2025-02-28"),
        entry("/april", "2025-04-01T00:00:00Z"), entry("/undated")), "text/xml")
    found = source(site, index(("/pages.xml", "2025-07-01"), ("/before.xml", "2025-02-27")))
    assert desk.fetch(found, since="2025-03-01", until="2025-03-31")["site"].new == 3 and not desk.problems
    assert got(site) == ["/march", "/news", "/pages.xml", "/sitemap.xml", "/undated"]
    assert cursor(desk) == {}


def test_a_sitemap_of_pages_is_asked_with_its_etag_and_an_index_is_not(site: Site, desk: Desk) -> None:
    serve(site, "/a", "/b")
    pages = urlset(entry("/a"))
    found = source(site, pages)
    site["/sitemap.xml"] = lambda handler: give(
        pages, "text/xml", status=304 if handler.headers["If-None-Match"] else 200, ETag='"1"')(handler)
    assert desk.fetch(found)["site"].new == 1
    assert desk.fetch(found)["site"].error == "" and not desk.problems
    assert [request.headers["If-None-Match"] for request in asked(site, "/sitemap.xml")] == [None, '"1"']
    site["/pages.xml"] = in_turn(give(urlset(entry("/a"))), give(urlset(entry("/a"), entry("/b"))))
    site["/sitemap.xml"] = give(index(("/pages.xml", "")), "text/xml", ETag='"2"')
    desk.fetch(found)
    assert desk.fetch(found)["site"].new == 1  # an index stays as it is while its files change
    assert asked(site, "/sitemap.xml")[-1].headers["If-None-Match"] is None


# ---- what fails ---------------------------------------------------------------------------------------------------

def test_a_file_that_fails_is_a_warning_and_loses_nothing(site: Site, desk: Desk) -> None:
    serve(site, "/a", "/b")
    site["/good.xml"] = give(urlset(entry("/a", days_ago(6))), "text/xml")
    site["/bad.xml"] = give(b"gone", status=404)
    found = source(site, index(("/good.xml", days_ago(5)), ("/bad.xml", days_ago(5))))
    assert desk.fetch(found)["site"].new == 1
    assert "warning" in messages(desk) and f"{site.address}/bad.xml: 404 Not Found" in messages(desk)
    before = cursor(desk)["since"]
    desk.fetch(found)
    assert cursor(desk)["since"] == before < days_ago(29)
    site["/bad.xml"] = give(urlset(entry("/b", days_ago(6))), "text/xml")
    assert desk.fetch(found)["site"].new == 1 and not desk.problems
    assert cursor(desk)["since"] > days_ago(1)


def test_a_file_that_is_gone_for_good_holds_the_rest_for_a_month_only(site: Site, desk: Desk) -> None:
    serve(site, "/a")
    site["/good.xml"] = give(urlset(entry("/a", days_ago(6))), "text/xml")
    found = source(site, index(("/good.xml", days_ago(5)), ("/gone.xml", days_ago(5))))
    desk.fetch(found)
    with Ledger(desk.db) as ledger:
        ledger.succeeded("site", days_ago(1), {"since": days_ago(60), "held": days_ago(29)}, 1)
    desk.fetch(found)
    assert cursor(desk) == {"since": days_ago(60), "held": days_ago(29)}
    with Ledger(desk.db) as ledger:
        ledger.succeeded("site", days_ago(1), {"since": days_ago(60), "held": days_ago(31)}, 1)
    desk.fetch(found)
    assert cursor(desk)["since"] > days_ago(1)


def test_when_all_files_fail_the_visit_failed(site: Site, desk: Desk) -> None:
    found = source(site, index(("/x.xml", ""), ("/y.xml", "")))
    assert "none of its 2 files can be had" in desk.fetch(found)["site"].error
    assert cursor(desk) == {}


@pytest.mark.parametrize(("content", "words"), [
    (b"<!doctype html><title>Not found</title>", "an HTML page, not a sitemap"),
    (b"<books><book/></books>", "neither urlset nor sitemapindex"), (b"<a>" * 5000, "not a sitemap"),
    (b"nothing of use", "neither an XML sitemap nor a list"), (b"\x1f\x8b\x08damaged", "damaged gzip"),
    (gzip.compress(urlset(entry("http://h/a")))[:-20], "cut short"), (urlset(), "lists 0 pages where at least 1"),
    (gzip.compress(gzip.compress(urlset(entry("http://h/a")))), "neither an XML sitemap nor a list"),
], ids=["HTML", "other XML", "depth", "text", "no gzip", "cut gzip", "empty", "gzip in gzip"])
def test_what_is_no_sitemap_is_an_error(site: Site, desk: Desk, content: bytes, words: str) -> None:
    error = desk.fetch(source(site, content))["site"].error
    assert words in error and ";" in error and "\n" not in error


def test_a_gzip_bomb_stops_at_the_limit(site: Site, desk: Desk) -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * 50_000_000 + b"</urlset>")
    assert len(bomb) < LIMITS.max_bytes
    assert "unpacks to more than 1,000,000 bytes" in desk.fetch(source(site, bomb))["site"].error


def test_entities_are_never_expanded(site: Site, desk: Desk) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE urlset [<!ENTITY e0 "boom">{entities}]><urlset><url><loc>{site.address}/&e11;</loc></url></urlset>'
    assert desk.fetch(source(site, bomb.encode()), limits=replace(LIMITS, max_seconds=20))["site"].error
    serve(site, "/a")
    outside = (f'<!DOCTYPE urlset [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY h SYSTEM "{site.address}/dtd">]>'
               f"<urlset><url><loc>{site.address}/&e;</loc></url><url><loc>{site.address}/&h;</loc></url>"
               f"<url><loc>{site.address}/a</loc></url></urlset>")
    got(site)
    assert desk.fetch(source(site, outside.encode()))["site"].new == 1
    assert got(site) == ["/a", "/sitemap.xml"]


def test_of_a_file_that_is_cut_short_what_is_whole_is_read_and_the_rest_later(site: Site, desk: Desk) -> None:
    serve(site, "/a", "/bcdef")
    whole = urlset(entry("/a", days_ago(6)), entry("/bcdef", days_ago(6)))
    found = source(site, whole[: whole.index(b"/bcdef") + 3])
    assert desk.fetch(found)["site"].new == 1
    assert "broken XML at line 1" in messages(desk)
    assert got(site) == ["/a", "/sitemap.xml"]  # not /bc
    source(site, whole)
    assert desk.fetch(found)["site"].new == 1 and not desk.problems


def test_what_is_no_web_address_is_left_out(site: Site, desk: Desk) -> None:
    serve(site, "/a")
    found = source(site, urlset(entry("file:///etc/passwd"), entry("javascript:alert(1)"), entry("http://[bad/"),
                                entry(""), entry("/" + "x" * 5000), entry("/a")))
    assert desk.fetch(found)["site"].new == 1
    assert "5 entries without a usable address" in messages(desk)


# ---- what is more than one visit takes ----------------------------------------------------------------------------

def test_of_sixty_thousand_pages_a_visit_lists_what_it_may_and_the_next_the_rest(site: Site, desk: Desk) -> None:
    limits = replace(LIMITS, max_bytes=10_000_000, max_listed=50_000)
    serve(site, "/59999")
    found = source(site, urlset(*(entry(f"{site.address}/{number}") for number in range(60_000))),
                   include=re.compile("/59999$"))
    first = desk.fetch(found, limits=limits)["site"]
    assert (first.listed, first.new, first.error) == (50_000, 0, "")
    assert "more than 50,000 pages; the rest is left to the next visit" in messages(desk)
    second = desk.fetch(found, limits=limits)["site"]
    assert (second.listed, second.new) == (10_000, 1) and not desk.problems


def test_of_an_index_of_many_files_each_visit_reads_some_until_all_are_read(site: Site, desk: Desk) -> None:
    limits = replace(LIMITS, max_listing_pages=3)
    children = [f"/{number}.xml" for number in range(5)]
    for child in children:
        site[child] = give(urlset(entry(f"/of{child}", days_ago(3))), "text/xml")
        serve(site, f"/of{child}")
    found = source(site, index(*((child, days_ago(number + 2)) for number, child in enumerate(children))))
    assert desk.fetch(found, limits=limits)["site"].new == 2
    assert "more than 3 files; the rest is left to the next visit" in messages(desk)
    assert got(site) == ["/0.xml", "/1.xml", "/of/0.xml", "/of/1.xml", "/sitemap.xml"]  # the newest first
    assert [desk.fetch(found, limits=limits)["site"].new for _ in range(3)] == [2, 1, 0]
    assert not desk.problems
    got(site)
    desk.fetch(found, limits=limits)
    assert got(site) == ["/sitemap.xml"]
