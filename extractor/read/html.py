"""HTML pages: the article, its tables as rows, and what the page says about itself. Runs in the parser process."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import asdict
from typing import Any

import trafilatura
from trafilatura.meta import reset_caches

from extractor.draft import Draft, Unreadable
from extractor.encoding import decode, is_binary
from extractor.read.page_kind import is_stub
from extractor.read.text import tidy

_PAGES_BETWEEN_CACHE_CLEARINGS = 100  # the caches grow by about a megabyte a page
_HEAD = 4096  # bytes or characters, in which a page says what it is
_LONGEST_SPAN = 500  # rows that one cell may cover
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DOCUMENT = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_NOT_FREE = re.compile(r"\"isAccessibleForFree\"\s*:\s*\"?false", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_BLOCKS = frozenset(("head", "p", "ab", "quote", "list", "table", "code", "div"))

_pages = 0


def parse(content: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """A Draft, as plain values, of a page.

    context: url, charset (both "" if unknown), latest (ISO day: no date in the page counts that is later).
    Raises Unreadable.
    """
    global _pages
    _pages += 1
    if _pages % _PAGES_BETWEEN_CACHE_CLEARINGS == 0:
        reset_caches()
    text, warning = decode(content, context["charset"] or _declared_charset(content))
    if is_binary(text):
        raise Unreadable("holds binary data, not HTML; give it the ending of what it is, or convert it")
    text = _XML_DECLARATION.sub("", text.replace("\0", ""), count=1)
    if not _DOCUMENT.search(text[:_HEAD]):
        text = f"<html>{text}</html>"  # a fragment, or a page by its bare contents
    tree = trafilatura.load_html(text)
    if tree is None:
        raise Unreadable("holds no HTML; check that the page was saved whole")
    _spread_cells(tree)
    draft = _draft(tree, context)
    if warning:
        draft.warnings.append(warning)
    return asdict(draft)


def _draft(tree: Any, context: dict[str, Any]) -> Draft:
    page = trafilatura.bare_extraction(
        copy(tree),
        url=context["url"] or None,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        # Without the extensive search: it takes any year in the text for a date.
        date_extraction_params={"original_date": True, "extensive_search": False, "max_date": context["latest"]},
    )
    text = tidy(_render(page.body)) if page is not None and page.body is not None else ""
    if page is None or not text:
        raise Unreadable("no article text in this page; save the article itself, with its text loaded")
    title = tidy(_flat(page.title or ""))
    if title and text.startswith(title + "\n"):
        text = text.removeprefix(title).lstrip()
    draft = Draft(
        text,
        title,
        url=page.url or "",
        source=tidy(page.sitename or page.hostname or ""),
        author=tidy(page.author or ""),
        published=page.date or "",
    )
    if is_stub(text, _visible_text(tree), closed=_is_closed(tree)):
        draft.warnings.append("only the beginning, the rest is for subscribers (access partial); supply the full text")
    return draft


def _declared_charset(content: bytes) -> str:
    match = _DECLARED.search(content[:_HEAD])
    return match[1].decode("ascii", "ignore") if match else ""


def _spread_cells(tree: Any) -> None:
    """Repeat a cell that covers several rows in each of them, so that every row of a table says all it means."""
    for table in tree.iter("table"):
        rows = list(table.iter("tr"))
        for number, row in enumerate(rows):
            for column, cell in enumerate(list(row.iterchildren("td", "th"))):
                span = cell.attrib.pop("rowspan", "1")
                covered = min(int(span), _LONGEST_SPAN) if span.isdecimal() and len(span) < 6 else 1
                for below in rows[number + 1 : number + covered]:
                    below.insert(column, copy(cell))


def _render(element: Any) -> str:
    """Paragraphs with a blank line between them; list items and table rows a line each, cells with ` | ` between."""
    if element.tag == "table":
        rows = (
            [_flat(_render(cell)).strip().replace("|", "/") for cell in row.iter("cell")] for row in element.iter("row")
        )
        return "\n".join(" | ".join(row).strip() for row in rows if any(row))
    if element.tag == "list":
        return "\n".join("- " + _render(item).strip() for item in element.iterchildren("item"))
    parts = [_flat(element.text or "")]
    for child in element:
        inner = "\n" if child.tag == "lb" else _render(child)
        parts += (f"\n\n{inner}\n\n" if child.tag in _BLOCKS else inner, _flat(child.tail or ""))
    return re.sub(r" *\n *", "\n", "".join(parts))


def _flat(text: str) -> str:
    return _SPACE.sub(" ", text)


def _is_closed(tree: Any) -> bool:
    """Whether the page itself says that it is not free to read."""
    tiers = tree.xpath("//meta[@property='article:content_tier' or @name='article:content_tier']/@content")
    scripts = tree.xpath("//script[@type='application/ld+json']/text()")
    return "locked" in tiers or any(_NOT_FREE.search(script) for script in scripts)


def _visible_text(tree: Any) -> str:
    parts = tree.xpath(
        "//body//text()[not(ancestor::script or ancestor::style or ancestor::nav or ancestor::header"
        " or ancestor::footer)]"
    )
    return _flat(" ".join(parts))
