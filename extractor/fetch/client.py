"""The one HTTP client: polite, patient and bounded. No cookies, proxies or credentials; only public addresses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit, urlunsplit

import httpcore
import httpx
import stamina

from extractor import __version__
from extractor.fetch.guard import GuardedTransport, RefusedAddress
from extractor.fetch.pace import Pace, Resting
from extractor.fetch.raw import now
from extractor.fetch.robots import AGENT, Robots
from extractor.limits import Limits

_HEADERS = {
    "User-Agent": f"{AGENT}/{__version__} (reads news and notices on critical minerals)",
    "Accept": "text/html, application/xhtml+xml, application/pdf, text/plain, application/rss+xml,"
    " application/atom+xml, application/feed+json, application/json, application/xml;q=0.9, */*;q=0.1",
    "Accept-Encoding": "gzip, deflate",
}
_PACKINGS = ("", "identity", "gzip", "x-gzip", "deflate")  # one layer of these swells a thousandfold at most
_REMEDIES = {
    401: "pages behind a login are not read",
    402: "pages behind a paywall are not read",
    403: "the site does not let this tool in",
    404: "check the address",
    410: "the page is gone; drop the address",
    429: "the site asks for fewer requests; try again later",
    451: "the page is withheld for legal reasons; drop the address",
}
_PASSING = frozenset(
    (202, 408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524)
)  # statuses that may be gone soon
stamina.instrumentation.set_on_retry_hooks([])  # a retry is told by its outcome, not by a log line

_MOST_HEADERS, _LONGEST_HEADER = 50, 1000  # kept of one answer
_NOT_KEPT = frozenset(("set-cookie", "set-cookie2"))


class Unfetchable(Exception):
    """An address that gave nothing to read. The message is one line: what is wrong, then the remedy.

    `status`: what the server answered, None if it did not. `passing`: whether a later attempt may do better, after
    `retry_after` seconds if the server named a time.
    """

    def __init__(self, message: str, *, status: int | None = None, passing: bool = False, retry_after: float = 0.0):
        super().__init__(message)
        self.status = status
        self.passing = passing
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered. `status` is 200, or 304 (not modified, no content).

    `url` is where redirects ended; `headers` have small names; `fetched_at` is UTC, ISO 8601.
    """

    url: str
    status: int
    headers: dict[str, str]
    content: bytes
    fetched_at: str


class Client:
    """Fetches addresses, many at a time. An async context manager: leaving it closes its connections."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._pace = Pace(limits)
        self._robots = {private: Robots(self._fetcher_of_rules(private)) for private in (False, True)}
        self._http: dict[bool, httpx.AsyncClient] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for private in (False, True):
            self._http[private] = await self._open.enter_async_context(self._session(private))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def get(
        self,
        url: str,
        *,
        allow_private: bool = False,
        robots: bool = True,
        etag: str = "",
        last_modified: str = "",
        max_bytes: int | None = None,
    ) -> Answer:
        """What the address answers, after as many attempts as the limits give. Raises Unfetchable.

        `etag` and `last_modified` are what an earlier answer said; with them the answer may be a 304. `robots` False
        is for an address that a person named: robots.txt speaks to crawlers.
        """
        conditions = _conditions(etag, last_modified)
        most, seconds = max_bytes or self.limits.max_bytes, self.limits.total_timeout
        return await self._travel(_Journey(without_credentials(url), allow_private, robots, conditions, most, seconds))

    async def save(
        self,
        url: str,
        file: IO[bytes],
        *,
        max_bytes: int,
        seconds: float,
        allow_private: bool = False,
        etag: str = "",
        last_modified: str = "",
    ) -> Answer:
        """As `get`, for what is too large to hold: `file` is overwritten with it, as it was sent, and the answer's
        `content` is empty. `max_bytes` and `seconds` (redirects included) bound it. Raises Unfetchable."""
        conditions = _conditions(etag, last_modified)
        journey = _Journey(without_credentials(url), allow_private, True, conditions, max_bytes, seconds, file)
        return await self._travel(journey)

    async def _travel(self, journey: _Journey) -> Answer:
        """The answer to a request, after as many attempts as it takes. Raises Unfetchable."""
        attempts = stamina.retry_context(
            on=self._worth_waiting,
            attempts=self.limits.attempts,
            timeout=None,
            wait_initial=self.limits.retry_wait,
            wait_jitter=self.limits.retry_wait,
            wait_max=self.limits.max_retry_after,
        )
        host = _host(journey.url)
        try:
            async for attempt in attempts:
                with attempt:
                    answer = await self._explained(journey)
        except Unfetchable as error:
            if error.passing and error.status is None and not error.retry_after:
                self._pace.silent(host)
            raise
        self._pace.answered(host)
        return answer

    def slow_down(self, url: str, seconds: float) -> None:
        """Leave at least so many seconds (a minute at most) between two requests to the host of `url`."""
        self._pace.slow_down(_host(url), seconds)

    def _session(self, private: bool) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=GuardedTransport(allow_private=private, connections=self.limits.connections),
            trust_env=False,
            headers=_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(self.limits.read_timeout, connect=self.limits.connect_timeout, pool=None),
        )

    def _worth_waiting(self, error: Exception) -> bool | float:
        """stamina's question after a failed attempt: False ends it, a number is the seconds to wait."""
        if not isinstance(error, Unfetchable) or not error.passing or error.retry_after > self.limits.max_retry_after:
            return False
        return error.retry_after or True

    async def _explained(self, journey: _Journey) -> Answer:
        """One attempt, whatever goes wrong in it told as Unfetchable."""
        try:
            return await self._follow(journey)
        except RefusedAddress as error:
            raise Unfetchable(str(error)) from error
        except Resting as error:
            message = (
                f"the site asks for rest or does not answer, and is left alone for {error.seconds:.0f} seconds; "
                "try again later"
            )
            raise Unfetchable(message, passing=True, retry_after=error.seconds) from error
        except TimeoutError as error:
            message = f"not there after {journey.seconds:g} seconds; try again later"
            raise Unfetchable(message, passing=True) from error
        except (httpx.TimeoutException, httpcore.TimeoutException) as error:
            raise Unfetchable("no answer in time; try again later", passing=True) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol) as error:
            raise Unfetchable("not an address; write it as https://host/path") from error
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            message = f"cannot be fetched ({_one_line(error)}); check the address and the connection"
            raise Unfetchable(message, passing=True) from error

    async def _follow(self, journey: _Journey) -> Answer:
        url, seconds = journey.url, journey.seconds
        for _ in range(self.limits.max_redirects + 1):
            if urlsplit(url).scheme not in ("http", "https"):
                raise Unfetchable("only http and https addresses are fetched; check the address")
            if journey.robots:
                await self._obey(url, journey.allow_private)
            async with self._pace.turn(_host(url)):
                started = time.monotonic()
                async with asyncio.timeout(seconds):
                    found = await self._ask(url, journey)
                seconds -= time.monotonic() - started
            if isinstance(found, Answer):
                return found
            url = found
        raise Unfetchable(f"more than {self.limits.max_redirects} redirects; check the address")

    async def _ask(self, url: str, journey: _Journey) -> Answer | str:
        """The answer of one address, or where it redirects to."""
        http = self._http[journey.allow_private]
        as_it_is = {"Accept-Encoding": "identity"} if journey.file else {}
        request = http.build_request("GET", url, headers=journey.conditions | as_it_is)
        response = await http.send(request, stream=True)
        try:
            if response.next_request is not None:
                return without_credentials(str(response.next_request.url))
            if response.status_code == HTTPStatus.NOT_MODIFIED and journey.conditions:
                return Answer(url, 304, _kept(response.headers), b"", now())
            if response.status_code != HTTPStatus.OK:
                raise self._refused(url, response)
            if journey.file:
                await self._write(response, journey.file, journey.max_bytes)
            content = b"" if journey.file else await self._body(response, journey.max_bytes)
            return Answer(url, 200, _kept(response.headers), content, now())
        finally:
            await response.aclose()

    def _refused(self, url: str, response: httpx.Response) -> Unfetchable:
        status = response.status_code
        retry_after = _retry_after(response.headers)
        if retry_after:
            self._pace.rest(_host(url), retry_after)
        message = f"{status} {_phrase(status)}; {_REMEDIES.get(status, 'try again later')}"
        return Unfetchable(message, status=status, passing=status in _PASSING, retry_after=retry_after)

    async def _body(self, response: httpx.Response, most: int) -> bytes:
        packing = response.headers.get("content-encoding", "").strip().lower()
        if packing not in _PACKINGS:
            raise Unfetchable(f"packed as {packing[:40]}, which was not asked for; the site has to mend this")
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > most:
                raise Unfetchable(f"larger than {most:,} bytes; raise --max-bytes to read it")
        if not content:
            raise Unfetchable("an empty answer; check the address", status=200, passing=True)
        return bytes(content)

    async def _write(self, response: httpx.Response, file: IO[bytes], most: int) -> None:
        file.seek(0)
        file.truncate()
        size = 0
        async for piece in response.aiter_raw():
            size += file.write(piece)
            if size > most:
                raise Unfetchable(f"larger than {most:,} bytes; fetch it by other means and name the file")
        if not size:
            raise Unfetchable("an empty answer; check the address", status=200, passing=True)
        file.seek(0)

    async def _obey(self, url: str, allow_private: bool) -> None:
        robots = self._robots[allow_private]
        try:
            allowed, delay = await robots.allow(url), await robots.delay(url)
        except Unfetchable as error:
            message = f"its site's robots.txt cannot be read ({error}), so nothing of the site is"
            raise Unfetchable(message, passing=error.passing, retry_after=error.retry_after) from error
        if not allowed:
            raise Unfetchable("the site's robots.txt forbids it; drop the address or ask the site for leave")
        self._pace.slow_down(_host(url), delay)

    def _fetcher_of_rules(self, allow_private: bool) -> Callable[[str], Awaitable[bytes | None]]:
        async def fetch(url: str) -> bytes | None:
            try:
                answer = await self.get(url, allow_private=allow_private, robots=False, max_bytes=5_000_000)
            except Unfetchable as error:
                if error.status == HTTPStatus.OK:
                    return None  # an empty file
                if error.status is not None and 400 <= error.status < 500 and error.status != 429:
                    return None  # RFC 9309: a site that has no robots.txt allows everything
                raise
            return answer.content

        return fetch


@dataclass(frozen=True, slots=True)
class _Journey:
    url: str
    allow_private: bool
    robots: bool
    conditions: dict[str, str]
    max_bytes: int
    seconds: float
    file: IO[bytes] | None = None  # where the content goes, if it is not to be held


def without_credentials(url: str) -> str:
    """The address without user name, password and fragment: none of them is sent, kept or shown. Raises Unfetchable."""
    try:
        parts = urlsplit(url.strip())
        httpx.URL(url.strip())
        return urlunsplit(
            parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.rpartition("@")[2], fragment="")
        )
    except (ValueError, httpx.InvalidURL):
        raise Unfetchable("not an address; write it as https://host/path") from None


def _host(url: str) -> str:
    return httpx.URL(url).netloc.decode("ascii", "replace")


def _conditions(etag: str, last_modified: str) -> dict[str, str]:
    conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {name: value for name, value in conditions.items() if value}


def _kept(headers: httpx.Headers) -> dict[str, str]:
    wanted = [(name, value[:_LONGEST_HEADER]) for name, value in headers.items() if name not in _NOT_KEPT]
    return dict(wanted[:_MOST_HEADERS])


def _retry_after(headers: httpx.Headers) -> float:
    """Seconds that the server wants to be left alone, 0.0 if it does not say; a date counts from the server's clock."""
    stated = headers.get("retry-after", "").strip()
    if stated.isdecimal() and len(stated) < 10:
        return float(stated)
    moment = _moment(stated)
    if moment is None:
        return 0.0
    there = _moment(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (moment - there).total_seconds())


def _moment(stated: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(stated)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard status)"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
