"""PDF files: running text and tables, without what repeats on every page. Runs in the parser process."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from itertools import dropwhile, takewhile
from statistics import median
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFEncryptionError

from extractor.draft import Draft, Unreadable
from extractor.read.pdf_layout import Line, Piece, pieces
from extractor.read.pdf_paragraphs import join
from extractor.read.text import tidy

_EDGE_LINES = 3  # at the top and at the bottom of a page, among which running lines are sought
_LEAST_REPEATED = 0.4  # share of the pages on which a running line stands
_BAND = 12  # points: lines that repeat stand at the same height, give or take this
_PAGE_NUMBER = re.compile(
    r"[-–—]?\s*(?:\d{1,4}|[ivxl]{1,6})\s*[-–—]?|.{0,60}\bpage \d{1,4}(?: of \d{1,4})?", re.IGNORECASE
)
_UNDECODED = re.compile(r"\(cid:\d+\)")
_MOST_UNDECODED = 0.02  # of the characters
_CREATED = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)")
_NO_TITLE = re.compile(
    r"^\S*$|^(?:untitled|microsoft|powerpoint)\b|\.(?:docx?|pdf|indd|qxd|xlsx?|pptx?|rtf|tex)$", re.IGNORECASE
)
_TITLE_SIZE = 1.15  # times the height of most letters
_SMALL = 0.95  # times that height: what is printed smaller is no title
_TITLE_LINES = 12  # from the top of the first page, among which the title stands
_LONGEST_TITLE = 300


def parse(content: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """A Draft, as plain values, of a PDF file.

    context: max_pages, max_characters. Raises Unreadable.
    """
    try:
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            return asdict(_draft(pdf, context))
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        if any(isinstance(cause, PDFEncryptionError) for cause in (error, *error.args)):
            raise Unreadable("encrypted; save a copy that needs no password") from error
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise Unreadable(f"broken PDF ({reason}); download it again or save it as plain text") from error


def _draft(pdf: Any, context: dict[str, Any]) -> Draft:
    if not pdf.pages:
        raise Unreadable("broken PDF (no pages); download it again or save it as plain text")
    if len(pdf.pages) > context["max_pages"]:
        raise Unreadable(f"{len(pdf.pages):,} pages, more than {context['max_pages']:,}; raise --max-pages to read it")
    pages, warnings = _pages(pdf, context["max_characters"])
    found = [piece for page in _without_running_lines(pages) for piece in page]
    if not found:
        raise Unreadable("no text in this PDF, only pictures: it looks scanned; run OCR over it first, e.g. ocrmypdf")
    bearing, title = _title(found, str(pdf.metadata.get("Title") or ""))
    text = tidy("\n\n".join(join([piece for piece in found if not any(piece is line for line in bearing)])))
    if len(_UNDECODED.findall(text)) > _MOST_UNDECODED * len(text):
        raise Unreadable(
            "its letters cannot be decoded (fonts without a character map); run OCR over it, e.g. ocrmypdf"
        )
    return Draft(text, title, created=_day(str(pdf.metadata.get("CreationDate") or "")), warnings=warnings)


def _pages(pdf: Any, max_characters: int) -> tuple[list[list[Piece]], list[str]]:
    """The pieces of every page, and warnings that name the pages that gave none though they should have."""
    pages: list[list[Piece]] = []
    pictures, broken = [], []
    characters = 0
    for page in pdf.pages:
        found: list[Piece] = []
        try:
            characters += len(page.chars)
            if not page.chars and page.images:
                pictures.append(page.page_number)
            if characters <= max_characters:
                found = pieces(page)
        except (MemoryError, RecursionError):
            raise
        except Exception:  # a page that is beyond the library leaves the others as they are
            broken.append(page.page_number)
        if characters > max_characters:
            raise Unreadable(f"more than {max_characters:,} characters; raise --max-characters to read it")
        pages.append(found)
        page.close()
    if len(broken) == len(pages):
        raise Unreadable("broken PDF (no page can be read); download it again or save it as plain text")
    warnings = []
    if pictures:
        warnings.append(f"pages with pictures and no text: {_listed(pictures)}; run OCR over the file to read them")
    if broken:
        warnings.append(f"broken pages, left out: {_listed(broken)}; download the file again")
    return pages, warnings


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")


def _without_running_lines(pages: list[list[Piece]]) -> list[list[Piece]]:
    """Drop page numbers, and what stands at the same height at the edge of many pages, whatever number is in it."""
    edges = [_edges(page) for page in pages]
    seen = Counter(key for edge in edges for key in {_key(line) for line in edge})
    least = max(2, _LEAST_REPEATED * len(pages))
    dropped = {
        id(line)
        for edge in edges
        for line in edge
        if (seen[_key(line)] >= least and any(map(str.isalpha, line.text)))
        or (_PAGE_NUMBER.fullmatch(line.text) and line in (edge[0], edge[-1]))
    }
    return [[piece for piece in page if id(piece) not in dropped] for page in pages]


def _edges(page: list[Piece]) -> list[Line]:
    lines = sorted((piece for piece in page if isinstance(piece, Line)), key=lambda line: line.top)
    return lines[:_EDGE_LINES] + lines[_EDGE_LINES:][-_EDGE_LINES:]


def _key(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", line.text.casefold()), round(line.top / _BAND)


def _title(found: list[Piece], stated: str) -> tuple[list[Piece], str]:
    """The title, and the lines that it stands on: the file's own if the first page bears it, else the largest letters
    there, else the file's own all the same, else a first paragraph that is no sentence."""
    top = [piece for piece in found[:_TITLE_LINES] if isinstance(piece, Line) and piece.page == found[0].page]
    stated = " ".join(stated.split())
    if len(stated) > _LONGEST_TITLE or _NO_TITLE.search(stated):
        stated = ""
    bearing = [line for line in top if _bare(line.text) and _bare(line.text) in _bare(stated)]
    if bearing and _bare(stated) in _bare(" ".join(line.text for line in top)):
        return list(bearing), stated
    usual = median(piece.size for piece in found if isinstance(piece, Line)) if top else 0.0
    top = [line for line in top if line.size >= _SMALL * usual]
    largest = max((line.size for line in top), default=0.0)
    if largest >= _TITLE_SIZE * usual:
        lines = list(
            takewhile(lambda line: line.size > 0.95 * largest, dropwhile(lambda line: line.size <= 0.95 * largest, top))
        )
        title = " ".join(join(lines))
        if len(title) <= _LONGEST_TITLE:
            return list(lines), title
    if stated:
        return [], stated
    for count in range(1, min(4, len(top))):
        if len(join(top[: count + 1])) > 1:
            title = join(top[:count])[0]
            return ([], "") if title.endswith(".") or len(title) > _LONGEST_TITLE else (list(top[:count]), title)
    return [], ""


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def _day(stated: str) -> str:
    match = _CREATED.match(stated)
    try:
        return date(*map(int, match.groups())).isoformat() if match else ""
    except ValueError:
        return ""
