"""Local folders: the documents below one, read anew when they have changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

from extractor.fetch.files import find
from extractor.fetch.raw import Raw
from extractor.fetch.visit import Broken, Visit
from extractor.fetch.visited_files import VisitedFiles, shown, stamp, streamed
from extractor.fetched import Listed
from extractor.schema import Problem


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The files that are new or changed, with their content. Raises Broken where there are none to read at all."""
    files = VisitedFiles(visit)
    async for page in streamed(_changed(visit, files)):
        yield page
    files.close()


def _changed(visit: Visit, files: VisitedFiles) -> Iterator[Listed]:
    folder = Path(visit.source.options["folder"]).expanduser()
    root = folder.resolve()
    for found in find(folder):
        if isinstance(found, Problem):
            if not files.found:
                raise Broken(f"{found.source}: {found.message}")
            visit.warnings.append(f"{found.source}: {found.message}")
            continue
        try:
            page = _read(found, root, visit, files)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            visit.warnings.append(f"{shown(Path(found.name))}: {reason}; left out")
            continue
        if files.stopped:
            return
        if page:
            yield page


def _read(found: Raw, root: Path, visit: Visit, files: VisitedFiles) -> Listed | None:
    """The file's page; None where it has not changed. Raises OSError and, for what is not taken, ValueError."""
    assert found.path
    path = found.path.resolve()
    if not path.is_relative_to(root):
        raise ValueError("a link that leads out of the folder; put the file itself there")
    status = path.stat()
    mark = stamp(path, status)
    if files.knows(mark) or not visit.source.wants(path.as_uri(), ""):
        return None
    if status.st_size > visit.limits.max_bytes:
        raise ValueError(f"larger than {visit.limits.max_bytes:,} bytes; raise --max-bytes to read it")
    with path.open("rb") as file:
        content = file.read(visit.limits.max_bytes)
    if not content.strip():
        raise ValueError("empty; check how it was saved")
    if not files.take(1):
        return None
    files.keep(mark)
    return Listed(path.as_uri(), content=content, content_type=found.content_type)
