"""Sources that are files: lists of addresses, folders, WARC files and saved mails, some of them damaged or hostile."""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from sites import LIMITS, PAGE, Desk, Site, asked, drip, give
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from extractor.fetch.sources import Source
from extractor.store.ledger import Ledger


def source(kind: str, url: str = "", include: str = "", exclude: str = "", **options: object) -> Source:
    return Source("it", "A source", kind, url=url, local=True, options=options,
                  include=re.compile(include) if include else None, exclude=re.compile(exclude) if exclude else None)


def messages(desk: Desk) -> str:
    assert all("\n" not in problem.message and problem.message.isprintable() for problem in desk.problems)
    return "\n".join(f"{problem.level}: {problem.message}" for problem in desk.problems)


def kept(desk: Desk) -> dict[str, bytes]:
    """The newest version of each page, by its address."""
    return {url: desk.archive.get(sha256) for url, sha256 in
            desk.rows("SELECT url, sha256 FROM pages WHERE sha256 IS NOT NULL AND state = 'kept'")}


def numbers_of(desk: Desk, found: Source, **options: object) -> tuple[int, int, int]:
    count = desk.fetch(found, **options)["it"]
    return count.new, count.changed, count.unchanged


# ---- lists of addresses -------------------------------------------------------------------------------------------

def test_addresses_come_from_the_source_a_file_and_an_address(
    site: Site, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("/a", "/b", "/c", "/d"):
        site[path] = give(PAGE + path.encode())
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text(f"\ufeff# notices\n\n  {site.address}/b  # the second\r\n{site.address}/c\n{site.address}/b\n")
    site["/list"] = give(f"{site.address}/d\n".encode(), "text/plain")
    found = source("urls", f"{site.address}/list", urls=[f"{site.address}/a"], file="list.txt")
    assert desk.fetch(found)["it"].new == 4 and not desk.problems


def test_lines_that_are_no_addresses_are_named_and_bounded(site: Site, desk: Desk, tmp_path: Path) -> None:
    site["/a"] = give(PAGE)
    lines = [f"{site.address}/a", "ftp://host/x", "file:///etc/passwd", "http://[bad", *["junk"] * 20]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    assert desk.fetch(source("urls", file=str(tmp_path / "list.txt")))["it"].new == 1
    assert f"{tmp_path}/list.txt:2: no http address; write it as https://host/path" in messages(desk)
    assert "13 more lines without an http address" in messages(desk) and len(desk.problems) == 11


def test_a_list_that_cannot_be_had_costs_itself_only(site: Site, desk: Desk, tmp_path: Path) -> None:
    site["/a"] = give(PAGE)
    count = desk.fetch(source("urls", f"{site.address}/gone", urls=[f"{site.address}/a"], file="no/where.txt"))["it"]
    assert count.new == 1 and count.error == ""
    assert "no/where.txt: cannot be read (No such file or directory)" in messages(desk) and "404" in messages(desk)


@pytest.mark.parametrize(("content", "words"), [
    (b"# nothing\n", "holds no addresses"), (b"<html>Not found", "holds no addresses"),
    (b"x" * 1_000_001, "larger than 1,000,000 bytes"),
])
def test_a_list_without_addresses_is_an_error(desk: Desk, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    assert words in desk.fetch(source("urls", file=str(tmp_path / "list.txt")))["it"].error


# ---- folders ------------------------------------------------------------------------------------------------------

def test_a_folder_is_read_once_and_what_changed_again(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("Cobalt.")
    (folder / "sub" / "b.html").write_bytes(PAGE)
    (folder / "picture.png").write_bytes(b"\x89PNG")
    found = source("folder", folder=str(folder))
    assert numbers_of(desk, found) == (2, 0, 0)
    assert kept(desk) == {(folder / "a.txt").as_uri(): b"Cobalt.", (folder / "sub" / "b.html").as_uri(): PAGE}
    assert desk.rows("SELECT published FROM pages") == [(None,), (None,)]
    assert numbers_of(desk, found) == (0, 0, 0) and not desk.problems
    assert desk.rows("SELECT count(*) FROM fetches") == [(2,)]  # not read again
    (folder / "a.txt").write_text("Cobalt and nickel.")
    os.utime(folder / "sub" / "b.html", (1, 1))
    assert numbers_of(desk, found) == (0, 1, 1) and not desk.problems


def test_names_lead_nowhere_else(desk: Desk, tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "secret.txt"
    folder.mkdir()
    outside.write_text("secret")
    names = [b"x..%2f..%2fsecret.txt", b"line\nfeed\x1b[2J.txt", b"\xff\xfe.txt", b"a?b#c.txt", "稀土.txt".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("Cobalt.")
    (folder / "link\n.txt").symlink_to(outside)
    (folder / "away").symlink_to(tmp_path)
    (folder / "gone.txt").symlink_to(folder / "nothing.txt")
    os.mkfifo(folder / "pipe.txt")
    assert desk.fetch(source("folder", folder=str(folder)))["it"].new == len(names)
    assert "link\\x0a.txt: a link that leads out of the folder" in messages(desk)
    assert set(kept(desk).values()) == {b"Cobalt."}
    assert all(url.isascii() and "?" not in url and "#" not in url and "/../" not in url for url in kept(desk))
    assert f"{folder.as_uri()}/x..%252f..%252fsecret.txt" in kept(desk)


def test_what_cannot_be_taken_is_a_warning_each_time(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Cobalt.")
    (tmp_path / "in" / "large.txt").write_bytes(b"x" * 1_000_001)
    (tmp_path / "in" / "empty.txt").write_text(" \n")
    found = source("folder", folder=str(tmp_path / "in"))
    for new in (1, 0):
        assert desk.fetch(found)["it"].new == new
        assert "large.txt: larger than 1,000,000 bytes; raise --max-bytes" in messages(desk)
        assert "empty.txt: empty" in messages(desk) and "error" not in messages(desk)
    assert desk.fetch(found, limits=replace(LIMITS, max_bytes=2_000_000))["it"].new == 1


def test_a_folder_of_more_than_a_visit_lists_is_gone_on_with(desk: Desk, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text(f"Cobalt {number}.")
    found = source("folder", folder=str(tmp_path))
    limits = replace(LIMITS, max_listed=2)
    assert [desk.fetch(found, limits=limits)["it"].new for _ in range(4)] == [2, 2, 1, 0]
    assert not desk.problems


@pytest.mark.parametrize(("kind", "words"), [("folder", "no documents in this folder"), ("mail", "no mails in this")])
def test_an_empty_or_missing_folder_is_an_error(desk: Desk, tmp_path: Path, kind: str, words: str) -> None:
    (tmp_path / "in").mkdir()
    assert words in desk.fetch(source(kind, folder=str(tmp_path / "in")))["it"].error
    assert "no such f" in desk.fetch(source(kind, folder=str(tmp_path / "none")))["it"].error


# ---- WARC files ---------------------------------------------------------------------------------------------------

def record(url: str, content: bytes = PAGE, *, type: str = "response", status: str = "200 OK", packed: bool = True,
           content_type: str = "text/html", date: str = "2024-05-16T08:00:00Z", **headers: str) -> bytes:
    """One WARC record as it stands in a file."""
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=packed)
    pairs = [("Content-Type", content_type), *((name.replace("_", "-"), value) for name, value in headers.items())]
    http = StatusAndHeaders(status, pairs, protocol="HTTP/1.1") if type == "response" else None
    writer.write_record(writer.create_warc_record(
        url, type, payload=io.BytesIO(content), http_headers=http, warc_headers_dict={"WARC-Date": date},
        warc_content_type="application/http; msgtype=response" if http else content_type))
    return file.getvalue()


def page(number: int) -> bytes:
    return PAGE + b"<p>Number %d.</p>" % number


def test_a_warc_file_gives_the_pages_in_it_with_their_own_time(desk: Desk, tmp_path: Path) -> None:
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (page(3)[:20], page(3)[20:], b""))
    (tmp_path / "a.warc.gz").write_bytes(b"".join((
        record("https://news.example/one?utm_source=x", page(1)),
        record("https://news.example/moved", status="301 Moved", Location="/one"),
        record("https://news.example/p.png", b"\x89PNG", content_type="image/png"),
        record("https://news.example/gone", status="404 Not Found"),
        record("https://news.example/robots.txt", b"User-agent: *", content_type="text/plain"),
        record("https://news.example/feed", b"<rss></rss>", content_type="application/rss+xml"),
        record("dns:news.example", b"127.0.0.1", type="resource", content_type="text/dns"),
        record("file:///etc/passwd", b"root", type="resource", content_type="text/plain"),
        record("https://news.example/ask", b"GET", type="request", content_type="text/plain"),
        record("https://news.example/two.pdf", b"%PDF-1.4", type="resource", content_type="application/pdf"),
        record("https://news.example/three", chunked, Transfer_Encoding="chunked", ETag='"3"', Set_Cookie="id=1"),
        record("https://news.example/four", gzip.compress(page(4)), Content_Encoding="gzip"),
        record("https://news.example/five", page(5), Content_Encoding="gzip"),  # unpacked by whoever saved it
        record("https://news.example/six", zlib.compress(page(6)), Content_Encoding="deflate"),
        record("https://news.example/seven", b"\x0b\x02\x80", Content_Encoding="br"),
        record("https://news.example/eight", page(8), date="2999-01-01T00:00:00Z"),
    )))
    assert desk.fetch(source("warc", file=str(tmp_path / "*.warc.gz")))["it"].new == 7
    assert kept(desk) == {"https://news.example/one": page(1), "https://news.example/two.pdf": b"%PDF-1.4"} | {
        f"https://news.example/{name}": page(number) for number, name in enumerate(("three", "four", "five", "six"), 3)
    } | {"https://news.example/eight": page(8)}
    assert "https://news.example/seven: packed as br" in desk.message()
    ((fetched, published, headers),) = desk.rows("SELECT p.fetched_at, published, headers FROM pages p JOIN fetches f "
                                                 "USING (url) WHERE url LIKE '%/three'")
    assert (fetched, published) == ("2024-05-16T08:00:00+00:00", None)
    assert '"etag": "\\"3\\""' in headers and "cookie" not in headers
    assert desk.rows("SELECT fetched_at < '2999' FROM pages WHERE url LIKE '%/eight'") == [(1,)]


def test_files_that_were_read_are_not_read_again(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(record("https://news.example/a", packed=False))
    found = source("warc", file=str(tmp_path / "**" / "*.warc*"))
    assert numbers_of(desk, found) == (1, 0, 0)
    assert numbers_of(desk, found) == (0, 0, 0) and not desk.problems
    assert desk.rows("SELECT count(*) FROM fetches") == [(1,)]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.warc.gz").write_bytes(record("https://news.example/a") + record("https://news.example/b"))
    assert numbers_of(desk, found) == (1, 0, 1)


def test_include_and_exclude_go_by_the_address(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(b"".join((
        record("https://news.example/metals/a"), record("https://news.example/metals/sport"),
        record("https://news.example/metals/x", b"broken", Content_Encoding="br"), record("https://other.example/a"))))
    found = source("warc", file=str(tmp_path / "a.warc.gz"), include="news.example/metals/", exclude="sport|/x$")
    assert desk.fetch(found)["it"].new == 1 and not desk.problems  # what is not wanted is not even unpacked


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_of_a_file_that_is_cut_short_what_is_there_is_read(desk: Desk, tmp_path: Path, packed: bool) -> None:
    records = [record(f"https://news.example/{number}", page(number), packed=packed) for number in range(4)]
    path = tmp_path / "a.warc"
    path.write_bytes(b"".join(records)[: sum(map(len, records[:2])) + len(records[2]) // 2])
    found = source("warc", file=str(path))
    assert desk.fetch(found)["it"].new == 2
    assert "cut short" in desk.message() and desk.problems[0].level == "warning"
    path.write_bytes(b"".join(records))  # now the whole of it is there
    assert numbers_of(desk, found) == (2, 0, 2) and not desk.problems


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize("stated", [b"7", b"900", b"999999999", b"-5", b"many", b"99999999999999999999"])
def test_a_record_that_lies_about_its_length_costs_itself_only(
    desk: Desk, tmp_path: Path, packed: bool, stated: bytes
) -> None:
    lying = re.sub(rb"Content-Length: \d+", b"Content-Length: " + stated,
                   record("https://news.example/lie", page(0), packed=False), count=1)
    before, after = (record(f"https://news.example/{name}", packed=packed) for name in ("before", "after"))
    path = tmp_path / "a.warc"
    path.write_bytes(before + (gzip.compress(lying) if packed else lying) + after)
    assert desk.fetch(source("warc", file=str(path)))["it"].new == 2
    assert kept(desk) == {"https://news.example/before": PAGE, "https://news.example/after": PAGE}
    assert str(path) in desk.message()


def test_damage_in_the_middle_costs_what_it_struck(desk: Desk, tmp_path: Path) -> None:
    records = [record(f"https://news.example/{number}", page(number) + os.urandom(2000)) for number in range(5)]
    records[1] = records[1][:100] + b"\0" * 50 + records[1][150:]
    records[3] = b"\x1f\x8b\x08" + os.urandom(5000)
    (tmp_path / "a.warc.gz").write_bytes(b"".join(records))
    assert desk.fetch(source("warc", file=str(tmp_path / "a.warc.gz")))["it"].new == 3
    assert [problem.level for problem in desk.problems] == ["warning", "warning"]
    assert f"at byte {len(records[0]):,}: " in messages(desk)


def test_nonsense_in_headers_costs_one_record(desk: Desk, tmp_path: Path) -> None:
    good = record("https://news.example/a", packed=False)
    bad = [good.replace(b"WARC/1.0", b"WARC/9.9"), re.sub(rb"WARC-Target-URI: .*\r\n", b"", good),
           good.replace(b"HTTP/1.1 200", b"\xff\xfe"), good.replace(b"WARC-Date: 2024", b"WARC-Date: y"),
           b"WARC/1.0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n\r\n", b"WARC/1.0\r\nX: " + b"y" * 300_000 + b"\r\n\r\n"]
    for packed in (False, True):
        (tmp_path / f"{packed}.warc").write_bytes(b"".join(
            gzip.compress(each) if packed else each
            for each in (*bad, record("https://news.example/z", packed=False))))
        assert desk.fetch(source("warc", file=str(tmp_path / f"{packed}.warc")))["it"].error == ""
    assert kept(desk) == {"https://news.example/a": PAGE, "https://news.example/z": PAGE}


def test_no_record_swells_beyond_the_limit(desk: Desk, tmp_path: Path) -> None:
    limits = replace(LIMITS, max_bytes=100_000)
    large = b"<html>" + b"x" * 300_000
    within = record("https://news.example/within", page(1), packed=False)
    records = (record("https://news.example/large", large), record("https://news.example/film", large, content_type="video/mp4"),
               record("https://news.example/bomb", gzip.compress(b"<html>" + b" " * 50_000_000), Content_Encoding="gzip"),
               record("https://news.example/huge", b"<html>" + b" " * 50_000_000),
               record("https://news.example/nested", large + b"\r\n\r\n" + within))
    (tmp_path / "a.warc.gz").write_bytes(b"".join(records) + record("https://news.example/a"))
    assert desk.fetch(source("warc", file=str(tmp_path / "a.warc.gz")), limits=limits)["it"].new == 1
    assert list(kept(desk)) == ["https://news.example/a"]  # and nothing that only stood within a page
    assert "https://news.example/large: the record holds more than 100,000 bytes; raise --max-bytes" in messages(desk)
    assert "https://news.example/bomb: unpacks to more than 100,000 bytes" in messages(desk)
    assert "film" not in messages(desk) and len(desk.problems) == 4
    plain = b"".join(record(f"https://news.example/{name}", content, packed=False)
                     for name, content in (("l", large + b"\r\n\r\n" + within), ("b", PAGE)))
    (tmp_path / "b.warc").write_bytes(plain)
    desk.fetch(source("warc", file=str(tmp_path / "b.warc")), limits=limits)
    assert sorted(kept(desk)) == ["https://news.example/a", "https://news.example/b"]


def test_a_file_packed_as_one_piece_is_read_to_the_limit(desk: Desk, tmp_path: Path) -> None:
    records = [record(f"https://news.example/{number}", page(number) + b" " * 5000, packed=False) for number in range(100)]
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(b"".join(records)))
    found = source("warc", file=str(tmp_path / "a.warc.gz"))
    assert 30 < desk.fetch(found, limits=replace(LIMITS, max_bytes=100_000))["it"].new < 100
    assert "`warcio recompress` mends the file" in desk.message()


def test_a_file_of_more_pages_than_a_visit_lists_is_gone_on_with(desk: Desk, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.warc.gz").write_bytes(
            b"".join(record(f"https://news.example/{name}/{number}", page(number)) for number in range(3)))
    found, limits = source("warc", file=str(tmp_path / "*.warc.gz")), replace(LIMITS, max_listed=2)
    assert [numbers_of(desk, found, limits=limits) for _ in range(4)] == [(2, 0, 0)] * 3 + [(0, 0, 0)]
    assert not desk.problems
    assert desk.rows("SELECT count(*), count(DISTINCT url) FROM fetches") == [(6, 6)]


def test_what_is_no_warc_file_is_an_error_each_time(desk: Desk, tmp_path: Path) -> None:
    for name, content in (("text", b"Cobalt.\n" * 100), ("empty", b""), ("gzip", gzip.compress(b"Cobalt."))):
        (tmp_path / name).write_bytes(content)
        for _ in range(2):
            assert f"{name}: no WARC file" in desk.fetch(source("warc", file=str(tmp_path / name)))["it"].error
    assert "no such file" in desk.fetch(source("warc", file=str(tmp_path / "*.warc")))["it"].error
    (tmp_path / "a.warc").write_bytes(record("https://news.example/a"))
    count = desk.fetch(source("warc", file=str(tmp_path / "*")))["it"]
    assert (count.new, count.error) == (1, "") and len(desk.problems) == 3


def test_a_file_at_an_address_is_fetched_once(site: Site, desk: Desk) -> None:
    content = record("https://news.example/a", page(1)) + record("https://news.example/b", page(2))
    site["/a.warc.gz"] = give(content, "application/x-gzip", Content_Encoding="gzip")  # what it is, not how it is sent
    found = source("warc", f"{site.address}/a.warc.gz")
    assert numbers_of(desk, found) == (2, 0, 0)
    assert numbers_of(desk, found) == (0, 0, 0) and not desk.problems
    assert len(asked(site, "/a.warc.gz")) == 1


def test_a_file_at_an_address_that_tells_versions_apart_is_asked_for_news(site: Site, desk: Desk) -> None:
    found = source("warc", f"{site.address}/a.warc")
    def serve(version: int) -> None:
        def answer(handler) -> None:
            same = handler.headers["If-None-Match"] == f'"{version}"'
            give(b"" if same else record("https://news.example/a", page(version)), "application/warc",
                 status=304 if same else 200, ETag=f'"{version}"')(handler)
        site["/a.warc"] = answer
    serve(1)
    assert [numbers_of(desk, found) for _ in range(2)] == [(1, 0, 0), (0, 0, 0)]
    serve(2)
    assert [numbers_of(desk, found) for _ in range(2)] == [(0, 1, 0), (0, 0, 0)]
    assert not desk.problems


def test_a_file_at_an_address_has_bounds_too(site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extractor.fetch.kinds.warc._MOST_BYTES", 500_000)
    site["/endless"] = drip(b"x" * 100_000)
    assert "larger than 500,000 bytes" in desk.fetch(source("warc", f"{site.address}/endless"))["it"].error
    site["/gone"] = give(b"no", status=404)
    assert "404 Not Found" in desk.fetch(source("warc", f"{site.address}/gone"))["it"].error
    site["/away"] = give(b"", status=302, Location="http://169.254.169.254/latest/meta-data/")
    assert "never fetched from" in desk.fetch(source("warc", f"{site.address}/away"))["it"].error
    content = record("https://news.example/a")
    half = [b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content[:100], content]
    site["/half"] = lambda handler: handler.wfile.write(half[0]) if len(half) > 1 else give(half[0])(handler)
    assert "cannot be fetched" in desk.fetch(source("warc", f"{site.address}/half"))["it"].error
    half.pop(0)
    assert desk.fetch(source("warc", f"{site.address}/half"))["it"].new == 1


# ---- mails --------------------------------------------------------------------------------------------------------

def mail(id: str = "<1@news.example>", subject: str = "Cobalt quota", date: str = "Thu, 15 May 2025 22:30:00 -0400",
         text: str = "", html: str = "") -> EmailMessage:
    message = EmailMessage()
    for name, value in (("Message-ID", id), ("Subject", subject), ("Date", date)):
        if value:
            message[name] = value
    if text:
        message.set_content(text)
    if html:
        (message.add_alternative if text else message.set_content)(html, subtype="html")
    return message


def inbox(tmp_path: Path, **mails: EmailMessage | bytes) -> Source:
    (tmp_path / "mail").mkdir(exist_ok=True)
    for name, message in mails.items():
        (tmp_path / "mail" / f"{name}.eml").write_bytes(message if isinstance(message, bytes) else bytes(message))
    return source("mail", folder=str(tmp_path / "mail"))


def test_a_mail_is_a_page_under_its_message_id(desk: Desk, tmp_path: Path) -> None:
    both = mail("<a/b%c@news.example>", "Экспорт: licences", text="plain", html="<p>Behörde</p>")
    only = mail("", "", "", text="Nickel.\n")
    chinese = (b"Message-ID: <3@x>\r\nDate: 1 Jan 2999 00:00:00 +0000\r\nContent-Type: text/plain; charset=gb2312\r\n"
               b"Content-Transfer-Encoding: 8bit\r\n\r\n" + "稀土出口管制".encode("gb2312"))
    found = inbox(tmp_path, both=both, only=only, chinese=chinese)
    assert desk.fetch(found)["it"].new == 3 and not desk.problems
    assert desk.rows("SELECT url, title, published, content_type FROM pages ORDER BY title DESC, url DESC") == [
        ("mid:a%2Fb%25c@news.example", "Экспорт: licences", "2025-05-16", "text/html; charset=utf-8"),  # by UTC
        ("mid:3@x", "", None, "text/plain; charset=utf-8"),  # no mail comes from the future
        ((tmp_path / "mail" / "only.eml").as_uri(), "", None, "text/plain; charset=utf-8")]
    texts = {content.strip().decode() for content in kept(desk).values()}
    assert texts == {"<p>Behörde</p>", "Nickel.", "稀土出口管制"}


def test_documents_attached_to_a_mail_are_pages_of_their_own(desk: Desk, tmp_path: Path) -> None:
    message = mail(text="See attached.", html="<p>See attached.</p>")
    message.add_attachment(b"%PDF-1.4 one", maintype="application", subtype="pdf", filename="Annex 1.pdf")
    message.add_attachment(b"%PDF-1.4 two", maintype="application", subtype="octet-stream", filename="../../etc/two.pdf")
    message.add_attachment("<p>Table</p>", subtype="html", filename="table.html")
    message.add_attachment(b"PK", maintype="application", subtype="zip", filename="x.zip")
    forwarded = mail("<2@x>", "Inner", text="inner")
    forwarded.add_attachment(b"%PDF-1.4 inner", maintype="application", subtype="pdf", filename="inner.pdf")
    message.add_attachment(forwarded)
    nameless = mail("", "Nameless", text="See attached.")
    nameless.add_attachment(b"%PDF-1.4 three", maintype="application", subtype="pdf")
    assert desk.fetch(inbox(tmp_path, a=message, b=nameless))["it"].new == 7 and not desk.problems
    pages = dict(desk.rows("SELECT title, url FROM pages"))
    start = "mid:1@news.example/"
    assert [title for title, url in pages.items() if url.startswith(start)] == [
        "Cobalt quota Annex 1.pdf", "Cobalt quota two.pdf", "Cobalt quota table.html", "Cobalt quota inner.pdf"]
    assert kept(desk)[pages["Cobalt quota two.pdf"]] == b"%PDF-1.4 two"
    assert sum(url.startswith((tmp_path / "mail" / "b.eml").as_uri()) for url in kept(desk)) == 2


def test_mails_are_read_once_also_when_a_mail_program_moves_them(desk: Desk, tmp_path: Path) -> None:
    box = tmp_path / "mail"
    for name in ("cur", "new", "tmp", ".Archive/cur", ".Archive/new"):
        (box / name).mkdir(parents=True)
    (box / "new" / "1700.M1.host").write_bytes(bytes(mail(text="Cobalt.")))
    (box / ".Archive" / "cur" / "1600.M1.host:2,S").write_bytes(bytes(mail("<2@x>", text="Nickel.")))
    (box / "tmp" / "half").write_bytes(b"Subject: not whole")
    found = source("mail", folder=str(box))
    assert numbers_of(desk, found) == (2, 0, 0) and not desk.problems
    (box / "new" / "1700.M1.host").rename(box / "cur" / "1700.M1.host:2,S")
    assert numbers_of(desk, found) == (0, 0, 0) and not desk.problems
    assert desk.rows("SELECT count(*) FROM fetches") == [(2,)]


def test_a_backfill_takes_the_mails_of_its_days(desk: Desk, tmp_path: Path) -> None:
    found = inbox(tmp_path, a=mail(text="a"), b=mail("<2@x>", date="Mon, 2 Jun 2025 00:00:00 +0000", text="b"),
                  c=mail("<3@x>", date="", text="c"))
    assert desk.fetch(found, since="2025-05-16", until="2025-05-31")["it"].new == 2
    assert numbers_of(desk, found) == (1, 0, 2)


def test_broken_mails_are_warnings_and_the_rest_is_read(desk: Desk, tmp_path: Path) -> None:
    html = b"Message-ID: <%s@x>\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
    broken = {
        "no_headers": b"Cobalt and nothing else\n", "binary": bytes(range(256)) * 20, "empty": b"",
        "no_boundary": b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--b\nContent-Type: text/plain\n\nx\n",
        "deep": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)) + b"\nx",
        "large": b"Subject: x\n\n" + b"x" * 1_000_001,
        "picture": b"Subject: x\nContent-Type: image/png\n\nx",
    }
    usable = {
        "base64": html % b"1" + b"PHA+Q29iYWx0PC9w!!!!Pg",
        "charset": b"Message-ID: <2@x>\nContent-Type: text/plain; charset=\"no/such\"\n\nCobalt \xe9",
        "headers": b"Message-ID: <\x00>\nDate: Fri, 99 May 2025 99:99:99\nSubject: =?utf-8?b?????=\r\nTo: <<<>>>,,\n\nCobalt",
        "unclosed": b"Message-ID: <4@x>\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/plain\n\nCobalt",
        "long": b"Message-ID: <5@x>\nSubject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\nCobalt",
    }
    found = inbox(tmp_path, **broken, **usable)
    count = desk.fetch(found)["it"]
    assert (count.new, count.error) == (len(usable), "")
    for name in (*broken, "base64", "unclosed"):
        assert f"{name}.eml: " in messages(desk), name
    assert all(problem.level == "warning" for problem in desk.problems)
    assert max(map(len, (title for (title,) in desk.rows("SELECT title FROM pages")))) <= 1000


def test_file_names_of_mails_lead_nowhere(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside.eml"
    outside.write_bytes(bytes(mail("<secret@x>", text="secret")))
    found = inbox(tmp_path, a=mail(text="Cobalt."))
    (tmp_path / "mail" / "link\n.eml").symlink_to(outside)
    (tmp_path / "mail" / "away").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "mail" / "pipe.eml")
    Path(os.fsdecode(os.fsencode(tmp_path / "mail") + b"/\xff\n.eml")).write_bytes(bytes(mail("", text="Nickel.")))
    assert desk.fetch(found)["it"].new == 2
    assert "link\\x0a.eml: no file of this folder" in messages(desk)
    assert {content.strip() for content in kept(desk).values()} == {b"Cobalt.", b"Nickel."}


@pytest.mark.parametrize("id", ["<1@x>", ""])
def test_a_mail_cannot_pass_for_another_page(desk: Desk, tmp_path: Path, id: str) -> None:
    claim = "<html><head><link rel='canonical' href='https://authority.example/notice'></head><p>All is free.</p></html>"
    message = mail(id, html=claim)
    message.add_attachment(claim, subtype="html", filename="a.html")
    assert desk.fetch(inbox(tmp_path, a=message))["it"].new == 2
    assert not any(url.startswith("http") for url in kept(desk))
    with Ledger(desk.db) as ledger:
        assert not ledger.knows("https://authority.example/notice")
