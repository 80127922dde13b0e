"""What was fetched, by its content: one gzip file a version, named by the SHA-256 of what is in it."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from extractor.fetch.raw import Raw
from extractor.fetched import Kept
from extractor.schema import Problem

_HASH = re.compile(r"[0-9a-f]{64}")


class ArchiveError(Exception):
    """A version that cannot be had or kept; the message is one line that ends in the remedy."""


class Archive:
    """The archive in `folder`, made at the first need. Nothing in it is ever changed or removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep `content`; its hash. The file is whole on the disk before this returns. Raises ArchiveError."""
        name = hashlib.sha256(content).hexdigest()
        path = self.path(name)
        if path.exists():
            return name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
                try:
                    file.write(gzip.compress(content, 6, mtime=0))
                    file.flush()
                    os.fsync(file.fileno())
                    os.replace(file.name, path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise ArchiveError(
                f"{self.folder}: cannot be written ({error.strerror}); make room or choose another --db"
            ) from error
        return name

    def get(self, sha256: str) -> bytes:
        """The content of that hash. Raises ArchiveError where it is missing or not what its name says."""
        try:
            content = gzip.decompress(self.path(sha256).read_bytes())
        except FileNotFoundError:
            raise ArchiveError(f"version {sha256[:12]} is missing from {self.folder}; fetch the page again") from None
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise ArchiveError(f"version {sha256[:12]} cannot be read ({error}); fetch the page again") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArchiveError(f"version {sha256[:12]} is damaged; remove {self.path(sha256)} and fetch the page again")
        return content

    def path(self, sha256: str) -> Path:
        """Where a version stands. Raises ValueError for what is no hash: paths are built from nothing else."""
        if not _HASH.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256[:80]!r}")
        return self.folder / sha256[:2] / f"{sha256}.gz"


def from_archive(pages: Iterable[Kept], archive: Archive) -> Iterator[Raw | Problem]:
    """What was fetched, as raw documents; a Problem for each version that is missing or damaged."""
    for page in pages:
        try:
            content = archive.get(page.sha256)
        except ArchiveError as error:
            yield Problem("read", "error", str(error), source=page.url)
            continue
        url = "" if page.url.startswith("file:") else page.url  # as where a file is named on the command line
        yield Raw(
            page.url, url, page.content_type, content, None, page.fetched_at, page.title, page.published, page.kind
        )


def archive_of(database: Path) -> Archive:
    """The archive that belongs to a database: in the folder beside it that has its name."""
    return Archive(database.with_name(f"{database.name}-archive"))
