"""One visit to a source: what its listing may ask for, what it knows from the last time, and what it leaves for the next."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from extractor import parser_process
from extractor.fetch.client import Answer, Client
from extractor.fetch.sources import Source
from extractor.limits import Limits

_BELIEVED = timedelta(days=1)


class Broken(Exception):
    """A listing that cannot be used as it is. The message is one line: what is wrong, then the remedy."""


class Visit:
    """A visit at work. `cursor` is the note of the last good visit; a kind writes its own into `next`.

    `since` and `until` (inclusive, None for open) are a backfill's bounds; without them a kind lists what is new.
    `warnings` are lines on parts of the listing that could not be had; the rest of it counts.
    """

    def __init__(
        self,
        source: Source,
        client: Client,
        cursor: dict[str, Any] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> None:
        self.source = source
        self.client = client
        self.cursor = cursor or {}
        self.next: dict[str, Any] = {}
        self.since = since
        self.until = until
        self.warnings: list[str] = []
        self.unchanged = False  # the listing itself said that nothing is new
        self.now = datetime.now(UTC)

    @property
    def limits(self) -> Limits:
        return self.client.limits

    @property
    def backfilling(self) -> bool:
        return self.since is not None or self.until is not None

    def within(self, day: str) -> bool:
        """Whether an ISO day (or moment) lies within a backfill's bounds; a page without a date always does."""
        return not day or (
            (self.since is None or day[:10] >= self.since.isoformat())
            and (self.until is None or day[:10] <= self.until.isoformat())
        )

    async def get(self, url: str, **options: Any) -> Answer:
        """What an address of the listing answers. Raises Unfetchable."""
        return await self.client.get(url, allow_private=self.source.local, **options)

    async def if_changed(self, url: str) -> Answer | None:
        """As `get`, or None where the server says that nothing changed since the last visit; `unchanged` tells then.

        Servers err: what they said of a version is believed for a day, then the listing is asked for anew.
        """
        before = self.cursor.get("validators", {})
        fresh = before.get("at", "") > (self.now - _BELIEVED).isoformat() and not self.backfilling
        validators = {name: before.get(name, "") for name in ("etag", "last_modified")} if fresh else {}
        answer = await self.get(url, **validators)
        if answer.status == 304:
            self.unchanged = True
            self.next["validators"] = before
            return None
        self.next["validators"] = {
            "at": self.now.isoformat(),
            "etag": answer.headers.get("etag", ""),
            "last_modified": answer.headers.get("last-modified", ""),
        }
        return answer

    async def parse(self, format: str, content: bytes, context: dict[str, Any]) -> Any:
        """What the parser process makes of a part of the listing. Raises Unreadable."""
        return await asyncio.to_thread(parser_process.run, format, content, context, self.limits)
