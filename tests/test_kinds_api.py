"""Sources that answer by an API or a feed of their own: the Federal Register, GDELT and EUR-Lex, from a local server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sites import running

from extractor.fetch.archive import Archive
from extractor.fetch.harvest import Count, harvest
from extractor.fetch.sources import Source
from extractor.fetched import Kept
from extractor.limits import Limits
from extractor.schema import Problem
from extractor.store.ledger import Ledger

NOW = datetime.now(UTC)
TODAY = NOW.date()
LIMITS = Limits(host_delay=0, retry_wait=0.01, connect_timeout=5, read_timeout=5, total_timeout=10)
PAGE = b"<!doctype html><title>Own title</title><p>Exports of gallium need a licence.</p>"

Query = dict[str, list[str]]
Reply = tuple[int, str, bytes] | tuple[int, str, bytes, dict[str, str]]


class Site:
    """A server whose paths are functions of the query; every other path is a page. `asked` holds what it was asked."""

    def __init__(self) -> None:
        self.paths: dict[str, Callable[[Query], Reply]] = {"/robots.txt": lambda query: (404, "text/plain", b"none")}
        self.asked: list[tuple[str, Query]] = []
        self.headers: list[Any] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = parse_qs(parts.query)
                site.asked.append((self.path, query))
                site.headers.append(self.headers)
                answer = site.paths.get(parts.path, lambda query: (200, "text/html", PAGE))(query)
                self.send_response(answer[0])
                self.send_header("Content-Type", answer[1])
                for name, value in (answer[3] if len(answer) > 3 else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer[2])

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def queries(self, path: str) -> list[Query]:
        return [query for asked, query in self.asked if urlsplit(asked).path == path]

    def got(self, start: str) -> list[str]:
        return [asked for asked, _ in self.asked if asked.startswith(start)]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with running(site.server):
        yield site


class Desk:
    """A database and an archive; `visit` fetches one source into them."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder / "events.db")
        self.archive = Archive(folder / "archive")
        self.problems: list[Problem] = []

    def visit(self, source: Source, *, since: date | None = None, until: date | None = None,
              limits: Limits = LIMITS) -> Count:
        self.problems.clear()
        counts = harvest([source], self.ledger, self.archive, limits, since=since, until=until,
                         complain=self.problems.append)
        return counts[source.id]

    def kept(self) -> dict[str, Kept]:
        return {page.url: page for page in self.ledger.unread("none")}

    def messages(self) -> str:
        return "\n".join(problem.message for problem in self.problems)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.ledger.close()


def as_json(value: object, status: int = 200, **headers: str) -> Reply:
    return status, "application/json; charset=utf-8", json.dumps(value).encode(), headers


# ---- Federal Register --------------------------------------------------------------------------------------------

DOCUMENTS = "/api/v1/documents.json"


class FederalRegister:
    """The documents end of the API: conditions, order, pages and the end of what one query leads to."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.documents: list[dict[str, Any]] = []
        site.paths[DOCUMENTS] = self

    def add(self, number: str, day: date, title: str = "Additions to the Entity List", *, terms: tuple[str, ...] = (),
            **fields: str | None) -> str:
        address = f"{self.site.address}/documents/{day:%Y/%m/%d}/{number}/a-title"
        self.documents.append({
            "title": title, "publication_date": day.isoformat(), "html_url": address,
            "body_html_url": f"{self.site.address}/documents/full_text/html/{number}.html",
            "raw_text_url": f"{self.site.address}/documents/full_text/text/{number}.txt",
            "pdf_url": f"{self.site.address}/content/pkg/{number}.pdf", **fields, "_terms": terms})
        return address

    def __call__(self, query: Query) -> Reply:
        first, last = (query[f"conditions[publication_date][{end}]"][0] for end in ("gte", "lte"))
        term, size, page = query.get("conditions[term]", [""])[0], int(query["per_page"][0]), int(query["page"][0])
        if size > 1000 or size * page > 2000:
            return as_json({"status": 400, "message": "Bad Request"}, 400)
        found = sorted((document for document in self.documents
                        if (first <= document["publication_date"] <= last or document["publication_date"] > "2090")
                        and (not term or term in document["_terms"])), key=lambda each: each["publication_date"])
        shown = [{name: document[name] for name in query["fields[]"]}
                 for document in found[size * (page - 1):size * page]]
        return as_json({"count": len(found), "description": "Documents", "total_pages": -(-len(found) // size),
                        "next_page_url": "http://elsewhere.invalid/next", "results": shown})


@pytest.fixture
def register(site: Site) -> FederalRegister:
    return FederalRegister(site)


def federal_register(site: Site, include: str = "", **options: list[str]) -> Source:
    return Source("us-bis", "BIS", "federal_register", f"{site.address}{DOCUMENTS}", local=True, options=options,
                  include=re.compile(include) if include else None)


def test_a_document_is_known_by_its_page_and_fetched_by_its_full_text(
    site: Site, register: FederalRegister, desk: Desk
) -> None:
    address = register.add("2026-00001", TODAY - timedelta(days=3), "  Controls on\n gallium  ")
    source = federal_register(site, agencies=["industry-and-security-bureau"], types=["RULE", "NOTICE"])
    count = desk.visit(source)
    assert (count.listed, count.new, count.error) == (1, 1, "") and not desk.problems
    kept = desk.kept()[address]
    assert (kept.title, kept.published) == ("Controls on gallium", (TODAY - timedelta(days=3)).isoformat())
    assert desk.archive.get(kept.sha256) == PAGE
    assert site.got("/documents/") == ["/documents/full_text/html/2026-00001.html"]
    (query,) = site.queries(DOCUMENTS)
    assert query["conditions[agencies][]"] == ["industry-and-security-bureau"]
    assert query["conditions[type][]"] == ["RULE", "NOTICE"]
    assert query["conditions[publication_date][gte]"] == [(TODAY - timedelta(days=30)).isoformat()]
    assert query["order"] == ["oldest"] and "conditions[term]" not in query


def test_where_a_document_has_no_html_its_text_pdf_or_page_is_fetched(
    site: Site, register: FederalRegister, desk: Desk
) -> None:
    day = TODAY - timedelta(days=1)
    register.add("1", day, body_html_url=None)
    register.add("2", day, body_html_url=None, raw_text_url=None)
    register.add("3", day, body_html_url=None, raw_text_url=None, pdf_url=None)
    register.add("4", day, html_url=None)
    assert desk.visit(federal_register(site)).new == 3
    assert sorted(site.got("/documents/") + site.got("/content/")) == sorted([
        "/documents/full_text/text/1.txt", "/content/pkg/2.pdf", f"/documents/{day:%Y/%m/%d}/3/a-title"])


def test_several_terms_are_several_queries_and_each_document_comes_once(
    site: Site, register: FederalRegister, desk: Desk
) -> None:
    day = TODAY - timedelta(days=2)
    register.add("1", day, terms=("gallium",))
    register.add("2", day, terms=("gallium", '"rare earth"'))
    register.add("3", day, terms=('"rare earth"',))
    count = desk.visit(federal_register(site, terms=["gallium", '"rare earth"', "tungsten"]))
    assert (count.listed, count.new) == (3, 3)
    assert [query["conditions[term]"] for query in site.queries(DOCUMENTS)] == [
        ["gallium"], ['"rare earth"'], ["tungsten"]]


def test_more_documents_than_a_query_leads_to_are_asked_for_by_halves_of_the_time(
    site: Site, register: FederalRegister, desk: Desk
) -> None:
    for number in range(2900):
        register.add(str(number), TODAY - timedelta(days=1 + number % 25))
    count = desk.visit(federal_register(site, include="nothing of it"))
    assert (count.listed, count.error) == (2900, "") and not desk.problems
    spans = {(query["conditions[publication_date][gte]"][0], query["conditions[publication_date][lte]"][0])
             for query in site.queries(DOCUMENTS)}
    assert len(spans) == 3  # the whole, and its halves
    assert not any("elsewhere" in asked for asked, _ in site.asked)


def test_a_day_with_more_documents_than_can_be_had_is_told(site: Site, register: FederalRegister, desk: Desk) -> None:
    for number in range(2100):
        register.add(str(number), TODAY - timedelta(days=4))
    count = desk.visit(federal_register(site, include="nothing of it"))
    assert count.listed == 2000 and not count.error
    assert "has 2,100 documents, of which the API gives 2,000" in desk.messages()


def test_the_next_visit_asks_from_a_few_days_before_the_last_document(
    site: Site, register: FederalRegister, desk: Desk
) -> None:
    source = federal_register(site)
    register.add("1", TODAY - timedelta(days=20))
    register.add("2", TODAY - timedelta(days=10))
    desk.visit(source)
    late = register.add("3", TODAY - timedelta(days=14))
    assert desk.visit(source).new == 1 and late in desk.kept()
    assert site.queries(DOCUMENTS)[-1]["conditions[publication_date][gte]"] == [(TODAY - timedelta(days=15)).isoformat()]


def test_where_nothing_was_found_the_next_visit_asks_from_the_same_day(
    site: Site, register: FederalRegister, desk: Desk
) -> None:
    source = Source("us", "US", "federal_register", f"{site.address}{DOCUMENTS}", local=True, expect_listed=0)
    for _ in range(3):
        assert desk.visit(source).error == ""
    assert len({query["conditions[publication_date][gte]"][0] for query in site.queries(DOCUMENTS)}) == 1


def test_a_document_of_the_future_does_not_move_the_next_visit(
    site: Site, register: FederalRegister, desk: Desk
) -> None:
    source = federal_register(site)
    register.add("1", TODAY - timedelta(days=1))
    future = register.add("2", date(2099, 1, 1))
    desk.visit(source)
    assert desk.kept()[future].published == ""
    assert desk.visit(source).error == ""
    assert site.queries(DOCUMENTS)[-1]["conditions[publication_date][gte]"] == [(TODAY - timedelta(days=6)).isoformat()]


def test_a_backfill_asks_for_its_days_and_leaves_the_next_visit_as_it_was(
    site: Site, register: FederalRegister, desk: Desk
) -> None:
    source = federal_register(site)
    register.add("1", TODAY - timedelta(days=1))
    desk.visit(source)
    for number, day in enumerate((date(2023, 6, 30), date(2023, 7, 3), date(2023, 7, 31), date(2023, 8, 1))):
        register.add(f"old-{number}", day)
    assert desk.visit(source, since=date(2023, 7, 1), until=date(2023, 7, 31)).new == 2
    assert desk.visit(source, since=date(2099, 1, 1)).listed == 0
    desk.visit(source)
    bounds = [(query["conditions[publication_date][gte]"][0], query["conditions[publication_date][lte]"][0])
              for query in site.queries(DOCUMENTS)[1:]]
    assert bounds == [("2023-07-01", "2023-07-31"), ((TODAY - timedelta(days=6)).isoformat(), TODAY.isoformat())]


@pytest.mark.parametrize(("answer", "words"), [
    ((200, "text/html", b"<html><title>Request Access</title></html>"), "Request Access"),
    (as_json([]), "which is no list of documents"),
    (as_json({}), "which is no list of documents"),
    (as_json({"count": "12", "results": []}), "which is no list of documents"),
    (as_json({"count": 12}), "which is no list of documents"),
    (as_json({"count": 1, "results": {"title": "x"}}), "which is no list of documents"),
    ((200, "application/json", b"[" * 100_000), "which is no list of documents"),
    (as_json({"errors": {"conditions": {"agencies": "unknown"}}}, 400), "check the agencies, terms and types"),
    (as_json({}, 404), "404"),
])
def test_an_answer_that_is_not_the_registers_fails_the_visit_and_moves_nothing(
    site: Site, desk: Desk, answer: Reply, words: str
) -> None:
    site.paths[DOCUMENTS] = lambda query: answer
    count = desk.visit(federal_register(site))
    assert words in count.error and "\n" not in count.error and ";" in count.error and len(count.error) < 300
    state = desk.ledger.state("us-bis")
    assert state.failures == 1 and state.error == count.error and not state.cursor


def test_documents_without_sense_are_left_out(site: Site, desk: Desk) -> None:
    good = f"{site.address}/documents/1"
    site.paths[DOCUMENTS] = lambda query: as_json({"count": 5, "results": [
        None, "text", {"title": 5}, {"html_url": "ftp://elsewhere.invalid/x"},
        {"html_url": good, "title": None, "publication_date": "soon", "body_html_url": 7}]})
    assert desk.visit(federal_register(site)).new == 1
    assert desk.kept()[good].published == ""


def test_fewer_documents_than_promised_are_told(site: Site, desk: Desk) -> None:
    site.paths[DOCUMENTS] = lambda query: as_json(
        {"count": 3, "results": [] if query["page"] != ["1"] else [{"html_url": f"{site.address}/documents/1"}]})
    assert desk.visit(federal_register(site)).new == 1
    assert "gives 1 of the 3 documents" in desk.messages()


def test_an_endless_answer_ends(site: Site, desk: Desk) -> None:
    asked = iter(range(10_000))
    site.paths[DOCUMENTS] = lambda query: as_json(
        {"count": 2000, "results": [{"html_url": f"{site.address}/documents/{next(asked)}"}]})
    limits = Limits(host_delay=0, retry_wait=0.01, max_listing_pages=7)
    count = desk.visit(federal_register(site, include="none"), limits=limits)
    assert count.listed == 7 and "more than 7 pages" in desk.messages()


# ---- GDELT -------------------------------------------------------------------------------------------------------

ARTICLES = "/api/v2/doc/doc"


class Gdelt:
    """The article list: both ends of the time asked for are exclusive, and no answer holds more than 250 articles."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.articles: list[dict[str, str]] = []
        site.paths[ARTICLES] = self

    def add(self, name: str, seen: datetime, title: str = "Gallium exports halted") -> str:
        url = f"{self.site.address}/news/{name}"
        self.articles.append({
            "url": url, "url_mobile": f"{self.site.address}/amp/{name}", "title": title,
            "seendate": f"{seen:%Y%m%dT%H%M%SZ}", "socialimage": "", "domain": "news.example", "language": "English",
            "sourcecountry": "China"})
        return url

    def __call__(self, query: Query) -> Reply:
        first, last = query["startdatetime"][0], query["enddatetime"][0]
        found = sorted((each for each in self.articles if first < moment(each) < last), key=moment)
        return as_json({"articles": found[:min(250, int(query["maxrecords"][0]))]} if found else {})


def moment(article: dict[str, str]) -> str:
    return "".join(filter(str.isdigit, article["seendate"]))


@pytest.fixture
def news(site: Site) -> Gdelt:
    return Gdelt(site)


QUERY = '(gallium OR germanium) "export controls"'


def gdelt(site: Site, expect_listed: int = 0) -> Source:
    return Source("gdelt-gallium", "GDELT", "gdelt", f"{site.address}{ARTICLES}", local=True, options={"query": QUERY},
                  expect_listed=expect_listed)


def asked_for(query: Query) -> tuple[datetime, datetime]:
    first, last = (datetime.strptime(query[name][0], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
                   for name in ("startdatetime", "enddatetime"))
    return first, last


def test_articles_of_the_last_day_are_listed_and_fetched(site: Site, news: Gdelt, desk: Desk) -> None:
    seen = NOW - timedelta(hours=5)
    url = news.add("one", seen, "China halts  gallium exports , officials say")
    news.add("old", NOW - timedelta(days=2))
    count = desk.visit(gdelt(site))
    assert (count.listed, count.new, count.error) == (1, 1, "") and not desk.problems
    assert desk.kept()[url].title == "China halts gallium exports , officials say"
    assert desk.kept()[url].published == seen.date().isoformat()
    (query,) = site.queries(ARTICLES)
    assert (query["query"], query["mode"], query["format"]) == ([QUERY], ["ArtList"], ["json"])
    first, last = asked_for(query)
    assert timedelta(days=1) <= last - first < timedelta(days=1, minutes=1)


def test_an_empty_window_is_no_failure(site: Site, news: Gdelt, desk: Desk) -> None:
    count = desk.visit(gdelt(site))
    assert (count.listed, count.error) == (0, "") and not desk.problems


def test_silence_is_one_where_articles_are_expected(site: Site, news: Gdelt, desk: Desk) -> None:
    assert "lists 0 pages where at least 1" in desk.visit(gdelt(site, expect_listed=1)).error


def test_a_full_window_is_halved_until_nothing_is_cut_off(site: Site, news: Gdelt, desk: Desk) -> None:
    for number in range(700):
        news.add(str(number), NOW - timedelta(minutes=15 * (1 + number % 94)))
    count = desk.visit(gdelt(site))
    assert (count.listed, count.new, count.error) == (700, 700, "") and not desk.problems


def test_an_article_at_the_seam_of_two_windows_comes_once(site: Site, news: Gdelt, desk: Desk) -> None:
    day = TODAY - timedelta(days=3)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for number in range(300):
        news.add(str(number), midnight + timedelta(hours=6 * (1 + number % 3)))
    count = desk.visit(gdelt(site), since=day, until=day)
    assert (count.listed, count.new) == (300, 300)


def test_more_articles_at_one_moment_than_can_be_had_are_told(site: Site, news: Gdelt, desk: Desk) -> None:
    for number in range(300):
        news.add(str(number), NOW - timedelta(hours=3))
    count = desk.visit(gdelt(site))
    assert count.listed == 250 and not count.error
    assert "some may be missing; narrow the query" in desk.messages()


def test_the_next_visit_asks_from_an_hour_before_the_end_of_the_last(site: Site, news: Gdelt, desk: Desk) -> None:
    desk.visit(gdelt(site))
    desk.visit(gdelt(site))
    (_, before), (after, _) = map(asked_for, site.queries(ARTICLES))
    assert timedelta(minutes=59) < before - after <= timedelta(hours=1, seconds=3)


@pytest.mark.parametrize("text", [
    "Your query was too short or too long.", "The specified phrase is too short.",
    "Queries containing OR'd terms must be surrounded by ().",
    "Please limit requests to one every 5 seconds or contact us for larger queries.\n", "[1, 2]", '"text"',
    '{"articles": 5}', "<html>busy</html>",
])
def test_what_gdelt_says_instead_of_an_answer_is_the_error(site: Site, desk: Desk, text: str) -> None:
    site.paths[ARTICLES] = lambda query: (200, "text/html; charset=utf-8", text.encode())
    count = desk.visit(gdelt(site))
    assert " ".join(text.split()) in count.error and "mend the query" in count.error and "\n" not in count.error
    assert not desk.ledger.state("gdelt-gallium").cursor


def test_what_was_read_before_a_failure_counts_and_the_next_visit_goes_on_there(
    site: Site, news: Gdelt, desk: Desk
) -> None:
    for number in range(300):
        news.add(str(number), NOW - timedelta(minutes=4 * (1 + number)))
    refused = [False, False, True]

    def now_and_then(query: Query) -> Reply:
        if refused and refused.pop(0):
            return 200, "text/plain", b"Please limit requests to one every 5 seconds."
        return news(query)

    site.paths[ARTICLES] = now_and_then
    count = desk.visit(gdelt(site))
    assert 0 < count.new < 300 and not count.error
    assert "one every 5 seconds" in desk.messages() and "the rest is left to the next visit" in desk.messages()
    refused.clear()
    again = desk.visit(gdelt(site))
    assert count.new + again.new == 300 and not again.error


def test_escapes_and_control_characters_that_json_forbids_lose_nothing(site: Site, desk: Desk) -> None:
    body = '{"articles": [{"url": "%s/news/a", "title": "Tungsten \\%% \\u4e2d\\\\ \\"up\\" \t 5\\d", "seendate": "x"}]}'
    site.paths[ARTICLES] = lambda query: (200, "application/json", (body % site.address).encode())
    assert desk.visit(gdelt(site)).new == 1
    assert desk.kept()[f"{site.address}/news/a"].title == 'Tungsten \\% 中\\ "up" 5\\d'


def test_articles_without_sense_are_left_out(site: Site, desk: Desk) -> None:
    site.paths[ARTICLES] = lambda query: as_json({"articles": [
        None, 5, {"title": "no address"}, {"url": ["x"]}, {"url": f"{site.address}/news/a", "title": None}]})
    assert desk.visit(gdelt(site)).new == 1


def test_a_backfill_asks_for_whole_days(site: Site, news: Gdelt, desk: Desk) -> None:
    day = TODAY - timedelta(days=20)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    wanted = [news.add("first", noon - timedelta(hours=12)), news.add("noon", noon),
              news.add("last", noon + timedelta(hours=11, minutes=45))]
    news.add("before", noon - timedelta(hours=12, seconds=1))
    news.add("after", noon + timedelta(hours=12))
    assert desk.visit(gdelt(site), since=day, until=day).new == 3
    assert set(desk.kept()) == set(wanted) and not desk.problems


def test_a_backfill_beyond_three_months_warns_and_gives_what_there_is(site: Site, news: Gdelt, desk: Desk) -> None:
    recent, old = news.add("recent", NOW - timedelta(days=5)), news.add("old", NOW - timedelta(days=200))
    assert desk.visit(gdelt(site), since=TODAY - timedelta(days=300)).new == 2
    assert {recent, old} == set(desk.kept())
    assert "promises three months only" in desk.messages()


def test_a_time_that_gdelt_refuses_does_not_lose_the_rest(site: Site, news: Gdelt, desk: Desk) -> None:
    news.add("recent", NOW - timedelta(days=5))

    def within_reach(query: Query) -> Reply:
        if asked_for(query)[1] < NOW - timedelta(days=89):
            return 200, "text/plain", b"Dates must be within the last 3 months."
        return news(query)

    site.paths[ARTICLES] = within_reach
    count = desk.visit(gdelt(site), since=TODAY - timedelta(days=300))
    assert count.new == 1 and not count.error
    assert "within the last 3 months" in desk.messages()


def test_a_backfill_that_ends_early_says_from_where_to_go_on(site: Site, news: Gdelt, desk: Desk) -> None:
    for number in range(1000):
        news.add(str(number), NOW - timedelta(hours=2 * number))
    limits = Limits(host_delay=0, retry_wait=0.01, max_listing_pages=5)
    count = desk.visit(gdelt(site), since=TODAY - timedelta(days=80), limits=limits)
    assert 0 < count.listed < 1000
    assert "after 5 answers); fetch the rest with --since" in desk.messages()


# ---- what the client sees to for all of them ---------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["federal_register", "gdelt"])
def test_an_api_that_asks_to_wait_is_asked_again(site: Site, desk: Desk, kind: str) -> None:
    register, news = FederalRegister(site), Gdelt(site)
    register.add("1", TODAY - timedelta(days=1))
    news.add("1", NOW - timedelta(hours=2))
    path, answer = (DOCUMENTS, register) if kind == "federal_register" else (ARTICLES, news)
    busy = [as_json({}, 429, **{"Retry-After": "1"})]
    site.paths[path] = lambda query: busy.pop() if busy else answer(query)
    source = federal_register(site) if kind == "federal_register" else gdelt(site)
    count = desk.visit(source)
    assert (count.new, count.error) == (1, "") and len(site.queries(path)) == 2


@pytest.mark.parametrize("kind", ["federal_register", "gdelt"])
def test_an_api_that_asks_for_a_long_rest_fails_the_visit(site: Site, desk: Desk, kind: str) -> None:
    path = DOCUMENTS if kind == "federal_register" else ARTICLES
    site.paths[path] = lambda query: as_json({}, 429, **{"Retry-After": "3600"})
    count = desk.visit(federal_register(site) if kind == "federal_register" else gdelt(site))
    assert "429" in count.error and len(site.queries(path)) == 1


# ---- EUR-Lex -----------------------------------------------------------------------------------------------------

FEED = "/EN/display-feed.rss"


def eurlex(site: Site) -> Source:
    return Source("eu-journal", "Official Journal", "eurlex", f"{site.address}{FEED}?rssId=222", local=True)


def rss(*items: tuple[str, str, str]) -> bytes:
    listed = "".join(f"<item><title>{title}</title><link>{link}</link><description/><pubDate>{day}</pubDate></item>"
                     for title, link, day in items)
    return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>
        <title>Acts of the Official Journal L</title><link>https://eur-lex.europa.eu</link>{listed}</channel></rss>""".encode()


DAY = "Mon, 06 Oct 2025 08:00:00 GMT"


@pytest.mark.parametrize(("link", "uri"), [
    ("https://eur-lex.europa.eu/legal-content/AUTO/?uri=OJ:L_202501234", "OJ:L_202501234"),
    ("https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:32025R1234", "CELEX:32025R1234"),
    ("https://eur-lex.europa.eu/legal-content/DE/AUTO/?qid=1&amp;uri=celex%3A32025r1234&amp;from=DE", "CELEX:32025R1234"),
    ("https://eur-lex.europa.eu/Legal-Content/EN/TXT/?URI=celex%253A32024R1689R(02)", "CELEX:32024R1689R(02)"),
    ("/legal-content/EN/TXT/PDF/?uri=oj:c_202501234", "OJ:C_202501234"),
    ("https://eur-lex.europa.eu/legal-content/AUTO/?uri=CONSIL:ST_9304_2026_INIT", "CONSIL:ST_9304_2026_INIT"),
    ("https://eur-lex.europa.eu/eli/reg_impl/2025/1234/oj", "CELEX:32025R1234"),
    ("http://data.europa.eu/eli/reg/2024/825/oj/eng", "CELEX:32024R0825"),
    ("https://eur-lex.europa.eu/ELI/dec/2025/77/oj/", "CELEX:32025D0077"),
    ("https://eur-lex.europa.eu/eli/dir_del/2025/12/oj", "CELEX:32025L0012"),
    ("https://eur-lex.europa.eu/eli/C/2025/345/oj", "OJ:C_202500345"),
])
def test_each_act_is_known_and_asked_for_by_its_english_text(site: Site, desk: Desk, link: str, uri: str) -> None:
    site.paths[FEED] = lambda query: (200, "application/rss+xml", rss(("Regulation on gallium", link, DAY)))
    assert desk.visit(eurlex(site)).new == 1
    kept = desk.kept()[f"{site.address}/legal-content/EN/TXT/?uri={uri}"]
    assert (kept.title, kept.published) == ("Regulation on gallium", "2025-10-06")
    assert site.got("/legal-content/") == [f"/legal-content/EN/TXT/HTML/?uri={uri}"]


def test_one_act_under_two_addresses_is_one_page(site: Site, desk: Desk) -> None:
    site.paths[FEED] = lambda query: (200, "application/rss+xml", rss(
        ("A", "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX%3A32025R1234", DAY),
        ("B", "https://eur-lex.europa.eu/eli/reg/2025/1234/oj", DAY)))
    assert desk.visit(eurlex(site)).new == 1


@pytest.mark.parametrize("path", ["/oj/daily-view", "/eli/agree_internation/2025/1/oj", "/legal-content/EN/TXT/?x=1",
                                  "/eli/reg/2024/1689/2025-01-01"])
def test_an_entry_that_leads_to_no_act_stays_as_it_is(site: Site, desk: Desk, path: str) -> None:
    site.paths[FEED] = lambda query: (200, "application/rss+xml", rss(("Overview", site.address + path, DAY)))
    assert desk.visit(eurlex(site)).new == 1
    assert list(desk.kept()) == [site.address + path]


def test_a_link_that_is_no_address_does_not_cost_the_others(site: Site, desk: Desk) -> None:
    site.paths[FEED] = lambda query: (200, "application/rss+xml", rss(
        ("Broken", "http://[::1", DAY), ("Good", "https://eur-lex.europa.eu/eli/reg/2025/1234/oj", DAY)))
    assert desk.visit(eurlex(site)).new == 1


def test_a_journal_that_has_not_changed_is_not_silence(site: Site, desk: Desk) -> None:
    def answer(query: Query) -> Reply:
        if site.headers[-1]["If-None-Match"] == '"1"':
            return 304, "application/rss+xml", b""
        feed = rss(("A", "https://eur-lex.europa.eu/eli/reg/2025/1234/oj", DAY))
        return 200, "application/rss+xml", feed, {"ETag": '"1"'}

    site.paths[FEED] = answer
    assert desk.visit(eurlex(site)).new == 1
    again = desk.visit(eurlex(site))
    assert (again.listed, again.error) == (0, "")


def test_a_backfill_takes_from_the_journal_what_lies_within_it(site: Site, desk: Desk) -> None:
    site.paths[FEED] = lambda query: (200, "application/rss+xml", rss(
        ("In", "https://eur-lex.europa.eu/eli/reg/2025/1/oj", DAY),
        ("Out", "https://eur-lex.europa.eu/eli/reg/2025/2/oj", "Tue, 07 Oct 2025 08:00:00 GMT")))
    assert desk.visit(eurlex(site), since=date(2025, 10, 1), until=date(2025, 10, 6)).new == 1


@pytest.mark.parametrize(("content_type", "body"), [
    ("text/html", b"<html><title>Error</title></html>"), ("application/rss+xml", rss()),
])
def test_a_journal_without_acts_is_a_failure(site: Site, desk: Desk, content_type: str, body: bytes) -> None:
    site.paths[FEED] = lambda query: (200, content_type, body)
    assert desk.visit(eurlex(site)).error
