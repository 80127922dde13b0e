"""XML sitemaps, their indexes, news sitemaps and plain lists of addresses: what one file lists. Runs in the parser
process."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from extractor.draft import Unreadable
from extractor.encoding import decode
from extractor.fetch import feeds
from extractor.fetch.raw import HEAD_BYTES, sniff
from extractor.fetch.unpack import GZIP, gunzip

_ROOTS = ("urlset", "sitemapindex")
_LONGEST_ADDRESS = 4000  # characters; the protocol allows 2,048
_LONGEST_TITLE = 1000
_DECLARED = re.compile(rb"<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([\w.:-]+)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML allows none of these
_BARE_AMPERSAND = re.compile(r"&(?![A-Za-z#][\w.-]{0,30};)")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_YEAR_OR_MONTH = re.compile(r"(\d{4})(?:-(\d\d))?")
_ONLY_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def parse(content: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """{"pages": [{url, title, published, updated, latest}], "sitemaps": [{url, latest}], "unusable": n, "fault": ""}.

    `published` is an ISO day, `updated` a moment (ISO 8601, UTC), `latest` the last moment that the entry's dates can
    mean, which for a day is its end; each is "" where nothing is stated. `unusable` counts entries without an address;
    a `fault` (one line, "" for none) says that the file is damaged and what is here is not the whole of it.
    `context` holds the file's `url` and `max_bytes`, the most that it may unpack to. Raises Unreadable.
    """
    if content.startswith(GZIP):
        content = gunzip(content, context["max_bytes"])
    kind = sniff(content[:HEAD_BYTES])
    if kind == "html":
        raise Unreadable("an HTML page, not a sitemap; check the address")
    if kind == "feed":  # the protocol lets an index name feeds
        return _found([_of_feed(entry) for entry in feeds.parse(content, context)])
    declared = _DECLARED.search(content[:HEAD_BYTES])
    text, _ = decode(content, declared[1].decode() if declared else "")
    text = text.lstrip("\ufeff \t\r\n")
    return _xml(text, context["url"]) if text.startswith("<") else _lines(text)


def _xml(text: str, base: str) -> dict[str, Any]:
    from lxml import etree

    text = _with_whole_ampersands(_CONTROLS.sub("", text))
    elements = etree.iterparse(
        io.BytesIO(text.encode("utf-8", "replace")),
        tag=("{*}url", "{*}sitemap"),
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    pages: list[dict[str, str]] = []
    sitemaps: list[dict[str, str]] = []
    unusable = 0
    try:
        for _, element in elements:
            parent = element.getparent()
            if parent is None or parent.getparent() is not None:
                continue
            entry = _entry(element, base)
            if entry is None:
                unusable += 1
            elif _name(element) == "url":
                pages.append(entry)
            else:
                sitemaps.append({"url": entry["url"], "latest": entry["latest"]})
            while element.getprevious() is not None:  # what was read needs no more room
                del parent[0]
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"broken XML ({error}); check the address") from error
    broken = [entry for entry in elements.error_log if entry.level_name == "FATAL"]
    fault = f"broken XML at line {broken[0].line} ({' '.join(broken[0].message.split())[:200]})" if broken else ""
    root = elements.root
    if root is None or _name(root) not in _ROOTS:
        raise Unreadable(f"not a sitemap ({fault or 'its root is neither urlset nor sitemapindex'}); check the address")
    if any(entry.type_name == "ERR_TAG_NOT_FINISHED" for entry in broken):
        del (pages or sitemaps)[-1:]  # the file was cut short, and so may be its last address
    if fault and not pages and not sitemaps:
        raise Unreadable(f"{fault}; the site has to mend this")
    return _found(pages, sitemaps, unusable, fault)


def _found(
    pages: list[dict[str, str]], sitemaps: list[dict[str, str]] | None = None, unusable: int = 0, fault: str = ""
) -> dict[str, Any]:
    return {"pages": pages, "sitemaps": sitemaps or [], "unusable": unusable, "fault": fault}


def _with_whole_ampersands(text: str) -> str:
    """The XML with addresses' ampersands escaped where a site has forgotten it, which recovery would drop."""
    before, *sections = text.split(_CDATA)
    pieces = [_BARE_AMPERSAND.sub("&amp;", before)]
    for section in sections:
        verbatim, end, after = section.partition(_CDATA_END)
        pieces += [_CDATA, verbatim, end, _BARE_AMPERSAND.sub("&amp;", after)]
    return "".join(pieces)


def _entry(element: Any, base: str) -> dict[str, str] | None:
    """What a <url> or <sitemap> says; None without an http address."""
    told = {_name(child): child for child in element if isinstance(child.tag, str)}
    url = _address(told.get("loc"), base)
    if not url:
        return None
    news = told.get("news")
    told_of_news = {_name(child): child for child in news if isinstance(child.tag, str)} if news is not None else {}
    changed, published = _span(_text(told.get("lastmod"))), _span(_text(told_of_news.get("publication_date")))
    return {
        "url": url,
        "title": _text(told_of_news.get("title"))[:_LONGEST_TITLE],
        "published": published[0][:10] if published and published[1] <= _later(published[0], days=1) else "",
        "updated": changed[0] if changed else "",
        "latest": max(span[1] if span else "" for span in (changed, published)),
    }


def _address(loc: Any, base: str) -> str:
    if loc is None or len(loc):  # an entity that is not expanded is a child: the address is not whole
        return ""
    try:
        url = urljoin(base, (loc.text or "").strip())
        usable = urlsplit(url).scheme in ("http", "https") and "\ufffd" not in url and len(url) <= _LONGEST_ADDRESS
    except ValueError:
        return ""
    return url if usable and loc.text and loc.text.strip() else ""


def _lines(text: str) -> dict[str, Any]:
    """A plain-text sitemap: one address a line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    urls = [line for line in lines if line.startswith(("http://", "https://")) and len(line) <= _LONGEST_ADDRESS]
    if not urls:
        raise Unreadable("neither an XML sitemap nor a list of addresses; check the address")
    pages = [{"url": url, "title": "", "published": "", "updated": "", "latest": ""} for url in urls]
    return _found(pages, unusable=len(lines) - len(urls))


def _of_feed(entry: dict[str, str]) -> dict[str, str]:
    spans = (_span(entry.get("updated", "")), _span(entry.get("published", "")))
    told = {name: entry.get(name, "") for name in ("url", "title", "published", "updated")}
    return {**told, "latest": max(span[1] if span else "" for span in spans)}


def _span(stated: str) -> tuple[str, str] | None:
    """The first and the last moment (ISO 8601, UTC) that a date can mean: a year, month, day or moment as the W3C writes
    them, or a moment as mails write it; None for what is no date. Without a zone it is UTC."""
    try:
        if coarse := _YEAR_OR_MONTH.fullmatch(stated):
            year, month = int(coarse[1]), int(coarse[2] or 1)
            start = datetime(year, month, 1, tzinfo=UTC)
            end = datetime(year + (not coarse[2] or month == 12), month % 12 + 1 if coarse[2] else 1, 1, tzinfo=UTC)
            return _iso(start), _iso(end)
        start = _moment(stated)
        return _iso(start), _later(_iso(start), days=1) if _ONLY_DAY.fullmatch(stated) else _iso(start)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _moment(stated: str) -> datetime:
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        moment = parsedate_to_datetime(stated)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _later(moment: str, days: int) -> str:
    return _iso(datetime.fromisoformat(moment) + timedelta(days=days))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext(with_tail=False)).split()) if element is not None else ""


def _name(element: Any) -> str:
    """An element's name without its namespace, which some sites misspell or leave undeclared."""
    return re.split("[}:]", element.tag)[-1]
