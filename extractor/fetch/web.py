"""An address: one page, or the pages that a feed lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from extractor.draft import Unreadable
from extractor.fetch.client import Client, Unfetchable
from extractor.fetch.feeds import Entry, entries
from extractor.fetch.raw import Raw, format_of_type
from extractor.limits import Limits
from extractor.schema import Problem


def find(url: str, limits: Limits, allow_private: bool) -> Iterator[Raw | Problem]:
    """The page at `url`; for a feed, the page of each entry. What fails is a Problem, the others still come."""
    with Client(limits, allow_private) as client:
        page = _page(client, Entry(url))
        if isinstance(page, Problem) or format_of_type(page.content_type) != "feed":
            yield page
            return
        try:
            listed = entries(page, limits)
        except Unreadable as error:
            yield Problem("fetch", "error", str(error), source=page.name)
            return
        if not listed:
            yield Problem("fetch", "error", "a feed without entries; check the address", source=page.name)
        for entry in listed:
            yield _page(client, entry)


def _page(client: Client, entry: Entry) -> Raw | Problem:
    try:
        return replace(client.get(entry.url), title=entry.title, published=entry.published)
    except Unfetchable as error:
        return Problem("fetch", "error", str(error), source=_shown(entry.url))


def _shown(url: str) -> str:
    """The address for people to read: without credentials even where it is not a proper address."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + path
