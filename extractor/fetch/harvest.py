"""Fetching what is new: each source is visited, its pages are noted, fetched and archived, whatever fails meanwhile.

What is listed is written down before it is fetched, so that a broken-off fetch goes on where it stopped, and a page
that a feed has dropped since is fetched all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from extractor.draft import Unreadable
from extractor.fetch.addresses import asked_for, known_by, stated_by
from extractor.fetch.archive import Archive, ArchiveError
from extractor.fetch.client import Answer, Client, Unfetchable
from extractor.fetch.kinds import KINDS
from extractor.fetch.kinds.listing import attachments
from extractor.fetch.raw import content_type_of, format_of_type, now
from extractor.fetch.sources import Source
from extractor.fetch.visit import Broken, Visit
from extractor.fetched import Fetch, Listed, SourceState, Waiting
from extractor.limits import Limits
from extractor.schema import Problem

_PAGES_AT_A_TIME = 16  # of one source, on all its hosts
_NOTED_AT_A_TIME = 500  # listed pages a transaction
_FIRST_PAUSE = timedelta(minutes=15)  # before a page or source that failed is tried again; four times as long each time
_MOST_ATTEMPTS = 6  # at one page, over about 14 days; the address is then given up until it is listed as changed
_LONGEST_PAUSE = timedelta(days=10)


class Book(Protocol):
    """What of the store's ledger is needed here."""

    def know(self, source: Mapping[str, Any]) -> None: ...
    def state(self, source: str) -> SourceState: ...
    def succeeded(self, source: str, at: str, cursor: Mapping[str, Any] | None, listed: int | None) -> None: ...
    def failed(self, source: str, at: str, error: str) -> None: ...
    def note(self, source: str, pages: Iterable[Listed], at: str, recheck_before: str) -> int: ...
    def page(self, url: str) -> Waiting | None: ...
    def waiting(self, source: str, now: str, limit: int) -> list[Waiting]: ...
    def record(self, fetch: Fetch, *, canonical: str = "", also: Iterable[Listed] = ()) -> None: ...


@dataclass(slots=True)
class Count:
    """What a fetch did for one source. `new` and `changed` were archived; `postponed` are tried again later."""

    listed: int = 0
    noted: int = 0  # of those listed, not known before
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    postponed: int = 0
    done: bool = False
    error: str = ""


Report = Callable[[str, Count], None]


def is_due(source: Source, state: SourceState, moment: datetime) -> bool:
    """Whether it is time to visit a source: its interval is over or, after failures, a pause that grows with them."""
    if not state.last_try:
        return True
    pause = timedelta(seconds=source.interval)
    if state.failures:
        pause = min(pause, _FIRST_PAUSE * 2 ** (state.failures - 1))
    return datetime.fromisoformat(state.last_try) + pause <= moment


def harvest(
    sources: Iterable[Source],
    book: Book,
    archive: Archive,
    limits: Limits,
    *,
    since: date | None = None,
    until: date | None = None,
    report: Report = lambda source, count: None,
    complain: Callable[[Problem], None] = lambda problem: None,
) -> dict[str, Count]:
    """Visit the sources, all at once, and fetch what waits; what was done for each, by its id.

    With `since` or `until` (days, inclusive) the sources are asked for what they listed in that time, and their cursors
    stay. `report` is called whenever a count changes, `complain` for each page or source that fails. Nothing is raised
    for what is fetched; ArchiveError where nothing can be kept any more.
    """
    return asyncio.run(_harvest(list(sources), _Work(book, archive, since, until, report, complain), limits))


async def _harvest(sources: list[Source], work: _Work, limits: Limits) -> dict[str, Count]:
    async with Client(limits) as work.client:
        try:
            async with asyncio.TaskGroup() as group:
                for source in sources:
                    group.create_task(work.serve(source))
        except* ArchiveError as errors:
            raise errors.exceptions[0] from None
    return work.counts


class _Work:
    client: Client

    def __init__(
        self,
        book: Book,
        archive: Archive,
        since: date | None,
        until: date | None,
        report: Report,
        complain: Callable[[Problem], None],
    ) -> None:
        self.book = book
        self.archive = archive
        self.since = since
        self.until = until
        self.report = report
        self.complain = complain
        self.counts: dict[str, Count] = {}

    async def serve(self, source: Source) -> None:
        """Visit one source and fetch what waits of it."""
        count = self.counts[source.id] = Count()
        self.book.know(
            {
                "id": source.id,
                "name": source.name,
                "kind": source.kind,
                "url": source.url,
                "country": source.country,
                "standing": source.standing,
                "documents": source.documents,
                "expected_per_day": source.expect_per_day,
            }
        )
        self.report(source.id, count)
        await self._visit(source, count)
        await self._drain(source, count)
        count.done = True
        self.report(source.id, count)

    async def _visit(self, source: Source, count: Count) -> None:
        visit = Visit(source, self.client, dict(self.book.state(source.id).cursor), self.since, self.until)
        try:
            async with aclosing(listed(visit)) as pages:
                noted: list[Listed] = []
                async for page in pages:
                    count.listed += 1
                    if page.content is not None:
                        await self._carried(source, page, count)
                    elif source.wants(page.url, page.title):
                        noted.append(page)
                    if len(noted) >= _NOTED_AT_A_TIME:
                        self._note(source, noted, count)
                        noted = []
            self._note(source, noted, count)
            _check(visit, count.listed)
        except ArchiveError:
            raise
        except Exception as error:  # whatever a listing makes a library do, it costs this source alone
            count.error = _told(error)
            self.book.failed(source.id, now(), count.error)
            self._problem("error", source.id, count.error)
        else:
            cursor = None if visit.backfilling else visit.next
            self.book.succeeded(
                source.id, now(), cursor, None if visit.unchanged or visit.backfilling else count.listed
            )
        for warning in visit.warnings:
            self._problem("warning", source.id, warning)

    def _note(self, source: Source, pages: list[Listed], count: Count) -> None:
        recheck = datetime.now(UTC) - timedelta(seconds=source.recheck)
        if pages:
            count.noted += self.book.note(source.id, pages, now(), recheck.isoformat(timespec="seconds"))
            self.report(source.id, count)

    async def _carried(self, source: Source, page: Listed, count: Count) -> None:
        """Archive a page that came with its listing."""
        assert page.content is not None
        if not source.wants(page.url, page.title):
            return
        count.noted += self.book.note(source.id, [page], now(), "")
        before = self.book.page(page.url)
        assert before
        headers = {"content-type": page.content_type, **page.headers}
        answer = Answer(page.url, 200, headers, page.content, page.fetched_at or now())
        await self._keep(source, before, answer, count, status=None, named=page.content_type)

    async def _drain(self, source: Source, count: Count) -> None:
        """Fetch the pages of a source until none is due."""
        under_way: dict[asyncio.Task[None], str] = {}
        try:
            while True:
                fetching = set(under_way.values())
                waiting = self.book.waiting(source.id, now(), 2 * _PAGES_AT_A_TIME)
                for page in [page for page in waiting if page.url not in fetching][: _PAGES_AT_A_TIME - len(under_way)]:
                    under_way[asyncio.create_task(self._fetch(source, page, count))] = page.url
                if not under_way:
                    return
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    del under_way[task]
                    task.result()
                self.report(source.id, count)
        finally:
            for task in under_way:
                task.cancel()

    async def _fetch(self, source: Source, page: Waiting, count: Count) -> None:
        try:
            answer = await self.client.get(
                page.request, allow_private=source.local, etag=page.etag, last_modified=page.last_modified
            )
        except Unfetchable as error:
            self._fail(page, error, count)
            return
        if answer.status == 304:
            self.book.record(
                Fetch(
                    page.url, page.request, source.id, answer.fetched_at, "unchanged", answer.url, 304, answer.headers
                )
            )
            count.unchanged += 1
            return
        await self._keep(source, page, answer, count, status=answer.status)

    async def _keep(
        self, source: Source, page: Waiting, answer: Answer, count: Count, *, status: int | None, named: str = ""
    ) -> None:
        stated = named or answer.headers.get("content-type", "")
        content_type = content_type_of(answer.url, stated, answer.content)
        if not content_type or format_of_type(content_type) == "feed":
            kind = stated.partition(";")[0].strip()[:80] or "of unknown type"
            self._fail(page, Unfetchable(f"the answer is {kind}, which is not read; leave it out with exclude"), count)
            return
        sha256 = await asyncio.to_thread(self.archive.put, answer.content)
        fetch = Fetch(
            page.url,
            page.request,
            source.id,
            answer.fetched_at,
            "new" if not page.sha256 else "unchanged" if sha256 == page.sha256 else "changed",
            answer.url,
            status,
            answer.headers,
            content_type,
            len(answer.content),
            sha256,
        )
        is_html = format_of_type(content_type) == "html"
        canonical = (
            known_by(stated_by(answer.content, answer.url)) if is_html and known_by(page.request) == page.url else ""
        )
        self.book.record(fetch, canonical=canonical, also=await self._attached(source, page, answer) if is_html else ())
        setattr(count, fetch.outcome, getattr(count, fetch.outcome) + 1)

    async def _attached(self, source: Source, page: Waiting, answer: Answer) -> list[Listed]:
        try:
            files = await attachments(source, answer, self.client.limits)
        except Unreadable as error:
            self._problem("warning", page.url, f"its attached files cannot be found ({error})")
            return []
        return [replace(file, published=page.published) for file in files]

    def _fail(self, page: Waiting, error: Unfetchable, count: Count) -> None:
        """Note a page that could not be had: to be tried again, or lost."""
        again = error.passing and page.attempts + 1 < _MOST_ATTEMPTS
        pause = max(_FIRST_PAUSE * 4**page.attempts, timedelta(seconds=error.retry_after))
        moment = datetime.now(UTC) + min(pause, _LONGEST_PAUSE)
        given_up = f"; given up after {page.attempts + 1} fetches" if error.passing and not again else ""
        self.book.record(
            Fetch(
                page.url,
                page.request,
                page.source,
                now(),
                "postponed" if again else "failed",
                status=error.status,
                error=f"{error}{given_up}",
                again_at=moment.isoformat(timespec="seconds") if again else "",
            )
        )
        if again:
            count.postponed += 1
        else:
            count.failed += 1
        self._problem("warning" if again else "error", page.url, f"{error}{given_up}")

    def _problem(self, level: Any, source: str, message: str) -> None:
        self.complain(Problem("fetch", level, message, source=source))


async def listed(visit: Visit) -> AsyncGenerator[Listed]:
    """The pages that a visit finds, under the address that each is known by, at most `limits.max_listed`.

    Raises Unfetchable, Unreadable or Broken.
    """
    left = visit.limits.max_listed
    async with aclosing(KINDS[visit.source.kind](visit)) as pages:
        async for page in pages:
            if left <= 0:
                visit.warnings.append(
                    f"lists more than {visit.limits.max_listed:,} pages; the rest is left to the next visit"
                )
                visit.next = visit.cursor
                return
            left -= 1
            if page.content is not None:
                yield page
            elif url := known_by(page.url):
                yield replace(
                    page,
                    url=url,
                    request=page.request or asked_for(page.url),
                    published=_past(page.published, visit.now),
                )
            else:
                visit.warnings.append(f"lists {page.url[:200]!r}, which is no http address; left out")


def _told(error: Exception) -> str:
    if isinstance(error, Unfetchable | Unreadable | Broken):
        return str(error)
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return f"the listing cannot be read ({reason}); report it with the source's id"


def _check(visit: Visit, count: int) -> None:
    """A listing that finds less than the source leads one to expect is broken, not quiet. Raises Broken."""
    least = visit.source.expect_listed
    if not visit.unchanged and not visit.backfilling and count < least:
        raise Broken(
            f"lists {count} pages where at least {least} are expected; its address or markup may have changed, "
            f"see `extractor sources --check {visit.source.id}`"
        )


def _past(day: str, moment: datetime) -> str:
    """A stated day, or "" where it lies in the future: the clock or the calendar there is wrong."""
    return day if day <= (moment + timedelta(days=1)).date().isoformat() else ""
