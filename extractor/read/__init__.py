"""The door: raw documents in, Documents out, dated, named and judged; what cannot be read is a Problem."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from urllib.parse import urlsplit

from extractor import parser_process
from extractor.draft import Draft, Unreadable
from extractor.fetch import Raw, gather
from extractor.fetch.addresses import canonical
from extractor.fetch.raw import Format, format_of_type, sniff
from extractor.limits import Limits
from extractor.read import jsonl, page_kind
from extractor.read.dateline import dateline
from extractor.read.text import parse_text
from extractor.schema import Document, Problem

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_ID_BYTES = 8


def read_all(
    sources: Iterable[str], limits: Limits, *, published: str = "", allow_private: bool = False
) -> Iterator[Document | Problem]:
    """Every document of every source, each id once, as a stream.

    A source is a file, a folder, an http(s) address of a page or feed, or - for JSONL on standard input. `published`
    (ISO day) dates the documents that do not say their own date; ValueError is raised when it is none.
    """
    raws = (raw for source in sources for raw in gather(source, limits, allow_private))
    return read_raws(raws, limits, published=published)


def read_raws(raws: Iterable[Raw | Problem], limits: Limits, *, published: str = "") -> Iterator[Document | Problem]:
    """Every document of what was found or fetched, each id once, as a stream; Problems that come in go out again.

    `published` is as in `read_all`.
    """
    if published:
        date.fromisoformat(published)
    seen: dict[bytes, bytes] = {}
    for raw in raws:
        for found in (raw,) if isinstance(raw, Problem) else read(raw, limits, published):
            yield found if isinstance(found, Problem) else _once(found, seen)


def read(raw: Raw, limits: Limits, published: str = "") -> Iterator[Document | Problem]:
    """The documents that one file, answer or stream holds; a Problem for each that is lost. Nothing is raised.

    A document's date is what its own metadata say, else its feed's, else its dateline, else `published`, else "" with
    a warning. Its warnings travel in `Document.problems`.
    """
    try:
        format = _format(raw)
        if format == "jsonl":
            for line, draft in jsonl.drafts(raw, limits):
                yield _finished(draft, raw, limits, published, f"{raw.name}:{line}")
        else:
            yield _finished(_draft(raw, format, limits), raw, limits, published, raw.name)
    except Unreadable as error:
        yield _lost(str(error), raw.name)
    except OSError as error:
        yield _lost(f"cannot be read ({error.strerror or error}); check the file and its permissions", raw.name)


def _format(raw: Raw) -> Format:
    """How to read it: its first bytes decide where they can, its content type otherwise."""
    stated = format_of_type(raw.content_type) or "text"
    return stated if stated == "jsonl" else sniff(raw.head()) or stated


def _draft(raw: Raw, format: Format, limits: Limits) -> Draft:
    content = _content(raw, limits)
    charset = _CHARSET.search(raw.content_type)
    declared = charset[1] if charset else ""
    match format:
        case "html":
            page = {"url": raw.url, "charset": declared, "latest": _latest(raw).isoformat()}
            draft = Draft(**parser_process.run("html", content, page, limits))
        case "pdf":
            bounds = {"max_pages": limits.max_pages, "max_characters": limits.max_characters}
            draft = Draft(**parser_process.run("pdf", content, bounds, limits))
        case "text":
            draft = parse_text(content, declared)
        case _:
            raise Unreadable("a feed, not a document; give the feed's address to have its pages read")
    draft.url = canonical(draft.url, raw.url)
    draft.id = _hash(draft.url.encode() or content)
    draft.title = draft.title or raw.title
    return draft


def _content(raw: Raw, limits: Limits) -> bytes:
    content = raw.content
    if content is None:
        assert raw.path
        with raw.path.open("rb") as file:
            content = file.read(limits.max_bytes + 1)
    if len(content) > limits.max_bytes:
        raise Unreadable(f"larger than {limits.max_bytes:,} bytes; raise --max-bytes to read it")
    if not content.strip():
        raise Unreadable("empty; check how it was saved")
    return content


def _finished(draft: Draft | Unreadable, raw: Raw, limits: Limits, published: str, name: str) -> Document | Problem:
    if isinstance(draft, Unreadable):
        return _lost(str(draft), name)
    if not draft.text.strip():
        return _lost("no text in it; check how it was saved", name)
    if len(draft.title) + len(draft.text) > limits.max_characters:
        return _lost(f"more than {limits.max_characters:,} characters; raise --max-characters to read it", name)
    day = _day(draft, raw, published)
    content = f"{draft.title}\n\n{draft.text}"
    language = page_kind.language(content)
    if language not in ("", "en"):
        draft.warnings.append(
            f"its language is {language}, and the rules read English; expect little from it or supply a translation"
        )
    id = draft.id or _hash((draft.url or content).encode())
    problems = tuple(Problem("read", "warning", warning, source=name, document_id=id) for warning in draft.warnings)
    return Document(
        id,
        draft.text,
        title=draft.title,
        url=draft.url,
        source=draft.source or urlsplit(draft.url).hostname or "",
        kind=draft.kind or raw.kind or page_kind.kind(draft.title, draft.text, draft.url),
        published=day,
        language=language,
        author=draft.author,
        origin=name,
        problems=problems,
    )


def _day(draft: Draft, raw: Raw, published: str) -> str:
    """The document's day, by its best witness; a warning goes to the draft where that is a poor one or none."""
    if draft.published:
        return draft.published
    latest = _latest(raw)
    if raw.published and raw.published <= latest.isoformat():
        return raw.published
    if stated := dateline(draft.title, draft.text, latest):
        return stated
    if draft.created and draft.created <= latest.isoformat():
        draft.warnings.append(
            f"dated {draft.created}, when its file was made, for want of a date in it; check the date"
        )
        return draft.created
    if not published:
        draft.warnings.append("no date in it, so relative dates stay open; give --published YYYY-MM-DD")
    return published


def _latest(raw: Raw) -> date:
    """No document was published later: the day after it was fetched, by UTC, which is today somewhere."""
    return date.fromisoformat(raw.fetched_at[:10]) + timedelta(days=1)


def _once(document: Document, seen: dict[bytes, bytes]) -> Document | Problem:
    """The document, or the Problem that its id came before. Keeps hashes only, so that a long run stays small."""
    key = hashlib.blake2b(document.id.encode(), digest_size=_ID_BYTES).digest()
    content = hashlib.blake2b(f"{document.published}\n{document.content}".encode(), digest_size=_ID_BYTES).digest()
    if key not in seen:
        seen[key] = content
        return document
    if seen[key] == content:
        return Problem(
            "read",
            "warning",
            f"the same document, {document.id}, came before; skipped",
            source=document.origin,
            document_id=document.id,
        )
    return Problem(
        "read",
        "error",
        f"another document came before with the same id, {document.id}; give each its own",
        source=document.origin,
        document_id=document.id,
    )


def _lost(message: str, name: str) -> Problem:
    return Problem("read", "error", message, source=name)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[: 2 * _ID_BYTES]
