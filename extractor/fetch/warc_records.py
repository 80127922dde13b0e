"""The pages in a WARC file, record by record, however much of it is damaged."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader

from extractor.draft import Unreadable
from extractor.fetch.addresses import known_by
from extractor.fetch.raw import content_type_of, format_of_type
from extractor.fetch.unpack import GZIP, gunzip, inflate, member
from extractor.fetched import Listed

_BEGINS = b"WARC/"
_LONGEST_HEAD = 65_536  # bytes of a record's own header, and of that of the answer in it
_LONGEST_LINE = 16_384
_LONGEST_SHOWN = 500  # characters of an address
_PIECE = 1 << 20
_SKIPPED = 10  # times what a record may hold is unpacked of a larger one, to find its end
_MOST_FAULTS = 1000  # damaged places of one file
_MOST_HEADERS, _LONGEST_HEADER = 50, 1000  # kept of one answer
_NOT_KEPT = frozenset(("set-cookie", "set-cookie2"))
_MEDIA = ("image/", "video/", "audio/", "font/", "text/css", "text/javascript", "application/javascript")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)

logging.getLogger("warcio").setLevel(logging.ERROR)  # what it mends in silence needs no line on the terminal


@dataclass(frozen=True, slots=True)
class Found:
    """What one record gave: a page, or a fault (one line) that cost it, or neither. Records are counted from 1."""

    number: int
    page: Listed | None = None
    fault: str = ""


def read(file: IO[bytes], most: int, wants: Callable[[str], bool], skip: int = 0) -> Iterator[Found]:
    """What the records of a seekable file give, after the first `skip`: the pages of responses with status 200 and of
    resources, where they are of a type that is read. More than `most` bytes are a fault. Raises OSError.

    `wants` says of an address whether its page is wanted; others are not unpacked.
    """
    for number, (data, fault) in enumerate(_records(file, most), start=1):
        if number > skip:
            try:
                yield Found(number, _page(data, fault, most, wants))
            except Unreadable as error:
                yield Found(number, fault=str(error))


# ---- from a record to its page -----------------------------------------------------------------------------------


def _page(data: bytes, fault: str, most: int, wants: Callable[[str], bool]) -> Listed | None:
    """The page of one record, None where it holds none that is wanted. Raises Unreadable."""
    if not data:
        raise Unreadable(fault)
    is_damaged = fault and fault != _too_large(most)
    try:
        record = next(iter(ArchiveIterator(io.BytesIO(data))))
    except Exception as error:  # whatever the library makes of a broken header
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise Unreadable(f"a record {fault if is_damaged else f'cannot be read ({reason}); left out'}") from error
    url = known_by(record.rec_headers.get_header("WARC-Target-URI") or "")
    if is_damaged:
        raise Unreadable(f"{url[:_LONGEST_SHOWN] or 'without an address'}: the record {fault}")
    stated = _stated_type(record)
    if stated is None or not url or urlsplit(url).path == "/robots.txt" or not wants(url):
        return None
    if fault:
        raise Unreadable(f"{url[:_LONGEST_SHOWN]}: the record {fault}")
    try:
        content = _content(record, most)
    except Unreadable as error:
        raise Unreadable(f"{url[:_LONGEST_SHOWN]}: {error}") from error
    content_type = content_type_of(url, stated, content)
    if not content.strip() or not content_type or format_of_type(content_type) == "feed":
        return None
    return Listed(
        url,
        content=content,
        content_type=content_type,
        headers=_headers(record),
        fetched_at=_moment(record.rec_headers.get_header("WARC-Date") or ""),
    )


def _stated_type(record: Any) -> str | None:
    """The type that the answer was stated to have, "" for none; None where the record is of no page."""
    if record.rec_type == "response" and record.http_headers and record.http_headers.get_statuscode() == "200":
        stated = record.http_headers.get_header("content-type") or ""
    elif record.rec_type == "resource":
        stated = record.content_type or ""
    else:
        return None
    return None if stated.lower().startswith(_MEDIA) else stated


def _content(record: Any, most: int) -> bytes:
    """What the page holds, out of its chunks and unpacked. Raises Unreadable."""
    headers = record.http_headers
    named = headers.get_header if headers else {}.get
    is_chunked = "chunked" in (named("transfer-encoding") or "").lower()
    content: bytes = (ChunkedDataReader(record.raw_stream) if is_chunked else record.raw_stream).read()
    packing = (named("content-encoding") or "identity").strip().lower()
    if packing in ("gzip", "x-gzip"):
        if content.startswith(GZIP):  # some crawlers unpack it and leave the header
            content = gunzip(content, most)
    elif packing == "deflate":
        content = inflate(content, most)
    elif packing not in ("", "identity"):
        raise Unreadable(f"packed as {packing[:40]}, which is not read; left out")
    if len(content) > most:
        raise Unreadable(f"larger than {most:,} bytes; raise --max-bytes to read it")
    return content


def _headers(record: Any) -> dict[str, str]:
    pairs = record.http_headers.headers if record.http_headers else ()
    wanted = [(name.lower(), value[:_LONGEST_HEADER]) for name, value in pairs if name.lower() not in _NOT_KEPT]
    return dict(wanted[:_MOST_HEADERS])


def _moment(stated: str) -> str:
    """When the record was made (ISO 8601, UTC), "" where it does not say or says something in the future."""
    try:
        moment = datetime.fromisoformat(stated)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return ""
    return moment.isoformat(timespec="seconds") if moment <= datetime.now(UTC) else ""


# ---- from the file to its records --------------------------------------------------------------------------------


def _records(file: IO[bytes], most: int) -> Iterator[tuple[bytes, str]]:
    """Each record's bytes and "", or some of them and what is wrong with it."""
    is_packed = file.read(len(GZIP)) == GZIP
    file.seek(0)
    faults = 0
    for data, fault in _packed(file, most) if is_packed else _plain(file, most):
        yield data, fault
        faults += bool(fault)
        if faults >= _MOST_FAULTS:
            yield b"", f"damaged in {_MOST_FAULTS:,} places, so the rest of it is not read; get the file anew"
            return


def _packed(file: IO[bytes], most: int) -> Iterator[tuple[bytes, str]]:
    """The records of a file of gzip members, one record in each."""
    keep = most + 3 * _LONGEST_HEAD
    tried = 0  # places since the last member that was sound
    while True:
        start = file.tell()
        if not file.read(1):
            return
        file.seek(start)
        try:
            data = member(file, keep=keep, most=_SKIPPED * most + keep)
            if not data.startswith(_BEGINS):
                raise Unreadable("no WARC record; get the file anew")
        except Unreadable as error:
            if not tried:
                yield b"", f"at byte {start:,}: {error}"
            tried += 1
            if tried > _MOST_FAULTS or not _find(file, start + 1, GZIP):
                return
            continue
        tried = 0
        if len(data) < keep:
            yield from _plain(io.BytesIO(data), most)
        else:
            yield from _from_large(data, most)


def _from_large(data: bytes, most: int) -> Iterator[tuple[bytes, str]]:
    """The records at the beginning of a member that is not kept whole."""
    for number, (record, fault) in enumerate(_plain(io.BytesIO(data), most)):
        if fault and not number:
            yield record, _too_large(most)
            return
        if fault:
            break
        yield record, ""
    yield b"", "packed as one piece, of which the beginning is read; `warcio recompress` mends the file"


def _plain(file: IO[bytes], most: int) -> Iterator[tuple[bytes, str]]:
    """The records of a file that is not packed. One that does not end where it says is a fault, and the next is looked
    for from its beginning on."""
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    while True:
        _pass_blank_lines(file)
        start = file.tell()
        head = _head(file)
        if not head:
            return
        body, length = file.tell(), _LENGTH.search(head)
        if not head.startswith(_BEGINS) or length is None:
            fault = "is cut short" if body == end else f"is damaged at byte {start:,}"
            yield head, f"{fault}; get the file anew if the page is missed"
            if not _find(file, start, b"\n" + _BEGINS):
                return
            continue
        size = int(length[1])
        if body + size > end or not _ends_at(file, body + size):
            file.seek(body)
            fault = "is cut short" if body + size > end else "does not end where it says"
            yield head + file.read(_LONGEST_HEAD), f"{fault}; get the file anew if the page is missed"
            if not _find(file, body - 1, b"\n" + _BEGINS):
                return
            continue
        file.seek(body)
        if size > most + _LONGEST_HEAD:
            yield head + file.read(_LONGEST_HEAD), _too_large(most)
        else:
            yield head + file.read(size), ""
        file.seek(body + size)


def _head(file: IO[bytes]) -> bytes:
    """A record's header with the blank line that ends it, or as much as such a one may have; b"" at the file's end."""
    head = bytearray()
    while len(head) < _LONGEST_HEAD:
        line = file.readline(_LONGEST_LINE)
        head += line
        if not line.strip():
            break
    return bytes(head)


def _ends_at(file: IO[bytes], place: int) -> bool:
    """Whether nothing but blank lines stands between here and the next record, or the end of the file."""
    file.seek(place)
    following = file.read(64).lstrip(b"\r\n")
    return _BEGINS.startswith(following[: len(_BEGINS)])


def _pass_blank_lines(file: IO[bytes]) -> None:
    while piece := file.read(_LONGEST_LINE):
        if rest := piece.lstrip(b"\r\n"):
            file.seek(-len(rest), io.SEEK_CUR)
            return


def _find(file: IO[bytes], start: int, mark: bytes) -> bool:
    """Go to the next mark from a place on (behind a line feed that it begins with); False where there is none."""
    file.seek(start)
    before = b""
    while piece := file.read(_PIECE):
        place = (before + piece).find(mark)
        if place >= 0:
            file.seek(place - len(before) - len(piece) + mark.startswith(b"\n"), io.SEEK_CUR)
            return True
        before = piece[-len(mark) + 1 :]
    return False


def _too_large(most: int) -> str:
    return f"holds more than {most:,} bytes; raise --max-bytes to read it"
