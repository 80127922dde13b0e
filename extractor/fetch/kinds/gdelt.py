"""The article list of the GDELT DOC 2.0 API: news from everywhere that answers a source's query.

Documented at https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from extractor.fetch.client import Unfetchable
from extractor.fetch.visit import Broken, Visit
from extractor.fetched import Listed

_MOST = 250  # articles that one answer holds
_SMALLEST = timedelta(minutes=15)  # GDELT looks for news as often; a shorter window tells no more
_FIRST_VISIT = timedelta(days=1)
_OVERLAP = timedelta(hours=1)  # articles may appear a while after the moment that they are listed under
_REACH = timedelta(days=90)  # for which GDELT promises an answer
_PAUSE = 5.0  # seconds between two requests, as GDELT asks
_EDGE = timedelta(seconds=1)  # by which a question is wider than its window, for the API leaves out both ends
_LONGEST_TITLE = 1000
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The articles, oldest first, each once. Raises Unfetchable or Broken where not even the first can be had; what
    lies behind a later failure is left to the next visit, with a warning."""
    if not visit.source.local:
        visit.client.slow_down(visit.source.url, _PAUSE)
    start, end = _span(visit)
    reach = visit.now - _REACH
    if min(start, end) < reach:
        visit.warnings.append(
            f"GDELT promises three months only; of what is older than {reach:%Y-%m-%d}, much may be missing"
        )
    windows = [(max(start, reach), end), (start, min(reach, end))]  # the next one stands last
    read_to, seen, trouble = start, set[str](), f"after {visit.limits.max_listing_pages} answers"
    for _ in range(visit.limits.max_listing_pages):
        while windows and windows[-1][0] >= windows[-1][1]:
            windows.pop()
        if not windows:
            break
        first, last = windows[-1]
        try:
            articles = await _ask(visit, first, last)
        except (Unfetchable, Broken) as error:
            if last <= reach and isinstance(error, Broken):
                visit.warnings.append(f"nothing before {last:%Y-%m-%d} ({error})")
                windows.pop()
                continue
            if read_to == start:
                raise
            trouble = str(error)
            break
        windows.pop()
        full = len(articles) >= _MOST
        if full and last - first > _SMALLEST:
            middle = first + (last - first) / 2
            windows += [(middle, last), (first, middle)]
            continue
        if full:
            visit.warnings.append(
                f"{_MOST} articles and more from {first:%Y-%m-%d %H:%M} on, some may be missing; narrow the query"
            )
        for page in filter(None, map(_listed, articles)):
            if page.url not in seen and visit.within(page.published):
                seen.add(page.url)
                yield page
        read_to = last
    if windows:
        left = "fetch the rest with --since" if visit.backfilling else "the rest is left to the next visit"
        visit.warnings.append(f"read to {read_to:%Y-%m-%d %H:%M} only ({trouble}); {left}")
    visit.next["read_to"] = read_to.isoformat(timespec="seconds")


def _span(visit: Visit) -> tuple[datetime, datetime]:
    """From when to when the visit asks; a backfill's last day belongs to it."""
    if visit.backfilling:
        last = min(visit.until or visit.now.date(), visit.now.date())
        start = datetime.combine(visit.since, time.min, UTC) if visit.since else visit.now - _REACH
        return start, min(datetime.combine(last, time.min, UTC) + timedelta(days=1), visit.now)
    if "read_to" in visit.cursor:
        return min(datetime.fromisoformat(visit.cursor["read_to"]), visit.now) - _OVERLAP, visit.now
    return visit.now - _FIRST_VISIT, visit.now


async def _ask(visit: Visit, first: datetime, last: datetime) -> list[Any]:
    """The articles of a window. Raises Unfetchable; Broken with what GDELT says in plain text instead of them."""
    parameters = {
        "query": visit.source.options["query"],
        "mode": "ArtList",
        "format": "json",
        "maxrecords": _MOST,
        "sort": "DateAsc",
        "startdatetime": f"{first - _EDGE:%Y%m%d%H%M%S}",
        "enddatetime": f"{last + _EDGE:%Y%m%d%H%M%S}",
    }
    answer = await visit.get(f"{visit.source.url}?{urlencode(parameters)}")
    text = answer.content.decode("utf-8", "replace").strip()
    try:
        found = json.loads(_ESCAPE.sub(lambda escape: escape[0] if escape[1] else r"\\", text), strict=False)
        articles = found.get("articles", [])  # an empty window is {}
        if isinstance(articles, list):
            return articles
    except (ValueError, AttributeError, RecursionError):
        pass
    raise Broken(f"answers {' '.join(text.split())[:200]!r}; mend the query of the source, or try again later")


def _listed(article: Any) -> Listed | None:
    """The article as a listed page; None for one without an address."""
    url = article.get("url") if isinstance(article, dict) else None
    if not url or not isinstance(url, str):
        return None
    title = " ".join(str(article.get("title") or "").split())
    return Listed(url, title=title[:_LONGEST_TITLE], published=_day(str(article.get("seendate"))))


def _day(seen: str) -> str:
    try:
        return datetime.strptime(seen, "%Y%m%dT%H%M%SZ").date().isoformat()
    except ValueError:
        return ""
