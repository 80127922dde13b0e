"""Listing pages of notices: the items on a page, by CSS selectors. Runs in the parser process."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

from extractor.draft import Unreadable

_LONGEST_TITLE = 1000


def parse(content: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """{"items": [{url, title, published}], "next": url or "", "dated": n, "undated": n}.

    Selectors are CSS; without `link` an item is, or holds, the link itself; without `title` the link's text is it.
    Raises Unreadable.
    """
    import lxml.html
    from cssselect import SelectorError

    from extractor.encoding import decode

    text, _ = decode(content, context["charset"])
    try:
        page = lxml.html.document_fromstring(text.encode(), parser=lxml.html.HTMLParser(encoding="utf-8"))
        items = page.cssselect(context["item"])
        found: dict[str, dict[str, str]] = {}
        undated = 0
        for item in items:
            link = _first(item, context.get("link") or "a[href]")
            url = urljoin(context["url"], link.get("href", "").strip()) if link is not None else ""
            if urlsplit(url).scheme not in ("http", "https") or url in found:
                continue
            title = _first(item, context["title"]) if context.get("title") else link
            published = _day(item, context) if context.get("date") else ""
            undated += bool(context.get("date")) and not published
            found[url] = {
                "url": url,
                "title": " ".join((title if title is not None else link).text_content().split())[:_LONGEST_TITLE],
                "published": published,
            }
        following = page.cssselect(context["next"]) if context.get("next") else []
    except (SelectorError, ValueError) as error:
        raise Unreadable(f"a selector cannot be used ({error}); mend the selectors of the source") from error
    except lxml.etree.ParserError as error:
        raise Unreadable("holds no HTML; check the address") from error
    next_url = urljoin(context["url"], following[0].get("href", "")) if following else ""
    return {"items": list(found.values()), "next": next_url, "dated": len(found) - undated, "undated": undated}


def _first(item: Any, selector: str) -> Any:
    """The first element that the selector finds in the item, or the item itself where it fits; None for none."""
    from lxml.cssselect import CSSSelector

    found = CSSSelector(selector)(item)
    if found:
        return found[0]
    parent = item.getparent()
    return item if parent is not None and item in CSSSelector(selector)(parent) else None


def _day(item: Any, context: dict[str, Any]) -> str:
    import dateparser
    from dateparser.search import search_dates

    place = _first(item, context["date"])
    if place is None:
        return ""
    stated = place.get("datetime") or place.text_content()
    stated = " ".join(stated.split())[:200]
    settings = {"DATE_ORDER": context["date_order"], "STRICT_PARSING": True, "RETURN_AS_TIMEZONE_AWARE": False}
    languages = list(dict.fromkeys((context["language"], "en")))
    moment = dateparser.parse(stated.strip("[]() "), languages=languages, settings=settings)
    if moment is None:
        among = search_dates(stated, languages=languages, settings=settings)
        moment = among[0][1] if among else None
    return moment.date().isoformat() if moment else ""
