"""WARC files, such as those of Common Crawl: on this machine, or one at an address.

The cursor: `files` are those that were read (see visited_files); `begun` is how many records were read of a file that
has more pages than one visit lists, by its stamp; `address` what a server said of the file that was fetched from there.
"""

from __future__ import annotations

import glob
import hashlib
import os
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import IO

from extractor.fetch.visit import Broken, Visit
from extractor.fetch.visited_files import VisitedFiles, shown, stamp, streamed
from extractor.fetch.warc_records import read
from extractor.fetched import Listed

_MOST_BYTES = 2_000_000_000  # of a file that is fetched
_MOST_SECONDS = 3600.0  # to fetch it
_BUFFER = 1 << 18
_MOST_TOLD = 20  # faults of one file that are told one by one


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The pages of the files that were not read yet. Raises Unfetchable, and Broken where no file can be read."""
    files = VisitedFiles(visit)
    if visit.source.url:
        async for page in _at_address(visit, files):
            yield page
    else:
        async for page in _on_this_machine(visit, files):
            yield page
    files.close()


async def _on_this_machine(visit: Visit, files: VisitedFiles) -> AsyncGenerator[Listed]:
    failures: list[str] = []
    for path in _paths(visit.source.options["file"]):
        try:
            mark = stamp(path.resolve(), path.stat())
            if files.knows(mark):
                continue
            with path.open("rb", buffering=_BUFFER) as file:
                async for page in _pages(visit, files, file, shown(path), mark):
                    yield page
        except OSError as error:
            failures.append(f"{shown(path)}: cannot be read ({error.strerror}); check the file and its permissions")
        except Broken as error:
            failures.append(str(error))
        if files.stopped:
            break
    if failures and len(failures) >= files.found:
        raise Broken(failures[0])
    visit.warnings += failures


async def _at_address(visit: Visit, files: VisitedFiles) -> AsyncGenerator[Listed]:
    """The pages of the file at the source's address. One that was read is fetched again only where its server told
    versions apart, and says now that there is another."""
    url, before = visit.source.url, visit.cursor.get("address", {})
    is_known = before.get("url") == url and files.knows(_mark(before))
    validators = {name: before[name] for name in ("etag", "last_modified")} if is_known else {}
    visit.next["address"] = before
    if is_known and not any(validators.values()):
        return
    with tempfile.TemporaryFile(buffering=_BUFFER) as file:
        try:
            answer = await visit.client.save(
                url, file, max_bytes=_MOST_BYTES, seconds=_MOST_SECONDS, allow_private=visit.source.local, **validators
            )
        except OSError as error:
            raise Broken(f"no room for it ({error.strerror}); make some in {tempfile.gettempdir()}") from error
        said = {name: answer.headers.get(name.replace("_", "-"), "") for name in ("etag", "last_modified")}
        address = {"url": url, **said}
        if answer.status == 304 or (is_known and address == before):
            return
        visit.next["address"] = address
        async for page in _pages(visit, files, file, url, _mark(address)):
            yield page


async def _pages(visit: Visit, files: VisitedFiles, file: IO[bytes], name: str, mark: str) -> AsyncGenerator[Listed]:
    """The pages of one file, which is noted as read at its end. Raises OSError, and Broken where it holds no record."""
    at = skipped = visit.cursor.get("begun", {}).get(mark, 0)
    faults: list[str] = []
    async for found in streamed(read(file, visit.limits.max_bytes, lambda url: visit.source.wants(url, ""), skipped)):
        if found.fault:
            faults.append(found.fault)
        if found.page and visit.within(found.page.fetched_at):
            if not files.take(1):
                visit.next["begun"] = {mark: at}
                break
            yield found.page
        at = found.number
    else:
        if len(faults) == at:
            raise Broken(f"{name}: no WARC file ({faults[0] if faults else 'empty'})")
        files.keep(mark)
    visit.warnings += [f"{name}: {fault}" for fault in faults[:_MOST_TOLD]]
    if len(faults) > _MOST_TOLD:
        visit.warnings.append(f"{name}: {len(faults) - _MOST_TOLD:,} more records that cannot be read")


def _paths(stated: str) -> list[Path]:
    """The files that a path or pattern names, in the order of their names. Raises Broken."""
    path = os.path.expanduser(stated)
    found = [path] if os.path.isfile(path) else sorted(glob.glob(path, recursive=True))
    files = [Path(each) for each in found if os.path.isfile(each)]
    if not files:
        raise Broken(f"{stated}: no such file; check the path or pattern")
    return files


def _mark(address: dict[str, str]) -> str:
    """As a file's stamp, of one at an address."""
    told = "\n".join(address[name] for name in ("url", "etag", "last_modified"))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
