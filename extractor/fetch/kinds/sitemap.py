"""Sitemaps: the pages that changed since the last visit, from a site's sitemap and those that its index names.

The cursor: `since`, the moment up to which all has been read. A reading that stops at a limit is gone on with at the
next visit: `begun` is when it began, `done` the files it has read, `after` the page that it came to in the next one.
`held` is since when a file that cannot be had keeps the cursor where it is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from extractor.draft import Unreadable
from extractor.fetch.client import Unfetchable
from extractor.fetch.visit import Broken, Visit
from extractor.fetched import Listed

_FIRST_WINDOW = timedelta(days=30)  # of what a first visit takes
_OVERLAP = timedelta(days=1)  # caches that are late, and pages that appear some time after they were last edited
_AHEAD = timedelta(days=2)  # which ends of days, time zones and wrong clocks explain; a date beyond it says nothing
_LONGEST_HELD = timedelta(days=30)  # a file that was gone for so long holds the cursor no more
_MOST_DONE = 10_000  # files of one reading that goes over several visits


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The pages that are new by the sitemap's dates, and those without a date; in a backfill those of its days.

    Raises Unfetchable and Unreadable for the sitemap itself, Broken where it is an index none of whose files can be had.
    """
    reading = _Reading(visit)
    waiting, known = [visit.source.url], {visit.source.url}
    asked = 0
    while waiting and asked < visit.limits.max_listing_pages and not reading.stopped:
        url, asked = waiting.pop(0), asked + 1
        found = await reading.read(url)
        if found is None:
            continue
        children = [child for child in found["sitemaps"] if child["url"] not in known and reading.wants_file(child)]
        known.update(child["url"] for child in children)
        newest_first = sorted(children, key=lambda child: child["latest"] or visit.now.isoformat(), reverse=True)
        waiting = [child["url"] for child in newest_first] + waiting
        for page in reading.new(url, found["pages"]):
            yield page
    if waiting and not reading.stopped:
        reading.stop(f"consists of more than {visit.limits.max_listing_pages:,} files")
    reading.close()


class _Reading:
    """How far the sitemap has been read, in this visit and in earlier ones that stopped at a limit."""

    def __init__(self, visit: Visit) -> None:
        cursor = visit.cursor
        self.visit = visit
        self.now = _iso(visit.now)
        self.since = min(cursor.get("since") or _iso(visit.now - _FIRST_WINDOW), self.now)
        self.begun = min(cursor.get("begun") or self.now, self.now)
        self.done: list[str] = [] if visit.backfilling else list(cursor.get("done", ()))
        self.after: dict[str, str] = {} if visit.backfilling else cursor.get("after", {})
        self.threshold = self._threshold()
        self.room = visit.limits.max_listed
        self.stopped = False
        self.files = 0  # that could be read, the index itself aside
        self.files_left_out = 0
        self.pages_left_out = 0
        self.failures: dict[str, str] = {}
        self.is_index = False

    async def read(self, url: str) -> dict[str, Any] | None:
        """What one file lists; None where it has not changed or cannot be had. Raises for the sitemap itself."""
        visit, is_first = self.visit, url == self.visit.source.url
        try:
            answer = await (visit.if_changed(url) if is_first else visit.get(url))
            if answer is None:
                return None
            context = {"url": answer.url, "max_bytes": visit.limits.max_bytes}
            found: dict[str, Any] = await visit.parse("sitemap", answer.content, context)
        except (Unfetchable, Unreadable) as error:
            if is_first:
                raise
            self._fail(url, str(error))
            return None
        if found["fault"]:
            self._fail(url, f"{found['fault']}; what can be read of it is")
        if found["unusable"]:
            visit.warnings.append(f"{url}: {found['unusable']:,} entries without a usable address; left out")
        self.is_index = self.is_index or bool(found["sitemaps"])
        self.files += not found["sitemaps"] or not is_first
        return found

    def wants_file(self, child: dict[str, str]) -> bool:
        """Whether a file that the index names may list something new."""
        latest = self._believed(child["latest"])
        wanted = child["url"] not in self.done and (not latest or latest >= self.threshold)
        self.files_left_out += not wanted
        return wanted

    def new(self, url: str, entries: list[dict[str, str]]) -> list[Listed]:
        """Those of a file's entries that are to be listed, as many as there is room for."""
        urls = [entry["url"] for entry in entries]
        resumed = self.after.get("file") == url and self.after["page"] in urls
        start = urls.index(self.after["page"]) + 1 if resumed else 0
        found = [self._page(entry) for entry in entries[start:] if self._is_new(entry)]
        self.pages_left_out += len(entries) - len(found)
        if len(found) > self.room:
            found = found[: self.room]
            self.after = {"file": url, "page": found[-1].url} if found else {}
            self.stop(f"lists more than {self.visit.limits.max_listed:,} pages")
        elif entries and url not in self.failures:
            self.done.append(url)
        self.room -= len(found)
        return found

    def stop(self, why: str) -> None:
        self.stopped = True
        rest = "give its parts sources of their own" if self.visit.backfilling else "the rest is left to the next visit"
        self.visit.warnings.append(f"{why}; {rest}")

    def close(self) -> None:
        """Write down how far it has been read. Raises Broken where nothing could be."""
        visit = self.visit
        if self.failures and not self.files and not self.files_left_out:
            url, why = next(iter(self.failures.items()))
            raise Broken(f"none of its {len(self.failures):,} files can be had; the first one, {url}: {why}")
        missing = visit.source.expect_listed - (visit.limits.max_listed - self.room)
        if missing > 0 and (self.files_left_out or self.pages_left_out >= missing):
            visit.unchanged = True  # quiet, not broken
        validators = visit.next.pop("validators", None)
        held = visit.cursor.get("held") or self.now
        if self.stopped:
            visit.next = {"since": self.since, "begun": self.begun, "done": self.done[-_MOST_DONE:]}
            visit.next |= {"after": self.after} if self.after else {}
        elif self.failures and held > _iso(visit.now - _LONGEST_HELD):
            visit.next = {"since": self.since, "held": held}
        else:
            visit.next = {"since": self.begun}
            if validators and not self.is_index:  # an index stays the same while its files change
                visit.next["validators"] = validators

    def _threshold(self) -> str:
        """What changed before this moment is not new."""
        if not self.visit.backfilling:
            return _iso(datetime.fromisoformat(self.since) - _OVERLAP)
        since = self.visit.since
        return _iso(datetime.combine(since, time(), UTC)) if since else ""

    def _is_new(self, entry: dict[str, str]) -> bool:
        if self.visit.backfilling:
            return self.visit.within(self._believed(entry["published"]) or self._believed(entry["updated"]))
        latest = self._believed(entry["latest"])
        return not latest or latest >= self.threshold

    def _page(self, entry: dict[str, str]) -> Listed:
        return Listed(entry["url"], entry["title"], entry["published"], self._believed(entry["updated"]))

    def _believed(self, moment: str) -> str:
        """A moment (or day) as stated, now where it is a little in the future, "" where it is further ahead."""
        if moment > _iso(self.visit.now + _AHEAD):
            return ""
        return min(moment, self.now)

    def _fail(self, url: str, why: str) -> None:
        self.failures[url] = why
        self.visit.warnings.append(f"{url}: {why}")


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
