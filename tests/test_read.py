"""From files, as they lie about, to documents: through the door that the command line uses."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF

from extractor.limits import Limits
from extractor.read import read_all
from extractor.schema import Document, Problem

LIMITS = Limits()


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, str | bytes], str]:
    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)
    return write


Save = Callable[[str, str | bytes], str]


def read(*sources: str, limits: Limits = LIMITS, published: str = "") -> list[Document | Problem]:
    return list(read_all(sources, limits, published=published))


def document(*sources: str, limits: Limits = LIMITS, published: str = "") -> Document:
    (found,) = read(*sources, limits=limits, published=published)
    assert isinstance(found, Document), found
    return found


def problem(*sources: str, limits: Limits = LIMITS) -> Problem:
    (found,) = read(*sources, limits=limits)
    assert isinstance(found, Problem), found
    assert found.source and "\n" not in found.message and ";" in found.message  # what is wrong; the remedy
    return found


def warnings(found: Document) -> str:
    assert all((each.level, each.document_id, each.source) == ("warning", found.id, found.origin)
               for each in found.problems)
    return " / ".join(each.message for each in found.problems)


# ---- plain text --------------------------------------------------------------------------------------------------

def test_the_first_line_is_the_title_and_line_breaks_stay(save: Save) -> None:
    found = document(save("a.txt", "# Cobalt quota set\n\nKinshasa fixed the volumes.\nThey hold for 2026.\n"))
    assert (found.title, found.text) == ("Cobalt quota set", "Kinshasa fixed the volumes.\nThey hold for 2026.")
    assert (found.kind, found.language) == ("article", "en")
    assert found.origin.endswith("a.txt")


def test_a_single_line_is_text_without_a_title(save: Save) -> None:
    found = document(save("a.txt", "Tungsten exports fell."))
    assert (found.title, found.text) == ("", "Tungsten exports fell.")


def test_windows_line_ends_marks_and_odd_spaces_leave_no_trace(save: Save) -> None:
    found = document(save("a.txt", "\ufeffTitle\r\n\r\nIt ships 5\u00a0000\u202ft of rare\u00adearth ore.\r\nMore"))
    assert (found.title, found.text) == ("Title", "It ships 5 000 t of rareearth ore.\nMore")


def test_nul_bytes_are_dropped_and_said(save: Save) -> None:
    found = document(save("a.txt", b"Cobalt\n\nPrices rose by 5%\x00 in\x00 June."))
    assert found.text == "Prices rose by 5% in June." and "2 NUL characters" in warnings(found)


TEXT = "Cobalt in Côte d’Ivoire\n\nThe price rose to €5, a trader in Abidjan said. “More will come.”"
CHINESE = "商务部公告\n\n商务部、海关总署决定对钨、碲、铋、钼、铟相关物项实施出口管制，出口经营者应当申请许可。"


@pytest.mark.parametrize(("text", "encoding"), [
    (TEXT, "utf-8"), (TEXT, "utf-8-sig"), (TEXT, "utf-16"), (TEXT, "utf-16-le"), (TEXT, "utf-32"), (TEXT, "cp1252"),
    (CHINESE, "utf-8"), (CHINESE, "gbk"), (CHINESE, "gb18030"), (CHINESE, "utf-16"),
])
def test_the_encoding_is_found(text: str, encoding: str, save: Save) -> None:
    found = document(save("a.txt", text.encode(encoding)))
    assert found.content == text


def test_damaged_utf8_loses_its_letters_and_nothing_else(save: Save) -> None:
    found = document(save("a.txt", TEXT.encode() + " Côte".encode()[:-2] + b" \xff end"))
    assert found.text.startswith("The price rose to €5") and found.text.endswith("end")
    assert "were lost" in warnings(found)


@pytest.mark.parametrize("content", [
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00" + bytes(range(256)),
    bytes((n * 197 + n // 7) % 256 for n in range(5000)), b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" * 20,
], ids=["png", "noise", "zip"])
def test_binary_files_named_txt_are_problems(content: bytes, save: Save) -> None:
    assert "binary" in problem(save("a.txt", content)).message


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.pdf", "a.jsonl"])
@pytest.mark.parametrize("content", [b"", b" \n\n "], ids=["nothing", "blanks"])
def test_empty_files_are_problems(name: str, content: bytes, save: Save) -> None:
    assert problem(save(name, content)).level == "error"


def test_a_missing_file_leaves_the_others(save: Save) -> None:
    lost, found = read("nowhere.txt", save("a.txt", "Cobalt\n\nPrices rose."))
    assert isinstance(lost, Problem) and (lost.source, lost.level) == ("nowhere.txt", "error")
    assert isinstance(found, Document)


def test_a_million_words_are_read(save: Save) -> None:
    found = document(save("a.txt", "A long report\n\n" + "China exported 243 tonnes of tungsten in June. " * 125_000))
    assert len(found.text.split()) == 1_000_000


@pytest.mark.parametrize("filler", [" ", "\n", "\t", ".", "-", "[", "1 ", "\u00a0", "\r"])
def test_text_that_is_one_long_run_of_something_hangs_nothing(filler: str, save: Save) -> None:
    found = document(save("a.txt", "Cobalt\n\nPrices rose." + filler * 2_000_000 + "in June"))
    assert found.text.startswith("Prices rose") and found.text.endswith("in June")


def test_limits_name_themselves(save: Save) -> None:
    path = save("a.txt", "Cobalt\n\n" + "Prices rose. " * 100)
    assert "--max-bytes" in problem(path, limits=Limits(max_bytes=500)).message
    assert "--max-characters" in problem(path, limits=Limits(max_characters=500)).message


# ---- dates -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("text", "day"), [
    ("BEIJING, Dec 29, 2010 - Quotas were cut.", "2010-12-29"),
    ("20 October 2025\n\nThe permit was issued.", "2025-10-20"),
    ("ASX and media release, 16 May 2025\n\nThe plant made its first oxide.", "2025-05-16"),
    ("[Document number] Announcement No. 10\n[Date of issue] 4 February 2025\n\nNo export without a licence.",
     "2025-02-04"),
    ("New Delhi, Dated the 21st August, 2018\n\nThe entries are changed.", "2018-08-21"),
    ("Published: 2025-05-16 08:30\nPrices rose.", "2025-05-16"),
    ("Tuesday, April 15, 2025\nThe President ordered an investigation.", "2025-04-15"),
    ("Official Journal of the European Union, L series, 9.1.2025. Summary.", "2025-01-09"),
    ("Silicon metal is investigated.\n\n[FR Doc. 2025-08877 Filed 5-19-25; 8:45 am]", "2025-05-19"),
    ("2025年2月4日\n决定如下。", "2025-02-04"),
    # Not datelines:
    ("Market | 05/07/24 | Print\nPrices rose.", ""),
    ("On 13 November 2023, the Commission opened a proceeding.", ""),
    ("The ban lasts until 27 November 2026. It covers gallium.", ""),
    ("In a notice of 3 December 2024, the ministry listed antimony.", ""),
    ("LONDON, 22 July. Prices rose.", ""),
    ("The price was 9.1.2025 somewhere.", ""),
    ("Jakarta, 31 February 2025. A digest.", ""),
    ("LONDON, 22 July 2999 - Prices rose.", ""),
    ("One\n" * 40 + "BEIJING, Dec 29, 2010 - Too far down.", ""),
])
def test_a_dateline_is_a_full_date_in_its_place(text: str, day: str, save: Save) -> None:
    assert document(save("a.txt", "A title\n\n" + text)).published == day


def test_a_date_given_on_the_command_line_serves_where_the_text_has_none(save: Save) -> None:
    undated, dated = save("a.txt", "Cobalt\n\nPrices rose."), save("b.txt", "Cobalt\n\n20 October 2025\n\nPrices rose.")
    assert document(undated, published="2024-01-02").published == "2024-01-02"
    assert document(dated, published="2024-01-02").published == "2025-10-20"


def test_an_unknown_date_is_said_and_never_today(save: Save) -> None:
    found = document(save("a.txt", "Cobalt\n\nPrices rose today."))
    assert found.published == "" and "--published" in warnings(found)


def test_a_command_line_date_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        read("-", published="yesterday")


# ---- JSONL -------------------------------------------------------------------------------------------------------

def test_jsonl_lines_become_documents_as_they_are(save: Save) -> None:
    line = {"id": "d1", "title": "Cobalt", "text": "Prices rose.", "published": "2026-02-27", "kind": "notice",
            "url": "https://news.example/a?id=1#top", "language": None}
    found = document(save("a.jsonl", json.dumps(line)))
    assert (found.id, found.title, found.text, found.published) == ("d1", "Cobalt", "Prices rose.", "2026-02-27")
    assert (found.kind, found.url, found.problems) == ("notice", "https://news.example/a?id=1", ())


def test_offsets_into_given_text_stay_true(save: Save) -> None:
    text = "\ufeffOne\r\n\r\ntwo\u00a0three\x00 \ud800 four\t\u2028end "
    found = document(save("a.jsonl", json.dumps({"text": text})))
    assert len(found.text) == len(text) and found.text.index("four") == text.index("four")
    assert not set("\r\0\u00a0\ud800\ufeff") & set(found.text)
    assert "NUL" in warnings(found)


BAD_LINES = [
    ('{"text": "Unclosed', "not valid JSON"), ('["text"]', "not a JSON object"), ('"text"', "not a JSON object"),
    ('{"title": "No text"}', 'no "text"'), ('{"text": "  "}', 'no "text"'), ('{"text": 5}', '"text" is not a string'),
    ('{"text": "x", "id": 7}', '"id" is not a string'), ('{"text": "x", "published": "05/07/24"}', "YYYY-MM-DD"),
    ('{"text": "x", "published": "2025-02-30"}', "YYYY-MM-DD"), ('{"text": "x", "title": ["a"]}', '"title"'),
    ("[" * 100_000, "object"), ('{"text": ' + "9" * 10_000 + "}", "JSON"),
]


@pytest.mark.parametrize(("line", "words"), BAD_LINES, ids=[line[:30] for line, _ in BAD_LINES])
def test_a_bad_line_is_one_problem_with_its_number_and_the_others_go_on(line: str, words: str, save: Save) -> None:
    path = save("a.jsonl", '{"text": "One."}\n\n' + line + '\n{"text": "Two."}\n')
    one, lost, two = read(path)
    assert isinstance(one, Document) and isinstance(two, Document) and isinstance(lost, Problem)
    assert lost.source == f"{path}:3" and lost.level == "error" and words in lost.message
    assert two.origin == f"{path}:4"


def test_a_line_beyond_the_limit_is_skipped_and_not_kept_in_memory(save: Save) -> None:
    long = json.dumps({"text": "x" * 3_000_000})
    one, lost, two = read(save("a.jsonl", f'{{"text": "One."}}\n{long}\n{{"text": "Two."}}'),
                          limits=Limits(max_bytes=1_000_000))
    assert isinstance(one, Document) and isinstance(two, Document)
    assert isinstance(lost, Problem) and "--max-bytes" in lost.message


def test_a_json_array_and_wide_characters_are_named_once(save: Save) -> None:
    assert "one object on each line" in problem(save("a.jsonl", '[\n{"text": "One."},\n{"text": "Two."}\n]')).message
    assert "UTF-8" in problem(save("b.jsonl", '{"text": "One."}\n{"text": "Two."}'.encode("utf-16"))).message


def test_standard_input_is_jsonl(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = io.TextIOWrapper(io.BytesIO(b'{"text": "One."}\n{"text": 2}\n'))
    monkeypatch.setattr(sys, "stdin", lines)
    one, lost = read("-")
    assert isinstance(one, Document) and one.origin == "stdin:1"
    assert isinstance(lost, Problem) and lost.source == "stdin:2"


def test_an_unknown_kind_and_an_unsafe_address_cost_no_document(save: Save) -> None:
    found = document(save("a.jsonl", json.dumps({"text": "x", "kind": "blog", "url": "javascript:alert(1)"})))
    assert (found.kind, found.url) == ("article", "")
    assert "blog" in warnings(found) and "url" in warnings(found)


# ---- ids ---------------------------------------------------------------------------------------------------------

def test_ids_come_from_content_and_not_from_names(save: Save) -> None:
    one, other = save("a.txt", "Cobalt\n\nPrices rose."), save("b.txt", "Cobalt\n\nPrices rose.")
    assert document(one).id == document(other).id
    assert document(save("c.txt", "Cobalt\n\nPrices fell.")).id != document(one).id


def test_ids_come_from_addresses_where_there_are_any(save: Save) -> None:
    addresses = ["https://news.example/a", "HTTPS://News.example:443/a#top", "https://news.example/a?utm_source=x"]
    ids = {document(save(f"{n}.jsonl", json.dumps({"text": f"Text {n}", "url": url}))).id
           for n, url in enumerate(addresses)}
    assert len(ids) == 1


def test_the_same_document_twice_comes_once(save: Save) -> None:
    line = json.dumps({"id": "d1", "text": "Prices rose."})
    path = save("a.jsonl", f"{line}\n{line}")
    found, skipped = read(path)
    assert isinstance(found, Document) and isinstance(skipped, Problem)
    assert (skipped.level, skipped.source, skipped.document_id) == ("warning", f"{path}:2", "d1")
    assert "skipped" in skipped.message


def test_another_document_under_the_same_id_is_an_error_across_sources(save: Save) -> None:
    first, second = save("a.jsonl", '{"id": "d1", "text": "One."}'), save("b.jsonl", '{"id": "d1", "text": "Two."}')
    found, lost = read(first, second)
    assert isinstance(found, Document) and found.text == "One."
    assert isinstance(lost, Problem) and (lost.level, lost.source) == ("error", f"{second}:1")


# ---- HTML --------------------------------------------------------------------------------------------------------

BODY = """<p>Exporters shipped 8,114 tonnes of rare earth oxide in the year, the customs office said on Friday, and
buyers in Japan paid more for&nbsp;every kilogram of it than they had in the year before.</p>
<p>The ministry wants a licence for each cargo, and traders expect the rule to be applied from next month on.</p>"""


def html(head: str = "", body: str = BODY) -> str:
    return (f"<!DOCTYPE html><html lang=en><head><title>Rare earths dearer | Metal Post</title>{head}</head><body>"
            "<nav><a href=/>Home</a> <a href=/p>Prices</a> <a href=/m>Markets</a></nav>"
            f"<article><h1>Rare earths dearer</h1>{body}</article>"
            "<footer>Copyright 2019 Metal Post. Subscribe to our newsletter.</footer></body></html>")


def test_a_page_gives_article_and_metadata(save: Save) -> None:
    head = """<meta property="og:site_name" content="Metal Post"><meta name="author" content="Ann Lee">
    <link rel="canonical" href="https://post.example/rare-earths?utm_source=rss">
    <meta property="article:published_time" content="2025-07-22T08:00:00Z">"""
    found = document(save("a.html", html(head)))
    assert (found.title, found.source, found.author) == ("Rare earths dearer", "Metal Post", "Ann Lee")
    assert (found.published, found.language, found.kind) == ("2025-07-22", "en", "article")
    assert found.url == "https://post.example/rare-earths"
    assert found.text.startswith("Exporters shipped 8,114 tonnes of rare earth oxide")
    assert "\n\nThe ministry wants" in found.text and "for every kilogram" in found.text
    assert "Home" not in found.text and "Copyright" not in found.text
    assert found.problems == ()


def test_a_copyright_year_and_a_future_date_are_no_dates(save: Save) -> None:
    future = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    for head in ("", f'<meta property="article:published_time" content="{future}">'):
        assert document(save("a.html", html(head))).published == ""


def test_a_page_without_metadata_is_dated_by_its_dateline(save: Save) -> None:
    found = document(save("a.html", html(body="<p>TOKYO, March 3, 2025 - Prices rose.</p>" + BODY)))
    assert found.published == "2025-03-03"


def test_a_fragment_of_a_page_is_read(save: Save) -> None:
    assert document(save("a.html", "<p>Cobalt prices rose.</p>")).text == "Cobalt prices rose."


def test_tables_of_a_page_are_rows(save: Save) -> None:
    table = """<table><tr><th>Origin<th>Form<th>2025 (t)</tr><tr><td rowspan=2>China<td>oxide<td>8,114</tr>
    <tr><td>metal | alloy<td>611</tr><tr><td>Vietnam<td><td>3,480</tr></table>"""
    rows = document(save("a.html", html(body=BODY + table + BODY))).text.split("\n\n")[2].split("\n")
    assert rows == ["Origin | Form | 2025 (t)", "China | oxide | 8,114", "China | metal / alloy | 611",
                    "Vietnam |  | 3,480"]


def test_comments_of_readers_are_no_text(save: Save) -> None:
    talk = '<div id="comments"><h3>Comments</h3><p>I doubt that 99,999 tonnes are true, says a reader.</p></div>'
    assert "99,999" not in document(save("a.html", html().replace("<footer>", talk + "<footer>"))).text


@pytest.mark.parametrize("stub", [
    '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>',
    '<div class="wall">Subscribe to continue reading</div>',
])
def test_the_beginning_of_a_paid_article_is_marked(stub: str, save: Save) -> None:
    assert "access partial" in warnings(document(save("a.html", html(body=BODY + stub))))


def test_official_pages_are_notices(save: Save) -> None:
    fr = html('<link rel="canonical" href="https://www.federalregister.gov/documents/2025/05/20/a">')
    assert document(save("a.html", fr)).kind == "notice"
    text = "Titanium dioxide\n\nHaving regard to the Treaty,\nHAS ADOPTED THIS REGULATION:\nArticle 1\nA duty is set."
    assert document(save("a.txt", text)).kind == "notice"


@pytest.mark.parametrize(("declared", "encoding"), [("gb2312", "gbk"), ("utf-8", "utf-8"), ("gbk", "gb18030"),
                                                    ("", "gbk"), ("zlib", "utf-8"), ("iso-8859-1", "utf-8")])
def test_pages_in_chinese_are_decoded_and_marked(declared: str, encoding: str, save: Save) -> None:
    text = "商务部、海关总署决定对钨、碲、铋、钼、铟相关物项实施出口管制，出口经营者应当按照规定向商务部申请许可。" * 3
    page = (f"<html><head><meta charset={declared}><title>公告</title></head>"
            f"<body><article><p>{text}</p></article></body></html>")
    found = document(save("a.html", page.encode(encoding)))
    assert text in found.text and found.language == "zh"
    assert "its language is zh" in warnings(found)


@pytest.mark.parametrize("page", ["<html></html>", "<div>" * 100_000, "<table>" * 50_000, "<p>" * 20_000,
                                  "\0\1\2" * 999], ids=["empty", "deep", "tables", "paragraphs", "binary"])
def test_pages_without_an_article_are_problems(page: str, save: Save) -> None:
    assert problem(save("a.html", page)).level == "error"


def test_a_page_of_fifty_megabytes_is_a_problem(save: Save) -> None:
    assert "larger than 20,000,000 bytes" in problem(save("a.html", b"<html>" + b"<p>x</p>" * 6_300_000)).message


# ---- PDF ---------------------------------------------------------------------------------------------------------

class Paper(FPDF):
    """A file that has a running header and footer if it has several pages."""

    several = False

    def header(self) -> None:
        if not self.several:
            return
        self.set_font("Helvetica", size=8)
        self.cell(0, 8, "Ministry of Mines - Bulletin 12", align="R")
        self.ln(14)

    def footer(self) -> None:
        if not self.several:
            return
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        self.cell(0, 8, f"Page {self.page_no()} of 3", align="C")

    def say(self, text: str, size: float = 11) -> None:
        self.set_font("Helvetica", size=size)
        self.multi_cell(0, size * 0.5, text)
        self.ln(4)


SENTENCES = "The authority sets the volumes that may leave the country in each quarter of the year. " * 6


def paper(*pages: Callable[[Paper], Any], title: str = "") -> bytes:
    pdf = Paper()
    pdf.several = len(pages) > 1
    pdf.set_creation_date(datetime(2025, 10, 20, tzinfo=UTC))
    if title:
        pdf.set_title(title)
    for page in pages:
        pdf.add_page()
        page(pdf)
    return bytes(pdf.output())


def test_a_pdf_gives_paragraphs_without_what_repeats_on_every_page(save: Save) -> None:
    def first(pdf: Paper) -> None:
        pdf.say("Cobalt quotas for the coming year and what they mean for those who ship the metal abroad", size=18)
        pdf.say(SENTENCES)
        pdf.say(SENTENCES)

    found = document(save("a.pdf", paper(first, lambda pdf: pdf.say(SENTENCES), lambda pdf: pdf.say("The end of it."))))
    assert found.title == "Cobalt quotas for the coming year and what they mean for those who ship the metal abroad"
    assert found.text.split("\n\n") == [SENTENCES.strip()] * 3 + ["The end of it."]


def test_a_paragraph_goes_on_over_the_page(save: Save) -> None:
    text = document(save("a.pdf", paper(lambda pdf: pdf.say("The volumes for the year were set by the"),
                                        lambda pdf: pdf.say("authority on Friday.")))).text
    assert text == "The volumes for the year were set by the authority on Friday."


def test_words_divided_at_a_lines_end_are_made_whole(save: Save) -> None:
    text = ("Rare earths and all other earths need a permit under the new regu-\nlation, as do rare-\nearth magnets of"
            " dual-use. Dual-\nuse goods weigh 3,500-\n4,000 t.")
    found = document(save("a.pdf", paper(lambda pdf: pdf.say(text)))).text
    assert "new regulation, as do rare-earth magnets of dual-use. Dual-use goods weigh 3,500-4,000 t." in found


def grid(pdf: Paper, rows: list[tuple[Any, ...]]) -> None:
    pdf.set_font("Helvetica", size=10)
    with pdf.table() as table:
        for cells in rows:
            row = table.row()
            for cell in cells:
                row.cell(**cell) if isinstance(cell, dict) else row.cell(cell)
    pdf.ln(4)


def test_tables_are_rows_in_their_place_and_merged_cells_are_filled(save: Save) -> None:
    def page(pdf: Paper) -> None:
        pdf.say("Before the table.")
        grid(pdf, [("Origin", "Form", "2024", "2025"), ({"text": "China", "rowspan": 2}, "oxide", "9,870", "8,114"),
                   ("metal", "700", ""), ("Vietnam", {"text": "all forms", "colspan": 2}, "3,480")])
        pdf.say("After the table.")

    assert document(save("a.pdf", paper(page))).text.split("\n\n") == ["Before the table.", "\n".join([
        "Origin | Form | 2024 | 2025", "China | oxide | 9,870 | 8,114", "China | metal | 700 |",
        "Vietnam | all forms | all forms | 3,480"]), "After the table."]


def test_a_table_goes_on_over_the_page_without_its_heading(save: Save) -> None:
    rows = [("Holder", "Quota")] + [(f"Company {number}", f"{number},000") for number in range(60)]
    found = document(save("a.pdf", paper(lambda pdf: grid(pdf, rows)))).text.split("\n")
    assert found == [" | ".join(row) for row in rows]


def test_a_table_without_rules_is_rows(save: Save) -> None:
    def page(pdf: Paper) -> None:
        pdf.say("Shipments in tonnes, by origin and year, as the customs office gave them on Friday:")
        for row in (("Origin", "2024", "2025"), ("China", "9,870", "8,114"), ("Vietnam", "2,950", "3,480")):
            for cell in row:
                pdf.cell(50, 6, cell)
            pdf.ln(6)

    assert "Origin | 2024 | 2025\nChina | 9,870 | 8,114\nVietnam | 2,950 | 3,480" in document(
        save("a.pdf", paper(page))).text


def test_columns_are_read_one_after_the_other(save: Save) -> None:
    paragraphs = [f"Point {number}: the ministry said that quotas for cobalt were cut again this week, and traders "
                  "should not expect them to rise before the end of the coming year." for number in range(14)]

    def page(pdf: Paper) -> None:
        pdf.say("A heading that runs over both columns of the page", size=18)
        pdf.set_font("Helvetica", size=10)
        with pdf.text_columns(ncols=2, gutter=8, text_align="J") as columns:
            for paragraph in paragraphs:
                columns.write(paragraph + "\n\n")

    found = document(save("a.pdf", paper(page)))
    assert found.title == "A heading that runs over both columns of the page"
    assert found.text.split("\n\n") == paragraphs


def test_indices_stay_in_their_formula_and_footnote_marks_off_the_figures(save: Save) -> None:
    def page(pdf: Paper) -> None:
        pdf.set_font("Helvetica", size=11)
        for text, place in (("It ships 8,114", "LINE"), ("1", "SUP"), (" t of WO", "LINE"), ("3", "SUB"),
                            (" in 12 m", "LINE"), ("3", "SUP"), (" drums.", "LINE")):
            pdf.char_vpos = place
            pdf.write(6, text)

    assert document(save("a.pdf", paper(page))).text == "It ships 8,114 t of WO3 in 12 m3 drums."


def test_a_dateline_beats_the_day_the_file_was_made(save: Save) -> None:
    def dateline(pdf: Paper) -> None:
        pdf.say("Kinshasa, 10 October 2025")
        pdf.say(SENTENCES)

    dated = document(save("a.pdf", paper(dateline)))
    assert dated.published == "2025-10-10" and dated.problems == ()
    undated = document(save("b.pdf", paper(lambda pdf: pdf.say(SENTENCES))))
    assert undated.published == "2025-10-20" and "when its file was made" in warnings(undated)


def test_the_title_that_a_file_states_counts_if_it_is_one(save: Save) -> None:
    def page(pdf: Paper) -> None:
        pdf.say("Cobalt export quotas")
        pdf.say(SENTENCES)

    assert document(save("a.pdf", paper(page, title="Cobalt export quotas"))).title == "Cobalt export quotas"
    assert document(save("b.pdf", paper(page, title="Microsoft Word - draft7.docx"))).title == "Cobalt export quotas"
    assert document(save("b.pdf", paper(page, title="Microsoft Word - draft7.docx"))).text == SENTENCES.strip()


def test_an_encrypted_pdf_is_a_problem_unless_it_opens_without_a_password(save: Save) -> None:
    def encrypted(user_password: str | None) -> bytes:
        pdf = FPDF()
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(0, 6, SENTENCES)
        pdf.set_encryption("owner", user_password)
        return bytes(pdf.output())

    assert "encrypted" in problem(save("a.pdf", encrypted("secret"))).message
    assert document(save("b.pdf", encrypted(None))).text == SENTENCES.strip()


def test_a_scanned_pdf_is_a_problem_and_a_scanned_page_a_warning(save: Save) -> None:
    from PIL import Image

    scan = Image.new("RGB", (200, 200), "grey")

    def picture(pdf: Paper) -> None:
        pdf.image(scan, 10, 10, 100)

    assert "OCR" in problem(save("a.pdf", paper(picture))).message
    both = FPDF()
    both.add_page()
    both.image(scan, 10, 10, 100)
    both.add_page()
    both.set_font("Helvetica", size=11)
    both.multi_cell(0, 6, SENTENCES)
    found = document(save("b.pdf", bytes(both.output())))
    assert found.text == SENTENCES.strip() and "pages with pictures and no text: 1;" in warnings(found)


@pytest.mark.parametrize("cut", [10, 300, 900])
def test_a_broken_pdf_is_a_problem(cut: int, save: Save) -> None:
    assert "broken PDF" in problem(save("a.pdf", paper(lambda pdf: pdf.say(SENTENCES))[:cut])).message


def test_a_file_that_only_calls_itself_pdf_is_read_as_what_it_is(save: Save) -> None:
    assert document(save("a.pdf", html())).title == "Rare earths dearer"
    assert "broken PDF" in problem(save("b.pdf", "no PDF at all")).message


def test_too_many_pages_are_a_problem(save: Save) -> None:
    pages = [lambda pdf: pdf.say(SENTENCES)] * 4
    found = problem(save("a.pdf", paper(*pages)), limits=Limits(max_pages=3))
    assert "4 pages, more than 3; raise --max-pages" in found.message


# ---- work that hangs, crashes or swells --------------------------------------------------------------------------

def slow_pdf() -> bytes:
    """A grid of a quarter of a million cells, in some kilobytes: minutes of work."""
    pdf = FPDF(format=(800, 800))
    pdf.add_page()
    for number in range(500):
        pdf.line(10, 10 + 1.5 * number, 760, 10 + 1.5 * number)
        pdf.line(10 + 1.5 * number, 10, 10 + 1.5 * number, 760)
    return bytes(pdf.output())


def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_read(save: Save) -> None:
    slow, good = save("a.pdf", slow_pdf()), save("b.html", html())
    lost, found = read(slow, good, limits=Limits(max_seconds=0.5))
    assert isinstance(lost, Problem) and "longer than 0.5 seconds to parse; raise --max-seconds" in lost.message
    assert isinstance(found, Document)


def test_a_document_that_needs_too_much_memory_is_given_up_and_the_next_is_read(save: Save) -> None:
    big, good = save("a.html", html(body=BODY * 30_000)), save("b.html", html())
    lost, found = read(big, good, limits=Limits(max_memory=30_000_000))
    assert isinstance(lost, Problem) and lost.level == "error"
    assert isinstance(found, Document)


def living() -> dict[int, int]:
    """Every process that is not dead → its parent."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                found[int(entry.parent.name)] = int(parent)
    return found


def helpers(of: int) -> list[int]:
    return [process for process, parent in living().items() if parent == of]


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


SCRIPT = textwrap.dedent("""
    import sys, time
    from extractor.limits import Limits
    from extractor.read import read_all
    for found in read_all(sys.argv[2:], Limits(max_seconds=float(sys.argv[1]))):
        print(type(found).__name__, flush=True)
        time.sleep(60)
""")


def seconds_worked(process: int) -> float:
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_the_parser_process_ends_when_its_parent_is_killed(busy: bool, save: Save) -> None:
    path = save("a.pdf", slow_pdf()) if busy else save("a.html", html())
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT, "3" if busy else "60", path], stdout=subprocess.PIPE,
                              text=True)
    try:
        (helper,) = wait_for(lambda: helpers(parent.pid))
        if busy:
            assert wait_for(lambda: seconds_worked(helper) > 1.5)
        else:
            assert parent.stdout and parent.stdout.readline() == "Document\n"
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert wait_for(lambda: helper not in living())
    finally:
        parent.kill()
        parent.communicate()


def test_a_crash_of_the_parser_costs_no_document(save: Save) -> None:
    paths = [save(f"{number}.html", html().replace("8,114", str(number))) for number in range(3)]
    found = []
    for each in read_all(paths, LIMITS):
        found.append(each)
        for helper in helpers(os.getpid()):
            os.kill(helper, signal.SIGKILL)
    assert [type(each) for each in found] == [Document] * 3


def test_one_process_parses_many_documents(save: Save) -> None:
    paths = [save(f"{number}.html", html().replace("8,114", str(number))) for number in range(5)]
    seen = {helper for _ in read_all(paths, LIMITS) for helper in helpers(os.getpid())}
    assert len(seen) == 1


def test_what_lies_in_the_working_directory_is_never_run(tmp_path: Path, save: Save) -> None:
    for name in ("trafilatura", "pdfplumber", "json", "lxml", "feedparser"):
        save(f"{name}.py", f"open({str(tmp_path / 'ran')!r}, 'w').close()\nraise SystemExit")
    path = save("a.html", html())
    start = "import sys; sys.path.pop(0); from extractor.read import read_all; from extractor.limits import Limits; "
    done = subprocess.run([sys.executable, "-c", start + f"print(len(list(read_all([{path!r}], Limits()))))"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)})
    assert done.stdout == "1\n", done.stderr
    assert not (tmp_path / "ran").exists()


def test_reading_text_loads_neither_spacy_nor_an_http_library_nor_parsers(save: Save) -> None:
    path = save("a.txt", "Cobalt\n\nThe price of cobalt rose, and the traders of the metal expect that to go on.")
    script = ("import sys; from extractor.read import read_all; from extractor.limits import Limits; "
              f"list(read_all([{path!r}], Limits())); "
              "print({'spacy', 'httpx', 'trafilatura', 'pdfplumber', 'py3langid'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "set()\n", done.stderr
