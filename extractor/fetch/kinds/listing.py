"""Notice listings: pages that list other pages, read by CSS selectors; with the files attached to what they list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from extractor import parser_process
from extractor.fetch.client import Answer
from extractor.fetch.sources import Source
from extractor.fetch.visit import Broken, Visit
from extractor.fetched import Listed
from extractor.limits import Limits

_MOST_ATTACHED = 50  # files of one page


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The items of the listing, page after page: to the first page without a new one or, in a backfill, to the first
    whose items are all older. Raises Unfetchable, Unreadable, and Broken where the selectors find nothing."""
    source, known = visit.source, frozenset(visit.cursor.get("last", ()))
    url: str = source.url
    seen: list[str] = []
    asked: set[str] = set()
    for _ in range(visit.limits.max_listing_pages):
        asked.add(url)
        answer = await visit.get(url)
        found = await visit.parse("listing", answer.content, _context(source, answer))
        items = [Listed(**item) for item in found["items"]]
        if not items and not seen:
            raise Broken(
                f"the selector {source.options['item']!r} finds nothing in {url}; the page may have changed its markup, "
                "mend the selectors of the source"
            )
        if found["undated"] and not found["dated"]:
            visit.warnings.append(
                f"the selector {source.options['date']!r} finds no date in {url}; mend it, or set date_order"
            )
        for item in items:
            if visit.within(item.published):
                yield item
        seen += [item.url for item in items]
        url = found["next"]
        if not url or url in asked or _is_done(visit, items, known):
            break
    visit.next["last"] = seen[:200] if not visit.backfilling else sorted(known)


async def attachments(source: Source, answer: Answer, limits: Limits) -> list[Listed]:
    """The files that a listed page links to by the source's selector `attachments`. Raises Unreadable."""
    if source.kind != "listing" or "attachments" not in source.options:
        return []
    context = {"url": answer.url, "charset": _charset(answer), "item": source.options["attachments"]}
    found = await asyncio.to_thread(parser_process.run, "listing", answer.content, context, limits)
    return [Listed(**item) for item in found["items"][:_MOST_ATTACHED]]


def _is_done(visit: Visit, items: list[Listed], known: frozenset[str]) -> bool:
    if visit.backfilling:
        since = visit.since.isoformat() if visit.since else ""
        return all(item.published and item.published < since for item in items)
    return not known or all(item.url in known for item in items)  # the first visit takes the first page only


def _context(source: Source, answer: Answer) -> dict[str, Any]:
    selectors = {name: source.options.get(name, "") for name in ("item", "link", "title", "date", "next")}
    return {
        **selectors,
        "url": answer.url,
        "charset": _charset(answer),
        "language": source.language,
        "date_order": source.options.get("date_order", "YMD" if source.language in ("zh", "ja", "ko") else "DMY"),
    }


def _charset(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition("charset=")[2].strip("\"' ;")
