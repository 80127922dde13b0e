"""Files on this machine that a source consists of: each is read once, and again when it has changed."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import TypeVar

from extractor.fetch.visit import Visit

_MOST_FILES = 1_000_000  # of one source that are remembered
_STAMP_BYTES = 8
_LONGEST_NAME = 500  # characters of a path that are shown
T = TypeVar("T")


class VisitedFiles:
    """What the cursor's `files` knows: a stamp for each file that was read, of its path, size and time of change."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._before = frozenset(visit.cursor.get("files", ()))
        self._kept: dict[str, None] = {}
        self.found = 0
        self.known = 0  # of these, read at an earlier visit
        self.room = visit.limits.max_listed
        self.stopped = False

    def knows(self, stamp: str) -> bool:
        """Whether a file was read at an earlier visit and is as it was then; it counts as found."""
        self.found += 1
        if stamp not in self._before:
            return False
        self.known += 1
        self._kept[stamp] = None
        return True

    def keep(self, stamp: str) -> None:
        """Note that a file has been read."""
        self._kept[stamp] = None

    def take(self, pages: int) -> bool:
        """Whether so many more pages may be listed at this visit. Once they may not, the visit is over."""
        self.room -= pages
        if self.room < 0 and not self.stopped:
            self.stopped = True
            self._visit.warnings.append(
                f"holds more than {self._visit.limits.max_listed:,} new pages; the rest is left to the next visit"
            )
        return not self.stopped

    def close(self) -> None:
        """Write down what is known now. Files that are gone are forgotten, unless the visit stopped before the end."""
        stamps = dict.fromkeys([*(self._before if self.stopped else ()), *self._kept])
        self._visit.next["files"] = list(stamps)[-_MOST_FILES:]
        self._visit.unchanged = self.known > 0


def stamp(path: Path, status: os.stat_result) -> str:
    """What tells a file apart from others, and from itself before a change."""
    name = f"{status.st_size}\n{status.st_mtime_ns}\n".encode() + os.fsencode(path)
    return hashlib.blake2b(name, digest_size=_STAMP_BYTES).hexdigest()


def shown(path: Path) -> str:
    """A path for one line of a message, whatever its bytes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").translate(_ONE_LINE)[-_LONGEST_NAME:]


async def streamed(items: Iterator[T]) -> AsyncGenerator[T]:
    """What a blocking iterator gives, each item fetched in a thread, so that other sources go on meanwhile."""
    done = object()
    while (item := await asyncio.to_thread(next, items, done)) is not done:
        yield item  # type: ignore[misc]


_ONE_LINE = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))} | {0x2028: " ", 0x2029: " "}
