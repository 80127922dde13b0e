"""Lines and tables of a PDF → paragraphs: lines joined, words that were divided at a line's end made whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from extractor.read.pdf_layout import Line, Piece, Table

_OTHER_SIZE = 1.12  # ratio of letter heights between a heading and its text
_WIDE_PITCH = 1.35  # times the usual distance between lines
_SHORT = 0.15  # share of the column's width that a paragraph's last line leaves free
_INDENT = 0.8  # letter heights
_FULL_STOP = re.compile(r"[.!?:;。！？：；][\"'”’»)]*$")
_ITEM = re.compile(r"(?:[•‣▪●○◦*–—-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|§)\s", re.IGNORECASE)
_DIVIDED = re.compile(r"(\w+(?:-\w+)*)[-‐]$")
_SOFT_HYPHEN = "\xad"
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")


def join(found: Sequence[Piece]) -> list[str]:
    """The paragraphs of a document, in order; a table is one of them, a row a line, its cells with ` | ` between."""
    words = _whole_words(piece.text for piece in found if isinstance(piece, Line))
    pitch = _pitches(found)
    paragraphs: list[str] = []
    before: Piece | None = None
    for piece in found:
        if isinstance(piece, Table):
            _add_table(paragraphs, piece, before)
        elif isinstance(before, Line) and not _begins(before, piece, pitch):
            paragraphs[-1] = _connect(paragraphs[-1], piece.text, words)
        else:
            paragraphs.append(piece.text)
        before = piece
    return paragraphs


def _add_table(paragraphs: list[str], table: Table, before: Piece | None) -> None:
    """Add a table, or its continuation on the next page, there without the heading that is printed again."""
    rows = table.rows
    if isinstance(before, Table) and before.page < table.page and len(before.rows[0]) == len(rows[0]):
        rows = rows[1:] if rows[0] == before.rows[0] else rows
        paragraphs[-1] += "".join("\n" + " | ".join(row) for row in rows)
    else:
        paragraphs.append("\n".join(" | ".join(row) for row in rows))


def _begins(before: Line, line: Line, pitch: dict[int, float]) -> bool:
    """Whether a paragraph begins with this line."""
    larger, smaller = max(before.size, line.size), min(before.size, line.size)
    if larger > smaller * _OTHER_SIZE or _ITEM.match(line.text):
        return True
    ended = bool(_FULL_STOP.search(before.text))
    starts_small = line.text[:1].islower() or bool(_DIVIDED.search(before.text))
    was_short = before.x1 < before.right - _SHORT * (before.right - before.left)
    if line.page != before.page or line.top <= before.top:  # the next page or column
        return not starts_small and (ended or was_short)
    if line.top - before.top > _WIDE_PITCH * pitch[round(line.size)]:
        return True
    if was_short and (ended or not starts_small):
        return True
    indented = line.x0 - line.left > _INDENT * line.size >= before.x0 - before.left
    return indented and ended


def _pitches(found: Sequence[Piece]) -> dict[int, float]:
    """The usual distance from line to line, by height of letters."""
    seen: dict[int, list[float]] = {}
    for before, line in pairwise(found):
        if isinstance(line, Line):
            distances = seen.setdefault(round(line.size), [])
            if isinstance(before, Line) and before.page == line.page and line.top > before.top:
                distances.append(line.top - before.top)
    if found and isinstance(found[0], Line):
        seen.setdefault(round(found[0].size), [])
    return {size: min(median(distances), 2 * size) if distances else 2.0 * size for size, distances in seen.items()}


def _connect(text: str, line: str, words: set[str]) -> str:
    if text.endswith(_SOFT_HYPHEN):
        return text[:-1] + line
    divided = _DIVIDED.search(text)
    start = re.match(r"\w+", line)
    if divided and start:
        return (text if _keeps_hyphen(divided[1], start[0], words) else text[:-1]) + line
    if re.search(r"\d[–—]$", text) or (_CJK.match(text[-1:]) and _CJK.match(line)):
        return text + line
    return f"{text} {line}"


def _keeps_hyphen(left: str, right: str, words: set[str]) -> bool:
    """Whether rare-/earth is rare-earth, while regu-/lation is regulation: the document's other words tell."""
    if left[-1].isdigit() or not right[0].islower():
        return True
    joined, hyphened = (left + right).lower(), f"{left}-{right}".lower()
    if hyphened in words or joined in words:
        return joined not in words
    return left.lower() in words and not words.isdisjoint((right, right + "s", right.removesuffix("s")))


def _whole_words(lines: Iterable[str]) -> set[str]:
    """All words that do not stand at a division."""
    words: set[str] = set()
    divided = False
    for line in lines:
        found = re.findall(r"\w+(?:-\w+)*", line.lower())
        begin, divided = int(divided), bool(_DIVIDED.search(line))
        words.update(found[begin : len(found) - divided])
    return words
