"""Files and folders on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from extractor.fetch.raw import CONTENT_TYPES, HEAD_BYTES, SUFFIXES, Format, Raw, now, sniff
from extractor.schema import Problem

_PROSE_SUFFIXES = ("", ".md", ".text")  # read as text when named directly; folders are searched for SUFFIXES only
_LONGEST_NAME = 500  # characters of a path that are shown
_WANTED = " ".join(SUFFIXES)


def find(path: Path) -> Iterator[Raw | Problem]:
    """The file at `path`, or every readable file below it, in the order of their names."""
    try:
        if path.is_dir():
            yield from _walk(path)
        else:
            yield _named(path)
    except OSError as error:
        yield _problem(path, f"cannot be opened ({error.strerror}); check the path and its permissions")


def _walk(folder: Path) -> Iterator[Raw | Problem]:
    failures: list[OSError] = []
    found = False
    for parent, folders, names in os.walk(folder, onerror=failures.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            wanted = SUFFIXES.get(path.suffix.lower())
            if wanted and not name.startswith(".") and path.is_file():
                found = True
                yield _raw(path, wanted)
    for failure in failures:
        yield _problem(Path(failure.filename), f"cannot be opened ({failure.strerror}); check its permissions")
    if not found and not failures:
        yield _problem(folder, f"no documents in this folder; it is searched for {_WANTED}")


def _named(path: Path) -> Raw | Problem:
    if not path.exists():
        return _problem(path, "no such file or folder; check the path")
    if not path.is_file():
        return _problem(path, "not a regular file; pipe it in and name the source -")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    suffix = path.suffix.lower()
    format = SUFFIXES.get(suffix) or sniff(head) or ("text" if suffix in _PROSE_SUFFIXES else None)
    if format is None or format == "feed":
        return _problem(path, f"not a kind of file that is read; convert it to one of {_WANTED}")
    return _raw(path, format)


def _raw(path: Path, format: Format) -> Raw:
    return Raw(str(path), "", CONTENT_TYPES[format], None, path, now())


def _problem(path: Path, message: str) -> Problem:
    return Problem("fetch", "error", message, source=str(path)[:_LONGEST_NAME])
