"""Feeds: RSS, Atom, JSON Feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from extractor.fetch.feeds import entries
from extractor.fetch.visit import Visit
from extractor.fetched import Listed


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The entries of the feed; none where it has not changed since the last visit. Raises Unfetchable, Unreadable."""
    answer = await visit.if_changed(visit.source.url)
    if answer is None:
        return
    for entry in await asyncio.to_thread(entries, answer.content, answer.url, visit.limits):
        if visit.within(entry.published):
            yield entry
