"""Plain lists of addresses: in the source itself, in a text file, or in a text at an address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

from extractor.encoding import decode
from extractor.fetch.client import Unfetchable
from extractor.fetch.visit import Broken, Visit
from extractor.fetched import Listed

_MOST_TOLD = 10  # lines of one list that are named as unusable


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The addresses of all its lists. Raises Unfetchable or Broken where none of them can be had."""
    options, lists = visit.source.options, []
    if options.get("urls"):
        lists.append(_of_option)
    if options.get("file"):
        lists.append(_of_file)
    if visit.source.url:
        lists.append(_of_address)
    failures: list[Unfetchable | Broken] = []
    for read in lists:
        try:
            urls = await read(visit)
        except (Unfetchable, Broken) as error:
            failures.append(error)
            continue
        for url in urls:
            yield Listed(url)
    if failures and len(failures) == len(lists):
        raise failures[0]
    visit.warnings += [str(failure) for failure in failures]


async def _of_option(visit: Visit) -> list[str]:
    urls = enumerate(visit.source.options["urls"], start=1)
    return _usable([(f"urls, entry {number}", str(url)) for number, url in urls], visit)


async def _of_file(visit: Visit) -> list[str]:
    path = Path(visit.source.options["file"]).expanduser()
    try:
        content = await asyncio.to_thread(_content, path, visit.limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Broken(f"{path}: cannot be read ({reason}); check the path and its permissions") from error
    if len(content) > visit.limits.max_bytes:
        raise Broken(f"{path}: larger than {visit.limits.max_bytes:,} bytes; raise --max-bytes to read it")
    return _lines(str(path), content, visit)


async def _of_address(visit: Visit) -> list[str]:
    answer = await visit.if_changed(visit.source.url)
    return _lines(visit.source.url, answer.content, visit) if answer else []


def _content(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _lines(name: str, content: bytes, visit: Visit) -> list[str]:
    """The addresses of a text: the first word of each line, but for those that begin with #. Raises Broken."""
    lines = [(f"{name}:{number}", line.split()) for number, line in enumerate(decode(content)[0].splitlines(), start=1)]
    urls = _usable([(place, words[0]) for place, words in lines if words and not words[0].startswith("#")], visit)
    if not urls:
        raise Broken(f"{name}: holds no addresses; write one a line, as https://host/path")
    return urls


def _usable(named: list[tuple[str, str]], visit: Visit) -> list[str]:
    """The http addresses, each once; a warning for what is none."""
    unusable = [place for place, url in named if not _is_address(url)]
    visit.warnings += [f"{place}: no http address; write it as https://host/path" for place in unusable[:_MOST_TOLD]]
    if len(unusable) > _MOST_TOLD:
        visit.warnings.append(f"{len(unusable) - _MOST_TOLD:,} more lines without an http address")
    return list(dict.fromkeys(url for _, url in named if _is_address(url)))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
