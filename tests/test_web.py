"""The site over HTTP: a real server on a real database, as a browser or a script would ask it."""

from __future__ import annotations

import csv
import io
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import lxml.html
import pytest
from datasette.app import Datasette
from datasette.utils import parse_metadata
from store_samples import chinese, gallium, hostile, lithium, numbered

from extractor.resources import resource
from extractor.store import Store
from extractor.web.filters import EVENT_VIEWS, LINKS
from extractor.web.serve import application, serve

SERVER = """
import sys
from pathlib import Path
from extractor.web.serve import serve
serve(Path(sys.argv[1]), port=0, on_start=lambda address: print(address, flush=True))
"""
METADATA = parse_metadata(resource("metadata.yml").read_text(encoding="utf-8"))
TABLES = METADATA["databases"]["events"]["tables"]
SHOWN = [name for name, table in TABLES.items() if not table.get("hidden")]


@contextmanager
def serving(db: Path) -> Iterator[httpx.Client]:
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(db)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        with httpx.Client(base_url=process.stdout.readline().strip(), timeout=30) as client:
            yield client
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "any-name.db"
    with Store(path) as store:
        run = store.start_run("test")
        for extraction in (gallium(), lithium(), chinese(), hostile(), *(numbered(number) for number in range(60))):
            store.save(extraction, run)
        store.finish_run(run, {})
    return path


@pytest.fixture(scope="module")
def site(db: Path) -> Iterator[httpx.Client]:
    with serving(db) as client:
        yield client


def page(site: httpx.Client, path: str) -> lxml.html.HtmlElement:
    answer = site.get(path)
    assert answer.status_code == 200, answer.text
    return lxml.html.fromstring(answer.text)


def rows(site: httpx.Client, path: str, **args: object) -> list[dict[str, object]]:
    answer = site.get(path, params={"_shape": "array", **args})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()
    return found


# The event page

def test_the_words_of_every_slot_are_marked(site: httpx.Client, db: Path) -> None:
    connection = sqlite3.connect(db)
    events = connection.execute("SELECT id FROM events WHERE document_id IN ('gallium', 'lithium')").fetchall()
    for (id,) in events:
        html = page(site, f"/events/events/{id}")
        marks: dict[str, set[str]] = {}
        for mark in html.xpath("//blockquote//mark"):
            for slot in mark.get("title").split(", "):
                marks.setdefault(slot.replace(" ", "_"), set()).add(mark.text_content())
        wanted: dict[str, set[str]] = {}
        for slot, text in connection.execute("SELECT slot, text FROM evidence WHERE event_id = ?", (id,)):
            wanted.setdefault(slot, set()).add(text)
        (sentence,) = wanted.pop("sentence")
        assert {slot: "".join(sorted(texts)) for slot, texts in marks.items()} \
            == {slot: "".join(sorted(texts)) for slot, texts in wanted.items()}
        assert sentence in html.xpath("//section[@class='text']")[0].text_content()
        for link in html.xpath("//a[@class='words']/@href"):
            assert html.xpath(f"//*[@id='{link.removeprefix('#')}']/following-sibling::mark"), link
    connection.close()


def test_the_event_page_names_values_with_units_and_its_source(site: httpx.Client) -> None:
    html = page(site, "/events/events/1")
    values = {row.xpath("th")[0].text_content().strip(): row.xpath("td")[0].text_content().strip()
              for row in html.xpath("//section[@class='facts']//tbody/tr")}
    assert values == {
        "measure": "export licence", "issuer": "China (CN)", "materials": "gallium, germanium", "target": "Japan (JP)",
        "status": "announced", "quantity": "3,500–4,000 t", "effective": "2026-04-01",
        "reference": "Announcement No. 18 of 2026", "codes": "81129290"}
    (source,) = html.xpath("//p[@class='cite']//a[@rel='noopener noreferrer']")
    assert source.get("href") == "https://example.org/gallium"
    text = html.text_content()
    assert "2026-03-12" in text and "Confidence 0.90" in text and "Ministry sets licence rule for gallium" in text
    assert html.xpath("//section[@class='others']//a/@href") == ["/events/events/2"]
    flow = page(site, "/events/events/2").text_content()
    assert "-12.5 %" in flow and "12,000,000 EUR" in flow and "41 t" in flow


def test_values_lead_to_other_events_with_them(site: httpx.Client) -> None:
    (country,) = page(site, "/events/events/1").xpath("//td/a[.='Japan (JP)']/@href")
    assert [row["id"] for row in site.get(country.replace("?", ".json?_shape=array&")).json()] == [1]


def test_words_of_two_slots_are_marked_for_both(tmp_path: Path) -> None:
    from extractor.schema import Document, Event, Extraction
    document = Document(id="d", text="Chilean lithium exports rose.")
    event = Event("trade_flow", {"direction": "export", "origin": ["CL"], "materials": ["lithium"]},
                  {"origin": ((0, 15),), "materials": ((8, 15),), "sentence": ((0, 29),)})
    with Store(tmp_path / "e.db") as store:
        store.save(Extraction(document, True, events=(event,)), store.start_run("test"))
    with serving(tmp_path / "e.db") as site:
        marks = page(site, "/events/events/1").xpath("//mark")
    assert [(mark.text_content(), mark.get("title")) for mark in marks] == [
        ("Chilean ", "origin"), ("lithium", "origin, materials")]


def test_hostile_text_does_nothing(site: httpx.Client) -> None:
    (event,) = rows(site, "/events/events.json", _search="Evil")
    row = rows(site, "/events/documents.json", _search="Evil")[0]
    assert "DROP TABLE" in str(row["text"])
    one = f"/events/events/{event['id']}"
    (document,) = page(site, one).xpath("//a[text()='whole document']/@href")
    assert site.get(document).status_code == 200
    for path in ("/", one, document, "/events/events?_search=Evil", "/events/documents?_search=Evil",
                 "/events/production?_search=Evil", "/events/event_companies", "/events/evidence", "/events/problems",
                 "/events/events?_search=%22%3Cscript%3Ealert(3)%3C/script%3E*&_material='%3Cscript%3Ealert(4)"):
        answer = site.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text, path
        assert "<b>bold" not in answer.text, path
        html = lxml.html.fromstring(answer.text)
        assert not [href for href in html.xpath("//@href") if href.startswith("javascript:")], path
    assert "\u202e" not in site.get(one).text  # nothing turns the direction of reading
    assert len(rows(site, "/events/events.json", _size="max")) == 128


def test_pages_run_no_script_but_datasettes_and_load_nothing_from_elsewhere(site: httpx.Client) -> None:
    import hashlib
    from base64 import b64encode
    for path in ("/", "/events", "/events/events", "/events/events/1", "/events?sql=select+1", "/events/documents"):
        answer = site.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
        for script in re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL):
            digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy, f"{path}: {script[:80]}"
        html = lxml.html.fromstring(answer.text)
        for address in (*html.xpath("//script/@src"), *html.xpath("//link[@rel='stylesheet']/@href")):
            assert address.startswith("/")
            assert site.get(address).status_code == 200


# Front page, tables, views

def test_the_front_page_says_how_much_there_is_and_shows_the_latest(site: httpx.Client) -> None:
    html = page(site, "/")
    text = re.sub(r"\s+", " ", html.text_content())
    assert METADATA["title"] in text
    assert "128 events 64 documents 0 problems" in text
    latest = html.xpath("//ol[@class='latest']/li")
    assert len(latest) == 20
    assert "gallium" in latest[0].text_content() and "2026-03-12" in latest[0].text_content()
    assert page(site, latest[0].xpath("a/@href")[0]).xpath("//mark")
    for href in html.xpath("//ul[@class='views']//a/@href"):
        assert site.get(href).status_code == 200


@pytest.mark.parametrize("table", SHOWN)
def test_every_table_answers_in_html_json_and_csv(site: httpx.Client, table: str) -> None:
    assert site.get(f"/events/{table}").status_code == 200
    answer = site.get(f"/events/{table}.json").json()
    described = set(TABLES[table].get("columns", {}))
    assert described <= set(answer["columns"])
    assert described == set(answer["columns"]) or table not in (*EVENT_VIEWS, "events")
    facets = {facet if isinstance(facet, str) else facet["link"] for facet in TABLES[table].get("facets", [])}
    assert set(answer["facet_results"]) == facets
    assert answer["suggested_facets"] == []
    whole = csv.reader(io.StringIO(site.get(f"/events/{table}.csv", params={"_stream": "on"}).text))
    lines = [tuple(row) for row in whole][1:]
    assert len(lines) == len(set(lines)) == answer["filtered_table_rows_count"]
    for column in TABLES[table]["sortable_columns"]:
        for sort in ("_sort", "_sort_desc"):
            ordered = site.get(f"/events/{table}.csv", params={"_stream": "on", sort: column})
            assert {tuple(row) for row in csv.reader(io.StringIO(ordered.text))} >= set(lines), (sort, column)


@pytest.mark.parametrize("view", EVENT_VIEWS)
def test_rows_of_views_lead_to_the_event(site: httpx.Client, view: str) -> None:
    first = page(site, f"/events/{view}").xpath("//td[@class and contains(@class, 'col-event_id')]/a")[0]
    assert first.get("href") == f"/events/events/{first.text_content()}"


def test_internal_tables_are_hidden(site: httpx.Client) -> None:
    tables = site.get("/events.json").json()["tables"]
    assert {table["name"] for table in tables if not table["hidden"]} == set(SHOWN) - {*EVENT_VIEWS, "page_versions"}


def test_facets_and_sort_orders_never_scan_a_table_unindexed(site: httpx.Client, db: Path) -> None:
    connection = sqlite3.connect(db)
    for table in SHOWN:
        for facet in TABLES[table].get("facets", []):
            if isinstance(facet, str):
                plan = " ".join(row[3] for row in connection.execute(
                    f"EXPLAIN QUERY PLAN SELECT {facet}, count(*) FROM (SELECT * FROM {table}) "
                    f"WHERE {facet} IS NOT NULL GROUP BY {facet}"))
                assert "INDEX" in plan, (table, facet, plan)
        for column in TABLES[table].get("sortable_columns", []):
            if column not in ("id", "event_id", "number"):
                plan = " ".join(row[3] for row in connection.execute(
                    f"EXPLAIN QUERY PLAN SELECT * FROM {table} ORDER BY {column} DESC LIMIT 51"))
                assert "TEMP B-TREE" not in plan, (table, column, plan)
    connection.close()


def test_facets_count_through_links_and_their_links_filter(site: httpx.Client) -> None:
    facets = site.get("/events/events.json").json()["facet_results"]
    counts = {value["label"]: value["count"] for value in facets["country"]["results"]}
    assert (counts["Chile"], counts["Peru"], counts["China"], counts["Germany"]) == (60, 60, 3, 1)
    (china,) = [value for value in facets["country"]["results"] if value["value"] == "CN"]
    chosen = httpx.get(china["toggle_url"]).json()
    assert len(chosen["rows"]) == chosen["filtered_table_rows_count"] == 3
    again = {value["label"]: value for value in chosen["facet_results"]["country"]["results"]}
    assert again["China"]["selected"] and again["Japan"]["count"] == 1
    assert httpx.get(again["China"]["toggle_url"]).json()["filtered_table_rows_count"] == 128
    controls = site.get("/events/export_controls.json", params={"_material": "gallium"}).json()
    issuers = controls["facet_results"]["issuer"]
    assert [(value["label"], value["count"]) for value in issuers["results"]] == [("China", 2)]


@pytest.mark.parametrize(("path", "args", "ids"), [
    ("events", {"_material": "germanium"}, [1]),
    ("export_controls", {"_issuer": "CN", "_target": "JP"}, [1]),
    ("export_controls", {"_code": "81129290"}, [1]),
    ("trade_flows", {"_destination": "DE"}, [2]),
    ("trade_flows", {"_origin": "DE"}, []),
    ("deals", {"_company": "GE"}, [3]),
    ("production", {"_site": "NO"}, [4]),
    ("prices", {"_market": "CN"}, [5]),
    ("events", {"_search": "licences shipment"}, [1]),  # by stem
    ("events", {"_search": '"lithium hydroxide"'}, [3]),
    ("events", {"_search": '"hydroxide lithium"'}, []),
    ("events", {"_search": "hydrox*"}, [3]),
    ("events", {"_search": "South Korea", "type": "stockpile"}, [6]),  # by the country's name, not in the sentence
    ("export_controls", {"_search": "出口管制"}, [7]),
    ("events", {"_search": "稀土"}, [7]),
    ("events", {"_search": "稀土 gallium"}, [7]),
    ("events", {"_search": "鎢"}, []),
    ("events", {"_search": "*** - \" \0", "_material": "germanium"}, [1]),
])
def test_filters_and_search(site: httpx.Client, path: str, args: dict[str, str], ids: list[int]) -> None:
    found = rows(site, f"/events/{path}.json", **args)
    assert sorted(row["id"] if path == "events" else row["event_id"] for row in found) == ids


@pytest.mark.parametrize(("search", "ids"), [
    ("Rotterdam", ["gallium"]), ("商务部公告", ["chinese"]), ("执行", ["chinese"]), ("100%", []), ("稀_", [])])
def test_documents_are_searched_by_title_and_text(site: httpx.Client, search: str, ids: list[str]) -> None:
    assert [row["id"] for row in rows(site, "/events/documents.json", _search=search)] == ids


def test_the_search_box_is_on_the_page_and_keeps_what_was_asked(site: httpx.Client) -> None:
    html = page(site, "/events/export_controls?_search=licence&_material=gallium")
    assert html.xpath("//form[@class='filters']//input[@name='_search']/@value") == ["licence"]
    assert html.xpath("//form[@class='filters']//input[@name='_material']/@value") == ["gallium"]


def test_json_has_labels_of_foreign_keys(site: httpx.Client) -> None:
    (row,) = rows(site, "/events/events.json", id="4", _labels="on")
    assert row["document_id"] == {"value": "lithium", "label": "Larvik Lithium signs an offtake"}
    assert row["site"] == {"value": "NO", "label": "Norway"}
    (link,) = rows(site, "/events/event_countries.json", event_id="2", _labels="on")
    assert link["country"] == {"value": "DE", "label": "Germany"}
    assert link["event_id"] == {"value": 2, "label": "import · to Germany · gallium · 41 t"}


def test_csv_is_whole(site: httpx.Client) -> None:
    answer = site.get("/events/events.csv", params={"_stream": "on", "_labels": "on"})
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(table) == 128
    assert {row["document_id_label"] for row in table} >= {"Larvik Lithium signs an offtake"}


def test_descriptions_of_every_link_filter_hold(db: Path) -> None:
    connection = sqlite3.connect(db)
    for link in LINKS.values():
        connection.execute(f"SELECT {link.column} FROM {link.table}").fetchone()
    connection.close()


def test_the_site_follows_a_run_that_is_writing(tmp_path: Path) -> None:
    db = tmp_path / "events.db"
    with Store(db) as store:
        run = store.start_run("test")
        with serving(db) as site:
            for number in range(5):
                store.save(numbered(number), run)
                assert site.get("/events/events.json").json()["filtered_table_rows_count"] == 2 * (number + 1)
                assert site.get("/").status_code == 200


# What cannot be served

def test_a_database_that_cannot_be_served_is_named_with_its_remedy(tmp_path: Path, db: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.db: no such database; make it with `extractor run"):
        serve(tmp_path / "no.db")
    (tmp_path / "text.db").write_text("not a database" * 100)
    with pytest.raises(OSError, match=r"text\.db: cannot be read .*check --db"):
        serve(tmp_path / "text.db")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE events (id)")
    with pytest.raises(OSError, match=r"other\.db: holds no events of the extractor; check --db"):
        serve(tmp_path / "other.db")
    with pytest.raises(OSError, match="Datasette cannot open a path with"):
        (tmp_path / "what?.db").write_bytes(db.read_bytes())
        serve(tmp_path / "what?.db")


def test_a_port_that_is_taken_is_named_with_its_remedy(db: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"cannot serve at 127\.0\.0\.1, port {port} \(.*\); choose another --port"):
            serve(db, port=port)


@pytest.mark.anyio
async def test_other_peoples_databases_look_as_ever(tmp_path: Path, db: Path) -> None:
    connection = sqlite3.connect(tmp_path / "mine.db")
    connection.executescript("CREATE TABLE events (id INTEGER PRIMARY KEY, url TEXT); INSERT INTO events VALUES (1, 2)")
    connection.close()
    other = Datasette([str(tmp_path / "mine.db")])
    await other.invoke_startup()
    for path in ("/", "/mine/events", "/mine/events/1"):
        answer = await other.client.get(path)
        assert answer.status_code == 200
        assert "minerals" not in answer.text
        assert "content-security-policy" not in answer.headers
    beside = application(db)
    await beside.invoke_startup()
    assert "minerals" in (await beside.client.get("/")).text


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
