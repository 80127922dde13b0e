"""One thing that was found or fetched, not read yet; and what kind of thing its name and first bytes say it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

Format = Literal["text", "html", "pdf", "jsonl", "feed"]

CONTENT_TYPES: dict[Format, str] = {
    "text": "text/plain",
    "html": "text/html",
    "pdf": "application/pdf",
    "jsonl": "application/x-ndjson",
    "feed": "application/rss+xml",
}
SUFFIXES: dict[str, Format] = {
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
STDIN = Path("-")
HEAD_BYTES = 4096  # enough of a file to know it by

_BOM = b"\xef\xbb\xbf"
_FIRST_ELEMENT = re.compile(rb"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>)*<([a-z:]+)", re.IGNORECASE | re.DOTALL)
_HTML_DOCTYPE = re.compile(rb"\s*<!doctype\s+html", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Raw:
    """One file, answer or stream. Either `content` holds the bytes, or `path` says where they are read from later.

    `path` is STDIN ("-") for standard input. `content_type` is a MIME type, with the charset that a server stated.
    `fetched_at` is UTC, ISO 8601. `title` and `published` (ISO day) are what a feed said of the page, `kind` (article or
    notice) what its source says of all its pages; "" where they say nothing.
    """

    name: str
    url: str
    content_type: str
    content: bytes | None
    path: Path | None
    fetched_at: str
    title: str = ""
    published: str = ""
    kind: str = ""

    def head(self) -> bytes:
        """The first bytes; none of standard input's. Raises OSError when the file cannot be opened."""
        if self.content is not None:
            return self.content[:HEAD_BYTES]
        if self.path is None or self.path == STDIN:
            return b""
        with self.path.open("rb") as file:
            return file.read(HEAD_BYTES)


def sniff(head: bytes) -> Format | None:
    """The format that the first bytes give away, None where they could be plain text."""
    head = head.removeprefix(_BOM)
    if head.lstrip().startswith(b"%PDF-"):
        return "pdf"
    if _HTML_DOCTYPE.match(head):
        return "html"
    element = _FIRST_ELEMENT.match(head)
    match element and element[1].lower():
        case b"html" | b"head" | b"body":
            return "html"
        case b"rss" | b"feed" | b"rdf:rdf":
            return "feed"
    return None


def format_of_type(content_type: str) -> Format | None:
    """The format of a MIME type, None where it is not one that is read."""
    match content_type.partition(";")[0].strip().lower():
        case "text/plain":
            return "text"
        case "text/html" | "application/xhtml+xml":
            return "html"
        case "application/pdf" | "application/x-pdf":
            return "pdf"
        case "application/x-ndjson" | "application/jsonl" | "application/x-jsonlines" | "application/jsonlines":
            return "jsonl"
        case "application/rss+xml" | "application/atom+xml" | "application/rdf+xml":
            return "feed"
    return None


def content_type_of(url: str, stated: str, content: bytes) -> str:
    """The MIME type to read an answer by: its first bytes beat what the server states, that beats the address's ending.

    "" where it is nothing that is read.
    """
    known = sniff(content[:HEAD_BYTES]) or format_of_type(stated)
    named = SUFFIXES.get(PurePosixPath(urlsplit(url).path).suffix.lower())
    format = named if known is None or (known, named) == ("text", "jsonl") else known
    if format is None:
        return ""
    return stated if format_of_type(stated) == format else CONTENT_TYPES[format]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
