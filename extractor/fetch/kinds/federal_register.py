"""The Federal Register by its API, version 1: documents of a source's agencies and types that hold one of its terms.

Documented at https://www.federalregister.gov/developers/documentation/api/v1
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from extractor.fetch.client import Unfetchable
from extractor.fetch.visit import Broken, Visit
from extractor.fetched import Listed

_FIELDS = ("title", "publication_date", "html_url", "body_html_url", "raw_text_url", "pdf_url")
_FULL_TEXTS = ("body_html_url", "raw_text_url", "pdf_url")  # the first that a document has is fetched
_A_PAGE = 1000  # documents; the API gives no more
_A_QUERY = 2000  # documents; the API leads no further into the results of one query
_FIRST_VISIT = timedelta(days=30)
_LATE = timedelta(days=5)  # what is corrected or entered so long after its day is still found
_BEGINNING = date(1994, 1, 1)  # of what the API holds
_LONGEST_TITLE = 1000


@dataclass(frozen=True, slots=True)
class _Part:
    """One page of the documents on a term ("" for any) that were published from `first` to `last`, both inclusive.

    `given` documents came on the pages before it.
    """

    term: str
    first: date
    last: date
    page: int = 1
    given: int = 0


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The documents, each once, oldest first for each term. Raises Unfetchable, and Broken for an answer that is not
    the API's."""
    today = visit.now.date()
    first, last = _days(visit, today)
    terms = visit.source.options.get("terms") or [""]
    to_ask = [_Part(str(term), first, last) for term in reversed(terms)] if first <= last else []
    seen: set[str] = set()
    newest = min(first, today) + _LATE
    for _ in range(visit.limits.max_listing_pages):
        if not to_ask:
            break
        part = to_ask.pop()
        count, documents = await _ask(visit, part)
        if count > _A_QUERY and part.page == 1:
            if part.first < part.last:
                middle = part.first + (part.last - part.first) // 2
                to_ask += [replace(part, first=middle + timedelta(days=1)), replace(part, last=middle)]
                continue
            visit.warnings.append(
                f"{part.first} has {count:,} documents, of which the API gives {_A_QUERY:,}; add terms"
            )
        for document in documents:
            page = _listed(document)
            if page is None or page.url in seen or not visit.within(page.published):
                continue
            seen.add(page.url)
            if page.published and page.published <= today.isoformat():
                newest = max(newest, date.fromisoformat(page.published))
            yield page
        given, all_of_it = part.given + len(documents), min(count, _A_QUERY)
        if documents and given < all_of_it:
            to_ask.append(replace(part, page=part.page + 1, given=given))
        elif given < all_of_it:
            visit.warnings.append(
                f"gives {given:,} of the {count:,} documents from {part.first} to {part.last}; fetch them again with --since"
            )
    if to_ask:
        visit.warnings.append(
            f"more than {visit.limits.max_listing_pages} pages of results; narrow its terms or the dates"
        )
        visit.next = visit.cursor
        return
    visit.next["published"] = newest.isoformat()


def _days(visit: Visit, today: date) -> tuple[date, date]:
    if visit.backfilling:
        return visit.since or _BEGINNING, min(visit.until or today, today)
    if "published" in visit.cursor:
        return min(date.fromisoformat(visit.cursor["published"]), today) - _LATE, today
    return today - _FIRST_VISIT, today


async def _ask(visit: Visit, part: _Part) -> tuple[int, list[Any]]:
    """How many documents there are in all, and those of this page."""
    options = visit.source.options
    parameters = [
        *(("conditions[agencies][]", str(agency)) for agency in options.get("agencies", ())),
        *(("conditions[type][]", str(type_)) for type_ in options.get("types", ())),
        *((("conditions[term]", part.term),) if part.term else ()),
        ("conditions[publication_date][gte]", part.first.isoformat()),
        ("conditions[publication_date][lte]", part.last.isoformat()),
        *(("fields[]", field) for field in _FIELDS),
        ("order", "oldest"),
        ("per_page", str(_A_PAGE)),
        ("page", str(part.page)),
    ]
    try:
        answer = await visit.get(f"{visit.source.url}?{urlencode(parameters)}")
    except Unfetchable as error:
        if error.status == 400:
            raise Broken("the API refuses the query; check the agencies, terms and types of the source") from error
        raise
    try:
        found = json.loads(answer.content)
        count, documents = found["count"], found.get("results", [])
        if isinstance(count, int) and isinstance(documents, list) and (documents or not count or part.given):
            return count, documents
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    shown = " ".join(answer.content[:100].decode("utf-8", "replace").split())
    raise Broken(f"answers {shown!r}, which is no list of documents; check the url of the source")


def _listed(document: Any) -> Listed | None:
    """The document as a listed page; None for one without an address."""
    if not isinstance(document, dict):
        return None
    text = {name: value for name, value in document.items() if isinstance(value, str)}
    if not text.get("html_url"):
        return None
    return Listed(
        text["html_url"],
        title=" ".join(text.get("title", "").split())[:_LONGEST_TITLE],
        published=_day(text.get("publication_date", "")),
        request=next((text[name] for name in _FULL_TEXTS if text.get(name)), ""),
    )


def _day(stated: str) -> str:
    try:
        return date.fromisoformat(stated).isoformat()
    except ValueError:
        return ""
