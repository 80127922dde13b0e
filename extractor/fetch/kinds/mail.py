"""Saved mails: .eml files and Maildir folders; each message, and each document attached to it, is a page."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from extractor import parser_process
from extractor.draft import Unreadable
from extractor.fetch.visit import Broken, Visit
from extractor.fetch.visited_files import VisitedFiles, shown, stamp, streamed
from extractor.fetched import Listed

_MAILDIR = ("cur", "new")


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The messages that are new, with their content, under mid: addresses (RFC 2392). Raises Broken where the folder
    holds none at all."""
    files = VisitedFiles(visit)
    async for page in streamed(_new(visit, files)):
        yield page
    files.close()


def _new(visit: Visit, files: VisitedFiles) -> Iterator[Listed]:
    folder = Path(visit.source.options["folder"]).expanduser()
    if not folder.is_dir():
        raise Broken(f"{shown(folder)}: no such folder; check the path")
    root = folder.resolve()
    for path, name in _mails(folder, visit.warnings):
        try:
            found = _read(path, name, root, visit, files)
        except (OSError, ValueError, Unreadable) as error:
            reason = getattr(error, "strerror", None) or error
            visit.warnings.append(f"{shown(path)}: {reason}; left out")
            continue
        if files.stopped:
            return
        yield from found
    if not files.found:
        raise Broken(f"{shown(folder)}: no mails in this folder; it is searched for .eml files and Maildir folders")


def _mails(folder: Path, warnings: list[str]) -> Iterator[tuple[Path, Path]]:
    """Each mail's path, and the name that it keeps when a mail program marks it as read."""

    def warn(error: OSError) -> None:
        warnings.append(f"{shown(Path(error.filename))}: cannot be opened ({error.strerror}); check its permissions")

    for parent, folders, names in os.walk(folder, onerror=warn):
        folders.sort()
        at = Path(parent)
        is_maildir = at.name in _MAILDIR and all((at.parent / name).is_dir() for name in _MAILDIR)
        for name in sorted(names):
            if not name.startswith(".") and (is_maildir or name.lower().endswith(".eml")):
                kept = at.parent / name.partition(":")[0] if is_maildir else at / name
                yield at / name, kept


def _read(path: Path, name: Path, root: Path, visit: Visit, files: VisitedFiles) -> list[Listed]:
    """The pages of a mail; none where it has not changed. Raises OSError, Unreadable and, for what is not taken,
    ValueError."""
    if not path.is_file() or not path.resolve().is_relative_to(root):
        raise ValueError("no file of this folder; put the mail itself there")
    status = path.stat()
    mark = stamp(name.resolve(), status)
    if files.knows(mark):
        return []
    if status.st_size > visit.limits.max_bytes:
        raise ValueError(f"larger than {visit.limits.max_bytes:,} bytes; raise --max-bytes to read it")
    with path.open("rb") as file:
        content = file.read(visit.limits.max_bytes)
    try:
        mail = parser_process.run("mail", content, {}, visit.limits)
    except Unreadable:
        files.keep(mark)  # it stays what it is
        raise
    found = list(_pages(mail, path.resolve().as_uri(), visit))
    if not files.take(len(found)):
        return []
    files.keep(mark)
    if mail["faults"]:
        visit.warnings.append(
            f"{shown(path)}: its form is broken ({', '.join(mail['faults'])}); what can be read of it is"
        )
    return found


def _pages(mail: dict[str, Any], file: str, visit: Visit) -> Iterator[Listed]:
    url = f"mid:{quote(mail['id'], safe='@')}" if mail["id"] else file
    published = mail["published"] if mail["published"] <= visit.now.date().isoformat() else ""
    if not visit.within(published):
        return
    for part in mail["parts"]:
        is_body = not part["number"]
        yield Listed(
            url if is_body else f"{url}{'/' if mail['id'] else '#'}{part['number']}",
            " ".join(filter(None, (mail["title"], part["name"]))),
            published,
            content=base64.b64decode(part["content"]),
            content_type=part["content_type"],
        )
