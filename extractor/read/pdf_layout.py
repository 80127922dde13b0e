"""One PDF page → its lines and tables in the order in which they are read, column by column. Lengths in points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Word = dict[str, Any]  # pdfplumber's: text, x0, x1, top, bottom, upright

_TOUCHING = 0.15  # times the letters' height: a narrower space does not part words
_RAISED = 0.2  # times that height: what stands so much higher than the line is a power or a footnote mark
_MARK = re.compile(r"[\d*†‡§,]{1,3}|[a-z]")
_BEFORE_POWERS = frozenset(("m", "km", "cm", "mm", "ft", "10"))
_LEAST_FILLED = 0.3  # of a ruled grid's cells; a chart's grid is emptier
_LEAST_SPLIT_LINES = 5  # with text on both sides of a gutter, to make two columns
_MOST_CROSSING = 0.35  # share of lines that may run across a gutter: headings, a summary
_GUTTER = 8.0  # least width
_LEAST_WORDS = 3.0  # a line on either side of a gutter, on average: prose, not the cells of a table
_LEAST_FILL = 0.5  # of a column's width, on average
_CELL_GAP = 1.8  # times the letters' height: wider than any space between words
_LEAST_ROWS = 3  # one below another, to make a table without rules


@dataclass(slots=True)
class Line:
    """Words on one baseline. `left` and `right` are the edges of the column that it stands in."""

    words: list[Word]
    page: int = 0
    left: float = 0.0
    right: float = 0.0

    @property
    def text(self) -> str:
        return " ".join(word["text"] for word in self.words)

    @property
    def x0(self) -> float:
        return self.words[0]["x0"]

    @property
    def x1(self) -> float:
        return self.words[-1]["x1"]

    @property
    def top(self) -> float:
        return min(word["top"] for word in self.words)

    @property
    def size(self) -> float:
        """Height of the letters of its longest word: initials and marks do not count."""
        return _height(max(self.words, key=lambda word: len(word["text"])))

    def gaps(self) -> list[tuple[float, float]]:
        """The spaces in it that are wide enough for a gutter."""
        ends = zip(self.words, self.words[1:], strict=False)
        return [(one["x1"], two["x0"]) for one, two in ends if two["x0"] - one["x1"] >= _GUTTER]

    def cells(self) -> list[str]:
        """Its parts with wide gaps between them."""
        parts: list[list[str]] = []
        end = float("-inf")
        for word in self.words:
            if word["x0"] - end > _CELL_GAP * self.size:
                parts.append([])
            parts[-1].append(word["text"])
            end = word["x1"]
        return [" ".join(part) for part in parts]


@dataclass(slots=True)
class Table:
    """Rows of cells. A cell that covers several places is repeated in each."""

    rows: list[tuple[str, ...]]
    x0: float
    x1: float
    top: float
    page: int = 0


Piece = Line | Table


def pieces(page: Any) -> list[Piece]:
    """A pdfplumber page's lines and tables in reading order."""
    words = page.extract_words(x_tolerance_ratio=_TOUCHING, y_tolerance=4, extra_attrs=["size"])
    upright = [word for word in words if word["upright"]]
    words = upright if len(upright) * 2 > len(words) else words  # what stands upended in the margin is no text
    words = [word for line in _lines(words) for word in _whole(line)]
    grids = [(grid.bbox, rows) for grid in page.find_tables() if (rows := _rows(grid, words))]
    free = [word for word in words if not any(_inside(word, box) for box, _ in grids)]
    tables = [Table(rows, box[0], box[2], box[1]) for box, rows in grids]
    found = _with_unruled_tables(_in_order(free, tables))
    for piece in found:
        piece.page = page.page_number
    return found


def _inside(word: Word, box: Sequence[float]) -> bool:
    x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


# ---- ruled tables ------------------------------------------------------------------------------------------------


def _rows(grid: Any, words: list[Word]) -> list[tuple[str, ...]]:
    """The rows of a ruled grid; none where the grid is a frame or a chart."""
    boxes = [list(row.cells) for row in grid.rows]
    inside = [word for word in words if _inside(word, grid.bbox)]
    texts = [[_cell(inside, box) if box else "" for box in row] for row in boxes]
    cells = sum(bool(box) for row in boxes for box in row)
    filled = sum(bool(text) for row in texts for text in row)
    if len(texts) < 2 or max(map(len, texts)) < 2 or filled < max(2, _LEAST_FILLED * cells):
        return []
    _fill_merged(texts, boxes)
    return [tuple(row) if len(set(row)) > 1 else (row[0],) for row in texts if any(row)]


def _cell(words: list[Word], box: Sequence[float]) -> str:
    lines = _lines([word for word in words if _inside(word, box)])
    return " ".join(line.text for line in lines).replace("|", "/")


def _fill_merged(texts: list[list[str]], boxes: list[list[Any]]) -> None:
    """Give every place that a merged cell covers, which has no box of its own, the text of that cell."""
    starts = [min(row[column][0] for row in boxes if row[column]) for column in range(len(boxes[0]))]
    tops = [min(box[1] for box in row if box) for row in boxes]
    for row, top in enumerate(tops):
        for column, start in enumerate(starts):
            if boxes[row][column]:
                continue
            left = boxes[row][column - 1] if column else None
            above = boxes[row - 1][column] if row else None
            if left and left[2] > start + 1:
                boxes[row][column], texts[row][column] = left, texts[row][column - 1]
            elif above and above[3] > top + 1:
                boxes[row][column], texts[row][column] = above, texts[row - 1][column]


# ---- lines and columns -------------------------------------------------------------------------------------------


def _in_order(words: list[Word], tables: list[Table]) -> list[Piece]:
    """Top to bottom; where a gutter runs down the page, everything left of it first, between one full-width piece
    and the next."""
    lines = _lines(words)
    if lines:
        left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
        for line in lines:
            line.left, line.right = left, right
    everything: list[Piece] = sorted([*lines, *tables], key=lambda piece: piece.top)
    gutter = _gutter(lines)
    if gutter is None:
        return everything
    found: list[Piece] = []
    band: list[Piece] = []
    for piece in everything:
        if _crosses(piece, gutter):
            found += [*_columns(band, gutter), piece]
            band = []
        else:
            band.append(piece)
    return found + _columns(band, gutter)


def _columns(band: list[Piece], gutter: float) -> list[Piece]:
    words = [word for piece in band if isinstance(piece, Line) for word in piece.words]
    tables = [piece for piece in band if isinstance(piece, Table)]
    return _in_order(
        [word for word in words if word["x0"] < gutter], [table for table in tables if table.x0 < gutter]
    ) + _in_order([word for word in words if word["x0"] >= gutter], [table for table in tables if table.x0 >= gutter])


def _crosses(piece: Piece, x: float) -> bool:
    gaps = piece.gaps() if isinstance(piece, Line) else []
    return piece.x0 < x < piece.x1 and not any(start <= x <= end for start, end in gaps)


def _lines(words: list[Word]) -> list[Line]:
    """Words whose heights overlap by half stand on one line."""
    lines: list[Line] = []
    tallest: list[Word] = []  # of each line: a raised figure may be its topmost word
    for word in sorted(words, key=lambda word: (word["top"], word["x0"])):
        for index in range(max(0, len(lines) - 4), len(lines)):
            main = tallest[index]
            overlap = min(main["bottom"], word["bottom"]) - max(main["top"], word["top"])
            if overlap * 2 >= min(_height(main), _height(word)):
                lines[index].words.append(word)
                tallest[index] = max(main, word, key=_height)
                break
        else:
            lines.append(Line([word]))
            tallest.append(word)
    for line in lines:
        line.words.sort(key=lambda word: word["x0"])
    return lines


def _whole(line: Line) -> list[Word]:
    """A line's words, with small letters below or behind a word made part of it (WO3) and footnote marks dropped."""
    words: list[Word] = []
    for word in line.words:
        before = words[-1] if words else None
        if before is None or word["x0"] - before["x1"] > _TOUCHING * _height(before):
            words.append(dict(word))
            continue
        raised = before["bottom"] - word["bottom"] > _RAISED * _height(before)
        if not raised or before["text"].lower() in _BEFORE_POWERS:
            before["text"] += word["text"]
        elif not _MARK.fullmatch(word["text"]):
            words.append(dict(word))
            continue
        before["x1"] = word["x1"]
    return words


def _height(word: Word) -> float:
    return word["bottom"] - word["top"]


def _gutter(lines: list[Line]) -> float | None:
    """Where a space runs down between two columns of prose, if one does."""
    if len(lines) < _LEAST_SPLIT_LINES:
        return None
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    middle = (left + (right - left) * 0.25, left + (right - left) * 0.75)
    gaps = [(line, start, end) for line in lines for start, end in line.gaps()]
    best, most = None, 0
    for x in {round((start + end) / 2) for _, start, end in gaps}:
        split = [line for line, start, end in gaps if start <= x <= end]
        if not middle[0] <= x <= middle[1] or len(split) < max(_LEAST_SPLIT_LINES, most + 1):
            continue
        crossing = sum(_crosses(line, x) for line in lines)
        if crossing <= _MOST_CROSSING * (crossing + len(split)) and _is_prose(split, x, left, right):
            best, most = x, len(split)
    return best


def _is_prose(lines: list[Line], gutter: float, left: float, right: float) -> bool:
    """Whether both sides of a gutter are filled with running words, not with the cells of a table."""
    for start, end in ((left, gutter), (gutter, right)):
        sides = [[word for word in line.words if start <= word["x0"] < end] for line in lines]
        words = sum(map(len, sides)) / len(sides)
        fill = sum(side[-1]["x1"] - side[0]["x0"] for side in sides if side) / len(sides) / (end - start)
        if words < _LEAST_WORDS or fill < _LEAST_FILL:
            return False
    return True


# ---- tables without rules ----------------------------------------------------------------------------------------


def _with_unruled_tables(found: list[Piece]) -> list[Piece]:
    """Lines that fall apart into cells, several one below another, become the rows of a table."""
    result: list[Piece] = []
    run: list[tuple[Line, list[str]]] = []
    for piece in [*found, None]:
        cells = piece.cells() if isinstance(piece, Line) else []
        if isinstance(piece, Line) and len(cells) > 1 and (not run or piece.top > run[-1][0].top):
            run.append((piece, cells))
            continue
        if len(run) >= _LEAST_ROWS and _agree([len(cells) for _, cells in run]):
            first = run[0][0]
            result.append(Table([tuple(cells) for _, cells in run], first.x0, first.x1, first.top))
        else:
            result += [line for line, _ in run]
        run = []
        if piece is not None:
            result.append(piece)
    return result


def _agree(widths: list[int]) -> bool:
    return widths.count(int(median(widths))) * 2 >= len(widths)
