"""RSS, Atom and JSON Feed: which pages a feed lists, under what title and date."""

from __future__ import annotations

import io
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from extractor import parser_process
from extractor.draft import Unreadable
from extractor.fetched import Listed
from extractor.limits import Limits

_JSON_FEED = "https://jsonfeed.org/version/"
_LONGEST_TITLE = 1000


def entries(content: bytes, url: str, limits: Limits) -> list[Listed]:
    """The entries of the feed that was fetched from `url`, each address once. Raises Unreadable."""
    return [Listed(**entry) for entry in parser_process.run("feed", content, {"url": url}, limits)]


def parse(content: bytes, context: dict[str, Any]) -> list[dict[str, str]]:
    """What `entries` needs, as plain values; runs in the parser process."""
    found: dict[str, dict[str, str]] = {}
    for link, title, published, updated in _json_feed(content) if _is_json(content) else _xml_feed(content):
        url = _joined(context["url"], link)
        if url and url not in found:
            entry = Listed(url, " ".join(title.split())[:_LONGEST_TITLE], published[:10], updated)
            found[url] = {name: value for name, value in asdict(entry).items() if isinstance(value, str)}
    return list(found.values())


def _joined(base: str, link: str) -> str:
    """The link's whole address; "" for one that is none, which must not cost the others."""
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def _xml_feed(content: bytes) -> list[tuple[str, str, str, str]]:
    import feedparser

    items = feedparser.parse(io.BytesIO(content)).entries  # a stream: a name or address would be opened
    return [
        (
            item["link"],
            item.get("title", ""),
            _utc(item.get("published_parsed") or item.get("updated_parsed")),
            _utc(item.get("updated_parsed")),
        )
        for item in items
        if item.get("link")
    ]


def _json_feed(content: bytes) -> list[tuple[str, str, str, str]]:
    try:
        feed = json.loads(content)
        items = feed["items"] if str(feed["version"]).startswith(_JSON_FEED) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        items = None
    if not isinstance(items, list):
        raise Unreadable("JSON, but no JSON Feed (jsonfeed.org); check the address")
    return [
        (
            str(item.get("url") or item.get("external_url")),
            str(item.get("title") or ""),
            _stated(item.get("date_published") or item.get("date_modified")),
            _stated(item.get("date_modified")),
        )
        for item in items
        if isinstance(item, dict) and (item.get("url") or item.get("external_url"))
    ]


def _is_json(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def _utc(moment: time.struct_time | None) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", moment) if moment else ""  # feedparser's times are naive UTC


def _stated(moment: Any) -> str:
    try:
        return datetime.fromisoformat(str(moment)).astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""
