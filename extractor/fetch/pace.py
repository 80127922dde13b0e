"""How often a host is asked: a few requests at a time, a pause between their starts, and none while it asks for rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from extractor.limits import Limits

_LONGEST_DELAY = 60.0  # seconds between two requests, whatever a robots.txt asks for
_MOST_SILENCES = 3  # addresses in a row at which a host did not answer; then it is left alone
_SILENT_REST = 900.0  # seconds


class Resting(Exception):
    """A host wants to be left alone for longer than is waited; `seconds` are left of it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} seconds")
        self.seconds = seconds


class Pace:
    """The turns of all hosts. One host's turns never keep another host waiting."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until `host` may be asked; it counts as being asked until the block ends. Raises Resting."""
        place = self._of(host)
        async with place.slots:
            await place.wait(self._limits.max_retry_after)
            yield

    def slow_down(self, host: str, seconds: float) -> None:
        """Leave at least so many seconds between two requests to `host`, as its robots.txt wants."""
        place = self._of(host)
        place.delay = max(place.delay, min(seconds, _LONGEST_DELAY))

    def rest(self, host: str, seconds: float) -> None:
        """Ask `host` nothing for so many seconds."""
        place = self._of(host)
        place.awake = max(place.awake, time.monotonic() + seconds)

    def answered(self, host: str) -> None:
        """`host` is there."""
        self._of(host).silences = 0

    def silent(self, host: str) -> None:
        """`host` did not answer, for all the attempts at an address; after a few of them it is left alone."""
        place = self._of(host)
        place.silences += 1
        if place.silences >= _MOST_SILENCES:
            self.rest(host, _SILENT_REST)

    def _of(self, host: str) -> _Host:
        if host not in self._hosts:
            self._hosts[host] = _Host(self._limits)
        return self._hosts[host]


class _Host:
    def __init__(self, limits: Limits) -> None:
        self.slots = asyncio.Semaphore(limits.host_connections)
        self.delay = limits.host_delay
        self.silences = 0
        self.next = 0.0  # time.monotonic() of the next turn
        self.awake = 0.0  # … and from which on it may be asked at all

    async def wait(self, longest_rest: float) -> None:
        if (rest := self.awake - time.monotonic()) > longest_rest:
            raise Resting(rest)
        start = max(self.next, self.awake, time.monotonic())
        self.next = start + self.delay  # taken at once, so that two who wait do not start together
        await asyncio.sleep(start - time.monotonic())
