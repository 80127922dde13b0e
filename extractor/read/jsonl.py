"""Document JSONL: one JSON object a line, streamed, so that a file may be of any length."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import date, datetime
from typing import IO, Any

from extractor.draft import Draft, Unreadable
from extractor.encoding import decode
from extractor.fetch.addresses import canonical
from extractor.fetch.raw import STDIN, Raw
from extractor.limits import Limits
from extractor.read.text import in_place

_FIELDS = ("id", "title", "text", "published", "kind", "url")
_KINDS = ("", "article", "notice")
_BLOCK = 1 << 20
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")


def drafts(raw: Raw, limits: Limits) -> Iterator[tuple[int, Draft | Unreadable]]:
    """Line number, counted from 1, and what stands there, for every line that is not blank.

    Offsets into a document's title and text stay true: characters are replaced, never dropped. Raises Unreadable for
    a file that is no JSONL at all, OSError for one that cannot be opened.
    """
    count = 0
    with _opened(raw) as lines:
        for number, line in enumerate(_bounded_lines(lines, limits.max_bytes), start=1):
            if line is None:
                count += 1
                yield number, Unreadable(f"longer than {limits.max_bytes:,} bytes; raise --max-bytes to read it")
            elif content := line.removeprefix(b"\xef\xbb\xbf").strip():
                count += 1
                if count == 1:
                    _check_first(content)
                try:
                    yield number, _draft(content)
                except Unreadable as error:
                    yield number, error
    if not count:
        raise Unreadable('holds no documents; write one JSON object with a "text" on each line')


def _opened(raw: Raw) -> AbstractContextManager[IO[bytes]]:
    if raw.path == STDIN:
        return nullcontext(sys.stdin.buffer)
    return closing(io.BytesIO(raw.content or b"")) if raw.path is None else raw.path.open("rb")


def _bounded_lines(lines: IO[bytes], longest: int) -> Iterator[bytes | None]:
    """Each line; None for one that is too long, of which nothing is kept."""
    while line := lines.readline(longest + 1):
        if len(line) <= longest or line.endswith(b"\n"):
            yield line
            continue
        while (rest := lines.readline(_BLOCK)) and not rest.endswith(b"\n"):
            pass
        yield None


def _check_first(content: bytes) -> None:
    if content.startswith(_WIDE_BOMS):
        raise Unreadable("is UTF-16; save it as UTF-8")
    if content.startswith(b"["):
        raise Unreadable("is a JSON array; write one object on each line: jq -c '.[]' does that")


def _draft(content: bytes) -> Draft:
    text, warning = decode(content)
    try:
        value = json.loads(text)
    except ValueError as error:
        reason = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)[:100]
        raise Unreadable(f"not valid JSON ({reason}); write one JSON object on each line") from error
    except RecursionError as error:
        raise Unreadable("nested too deeply; write one flat JSON object on each line") from error
    if not isinstance(value, dict):
        raise Unreadable('not a JSON object; write {"text": "…"} on each line')
    fields = {name: _field(value, name) for name in _FIELDS}
    if not fields["text"].strip():
        raise Unreadable('no "text" in this object; give every document one')
    kind = fields["kind"].strip().lower()
    warnings = [warning] if warning else []
    if kind not in _KINDS:
        warnings.append(
            f"kind {kind[:40]!r} is neither article nor notice and was judged from the text; write one of the two"
        )
    if "\0" in fields["text"] + fields["title"]:
        warnings.append("NUL characters were read as spaces; check how the text was made")
    url = canonical("", in_place(fields["url"]))
    if fields["url"].strip() and not url:
        warnings.append("its url is no http or https address and was dropped; write it as https://host/path")
    return Draft(
        in_place(fields["text"]),
        in_place(fields["title"]).replace("\n", " "),
        id=in_place(fields["id"]).strip(),
        url=url,
        kind=kind if kind in _KINDS else "",
        published=_day(fields["published"].strip()),
        warnings=warnings,
    )


def _field(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Unreadable(f'"{name}" is not a string; put it in quotes')
    return found


def _day(published: str) -> str:
    """The ISO day of an ISO date or time. Raises Unreadable."""
    if not published:
        return ""
    try:
        return (
            date.fromisoformat(published) if len(published) == 10 else datetime.fromisoformat(published).date()
        ).isoformat()
    except ValueError as error:
        raise Unreadable(f'"published" is {published[:40]!r}, not a date; write YYYY-MM-DD or leave it out') from error
