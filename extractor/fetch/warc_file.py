"""The archive as a WARC file (ISO 28500), for other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from extractor import __version__
from extractor.fetch.archive import Archive, ArchiveError
from extractor.schema import Problem

# They tell of the way an answer was packed for its journey; the archive holds it unpacked.
_OF_THE_JOURNEY = frozenset(("content-encoding", "transfer-encoding", "content-length", "connection"))


def write_warc(file: Path, versions: Iterable[Mapping[str, Any]], archive: Archive) -> Iterator[Problem]:
    """Write each version ({url, fetched_at, status, content_type, headers, sha256}) as a record; it yields a Problem for
    each that is missing or damaged. A version that no server answered (a file, a mail) is a `resource` record.

    The file is written beside its place and moved there at the end. Raises OSError where it cannot be written.
    """
    growing = file.with_name(f".{file.name}.part")
    try:
        with growing.open("wb") as stream:
            writer = WARCWriter(stream, gzip=file.suffix == ".gz")
            about = {"software": f"mineral-extractor/{__version__}", "format": "WARC File Format 1.0"}
            writer.write_record(writer.create_warcinfo_record(file.name, about))
            for version in versions:
                try:
                    content = archive.get(version["sha256"])
                except ArchiveError as error:
                    yield Problem("read", "error", str(error), source=version["url"])
                    continue
                writer.write_record(_record(writer, version, content))
        growing.replace(file)
    finally:
        growing.unlink(missing_ok=True)


def _record(writer: WARCWriter, version: Mapping[str, Any], content: bytes) -> Any:
    date = version["fetched_at"].replace("+00:00", "Z")
    if version["status"] is None:
        return writer.create_warc_record(
            version["url"],
            "resource",
            payload=BytesIO(content),
            warc_content_type=version["content_type"],
            warc_headers_dict={"WARC-Date": date},
        )
    status = version["status"]
    named = [(name, value) for name, value in version["headers"].items() if name not in _OF_THE_JOURNEY]
    headers = StatusAndHeaders(
        f"{status} {HTTPStatus(status).phrase}", [*named, ("content-length", str(len(content)))], protocol="HTTP/1.1"
    )
    return writer.create_warc_record(
        version["url"],
        "response",
        payload=BytesIO(content),
        http_headers=headers,
        warc_headers_dict={"WARC-Date": date},
    )
