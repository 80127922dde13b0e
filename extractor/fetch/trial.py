"""A trial of one source: what a visit finds and what its first page reads like; nothing is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from extractor.draft import Unreadable
from extractor.fetch.client import Client, Unfetchable
from extractor.fetch.harvest import listed
from extractor.fetch.raw import content_type_of
from extractor.fetch.sources import Source
from extractor.fetch.visit import Broken, Visit
from extractor.fetched import Listed
from extractor.limits import Limits

_SHOWN = 5  # pages


@dataclass(slots=True)
class Trial:
    """What was found. `ok`: the source lists at least what is expected, and its first page can be had."""

    source: Source
    count: int = 0
    wanted: int = 0
    dated: int = 0
    first: list[Listed] = field(default_factory=list)
    page: str = ""
    warnings: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error and self.count >= self.source.expect_listed

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source.id,
            "ok": self.ok,
            "listed": self.count,
            "expected": self.source.expect_listed,
            "wanted": self.wanted,
            "dated": self.dated,
            "first": [{"url": page.url, "title": page.title, "published": page.published} for page in self.first],
            "page": self.page,
            "warnings": self.warnings,
            "error": self.error,
        }

    def lines(self) -> list[str]:
        """The same for people."""
        source = self.source
        found = [
            f"{source.id}: {source.name} ({source.kind}) {source.url}",
            f"  listed {self.count:,} pages, at least {source.expect_listed:,} expected; "
            f"{self.wanted:,} wanted by include and exclude, {self.dated:,} with a date",
            *(f"  {page.published or '(no date)'}  {page.title or '(no title)'}  {page.url}" for page in self.first),
        ]
        if self.page:
            found.append(f"  first page: {self.page}")
        found += [f"  warning: {warning}" for warning in self.warnings]
        if self.error:
            found.append(f"  error: {self.error}")
        elif not self.ok:
            found.append("  error: fewer than expected; its address or markup may have changed, mend the source")
        return [*found, "  ok" if self.ok else "  not ok"]


def try_out(source: Source, limits: Limits | None = None) -> Trial:
    """Visit the source as if for the first time, and fetch the first page that it wants. Raises nothing."""
    return asyncio.run(_try_out(Trial(source), limits or Limits(max_listing_pages=2)))


async def _try_out(trial: Trial, limits: Limits) -> Trial:
    async with Client(limits) as client:
        visit = Visit(trial.source, client)
        wanted: list[Listed] = []
        try:
            async for page in listed(visit):
                trial.count += 1
                trial.dated += bool(page.published or page.updated)
                if trial.source.wants(page.url, page.title):
                    trial.wanted += 1
                    wanted += [page] if len(wanted) < _SHOWN else []
            trial.first = list(islice(wanted, _SHOWN))
            if trial.first:
                trial.page = await _look(client, trial.source, trial.first[0])
        except (Unfetchable, Unreadable, Broken) as error:
            trial.error = str(error)
        trial.warnings = visit.warnings
    return trial


async def _look(client: Client, source: Source, page: Listed) -> str:
    """What a page is: type and size. Raises Unfetchable."""
    if page.content is not None:
        return f"{page.content_type}, {len(page.content):,} bytes"
    answer = await client.get(page.request or page.url, allow_private=source.local)
    stated = answer.headers.get("content-type", "")
    content_type = content_type_of(answer.url, stated, answer.content)
    if not content_type:
        raise Unfetchable(
            f"{answer.url} is {stated[:80] or 'of unknown type'}, which is not read; leave it out with exclude"
        )
    return f"{content_type}, {len(answer.content):,} bytes, from {answer.url}"
