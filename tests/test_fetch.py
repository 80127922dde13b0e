"""What an address gives, against real servers on this machine, and what it must never lead to."""

from __future__ import annotations

import gzip
import socket
import ssl
from pathlib import Path

import pytest
from sites import HEAD, PAGE, Site, drip, give, redirect

from extractor.fetch import Limits, Raw, gather
from extractor.fetch.guard import refusal
from extractor.read import read_all
from extractor.schema import Document, Problem

LIMITS = Limits(max_bytes=1_000_000, connect_timeout=5, read_timeout=5, total_timeout=10)

def fetched(url: str, limits: Limits = LIMITS) -> list[Raw | Problem]:
    return list(gather(url, limits, allow_private=True))


def problem(url: str, limits: Limits = LIMITS, *, allow_private: bool = True) -> Problem:
    (found,) = gather(url, limits, allow_private)
    assert isinstance(found, Problem), found
    assert found.level == "error" and found.stage == "fetch" and "\n" not in found.message
    return found


def test_a_page_comes_with_its_address_type_and_time(site: Site) -> None:
    site["/a"] = give(PAGE, "text/html; charset=gb2312")
    (raw,) = fetched(f"{site.address}/a#part")
    assert isinstance(raw, Raw)
    assert raw.content == PAGE and raw.url == raw.name == f"{site.address}/a"
    assert raw.content_type == "text/html; charset=gb2312"
    assert raw.fetched_at.endswith("+00:00")


def test_it_says_who_asks_and_keeps_no_cookies_or_credentials(site: Site) -> None:
    site["/first"] = give(b"", status=302, Location="/second", Set_Cookie="id=1; Path=/")
    site["/second"] = give(PAGE)
    (raw,) = fetched(f"http://user:secret@127.0.0.1:{site.port}/first")
    assert isinstance(raw, Raw) and raw.url == f"{site.address}/second"
    assert "secret" not in repr(raw)
    for request in site.asked:
        assert request.headers["User-Agent"].startswith("mineral-extractor/")
        assert "Cookie" not in request.headers and "Authorization" not in request.headers


def test_what_the_first_bytes_say_beats_the_stated_type(site: Site) -> None:
    site["/report"] = give(b"%PDF-1.4 and so on", "application/octet-stream")
    site["/lines.jsonl"] = give(b'{"text": "Cobalt."}\n', "text/plain")
    for path, content_type in (("/report", "application/pdf"), ("/lines.jsonl", "application/x-ndjson")):
        (raw,) = fetched(site.address + path)
        assert isinstance(raw, Raw) and raw.content_type == content_type


@pytest.mark.parametrize(("status", "words"), [
    (404, "404 Not Found; check the address"), (403, "403 Forbidden; the site does not let this tool in"),
    (429, "try again later"), (503, "503 Service Unavailable; try again later"), (799, "799"),
])
def test_a_refusal_is_one_line_with_a_remedy(site: Site, status: int, words: str) -> None:
    site["/x"] = give(b"no", status=status)
    found = problem(f"{site.address}/x")
    assert words in found.message and found.source == f"{site.address}/x"


def test_a_picture_is_no_document(site: Site) -> None:
    site["/p.png"] = give(b"\x89PNG\r\n", "image/png")
    assert "image/png, which is not read" in problem(f"{site.address}/p.png").message


def test_private_addresses_need_leave(site: Site) -> None:
    site["/a"] = give(PAGE)
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"):
        assert "--allow-private" in problem(f"http://{host}:{site.port}/a", allow_private=False).message
    assert not site.asked


@pytest.mark.parametrize("to", ["http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://0.0.0.0/",
                                "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/"])
def test_a_redirect_never_leads_to_what_a_machine_is_told_about_itself(site: Site, to: str) -> None:
    site["/a"] = redirect(to)
    assert "which is never fetched from" in problem(f"{site.address}/a").message


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
def test_a_redirect_never_leaves_http(site: Site, to: str) -> None:
    site["/a"] = redirect(to)
    assert "check the address" in problem(f"{site.address}/a").message


def test_redirects_end(site: Site) -> None:
    site["/a"] = redirect("/a")
    assert "more than 5 redirects" in problem(f"{site.address}/a").message
    assert len(site.asked) == 6


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.20.0.1", "100.64.0.1", "169.254.169.254", "100.100.100.200",
    "168.63.129.16", "0.0.0.0", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1%eth0",
    "fd00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::",
    "::7f00:1", "fec0::1",
])
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal(address, allow_private=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_not(address: str) -> None:
    assert not refusal(address, allow_private=False)


def resolve(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> None:
    """Let news.example mean these addresses, one list a look-up, and nothing after them."""
    system = socket.getaddrinfo

    def look_up(host: str, port: int, *args: int, **options: int) -> object:
        if host != "news.example":
            return system(host, port, *args, **options)
        if not answers:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_a_name_that_has_one_private_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, [["8.8.8.8", "127.0.0.1"]])
    found = problem(f"http://news.example:{site.port}/a", allow_private=False)
    assert "news.example leads to 127.0.0.1" in found.message
    assert not site.asked


def test_the_address_that_was_checked_is_the_one_connected_to(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site["/a"] = give(PAGE)
    resolve(monkeypatch, [["127.0.0.1"]])  # a second look-up, which could answer otherwise, would fail here
    (raw,) = fetched(f"http://news.example:{site.port}/a")
    assert isinstance(raw, Raw)
    assert site.asked[0].headers["Host"] == f"news.example:{site.port}"


def test_certificates_are_checked_against_the_hosts_name(site: Site, certificate: tuple[Path, Path],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    site["/a"] = give(PAGE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    assert "certificate verify failed" in problem(f"https://localhost:{site.port}/a").message
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    (raw,) = fetched(f"https://localhost:{site.port}/a")
    assert isinstance(raw, Raw) and raw.content == PAGE
    assert "certificate verify failed" in problem(f"https://127.0.0.1:{site.port}/a").message


def test_proxies_of_the_environment_are_no_way_around(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, site.address)
    assert "not a public address" in problem("http://10.0.0.1:9/", allow_private=False).message
    assert not site.asked


def test_an_endless_answer_is_cut(site: Site) -> None:
    site["/a"] = drip(b"x" * 100_000)
    assert "larger than 1,000,000 bytes; raise --max-bytes" in problem(f"{site.address}/a").message


def test_a_gzip_bomb_is_measured_unpacked(site: Site) -> None:
    site["/a"] = give(gzip.compress(b"x" * 50_000_000), Content_Encoding="gzip")
    assert "larger than 1,000,000 bytes" in problem(f"{site.address}/a").message


def test_layers_of_packing_are_refused(site: Site) -> None:
    site["/a"] = give(gzip.compress(gzip.compress(PAGE)), Content_Encoding="gzip, gzip")
    assert "packed as gzip, gzip" in problem(f"{site.address}/a").message


def test_an_answer_that_cannot_be_unpacked(site: Site) -> None:
    site["/a"] = give(b"not packed at all", Content_Encoding="gzip")
    assert "cannot be fetched" in problem(f"{site.address}/a").message


@pytest.mark.parametrize("before", [HEAD, b"HTTP/1.0 200 OK\r\nX-Slow: "], ids=["body", "headers"])
def test_a_server_that_drips_is_left_after_the_total_time(site: Site, before: bytes) -> None:
    site["/a"] = drip(b"x", before=before)
    found = problem(f"{site.address}/a", Limits(total_timeout=0.5))
    assert "not there after 0.5 seconds" in found.message


def test_a_silent_server_is_left_after_the_read_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = problem(f"http://127.0.0.1:{silent.getsockname()[1]}/", Limits(read_timeout=0.3))
    assert "no answer in time" in found.message


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "cannot be fetched" in problem(f"http://127.0.0.1:{port}/").message


@pytest.mark.parametrize("url", ["ftp://host/file", "file:///etc/passwd", "http://", "http://[::1/", "https://host:99999/",
                                 "http://exa mple/", "http://user:secret@/", "http://" + "a" * 300 + "/"])
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    found = problem(url, allow_private=False)
    assert ";" in found.message and "secret" not in found.source + found.message


RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Metals</title>
<item><title>Cobalt quota set</title><link>/one</link><pubDate>Fri, 10 Oct 2025 22:30:00 -0400</pubDate></item>
<item><title>Gone</title><link>/gone</link></item>
<item><title>Again</title><link>/one</link></item>
<item><title>No link</title></item>
<item><title>Second</title><link>/two</link></item>
</channel></rss>"""


def test_a_feed_gives_the_page_of_each_entry_with_the_feeds_word_on_it(site: Site) -> None:
    site["/feed"] = give(RSS.encode(), "application/rss+xml")
    site["/one"] = give(PAGE)
    site["/two"] = give(PAGE)
    one, gone, two = fetched(f"{site.address}/feed")
    assert isinstance(one, Raw) and isinstance(two, Raw) and isinstance(gone, Problem)
    assert (one.url, one.title, one.published) == (f"{site.address}/one", "Cobalt quota set", "2025-10-11")  # UTC
    assert gone.source == f"{site.address}/gone" and "404" in gone.message
    assert (two.url, two.published) == (f"{site.address}/two", "")


def test_what_the_feed_says_serves_where_the_page_says_nothing(site: Site) -> None:
    site["/feed"] = give(RSS.encode(), "application/rss+xml")
    site["/one"] = give("<p>Die Behörde in Kinshasa legte die Menge am Freitag fest, wie es hieß.</p>".encode("cp1252"),
                        "text/html; charset=iso-8859-1")
    site["/two"] = give(b"<title>Its own title</title><meta property='article:published_time' content='2025-05-16'>"
                        b"<p>The authority in Kinshasa set the volume of its exports on Friday.</p>")
    documents = [found for found in read_all([f"{site.address}/feed"], LIMITS, allow_private=True)
                 if isinstance(found, Document)]
    assert [(each.title, each.published, each.url) for each in documents] == [
        ("Cobalt quota set", "2025-10-11", f"{site.address}/one"),
        ("Its own title", "2025-05-16", f"{site.address}/two")]
    assert "Behörde" in documents[0].text


def test_atom_served_as_plain_xml_is_a_feed(site: Site) -> None:
    site["/feed"] = give(f"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Nickel</title>
        <link href="{site.address}/one"/><updated>2025-05-16T08:00:00Z</updated></entry></feed>""".encode(), "text/xml")
    site["/one"] = give(PAGE)
    (raw,) = fetched(f"{site.address}/feed")
    assert isinstance(raw, Raw) and raw.published == "2025-05-16" and raw.content == PAGE


def test_a_feed_is_no_way_into_private_networks_or_files(site: Site) -> None:
    site["/feed"] = give(b"<rss><channel><item><link>http://169.254.169.254/</link></item>"
                         b"<item><link>file:///etc/passwd</link></item></channel></rss>", "application/rss+xml")
    found = fetched(f"{site.address}/feed")
    assert [type(each) for each in found] == [Problem, Problem]


def test_a_feed_gives_no_more_entries_than_allowed(site: Site) -> None:
    items = "".join(f"<item><link>/one?{number}</link></item>" for number in range(20))
    site["/feed"] = give(f"<rss><channel>{items}</channel></rss>".encode(), "application/rss+xml")
    assert len(fetched(f"{site.address}/feed", Limits(max_entries=3))) == 3


def test_a_feed_of_exploding_entities_is_harmless(site: Site) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = (f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e0 "boom">{entities}]><rss><channel><item>'
            "<title>&e11;</title><link>/one</link></item></channel></rss>")
    site["/feed"] = give(bomb.encode(), "application/rss+xml")
    site["/one"] = give(PAGE)
    found = fetched(f"{site.address}/feed", Limits(max_seconds=20))
    assert all(isinstance(each, Problem) or len(each.title) < 1000 for each in found)


def test_an_empty_feed_is_a_problem(site: Site) -> None:
    site["/feed"] = give(b"<rss><channel></channel></rss>", "application/rss+xml")
    assert "without entries" in problem(f"{site.address}/feed").message


# ---- files -------------------------------------------------------------------------------------------------------

def test_a_folder_gives_what_can_be_read_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.html", "sub/c.PDF", "sub/d.jsonl", "notes.docx", ".hidden.txt", ".git/e.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    names = [Path(raw.name).relative_to(tmp_path).as_posix() for raw in gather(str(tmp_path), LIMITS)
             if isinstance(raw, Raw)]
    assert names == ["a.html", "b.txt", "sub/c.PDF", "sub/d.jsonl"]


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    assert "no documents in this folder" in problem(str(tmp_path)).message


def test_files_are_not_loaded_until_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (raw,) = gather(str(tmp_path / "a.txt"), LIMITS)
    assert isinstance(raw, Raw) and raw.content is None and raw.path == tmp_path / "a.txt"


def test_a_file_without_a_known_ending_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(PAGE)
    (tmp_path / "paper.bin").write_bytes(b"%PDF-1.4")
    (tmp_path / "letter.doc").write_bytes(b"\xd0\xcf\x11\xe0")
    kinds = [raw.content_type for name in ("page", "paper.bin") for raw in gather(str(tmp_path / name), LIMITS)
             if isinstance(raw, Raw)]
    assert kinds == ["text/html", "application/pdf"]
    assert "convert it" in problem(str(tmp_path / "letter.doc")).message


@pytest.mark.parametrize("path", ["nowhere/at/all.txt", "a" * 5000, "nul\0name.txt", ""],
                         ids=["missing", "long", "NUL", "empty"])
def test_a_path_that_leads_nowhere_is_a_problem(path: str) -> None:
    found = problem(path)
    assert ";" in found.message and len(found.source) <= 500
