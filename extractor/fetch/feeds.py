"""RSS and Atom: which pages a feed lists, under what title and date."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urljoin

from extractor import parser_process
from extractor.fetch.raw import Raw
from extractor.limits import Limits


@dataclass(frozen=True, slots=True)
class Entry:
    """One page that a feed lists. `published` is an ISO day, "" if the feed has none."""

    url: str
    title: str = ""
    published: str = ""


def entries(feed: Raw, limits: Limits) -> list[Entry]:
    """The feed's entries, each address once, at most `limits.max_entries`. Raises Unreadable."""
    found = parser_process.run("feed", feed.content or b"", {"url": feed.url}, limits)
    return [Entry(**entry) for entry in found[: limits.max_entries]]


def parse(content: bytes, context: dict[str, Any]) -> list[dict[str, str]]:
    """What `entries` needs, as plain values; runs in the parser process."""
    import feedparser

    found: dict[str, Entry] = {}
    for item in feedparser.parse(io.BytesIO(content)).entries:  # a stream: a name or address would be opened
        url = urljoin(context["url"], item.get("link", "")) if item.get("link") else ""
        if url and url not in found:
            found[url] = Entry(url, " ".join(item.get("title", "").split()), _day(item))
    return [asdict(entry) for entry in found.values()]


def _day(item: Any) -> str:
    moment = item.get("published_parsed") or item.get("updated_parsed")  # naive UTC
    return f"{moment.tm_year:04}-{moment.tm_mon:02}-{moment.tm_mday:02}" if moment else ""
