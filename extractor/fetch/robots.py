"""What a site's robots.txt lets this tool fetch (RFC 9309)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from protego import Protego

AGENT = "mineral-extractor"
_MOST_BYTES = 500_000  # RFC 9309 asks for at least 500 KiB to be read
_MOST_SITES = 10_000  # kept at a time
_FAILURE_KEPT = 600.0  # seconds until a site whose rules could not be had is asked for them again

FetchRules = Callable[[str], Awaitable[bytes | None]]


class Robots:
    """The rules of every site that was asked, each site asked once.

    `fetch` gives the bytes of a robots.txt, None where the site has none; it raises where the site does not answer.
    """

    def __init__(self, fetch: FetchRules) -> None:
        self._fetch = fetch
        self._rules: dict[str, asyncio.Task[Protego]] = {}
        self._failed: dict[str, float] = {}  # site → time.monotonic() of the failure

    async def allow(self, url: str) -> bool:
        """Whether `url` may be fetched. Raises what `fetch` raises: a site whose rules cannot be had is left alone."""
        return bool((await self._of(url)).can_fetch(url, AGENT))

    async def delay(self, url: str) -> float:
        """Seconds that the site wants between two requests, 0.0 if it does not say. Raises what `fetch` raises."""
        return float((await self._of(url)).crawl_delay(AGENT) or 0.0)

    async def _of(self, url: str) -> Protego:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if time.monotonic() - self._failed.get(site, time.monotonic()) > _FAILURE_KEPT:
            del self._rules[site], self._failed[site]
        if site not in self._rules:
            if len(self._rules) >= _MOST_SITES:
                oldest = next(iter(self._rules))
                del self._rules[oldest]
                self._failed.pop(oldest, None)
            self._rules[site] = asyncio.ensure_future(self._read(f"{site}/robots.txt"))
        try:
            return await asyncio.shield(self._rules[site])
        except Exception:
            self._failed.setdefault(site, time.monotonic())
            raise

    async def _read(self, url: str) -> Protego:
        content = await self._fetch(url)
        return Protego.parse((content or b"")[:_MOST_BYTES].decode("utf-8", "replace"))
