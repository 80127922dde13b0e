"""Numbers of notices and laws, HS codes, ECCNs and control-list numbers.

Adds CODE to `doc.user_data["mentions"]`; value {"kind": "reference" | "hs" | "list"}. The id of a code is without dots
and spaces, that of a reference as printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

_ACT = (
    r"(?:Announcement|Notification|Notice|Decision|Decree|Regulation|Implementing Regulation|Delegated Regulation|Executive Order|"
    r"Order|Proclamation|Circular|Law|Public Law|Act|Directive|Statutory Instrument|Resolution|Ordinance|Arr[eê]t[eé]|Gazette|"
    r"Presidential Decree|Ministerial Decree|Ministerial Regulation|Government Regulation|Presidential Regulation|Rule|Instruction|Public Notice|Trade Notice|"
    r"General Notice|Government Notice|Policy Notice|Council Regulation|Council Decision|Council Implementing Regulation|Commission Implementing Regulation|Commission Delegated Regulation|Bulletin|Permenperindag|Permendag|Legal Notice|"
    r"Supreme Decree|Federal Law|Administrative Order|Department Order|Memorandum Circular|Republic Act|Bill|Joint Order|Export Control Order|Customs Notification|S\.I\.|SI|GN|Docket)"
)
_NUMBER = r"[A-Z]{0,4}[-.]?\d[\w./()-]*(?:(?<=\d) of \d{4})?"
_REFERENCE = re.compile(
    rf"\b(?:{_ACT})(?:\s\((?:EU|EC|EEC|CFSP|Customs|Tariff|AD|CVD)\))?\s(?:(?:No|Nos|Number|no|number|nr)\.?\s?(?:\((?:\w+)\)\s?)?)?(?P<number>{_NUMBER})(?:\s(?:of|dated)\s(?P<year>(?:19|20)\d\d)\b)?"
    rf"|\bFR\s?Doc(?:\.|ument)?\s?(?:No\.?\s)?\d{{2,4}}[–-]\d+"
    rf"|\b\d{{2}}\s(?:FR|F\.R\.|Fed\. Reg\.)\s\d{{3,6}}"
    rf"|\b(?:[AC]-\d{{3}}-\d{{3}})\b|\bInv(?:estigation)?\.? Nos?\. [\w-]+|\bDocket No\. [\w-]+|\b(?:S\.O\.|G\.S\.R\.|F\. No\.) ?[\d/().A-Z-]+"
)
_HS_DOTTED = re.compile(
    r"(?<![\d.$€£,])\d{4}\.\d{2}(?:\.\d{2,4}(?:\.\d{2})?)?(?![\d.]*\d|\s?(?:%|percent|tonnes|tons|t\b|kg|/t|per\b))"
)
_HS_LONG = re.compile(r"(?<![\d.,/$€£-])(?:\d{10}|\d{8})(?![\d.,/-]*\d)")
_HS_SPACED = re.compile(r"(?<![\d.,/] )(?<![\d.,/])\b\d{4} \d{2} \d{2}(?: \d{2})?\b(?! \d{3})")
_HEADING = re.compile(
    r"\b(?:headings?|HS(?: codes?)?|HTS(?:US)?|CN codes?|tariff (?:items?|lines?|codes?|headings?)|subheadings?|customs codes?|ITC ?\(?HS\)?(?: codes?)?)\s(?:Nos?\.?\s|ex\s|numbers?\s)?((?:\d{4}(?:\.?\d{2}){0,3}(?:,\s(?:and\s)?|\sand\s|/|\sor\s)?(?:ex\s)?)+)",
    re.I,
)
_ECCN = re.compile(r"(?<![\w.-])\d[A-E]\d{3}(?:\.[a-z](?:\.\d+)?|\.?[a-z])?(?![\w])")
_CELL = re.compile(r"^(?:ex )?\d{4}(?: ?\d{2}){0,3}$")


@Language.factory("minerals_codes")
def make_codes(nlp: Language, name: str) -> Codes:
    return Codes()


class Codes:
    def __call__(self, doc: Doc) -> Doc:
        if doc.user_data["shut"]:
            return doc
        found = list(self.read(doc.text))
        doc.user_data["mentions"] = sorted(doc.user_data["mentions"] + found, key=lambda m: (m["start"], m["end"]))
        return doc

    def read(self, text: str) -> Iterator[dict[str, Any]]:
        used = bytearray(len(text) + 1)

        def take(start: int, end: int, kind: str, code: str) -> dict[str, Any] | None:
            if any(used[start:end]):
                return None
            used[start:end] = b"\1" * (end - start)
            return {"label": "CODE", "id": code, "start": start, "end": end, "value": {"kind": kind}}

        candidates: list[dict[str, Any] | None] = []
        for match in _REFERENCE.finditer(text):
            end = match.start() + len(
                match[0].rstrip(".,;:)-" if match[0].count("(") < match[0].count(")") else ".,;:-")
            )
            candidates.append(take(match.start(), end, "reference", text[match.start() : end]))
        for pattern in (_HS_SPACED, _HS_DOTTED, _HS_LONG):
            for match in pattern.finditer(text):
                candidates.append(take(*match.span(), "hs", re.sub(r"\W", "", match[0])))
        for match in _HEADING.finditer(text):
            for number in re.finditer(r"\d{4}(?:\.?\d{2}){0,3}", match[1]):
                start = match.start(1) + number.start()
                candidates.append(take(start, start + len(number[0]), "hs", re.sub(r"\W", "", number[0])))
        for match in _ECCN.finditer(text):
            candidates.append(take(*match.span(), "list", re.sub(r"\W", "", match[0])))
        for start, end in _code_cells(text):
            candidates.append(take(start, end, "hs", re.sub(r"\D", "", text[start:end])))
        yield from (found for found in candidates if found)


def _code_cells(text: str) -> Iterator[tuple[int, int]]:
    """Cells of a table's column that is headed Heading, HS or Code."""
    column: int | None = None
    position = 0
    for line in text.split("\n"):
        cells = line.split("|")
        if len(cells) < 3:
            column = None if line.strip() else column
        else:
            titles = [
                i
                for i, cell in enumerate(cells)
                if re.search(r"\b(?:heading|hs|hts|hsn|cn code|code|tariff (?:item|line)|itc)\b", cell, re.I)
            ]
            if titles:
                column = titles[0]
            elif column is not None and column < len(cells) and _CELL.match(cells[column].strip()):
                start = position + sum(len(c) + 1 for c in cells[:column])
                cell = cells[column]
                start += len(cell) - len(cell.lstrip())
                yield start, start + len(cell.strip())
        position += len(line) + 1
