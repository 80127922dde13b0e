"""data/*.csv → checked rows → phrases to match. What an analyst edits lies in those files, nowhere in code.

A file has a header, one concept a row, `|` between the names of a concept. `check` reports what is wrong in them as
`file:line: what, remedy`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from extractor.resources import resource
from extractor.schema import EVENT_TYPES

# File → its columns; the first one identifies a row. Columns ending in "=" must be filled in every row.
FILES: dict[str, tuple[str, ...]] = {
    "materials.csv": ("id", "group", "names", "exact", "ambiguous", "hs", "hs_note"),
    "countries.csv": ("code", "name", "names", "exact", "demonyms", "capitals", "places", "ambiguous"),
    "bodies.csv": ("id", "country", "names", "exact", "kind"),
    "companies.csv": ("id", "country", "role", "materials", "names", "exact", "ambiguous"),
    "organisations.csv": ("id", "kind", "country", "names", "exact"),
    "measures.csv": ("measure", "mast", "mast_note", "gta", "names"),
    "units.csv": ("unit", "tonnes", "names", "exact", "material_basis", "note"),
    "currencies.csv": ("code", "symbols", "names"),
    "cues.csv": ("cue", "names"),
    "page_cues.csv": ("cue", "names"),
}
NAME_COLUMNS = ("names", "exact", "demonyms", "capitals", "places", "symbols")


class VocabularyError(ValueError):
    """A vocabulary file that cannot be used; the message is `file:line: what, remedy`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One concept of a file. `columns` holds the raw cells, `names(column)` a cell's parts."""

    file: str
    line: int
    columns: dict[str, str]

    @property
    def id(self) -> str:
        return self.columns[FILES[self.file][0]]

    def __getitem__(self, column: str) -> str:
        return self.columns[column]

    def names(self, column: str) -> list[str]:
        return [name.strip() for name in self.columns[column].split("|") if name.strip()]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One name to match. `kind` is the column it stands in: names, demonyms, capitals, places."""

    text: str
    label: str
    id: str
    kind: str
    exact: bool
    ambiguous: bool


_LABELS = {
    "materials.csv": "MATERIAL",
    "countries.csv": "COUNTRY",
    "bodies.csv": "BODY",
    "companies.csv": "COMPANY",
    "organisations.csv": "ORGANISATION",
    "measures.csv": "MEASURE",
    "cues.csv": "CUE",
}


class Vocabulary:
    """All files of one folder. Raises VocabularyError on the first row that cannot be used."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or resource("data")
        self.rows: dict[str, list[Row]] = {}
        for file in FILES:
            self.rows[file] = list(_read(self.folder / file))

    @cached_property
    def phrases(self) -> list[Phrase]:
        """Every name of every concept that is found by looking it up."""
        found = []
        for file, label in _LABELS.items():
            for row in self.rows[file]:
                ambiguous = set(row.names("ambiguous")) if "ambiguous" in row.columns else set()
                for column in NAME_COLUMNS:
                    if column not in row.columns:
                        continue
                    for name in row.names(column):
                        found.append(
                            Phrase(
                                name,
                                label,
                                row.id,
                                column if column != "exact" else "names",
                                column == "exact",
                                name in ambiguous,
                            )
                        )
        return found

    @cached_property
    def units(self) -> dict[str, float]:
        """Unit as written (lower case; exact spellings as they are) → metric tonnes."""
        table = {}
        for row in self.rows["units.csv"]:
            for name in row.names("names"):
                table[name.lower()] = float(row["tonnes"])
            for name in row.names("exact"):
                table[name] = float(row["tonnes"])
        return table

    @cached_property
    def unit_ids(self) -> dict[str, str]:
        """Unit as written → the unit's id: t, kg, lb, mtu, oz …"""
        table = {}
        for row in self.rows["units.csv"]:
            for name in row.names("names"):
                table[name.lower()] = row.id
            for name in row.names("exact"):
                table[name] = row.id
        return table

    @cached_property
    def currencies(self) -> dict[str, str]:
        """Currency sign or name as written (lower case) → ISO 4217 code."""
        return {
            name.lower(): row.id
            for row in self.rows["currencies.csv"]
            for column in ("symbols", "names")
            for name in row.names(column)
        }

    def cue(self, cue: str) -> list[str]:
        """The words of one cue, for building a pattern."""
        for row in self.rows["cues.csv"]:
            if row.id == cue:
                return row.names("names")
        raise VocabularyError(f"cues.csv:1: no cue {cue!r}, add its row")

    @cached_property
    def body_country(self) -> dict[str, str]:
        return {row.id: row["country"] for row in self.rows["bodies.csv"]}

    @cached_property
    def company_country(self) -> dict[str, str]:
        return {row.id: row["country"] for row in self.rows["companies.csv"]}

    @cached_property
    def material_group(self) -> dict[str, str]:
        return {row.id: row["group"] for row in self.rows["materials.csv"]}


def _read(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [c for c in FILES[path.name] if c not in (reader.fieldnames or [])]
            if missing:
                raise VocabularyError(f"{path.name}:1: no column {', '.join(missing)}, add it to the header")
            for cells in reader:
                if None in cells or None in cells.values():
                    raise VocabularyError(
                        f"{path.name}:{reader.line_num}: not as many cells as the header has, quote cells with commas"
                    )
                yield Row(path.name, reader.line_num, {c: cells[c] for c in FILES[path.name]})
    except FileNotFoundError:
        raise VocabularyError(f"{path.name}:1: no such file in {path.parent}, restore it") from None
    except UnicodeDecodeError as error:
        raise VocabularyError(f"{path.name}:1: not UTF-8 ({error.reason}), save it as UTF-8") from None


def check(folder: Path | None = None) -> list[str]:
    """Everything wrong with a folder of vocabulary, as `file:line: what, remedy`; empty when all is well."""
    folder = folder or resource("data")
    findings: list[str] = []
    rows: dict[str, list[Row]] = {}
    for file in FILES:
        try:
            rows[file] = list(_read(folder / file))
        except VocabularyError as error:
            findings.append(str(error))
            rows[file] = []
    for file in FILES:
        findings += _check_rows(rows[file])
    findings += _check_links(rows)
    return findings


def _check_rows(rows: list[Row]) -> Iterator[str]:
    ids: dict[str, int] = {}
    names: dict[str, tuple[str, int]] = {}
    for row in rows:
        where = f"{row.file}:{row.line}"
        if not row.id.strip():
            yield f"{where}: no {FILES[row.file][0]}, fill the first cell"
        if row.id in ids:
            yield f"{where}: {row.id!r} stands in line {ids[row.id]} already, merge the two rows"
        ids.setdefault(row.id, row.line)
        columns = [c for c in NAME_COLUMNS if c in row.columns]
        if not any(row.names(c) for c in columns):
            yield f"{where}: {row.id!r} has no name to match, give one or delete the row"
        for column in columns:
            for name in row.names(column):
                key = name if column == "exact" else name.lower()
                other = names.setdefault(key, (row.id, row.line))
                if other[0] != row.id and row.file not in ("cues.csv", "page_cues.csv", "currencies.csv"):
                    yield f"{where}: name {name!r} stands in line {other[1]} ({other[0]}) already, keep one"
        if "ambiguous" in row.columns:
            known = {n for c in columns for n in row.names(c)}
            for name in row.names("ambiguous"):
                if name not in known:
                    yield f"{where}: ambiguous {name!r} is none of the row's names, add it there or drop it here"


def _check_links(rows: dict[str, list[Row]]) -> Iterator[str]:
    countries = {row.id for row in rows["countries.csv"]}
    materials = {row.id for row in rows["materials.csv"]}
    for file in ("bodies.csv", "companies.csv", "organisations.csv"):
        for row in rows[file]:
            if row["country"] and row["country"] not in countries:
                yield f"{file}:{row.line}: country {row['country']!r} is not in countries.csv, use its ISO 3166-1 code"
    for row in rows["companies.csv"]:
        for material in row.names("materials"):
            if material not in materials:
                yield f"companies.csv:{row.line}: material {material!r} is not in materials.csv, use an id of that file"
    for row in rows["materials.csv"]:
        for code in row.names("hs"):
            digits, _, mapping = code.partition("=")
            if not (digits.isdigit() and len(digits) in (4, 6, 8, 10) and mapping in ("exact", "partial")):
                yield f"materials.csv:{row.line}: HS code {code!r} is not like 261100=exact, write digits=exact|partial"
    for row in rows["units.csv"]:
        try:
            positive = float(row["tonnes"]) > 0
        except ValueError:
            positive = False
        if not positive:
            yield f"units.csv:{row.line}: {row['tonnes']!r} is no mass, write metric tonnes as a number above 0"
    allowed = set(EVENT_TYPES["control_measure"][0].values)
    for row in rows["measures.csv"]:
        if row.id not in allowed:
            yield f"measures.csv:{row.line}: measure {row.id!r} is unknown, use one of {', '.join(sorted(allowed))}"
