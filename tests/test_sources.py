"""The catalogue that ships, an analyst's own beside it, and what is said of a faulty one."""

from __future__ import annotations

import csv
import dataclasses
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest

from extractor.fetch.archive import Archive
from extractor.fetch.harvest import harvest
from extractor.fetch.kinds import KINDS
from extractor.fetch.sources import OPTIONS, Source, SourcesError, catalogue, faults, shipped
from extractor.limits import Limits
from extractor.store.ledger import Ledger

DOCS = (Path(__file__).parent.parent / "docs" / "sources.md").read_text("utf-8")
ENTRIES = re.split(r"^(?=- id: )", shipped().read_text("utf-8"), flags=re.MULTILINE)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    """Every shipped source, those that are switched off too."""
    ids = re.findall(r"^- id: (\S+)", shipped().read_text("utf-8"), re.MULTILINE)
    own = tmp_path_factory.mktemp("own") / "sources.yml"
    own.write_text("".join(f"- {{id: {id}, enabled: true}}\n" for id in ids))
    return catalogue(own)


# ---- what ships --------------------------------------------------------------------------------------------------

def test_the_shipped_catalogue_is_whole(everything: list[Source]) -> None:
    assert not list(faults(shipped()))
    assert len(catalogue()) >= 50 and len({source.id for source in everything}) == len(everything)
    assert {source.kind for source in everything} == set(KINDS) - {"mail", "folder"}
    assert {source.kind for source in catalogue()} >= {"feed", "sitemap", "listing", "federal_register", "gdelt", "eurlex",
                                                       "urls"}
    assert {source.standing for source in catalogue()} == {"official", "press", "company"}
    assert len({source.country for source in catalogue()}) >= 15


def test_every_entry_says_how_far_it_is_confirmed() -> None:
    for before, entry in pairwise(ENTRIES):
        comment = before.rstrip().rpartition("\n\n")[2]
        assert all(line.startswith("#") for line in comment.splitlines()), entry[:40]
        assert "not fetched from here" in comment, entry[:40]
        assert re.search(r"documented API|address(?:es)? (?:and markup )?seen", comment), entry[:40]


def test_countries_are_countries(everything: list[Source]) -> None:
    with (resources.files("extractor") / "data" / "countries.csv").open(encoding="utf-8") as file:
        known = {value for row in csv.DictReader(file) for value in row.values() if value and len(value) == 2}
    assert {source.country for source in everything} - {"", "EU"} <= known


def test_an_address_is_that_of_one_source(everything: list[Source]) -> None:
    asked = [(source.url, repr(source.options)) for source in everything]
    assert len(set(asked)) == len(asked)
    assert not any("@" in source.url or source.local for source in everything)


def test_no_source_lets_everything_of_its_site_through_unmeant(everything: list[Source]) -> None:
    """An include that matches the site's own address would let every page of it pass."""
    for source in everything:
        if source.include:
            assert not source.include.search(re.match(r"https?://[^/]+/?", source.url or "http://x/")[0]), source.id


def test_general_press_and_general_ministries_are_narrowed(everything: list[Source]) -> None:
    narrow = {"federal_register", "gdelt", "urls"}
    wide = [source.id for source in everything if source.kind not in narrow and not source.include]
    assert sorted(wide) == ["cl-cochilco", "cn-mofcom-export-control", "in-dgft-notifications", "in-dgft-public-notices",
                            "jp-jogmec-metals", "uk-ecju", "uk-notices-to-exporters"]


def test_expectations_are_modest(everything: list[Source]) -> None:
    for source in everything:
        assert 0 <= source.expect_listed <= 100 and 0 <= source.expect_per_day <= 30, source.id
        assert source.interval >= 3600 and (source.recheck >= source.interval or source.kind == "warc"), source.id


@pytest.mark.parametrize(("id", "wanted", "unwanted"), [
    ("cn-mofcom-policies", "关于对钨、碲、铋、钼、铟相关物项实施出口管制的决定", "关于促进家居消费的通知"),
    ("cn-mofcom-policies", "商务部公告2025年第18号 对部分中重稀土相关物项实施出口管制", "关于公布老字号名单的公告"),
    ("jp-meti", "重要鉱物の安定供給確保に向けた取組方針", "工業統計の公表について"),
    ("kr-motir", "핵심광물 공급망 점검회의 개최", "전통시장 활성화 방안"),
    ("id-esdm", "Pemerintah tetapkan kuota ekspor konsentrat tembaga", "Upacara hari kemerdekaan"),
    ("cd-actualite", "Cobalt : la RDC fixe les quotas", "Football : victoire à Lubumbashi"),
    ("cl-minmineria", "Gobierno adjudica contratos de litio", "Ministra visita escuela"),
    ("eu-official-journal-l", "Commission Delegated Regulation amending the list of dual-use items",
     "Commission Regulation on the labelling of honey"),
    ("eu-official-journal-c", "Notice of initiation of a proceeding on imports of silicon metal", "Euro exchange rates"),
    ("press-mining-technology", "Indonesia cuts nickel ore quota", "New haul truck unveiled"),
    ("us-usgs-news", "The 2025 list of critical minerals", "A quake near the coast"),
])
def test_includes_tell_what_is_wanted_in_the_language_of_the_source(
    everything: list[Source], id: str, wanted: str, unwanted: str
) -> None:
    (source,) = [source for source in everything if source.id == id]
    assert source.wants(f"{source.url}/1", wanted) and not source.wants(f"{source.url}/1", unwanted)


def test_federal_register_queries_are_such_as_the_api_takes(everything: list[Source]) -> None:
    for source in everything:
        if source.kind == "federal_register":
            assert source.options.get("agencies") or source.options.get("terms"), source.id
            assert set(source.options.get("types", ())) <= {"RULE", "PRORULE", "NOTICE", "PRESDOCU"}
            assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)*", agency) for agency in source.options.get("agencies", ()))
            assert "?" not in source.url


def test_gdelt_queries_are_such_as_the_api_takes(everything: list[Source]) -> None:
    for source in everything:
        if source.kind == "gdelt":
            query = source.options["query"]
            assert 10 < len(query) <= 250 and "?" not in source.url
            assert all(len(phrase.split()) > 1 for phrase in re.findall(r'"([^"]*)"', query)), source.id
            assert " OR " not in re.sub(r"\([^()]*\)", "", query), source.id
            assert all(" OR " in group for group in re.findall(r"\(([^()]*)\)", query)), source.id


# ---- the selectors, on markup of the kind that they were written for ------------------------------------------------

MARKUP = {
    "cn-mofcom-policies": (
        '<div><ul class="policy-list f-mt20"><li><a href="/zcfb/blgg/art/2026/art_1.html">关于对锑实施出口管制的公告</a>'
        '<a href="/zcjd/1.html">政策解读</a><span>2026-09-07</span></li></ul></div>',
        "/zcfb/blgg/art/2026/art_1.html", "关于对锑实施出口管制的公告", "2026-09-07"),
    "in-dgft-notifications": (
        "<table><tr><th>No</th><th>Number</th><th>Year</th><th>Description</th><th>Date</th><th></th><th>File</th></tr>"
        "<tr><td>1</td><td>20/2026-27</td><td>2026-2027</td><td>Amendment in export policy of graphite</td>"
        '<td>02/06/2026</td><td style="display:none">02/06/2026 16:10:34</td>'
        '<td><a class="attachmentBtn" href="/Website/1.pdf">Download</a></td></tr></table>',
        "/Website/1.pdf", "Amendment in export policy of graphite", "2026-06-02"),
    "uk-notices-to-exporters": (
        '<ul class="gem-c-document-list"><li class="gem-c-document-list__item"><div class="gem-c-document-list__item-title">'
        '<a href="/government/publications/nte-202531">NTE 2025/31: changes to the control list</a></div><ul><li>'
        '<time datetime="2025-11-20T10:00:00Z">20 November 2025</time></li></ul></li></ul>',
        "/government/publications/nte-202531", "NTE 2025/31: changes to the control list", "2025-11-20"),
    "pe-minem": (
        '<ul><li class="scrollable__item"><a class="card__mock" href="/institucion/minem/noticias/1-cobre">Exportación de '
        'cobre creció</a><time datetime="2026-09-10 09:00:00">10 de septiembre de 2026</time></li></ul>',
        "/institucion/minem/noticias/1-cobre", "Exportación de cobre creció", "2026-09-10"),
    "cn-mofcom-export-control": (
        '<a href="/index.html">首页</a><div><a href="/article/zcfg/gnzcfg/zcfggzqd/202606/1299.html" title="公告">公告</a></div>',
        "/article/zcfg/gnzcfg/zcfggzqd/202606/1299.html", "公告", ""),
    "id-esdm": (
        '<div class="berita-item"><h4 class="title"><a href="/id/media-center/arsip-berita/kuota-ekspor-nikel">Kuota ekspor '
        'nikel</a></h4></div><a href="/id/profil">Profil</a>',
        "/id/media-center/arsip-berita/kuota-ekspor-nikel", "Kuota ekspor nikel", ""),
}


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a server, and its pages."""
    pages: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/robots.txt" else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages.get(self.path, "<title>A notice</title><p>Text of it.</p>").encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", pages
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("id", MARKUP)
def test_the_selectors_read_the_markup_that_they_were_written_for(
    site: tuple[str, dict[str, str]], tmp_path: Path, everything: list[Source], id: str
) -> None:
    address, pages = site
    html, path, title, published = MARKUP[id]
    pages["/list"] = f"<!doctype html><html><body>{html}</body></html>"
    (source,) = [source for source in everything if source.id == id]
    here = dataclasses.replace(source, url=f"{address}/list", local=True, expect_listed=1)
    with Ledger(tmp_path / "events.db") as ledger:
        count = harvest([here], ledger, Archive(tmp_path / "archive"), Limits(host_delay=0))[id]
        (page,) = ledger.unread("none")
    assert (count.new, count.error) == (1, "")
    assert (page.url, page.title, page.published) == (f"{address}{path}", title, published)


# ---- a file of one's own -----------------------------------------------------------------------------------------

@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "sources.yml"


def test_a_file_of_ones_own_adds_changes_and_drops(own: Path) -> None:
    own.write_text("""
- {id: mine, name: Mine, kind: feed, url: https://paper.example/rss}
- {id: us-bis, interval: 1d, types: [RULE]}
- {id: jp-meti, enabled: false}
- {id: cn-customs, enabled: true}
""")
    before, after = ({source.id: source for source in catalogue(file)} for file in (None, own))
    assert after.keys() - before.keys() == {"mine", "cn-customs"} and before.keys() - after.keys() == {"jp-meti"}
    assert (after["us-bis"].interval, after["us-bis"].options["types"]) == (86400, ["RULE"])
    assert after["us-bis"].options["agencies"] == before["us-bis"].options["agencies"]
    assert list(after) == sorted(after)


def test_what_is_left_out_has_its_usual_value(own: Path) -> None:
    own.write_text("- {id: mine, name: Mine, kind: feed, url: https://paper.example/rss}")
    (source,) = [source for source in catalogue(own) if source.id == "mine"]
    assert (source.language, source.standing, source.documents, source.interval, source.recheck) == (
        "en", "press", "", 6 * 3600, 7 * 86400)
    assert (source.expect_listed, source.expect_per_day, source.local, source.enabled) == (1, 0.0, False, True)
    assert source.wants("https://paper.example/anything", "")


def test_include_and_exclude_look_at_address_and_title(own: Path) -> None:
    own.write_text("- {id: mine, name: M, kind: feed, url: https://p.example/, include: 'gallium|/metals/', exclude: Sport}")
    (source,) = [source for source in catalogue(own) if source.id == "mine"]
    assert source.wants("https://p.example/1", "GALLIUM up") and source.wants("https://p.example/metals/1", "")
    assert not source.wants("https://p.example/1", "Copper") and not source.wants("https://p.example/sport/1", "Gallium")


def test_entries_may_share_a_value(own: Path) -> None:
    own.write_text("""
- {id: one, name: One, kind: feed, url: https://p.example/1, expect: &usual {listed: 7, per_day: 2}}
- {id: two, name: Two, kind: feed, url: https://p.example/2, expect: *usual}
""")
    found = {source.id: source for source in catalogue(own)}
    assert found["one"].expect_listed == found["two"].expect_listed == 7
    assert not list(faults(own))


def test_an_empty_file_of_ones_own_changes_nothing(own: Path) -> None:
    own.write_text("# nothing yet\n")
    assert [source.id for source in catalogue(own)] == [source.id for source in catalogue()]


GOOD = "id: mine, name: Mine, kind: feed, url: https://p.example/rss"


@pytest.mark.parametrize(("text", "words"), [
    ("- {name: Mine, kind: feed, url: https://p.example/}", "id: ''; use small letters"),
    ("- {id: My Paper, name: Mine, kind: feed, url: https://p.example/}", "use small letters, digits and single hyphens"),
    ("- {id: mine, kind: feed, url: https://p.example/}", "name: missing"),
    ("- {id: mine, name: Mine, kind: feeds, url: https://p.example/}", "kind: 'feeds'; use one of feed, sitemap"),
    ("- {id: mine, name: Mine, kind: feed}", "write it as https://host/path"),
    ("- {id: mine, name: Mine, kind: feed, url: ftp://p.example/}", "write it as https://host/path"),
    ("- {id: mine, name: Mine, kind: feed, url: 5}", "url: 5 is no text"),
    (f"- {{{GOOD}, intervall: 6h}}", "intervall: not a field of a source of kind feed; see docs/sources.md"),
    (f"- {{{GOOD}, item: li}}", "item: not a field of a source of kind feed"),
    (f"- {{{GOOD}, interval: often}}", "interval: 'often'; write it as 30m, 6h or 7d"),
    (f"- {{{GOOD}, interval: 0h}}", "interval: '0h'"),
    (f"- {{{GOOD}, recheck: 7}}", "recheck: 7 is no text"),
    (f"- {{{GOOD}, include: '(gallium'}}", "include: no regular expression"),
    (f"- {{{GOOD}, country: China}}", "country: 'China'; use an ISO 3166-1"),
    (f"- {{{GOOD}, language: Chinese}}", "language: 'Chinese'"),
    (f"- {{{GOOD}, standing: friendly}}", "standing: 'friendly'; use one of official, press, company"),
    (f"- {{{GOOD}, documents: laws}}", "documents: 'laws'; use one of notice, article"),
    (f"- {{{GOOD}, local: yes please}}", "local: 'yes please' is no true or false"),
    (f"- {{{GOOD}, expect: 5}}", "expect: 5 is no mapping"),
    (f"- {{{GOOD}, expect: {{listed: many}}}}", "expect: not numbers"),
    (f"- {{{GOOD}, expect: {{pages: 5}}}}", "pages: not a field"),
    ("- {id: mine, name: Mine, kind: listing, url: https://p.example/}", "item: missing"),
    ("- {id: mine, name: Mine, kind: gdelt, url: https://p.example/}", "query: missing"),
    ("- {id: mine, name: Mine, kind: federal_register, url: https://p.example/, terms: gallium}", "terms: 'gallium' is no list"),
    ("- {id: mine, name: Mine, kind: urls}", "url: missing"),
    ("- {id: mine, name: Mine, kind: folder}", "folder: missing"),
    ("- mine", "not a source; write it as '- id:"),
])
def test_a_fault_is_one_line_with_its_place_and_a_remedy(own: Path, text: str, words: str) -> None:
    own.write_text(f"# mine\n{text}\n")
    with pytest.raises(SourcesError) as raised:
        catalogue(own)
    message = str(raised.value)
    assert message.startswith(f"{own}:2: ") and words in message and ";" in message and "\n" not in message
    assert list(faults(own)) == [message]


@pytest.mark.parametrize(("content", "words"), [
    (b"mine: {name: Mine}\n", ":1: not a list of sources"),
    (b"- id: mine\n  name: [Mine\n- id: x\n", "no valid YAML"),
    (b"- id: !!python/object/apply:os.getcwd []\n", "no valid YAML"),
    (b"\xff\xfe\x00\x01", "cannot be read"),
])
def test_a_file_that_is_no_catalogue(own: Path, content: bytes, words: str) -> None:
    own.write_bytes(content)
    with pytest.raises(SourcesError, match=re.escape(words)):
        catalogue(own)
    assert words in next(faults(own))


def test_every_fault_of_a_file_is_told(own: Path) -> None:
    own.write_text(f"- {{{GOOD}}}\n- {{id: X}}\n- {{{GOOD}}}\n")
    found = list(faults(own))
    assert [line.removeprefix(f"{own}:")[0] for line in found] == ["2", "3"]
    assert "id: 'X'" in found[0] and "the id mine is there twice" in found[1]


# ---- what is written about them ----------------------------------------------------------------------------------

def test_every_field_and_kind_is_documented() -> None:
    inner = {"expect_listed": "listed", "expect_per_day": "per_day", "options": "expect"}
    fields = {inner.get(field.name, field.name) for field in dataclasses.fields(Source)}
    fields |= {option for options in OPTIONS.values() for option in options}
    missing = [field for field in sorted(fields) if f"`{field}`" not in DOCS]
    assert not missing
    assert set(re.findall(r"^\*\*`(\w+)`\*\*:", DOCS, re.MULTILINE)) == set(OPTIONS) == set(KINDS)


def test_the_examples_of_the_documentation_are_good(own: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    kinds = set()
    for block in blocks:
        own.write_text(block)
        found = {source.id: source for source in catalogue(own)}
        ids = re.findall(r"\bid: ([\w-]+)", block)
        kinds |= {found[id].kind for id in ids if id in found}
    assert kinds == set(KINDS)
