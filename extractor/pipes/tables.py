"""Tables in running text: rows with `|`, `/`, dots or tabs between cells, and tables flattened to a cell a line.

Writes `doc.user_data["tables"]`, a list of {"caption": [start, end], "header": [[start, end], …],
"rows": [[[start, end], …], …]}, and gives bare numbers in them the unit that the caption or the column's header states,
as QUANTITY (or PERCENT) in `doc.user_data["mentions"]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from extractor.vocabulary import Vocabulary

Span = tuple[int, int]
_NUMBER = re.compile(r"[+−–-]?[~c.]{0,3}\s?(?:\d{1,3}(?:[,  ]\d{2,3})+|\d+)(?:[.,]\d+)?")
_NUMERIC = re.compile(rf"^(?:{_NUMBER.pattern}|n\.?a\.?|nil|-|–|—|\.\.)\s?%?(?:\s?\([^)]*\))?(?:,.*)?$", re.I)
_PERCENT = re.compile(r"%|\bper ?cent\b|\bpct\b|\bshare\b|\bchange\b|\by/y\b|\byoy\b|\bvs\b", re.I)
_MONEY = re.compile(r"[$€£¥]|\b(?:usd|eur|rs|value|price|million dollars|rate|duty|old|new|earlier|now)\b", re.I)
_CUTS = (
    re.compile(r"\s*\|\s*"),
    re.compile(r"\t+"),
    re.compile(r"\s*\.{3,}\s*"),
    re.compile(r"\s+/\s+"),
    re.compile(r" {2,}"),
    re.compile(r"\s[-–—]\s"),
)
_PLAIN = r"[+−–-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?"
_SPACED = re.compile(
    rf"^(?P<name>[^\d\s][^|]{{1,60}}?)(?P<cells>(?:\s(?:{_PLAIN}|n/?a|nil|–|-)){{2,8}})$", re.I
)  # "Ireland 231.0 405.0"
_TITLES = re.compile(
    r"(?:(?:[A-Z][a-z]{2,8}(?:[-–/][A-Z][a-z]{2,8})?|[QH][1-4]|\d{1,2}M)[ -])?(?:19|20)\d\d(?:[-/]\d\d)?\b|\bchange(?: ?%)?|\b[Ss]hare\b|\+/-|%",
    re.I,
)
_NAMED = re.compile(
    r"^(?=.{4,60}$)[A-Z][A-Za-z .,()'’&-]*[A-Za-z.)] (?=\d{1,3}(?:,\d{3})*(?:\.\d+)?$)"
)  # "Kazakhstan 220"
_DATED = re.compile(r"^[\w’'() -]{4,14}: (?=\d)")  # "2016-17: 3,42,215 MT"
_LABELLED = re.compile(r"^[-–•*]?\s?[A-Z][^:\d|]{2,50}(?:\([^()]*\))?: (?=\d)")  # "Copper cathode: 2,870 / 14.1"
_COUNTED = re.compile(
    r"\b(?:no\.?|number|enterprises|companies|firms|shipments|lots|cargoes|rank|staff|trucks|days|year)\b", re.I
)
_NO_MASS = re.compile(
    r"\bprice|\bemploy|\bheadcount|\bFTE|\bper (?:kilogram|tonne|ton|pound)|\brevenue|\bEBITDA|\binjur|\bnumber\b", re.I
)
_PRICED = re.compile(r"\bprice\b|\bper\s", re.I)
_SHORT = 42  # a longer line is no cell of a flattened table


@dataclass(slots=True)
class Table:
    caption: Span
    header: list[Span] = field(default_factory=list)
    rows: list[list[Span]] = field(default_factory=list)


@Language.factory("minerals_tables")
def make_tables(nlp: Language, name: str) -> Tables:
    return Tables(Vocabulary())


class Tables:
    def __init__(self, vocabulary: Vocabulary) -> None:
        names = sorted(vocabulary.units, key=len, reverse=True)
        lower = "|".join(re.escape(n) for n in names if n == n.lower() and n not in ("oz", "g", "k", "m"))
        exact = "|".join(re.escape(n) for n in names if n != n.lower())
        self.unit = re.compile(
            rf"(?<![\w$€£/])(?:(?P<thousand>'000|thousand|000)\s?)?(?P<million>million\s|mn\s)?(?P<unit>(?i:{lower})|{exact})(?![\w/])"
        )
        self.currencies = vocabulary.currencies
        signs = "|".join(re.escape(c) for c in sorted(self.currencies, key=len, reverse=True))
        self.rate = re.compile(
            rf"(?P<currency>(?i:{signs}))\s?(?:/|per\s|a\s)\s?(?P<unit>(?i:{lower}|oz)|{exact})(?!\w)"
        )
        self.units, self.unit_ids = vocabulary.units, vocabulary.unit_ids

    def __call__(self, doc: Doc) -> Doc:
        if doc.user_data["shut"]:
            doc.user_data["tables"] = []
            return doc
        tables = list(find(doc.text))
        added = [m for table in tables for m in self.figures(doc.text, table, doc.user_data["mentions"])]
        doc.user_data["tables"] = [
            {
                "caption": list(t.caption),
                "header": [list(s) for s in t.header],
                "rows": [[list(s) for s in r] for r in t.rows],
            }
            for t in tables
        ]
        doc.user_data["mentions"] = sorted(doc.user_data["mentions"] + added, key=lambda m: (m["start"], m["end"]))
        return doc

    def figures(self, text: str, table: Table, mentions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        caption = text[slice(*table.caption)]
        corner = text[slice(*table.header[0])] if table.header else ""
        common = (
            self._factor(caption.rsplit("\n", 1)[-1])
            or self._factor(caption)
            or self._factor(corner)
            or self._factor_of_note(text[max(0, table.caption[0] - 3000) : table.caption[0]])
            or self._factor_behind(text, table)
        )
        taken = {i for m in mentions if m["label"] in ("QUANTITY", "MONEY", "PERCENT") for i in (m["start"],)}
        for row in table.rows:
            for column, (start, end) in enumerate(row):
                if column == 0 and len(row) > 1:
                    continue
                title = text[slice(*table.header[column])] if column < len(table.header) else ""
                number = _NUMBER.match(text, start, end)
                if (
                    not number
                    or not _NUMERIC.match(text[start:end])
                    or any(number.start() <= t < number.end() for t in taken)
                ):
                    continue
                value = _value(number[0])
                if (
                    _moved(text, row, column)
                    or ("%" in text[start:end] and "(" not in text[start:end])
                    or (_PERCENT.search(title) and not self._factor(title))
                ):
                    yield _mention("PERCENT", text, start, number.end(), {"pct": value, "cell": True})
                    continue
                if priced := self._price(title) or self._price(caption):
                    yield _mention("MONEY", text, start, number.end(), {"amount": abs(value), **priced, "cell": True})
                    continue
                if _COUNTED.search(title) or (column and _NO_MASS.search(text[slice(*row[0])])):
                    continue
                factor = (
                    (None if _PRICED.search(title) else self._factor(title))
                    or self._factor_in_brackets(text[slice(*row[0])])
                    or (None if _MONEY.search(title) else common)
                    or self._factor_of_row(text, row, column)
                )
                if factor is None:
                    continue
                yield _mention(
                    "QUANTITY",
                    text,
                    start,
                    number.end(),
                    {
                        "tonnes": round(abs(value) * factor[1], 9),
                        "unit": factor[0],
                        "rate": False,
                        "counted": True,
                        "cell": True,
                    },
                )

    def _factor_of_row(self, text: str, row: list[Span], column: int) -> tuple[str, float] | None:
        """The unit that stands in a cell of its own: "Silver | tonne | 5,387"."""
        for other, (start, end) in enumerate(row):
            if other != column and self.unit.fullmatch(text[start:end]):
                return self._factor(text[start:end])
        return None

    def _factor_in_brackets(self, label: str) -> tuple[str, float] | None:
        """The unit that a row's own label ends in: "Silicon produced (t)", "Ilmenite, kt"."""
        behind = re.search(r"(?:\(([^()]{1,20})\)|, ([^,()]{1,12}))\s*$", label)
        unit = (behind[1] or behind[2]).strip() if behind else ""
        return self._factor(unit) if unit and self.unit.fullmatch(unit) else None

    def _price(self, text: str) -> dict[str, str] | None:
        """{"currency", "per"} that a caption or header states: "$/oz", "US$ per tonne", "(EUR/kg)"."""
        match = self.rate.search(text)
        if not match:
            return None
        name = match["unit"] if match["unit"] in self.units else match["unit"].lower()
        return {
            "currency": self.currencies[match["currency"].lower()],
            "per": {"dmt": "t", "wmt": "t"}.get(self.unit_ids[name], self.unit_ids[name]),
        }

    def _factor_of_note(self, text: str) -> tuple[str, float] | None:
        """The unit that a remark further up gives to all that follows: "Tonnes; in brackets the change"."""
        notes = re.findall(
            r"(?:^|[.(,;:]\s*|\bin )((?:metric |short |thousand )?(?:tonnes|tons|kg|kilograms|t|kt|pounds|lb))(?=\s*(?:[;,.):]|$|of contained|unless))",
            text,
            re.I | re.M,
        )
        return self._factor(notes[-1]) if notes else None

    def _factor_behind(self, text: str, table: Table) -> tuple[str, float] | None:
        """The unit in brackets behind the last row: "Australia 571; Russia 214 (thousand tonnes)"."""
        end = table.rows[-1][-1][1] if table.rows else table.caption[1]
        behind = re.match(r"\s*\(([^()\n]{1,30})\)", text[end : end + 40])
        return self._factor(behind[1]) if behind else None

    def _factor(self, text: str) -> tuple[str, float] | None:
        """(unit, tonnes a unit) that a caption or header states."""
        for match in self.unit.finditer(text):
            name = match["unit"] if match["unit"] in self.units else match["unit"].lower()
            if re.match(r"\s?(?:per|/)\s?(?:t|tonne|kg|lb)\b", text[match.end() : match.end() + 8]):
                continue
            scale = 1e3 if match["thousand"] else 1e6 if match["million"] else 1.0
            return self.unit_ids[name], self.units[name] * scale
        return None


def _moved(text: str, row: list[Span], column: int) -> bool:
    """Whether a cell is a change beside figures: "1,092,300 1,214,600 +11.2"."""
    signed = [bool(re.match(r"[+−–-]\s?\d", text[a:b])) for a, b in row[1:]]
    return column > 0 and signed[column - 1] and not all(signed)


def find(text: str) -> Iterator[Table]:
    lines = []
    position = 0
    for line in text.split("\n"):
        start = position + len(line) - len(line.lstrip())
        lines.append((start, position + len(line.rstrip())))
        position += len(line) + 1
    i = 0
    while i < len(lines):
        table, used = _delimited(text, lines, i)
        for pattern, least in ((_DATED, 2), (_NAMED, 3), (_LABELLED, 3)):
            if not table:
                table, used = _listed(text, lines, i, pattern, least)
        if not table:
            table, used = _spaced(text, lines, i)
        if not table:
            table, used = _flattened(text, lines, i)
        if not table:
            table, used = _pairs(text, lines, i)
        if table:
            yield table
        i += max(1, used)


def _delimited(text: str, lines: list[Span], i: int) -> tuple[Table | None, int]:
    """Consecutive lines cut by one delimiter into as many cells."""
    for cut in _CUTS:
        rows: list[list[Span]] = []
        j = i
        while j < len(lines) and j - i < 2000:
            cells = _cells(text, lines[j], cut)
            if len(cells) < 2 or (rows and abs(len(cells) - len(rows[0])) > 1) or len(text[slice(*lines[j])]) > 400:
                break
            if len(cells) < 3 and cut.pattern == r"\s+/\s+":
                break
            rows.append(cells)
            j += 1
        numeric = [r for r in rows if any(re.search(r"\d|\bnil\b", text[a:b], re.I) for a, b in r[1:])]
        if (len(rows) >= 2 and len(numeric) >= 2) or (cut.pattern == r"\s*\.{3,}\s*" and len(numeric) >= 2):
            table = Table(_caption(text, lines, i))
            if not any(_figure(text[a:b]) for a, b in rows[0][1:]):
                table.header, rows = rows[0], rows[1:]
                if rows and all(len(r) == len(table.header) + 1 for r in rows):  # the names' own column has no title
                    table.header = [(table.header[0][0], table.header[0][0]), *table.header]
            rows = [r for r in rows if not all(re.fullmatch(r"[\s:|-]*", text[a:b]) for a, b in r)]
            table.rows = rows
            return table, j - i
    return None, 0


def _cells(text: str, line: Span, cut: re.Pattern[str]) -> list[Span]:
    cells = []
    start = line[0]
    for gap in cut.finditer(text, *line):
        if gap.start() > line[0]:
            cells.append((start, gap.start()))
        start = gap.end()
    if start < line[1]:
        cells.append((start, line[1]))
    return cells if any(cut.finditer(text, *line)) else []


def _listed(text: str, lines: list[Span], i: int, pattern: re.Pattern[str], least: int) -> tuple[Table | None, int]:
    """A name or year and its figure a line: "2016-17: 3,42,215 MT", "Kazakhstan 220"."""
    rows: list[list[Span]] = []
    j = i
    while j < len(lines) and (match := pattern.match(text[slice(*lines[j])])):
        start, end = lines[j]
        cells = [c.span() for c in re.finditer(r"[^/\s][^/]*?(?=\s/\s|$)", text[start + match.end() : end])]
        rows.append(
            [
                (start, start + len(match[0].rstrip(" :"))),
                *(
                    (start + match.end() + a, start + match.end() + b) for a, b in cells[:1]
                ),  # the caption's unit is the first's
            ]
        )
        j += 1
    return (Table(_caption(text, lines, i), [], rows), j - i) if len(rows) >= least else (None, 0)


def _spaced(text: str, lines: list[Span], i: int) -> tuple[Table | None, int]:
    """A name and two figures or more a line, single spaces between: "Ireland 231.0 405.0"."""
    rows: list[list[Span]] = []
    j = i
    while j < len(lines) and (match := _SPACED.match(text[slice(*lines[j])])):
        start = lines[j][0]
        cells = [
            (start + c.start() + match.start("cells"), start + c.end() + match.start("cells"))
            for c in re.finditer(r"\S+", match["cells"])
        ]
        rows.append([(start, start + match.end("name")), *cells])
        j += 1
    if len(rows) < 2 or all(re.fullmatch(r"\d{3}", text[slice(*c)]) for row in rows for c in row[2:]):
        return None, 0  # "131 200" is one figure
    table = Table(_caption(text, lines, i), [], rows)
    if i and (
        titles := [
            (lines[i - 1][0] + m.start(), lines[i - 1][0] + m.end())
            for m in _TITLES.finditer(text[slice(*lines[i - 1])])
        ]
    ):
        columns = len(rows[0]) - 1
        table.header = [(lines[i - 1][0], lines[i - 1][0]), *titles] if len(titles) <= columns else []
    return table, j - i


def _flattened(text: str, lines: list[Span], i: int) -> tuple[Table | None, int]:
    """A cell a line: names at every k-th line, numbers between them."""
    j = i
    while (
        j < len(lines)
        and lines[j][0] < lines[j][1]
        and lines[j][1] - lines[j][0] <= _SHORT
        and not text[slice(*lines[j])].rstrip().endswith((".", ";", ":"))
    ):
        j += 1
    run = lines[i:j]
    if len(run) < 4:
        return None, 0
    numeric = [
        bool(_NUMERIC.match(text[slice(*s)])) and not re.fullmatch(r"(?:19|20)\d\d", text[slice(*s)]) for s in run
    ]
    if sum(numeric) < 2:
        return None, 0
    first = numeric.index(True) - 1  # the name before the first number
    if first < 0:
        return None, 0
    width = 1
    while first + width < len(run) and numeric[first + width]:
        width += 1
    rows = []
    k = first
    while k + 1 < len(run) and not numeric[k] and numeric[k + 1]:
        row = [run[k]]
        k += 1
        while k < len(run) and numeric[k] and len(row) < width:
            row.append(run[k])
            k += 1
        rows.append(row)
    if len(rows) < 2:
        return None, 0
    header = run[first - width : first] if first >= width and width > 1 else []
    return Table(_caption(text, lines, i if header else i + first), header, rows), k


def _pairs(text: str, lines: list[Span], i: int) -> tuple[Table | None, int]:
    """Names with bare numbers in one line: "Ferro-silicon: Norway 131 200; Iceland 46 550"."""
    start, end = lines[i]
    if end - start > 400:
        return None, 0
    rows = []
    for match in re.finditer(
        r"(?:^|[;,:(]\s)(?P<name>[A-Za-z][A-Za-z .'’-]{1,30}?)[ :]\s?(?P<number>\d{1,3}(?:[, ]\d{3})+|\d{2,6})(?=\s?(?:[;)]|,(?!\d)|\.?$|\s\())",
        text[start:end],
    ):
        if not re.fullmatch(r".*\b(?:19|20)\d\d", match["number"]):
            rows.append([(start + match.start(part), start + match.end(part)) for part in ("name", "number")])
            if earlier := re.match(r"\s\((\d{1,3}(?:[, ]\d{3})+|\d{2,6})\)", text[start + match.end() : end]):
                rows[-1].append((start + match.end() + earlier.start(1), start + match.end() + earlier.end(1)))
    if len(rows) < 2:
        return None, 0
    caption = _caption(text, lines, i)
    return Table((caption[0], rows[0][0][0]), [], rows), 1


def _figure(cell: str) -> bool:
    """Whether a cell holds a value rather than a title such as "2012 (t)"."""
    return bool(re.match(r"[$€£~<>]?\s?[+−–-]?\d|nil\b", cell, re.I)) and not re.match(
        r"(?:19|20)\d\d[a-z]?\b(?![,.]\d)", cell
    )


def _caption(text: str, lines: list[Span], i: int) -> Span:
    """The lines right above a table, three at most, up to an empty line that follows some words."""
    first = i
    for j in range(i - 1, max(-1, i - 5), -1):
        if lines[j][0] >= lines[j][1]:
            if first < i:
                break
            continue
        if lines[j][1] - lines[j][0] > 220 and first < i:
            break
        first = j
    return (lines[first][0], lines[i - 1][1]) if first < i else (lines[i][0], lines[i][0])


def _value(text: str) -> float:
    plain = re.sub(r"[^\d.,−–-]", "", text)
    sign = -1.0 if plain[:1] in "-−–" else 1.0
    plain = plain.lstrip("-−–")
    if re.fullmatch(r"\d+,\d{1,2}", plain):
        plain = plain.replace(",", ".")
    try:
        return sign * float(plain.replace(",", ""))
    except ValueError:
        return 0.0


def _mention(label: str, text: str, start: int, end: int, value: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "id": text[start:end], "start": start, "end": end, "value": value}
