"""An address that a person names: one page, or the pages that a feed lists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from extractor.draft import Unreadable
from extractor.fetch.client import Client, Unfetchable
from extractor.fetch.feeds import entries
from extractor.fetch.raw import Raw, content_type_of, format_of_type
from extractor.fetched import Listed
from extractor.limits import Limits
from extractor.schema import Problem


def find(url: str, limits: Limits, allow_private: bool) -> Iterator[Raw | Problem]:
    """The page at `url`; for a feed, the page of each entry. What fails is a Problem, the others still come.

    The named address itself is asked for whatever robots.txt says to crawlers; the entries of a feed are not.
    """
    with asyncio.Runner() as loop:
        client = Client(limits)
        loop.run(client.__aenter__())
        try:
            page = loop.run(_page(client, Listed(url), allow_private, robots=False))
            if isinstance(page, Problem) or format_of_type(page.content_type) != "feed":
                yield page
                return
            try:
                listed = entries(page.content or b"", page.url, limits)[: limits.max_entries]
            except Unreadable as error:
                yield Problem("fetch", "error", str(error), source=page.name)
                return
            if not listed:
                yield Problem("fetch", "error", "a feed without entries; check the address", source=page.name)
            for entry in listed:
                yield loop.run(_page(client, entry, allow_private, robots=True))
        finally:
            loop.run(client.__aexit__(None, None, None))


async def _page(client: Client, page: Listed, allow_private: bool, *, robots: bool) -> Raw | Problem:
    try:
        answer = await client.get(page.url, allow_private=allow_private, robots=robots)
        stated = answer.headers.get("content-type", "")
        content_type = content_type_of(answer.url, stated, answer.content)
        if not content_type:
            kind = stated.partition(";")[0].strip()[:80] or "of unknown type"
            raise Unfetchable(f"the answer is {kind}, which is not read; give the address of a page, PDF or feed")
    except Unfetchable as error:
        return Problem("fetch", "error", str(error), source=_shown(page.url))
    name = page.url if robots else _shown(page.url).partition("#")[0]
    return Raw(name, answer.url, content_type, answer.content, None, answer.fetched_at, page.title, page.published)


def _shown(url: str) -> str:
    """The address for people to read: without credentials even where it is not a proper address."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + path
