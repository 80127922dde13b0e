"""Rows of a table: what the caption, the section and the header say of every cell, applied to each figure.

"Imports of rare earths, tonnes, by origin" over a row "Vietnam | 2,950 | 3,480 | 24.8%" under "2024 | 2025 | Share 2025"
is two flows, the second with its share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from extractor.events.notice import authority
from extractor.events.page import Draft, Page, Sentence, distinct_ids, is_place, mass, spans
from extractor.schema import Mention, Span

_TRADE = re.compile(r"\b(?P<import>imports?|arrivals|purchases)\b|\b(?P<export>exports?|shipments|shipped)\b", re.I)
_MAKING = re.compile(r"\b(?:output|production|produced|mined|capacity|mine supply|smelted|refined)\b", re.I)
_QUOTA = re.compile(r"\b(?:quotas?|volumes open|allocation|allotment)\b", re.I)
_STOCK = re.compile(r"\b(?:stockpile|acquisitions?|disposals?|reserve holdings?|stocks held|inventory)\b", re.I)
_UNITS = ("t", "kg", "lb", "mtu", "oz")
_LEFT_OUT = re.compile(r"^\s*(?:others?|rest of (?:the )?world|remaining|sub-?total|balance)\b", re.I)
_TOTAL = re.compile(r"\b(?:total|all origins|all destinations|world|sum)\b", re.I)


def find(page: Page) -> Iterator[Draft]:
    for table in page.tables:
        yield from _table(page, table)


def _table(page: Page, table: Mapping[str, Any]) -> Iterator[Draft]:
    caption: Span = tuple(table["caption"])
    kind, direction, words = _subject(page, caption)
    if not kind:
        kind, direction, words = _subject(page, (0, page.title_end))
    for row in table["rows"]:
        cells = [_within(page, tuple(cell)) for cell in row]
        label = [m for cell in cells for m in cell if m.label in ("MATERIAL", "COUNTRY", "COMPANY")] or cells[0]
        label_text = page.text[slice(*row[0])]
        for column, mentions in enumerate(cells):
            figure = next((m for m in mentions if m.label == "QUANTITY"), None)
            price = next((m for m in mentions if m.label == "MONEY" and (m.value or {}).get("per") in _UNITS), None)
            if price is not None:
                yield from _price(page, table, cells, column, price)
            if figure is None:
                continue
            title: Span = tuple(table["header"][column]) if column < len(table["header"]) else (0, 0)
            own_kind, own_direction, own_words = _subject(page, title)
            own_kind, own_direction, own_words = (
                (own_kind, own_direction, own_words) if own_kind else (kind, direction, words)
            )
            row_kind = _subject(page, tuple(row[0]))[0] if column else ""
            if row_kind and not own_kind:
                own_kind, own_direction, own_words = _subject(page, tuple(row[0]))
            draft = Draft(own_kind or "trade_flow", page.sentence_at(figure.start), confidence=0.8)
            if not own_kind or _LEFT_OUT.match(label_text):
                continue
            _fill(page, draft, table, row, cells, column, figure, own_direction, own_words, caption, label)
            if own_kind == "trade_flow" and not (draft.get("origin") or draft.get("destination")):
                continue
            if (
                draft.get("materials")
                and (draft.get("actor") or own_kind not in ("production", "stockpile"))
                and (draft.get("issuer") or own_kind != "control_measure")
            ):
                yield draft


def _price(
    page: Page, table: Mapping[str, Any], cells: list[list[Mention]], column: int, price: Mention
) -> Iterator[Draft]:
    """ "Platinum ... 993 (+7.2%)" under "$/oz"."""
    materials = [m for m in cells[0] if m.label == "MATERIAL"]
    if not materials or page.kind == "notice":
        return
    draft = Draft("price", page.sentence_at(price.start), confidence=0.85)
    draft.set("materials", distinct_ids(materials), spans(materials))
    draft.set("value", {k: v for k, v in (price.value or {}).items() if k != "cell"}, [(price.start, price.end)])
    change = next((m for m in cells[column] if m.label == "PERCENT"), None)
    for other, mentions in enumerate(cells):
        title = page.text[slice(*table["header"][other])] if other < len(table["header"]) else ""
        if change is None and re.search(r"change|week|month|y/y|w/w|[+-]/", title, re.I):
            change = next((m for m in mentions if m.label == "PERCENT"), None)
    if change is not None:
        draft.set("change_pct", (change.value or {})["pct"], spans([change]))
    elif re.search(r"\bunch", page.text[price.end : price.end + 14], re.I):
        draft.set("change_pct", 0, [(price.end, price.end + 10)])
    yield draft


def _subject(page: Page, span: Span) -> tuple[str, str, list[Span]]:
    """(event type, direction, words) that a caption, header or row label speaks of."""
    text = page.text[slice(*span)]
    for pattern, kind in (
        (_QUOTA, "control_measure"),
        (_STOCK, "stockpile"),
        (_TRADE, "trade_flow"),
        (_MAKING, "production"),
    ):
        if match := pattern.search(text):
            direction = "import" if kind == "trade_flow" and match["import"] else "export"
            return kind, direction, [(span[0] + match.start(), span[0] + match.end())]
    return "", "", []


def _fill(
    page: Page,
    draft: Draft,
    table: Mapping[str, Any],
    row: list[list[int]],
    cells: list[list[Mention]],
    column: int,
    figure: Mention,
    direction: str,
    words: list[Span],
    caption: Span,
    label: list[Mention],
) -> None:
    header = _within(page, tuple(table["header"][column])) if column < len(table["header"]) else []
    materials = [m for m in label + header if m.label == "MATERIAL"] or _above(page, row[0][0], caption, "MATERIAL")
    if draft.type == "trade_flow":
        draft.set("direction", direction, words)
    draft.set("materials", distinct_ids(materials), spans(materials), implied=not materials)
    value = mass(figure)
    draft.set("quantity", value, [(figure.start, figure.end)])
    dates = (
        [m for m in label + header if m.label == "DATE"]
        or [m for m in _within(page, caption) if m.label == "DATE"]
        or [m for m in page.title_mentions if m.label == "DATE"]
    )
    if dates and draft.type != "control_measure":
        draft.set("period", dates[0].id, spans(dates[:1]))
    named = [m for m in label if m.label == "COUNTRY" and not is_place(m)]
    companies = [m for m in label if m.label == "COMPANY"]
    reporter = (
        next((m for m in _above(page, row[0][0], caption, "COUNTRY") if not is_place(m) and m not in named), None)
        or page.main_country
    )
    if draft.type == "trade_flow":
        near, far = ("destination", "origin") if direction == "import" else ("origin", "destination")
        if reporter and (not named or reporter.id != named[0].id):
            draft.set(near, [reporter.id], spans([reporter]))
        if named:
            draft.set(far, distinct_ids(named), spans(named))
    elif draft.type == "production":
        draft.set("action", "produced", words)
        actor = companies or named or ([reporter] if reporter and not named else [])
        draft.set("actor", distinct_ids(actor), spans(actor))
        if named:
            draft.set("site", named[0].id, spans(named[:1]))
        if re.search(r"\b(?:mine|mined|ore)\b", page.text[caption[0] : caption[1]], re.I):
            draft.set("activity", "mining", words)
    elif draft.type == "stockpile":
        keeper = next(iter(page.keepers), None) or reporter
        draft.set("actor", [page.country_of(keeper)] if keeper else [], spans([keeper] if keeper else []))
        word = page.text[slice(*words[0])].lower()
        draft.set(
            "action", "build" if word.startswith("acq") else "release" if word.startswith("disp") else "hold", words
        )
    elif draft.type == "control_measure":
        draft.set("measure", "export_quota", words)
        reporter = authority(page) if page.kind == "notice" else reporter
        if reporter:
            draft.set("issuer", [page.country_of(reporter)], spans([reporter]))
        _quota_year(page, draft, dates)
        target = companies or [m for m in named if reporter and m.id != reporter.id]
        draft.set("target", [m.id for m in target], spans(target))
        draft.set("status", "announced", words)
    _percents(page, draft, table, row, cells, column, header)


def _quota_year(page: Page, draft: Draft, dates: list[Mention]) -> None:
    """A quota for a year takes effect with it."""
    own = next((d for d in dates if d.start > page.title_end), None)
    if own is not None:
        draft.set("effective", own.id, spans([own]))


def _percents(
    page: Page,
    draft: Draft,
    table: Mapping[str, Any],
    row: list[list[int]],
    cells: list[list[Mention]],
    column: int,
    header: list[Mention],
) -> None:
    """Shares and changes in the same row that are for the same period, and those in brackets behind the figure."""
    if draft.type == "control_measure":
        return
    own_date = next((m.id for m in header if m.label == "DATE"), None)
    quantities = [i for i, c in enumerate(cells) if any(m.label == "QUANTITY" for m in c)]
    for other, mentions in enumerate(cells):
        percent = next((m for m in mentions if m.label == "PERCENT"), None)
        if percent is None:
            continue
        title_span = tuple(table["header"][other]) if other < len(table["header"]) else (0, 0)
        title = page.text[title_span[0] : title_span[1]]
        date = next((m.id for m in _within(page, title_span) if m.label == "DATE"), None)
        applies = other == column or (date == own_date if date else column == _latest(page, table, quantities))
        if not applies:
            continue
        pct = (percent.value or {})["pct"]
        if other == column or re.search(r"change|y/y|yoy|[+-]|vs", title, re.I):
            draft.set("change_pct", pct, spans([percent]))
        else:
            draft.set("share_pct", pct, spans([percent]))


def _latest(page: Page, table: Mapping[str, Any], quantities: list[int]) -> int:
    """The column of figures with the latest date, else the first."""
    dated = [
        (d.id, i)
        for i in quantities
        if i < len(table["header"])
        for d in _within(page, tuple(table["header"][i]))
        if d.label == "DATE"
    ]
    return max(dated)[1] if dated else (quantities[0] if quantities else -1)


def _above(page: Page, position: int, caption: Span, label: str) -> list[Mention]:
    """What the caption speaks of, else the title, else the text before."""
    found = [m for m in _within(page, caption) if m.label == label]
    if found:
        return found
    title = [m for m in page.title_mentions if m.label == label]
    if title:
        return title
    sentence: Sentence = page.sentence_at(position)
    return page.materials_before(sentence)[:1] if label == "MATERIAL" else []


def _within(page: Page, span: Span) -> list[Mention]:
    return page.mentions_in(*span)
