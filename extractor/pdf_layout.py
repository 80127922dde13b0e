"""One PDF page → its lines and tables in the order in which they are read, column by column. Lengths in points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Word = dict[str, Any]  # pdfplumber's: text, x0, x1, top, bottom, upright

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
        """Height of its tallest letters: indices do not count."""
        return max(word["bottom"] - word["top"] for word in self.words)

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
    grids = [(grid, rows) for grid in page.find_tables() if (rows := _rows(grid))]
    words = page.extract_words(x_tolerance_ratio=0.15, y_tolerance=4)
    upright = [word for word in words if word["upright"]]
    words = upright if len(upright) * 2 > len(words) else words  # what stands upended in the margin is no text
    free = [word for word in words if not any(_inside(word, grid.bbox) for grid, _ in grids)]
    tables = [Table(rows, grid.bbox[0], grid.bbox[2], grid.bbox[1]) for grid, rows in grids]
    found = _with_unruled_tables(_in_order(free, tables))
    for piece in found:
        piece.page = page.page_number
    return found


def _inside(word: Word, box: Sequence[float]) -> bool:
    x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


# ---- ruled tables ------------------------------------------------------------------------------------------------

def _rows(grid: Any) -> list[tuple[str, ...]]:
    """The rows of a ruled grid; none where the grid is a frame or a chart."""
    texts = grid.extract(x_tolerance_ratio=0.15)
    cells = [cell for row in texts for cell in row if cell is not None]
    filled = sum(bool(cell.strip()) for cell in cells)
    if len(texts) < 2 or max(map(len, texts)) < 2 or filled < max(2, _LEAST_FILLED * len(cells)):
        return []
    _fill_merged(texts, [list(row.cells) for row in grid.rows])
    rows = [tuple(" ".join((text or "").split()).replace("|", "/") for text in row) for row in texts]
    return [row if len(set(row)) > 1 else row[:1] for row in rows if any(row)]


def _fill_merged(texts: list[list[str | None]], boxes: list[list[Any]]) -> None:
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
    return (_in_order([word for word in words if word["x0"] < gutter], [table for table in tables if table.x0 < gutter])
            + _in_order([word for word in words if word["x0"] >= gutter],
                        [table for table in tables if table.x0 >= gutter]))


def _crosses(piece: Piece, x: float) -> bool:
    gaps = piece.gaps() if isinstance(piece, Line) else []
    return piece.x0 < x < piece.x1 and not any(start <= x <= end for start, end in gaps)


def _lines(words: list[Word]) -> list[Line]:
    """Words whose heights overlap by half stand on one line."""
    lines: list[Line] = []
    for word in sorted(words, key=lambda word: (word["top"], word["x0"])):
        for line in lines[-4:]:
            first = line.words[0]
            overlap = min(first["bottom"], word["bottom"]) - max(first["top"], word["top"])
            if overlap * 2 >= min(first["bottom"] - first["top"], word["bottom"] - word["top"]):
                line.words.append(word)
                break
        else:
            lines.append(Line([word]))
    for line in lines:
        line.words.sort(key=lambda word: word["x0"])
    return lines


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
