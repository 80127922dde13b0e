"""One polite, bounded GET: size, time, redirects and networks are limited; no cookies, proxies or credentials."""

from __future__ import annotations

from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import PurePosixPath
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import httpcore
import httpx

from extractor import __version__
from extractor.fetch.guard import GuardedTransport, RefusedAddress
from extractor.fetch.raw import CONTENT_TYPES, HEAD_BYTES, SUFFIXES, Format, Raw, format_of_type, now, sniff
from extractor.limits import Limits

_HEADERS = {
    "User-Agent": f"mineral-extractor/{__version__} (reads news and notices on critical minerals)",
    "Accept": "text/html, application/xhtml+xml, application/pdf, text/plain, application/rss+xml,"
    " application/atom+xml, */*;q=0.1",
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
}


class Unfetchable(Exception):
    """An address that gave no document. The message is one line: what is wrong, then the remedy."""


class Client:
    """Fetches one address after another. A context manager: leaving it closes its connections."""

    def __init__(self, limits: Limits, allow_private: bool = False) -> None:
        self._limits = limits
        self._transport = GuardedTransport(allow_private=allow_private)
        self._http = httpx.Client(
            transport=self._transport,
            trust_env=False,
            headers=_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(limits.read_timeout, connect=limits.connect_timeout),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, url: str) -> Raw:
        """What the address answers. Raises Unfetchable for anything but a document of a kind that is read."""
        try:
            return self._follow(url)
        except RefusedAddress as error:
            raise Unfetchable(str(error)) from error
        except (httpx.TimeoutException, httpcore.TimeoutException) as error:
            if self._transport.time_is_up:
                raise Unfetchable(f"not there after {self._limits.total_timeout:g} seconds; try again later") from error
            raise Unfetchable("no answer in time; try again later") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol) as error:
            raise Unfetchable("not an address; write it as https://host/path") from error
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unfetchable(
                f"cannot be fetched ({_one_line(error)}); check the address and the connection"
            ) from error

    def _follow(self, url: str) -> Raw:
        name = url = without_credentials(url)
        self._transport.restart_clock(self._limits.total_timeout)
        for _ in range(self._limits.max_redirects + 1):
            if urlsplit(url).scheme not in ("http", "https"):
                raise Unfetchable("only http and https addresses are fetched; check the address")
            response = self._http.send(self._http.build_request("GET", url), stream=True)
            try:
                if response.next_request is None:
                    return self._raw(name, url, response)
                url = without_credentials(str(response.next_request.url))
            finally:
                response.close()
        raise Unfetchable(f"more than {self._limits.max_redirects} redirects; check the address")

    def _raw(self, name: str, url: str, response: httpx.Response) -> Raw:
        if response.status_code != HTTPStatus.OK:
            remedy = _REMEDIES.get(response.status_code, "try again later")
            raise Unfetchable(f"{response.status_code} {_phrase(response.status_code)}; {remedy}")
        content = self._body(response)
        if not content:
            raise Unfetchable("an empty answer; check the address")
        stated = response.headers.get("content-type", "")
        format = _format(url, stated, content)
        if format is None:
            kind = stated.partition(";")[0].strip()[:80] or "of unknown type"
            raise Unfetchable(f"the answer is {kind}, which is not read; give the address of a page, PDF or feed")
        if format_of_type(stated) != format:
            stated = CONTENT_TYPES[format]
        return Raw(name, url, stated, content, None, now())

    def _body(self, response: httpx.Response) -> bytes:
        packing = response.headers.get("content-encoding", "").strip().lower()
        if packing not in _PACKINGS:
            raise Unfetchable(f"packed as {packing[:40]}, which was not asked for; the site has to mend this")
        largest = self._limits.max_bytes
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > largest:
                raise Unfetchable(f"larger than {largest:,} bytes; raise --max-bytes to read it")
        return bytes(content)


def without_credentials(url: str) -> str:
    """The address without user name, password and fragment: none of them is sent, kept or shown."""
    try:
        parts = urlsplit(url.strip())
        return urlunsplit(
            parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.rpartition("@")[2], fragment="")
        )
    except ValueError:
        raise Unfetchable("not an address; write it as https://host/path") from None


def _format(url: str, stated: str, content: bytes) -> Format | None:
    known = sniff(content[:HEAD_BYTES]) or format_of_type(stated)
    named = SUFFIXES.get(PurePosixPath(urlsplit(url).path).suffix.lower())
    return named if known is None or (known, named) == ("text", "jsonl") else known


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard status)"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
