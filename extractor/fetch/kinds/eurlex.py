"""The Official Journal of the European Union by the feeds of EUR-Lex: each act by its full text in English."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

from extractor.fetch.feeds import entries
from extractor.fetch.visit import Visit
from extractor.fetched import Listed

# European Legislation Identifiers: eli/reg_impl/2025/1234/oj, and eli/C/2025/1234/oj in the C series.
_ACT = re.compile(r"/eli/(reg|dir|dec|reco)(?:_impl|_del)?/(\d{4})/(\d{1,5})(?:/oj(?:/[a-z]{3})?)?/?", re.IGNORECASE)
_IN_SERIES = re.compile(r"/eli/([CL])/(\d{4})/(\d{1,5})(?:/oj(?:/[a-z]{3})?)?/?", re.IGNORECASE)
_CELEX_LETTERS = {"reg": "R", "dir": "L", "dec": "D", "reco": "H"}


async def pages(visit: Visit) -> AsyncGenerator[Listed]:
    """The acts that the feed lists; none where it has not changed since the last visit. Entries that lead to no act
    stay as they are. Raises Unfetchable, Unreadable."""
    answer = await visit.if_changed(visit.source.url)
    if answer is None:
        return
    texts = urljoin(visit.source.url, "/legal-content/EN/TXT/")
    for entry in await asyncio.to_thread(entries, answer.content, answer.url, visit.limits):
        if not visit.within(entry.published):
            continue
        if uri := quote(_uri(entry.url), safe=":()"):
            entry = replace(entry, url=f"{texts}?uri={uri}", request=f"{texts}HTML/?uri={uri}")
        yield entry


def _uri(link: str) -> str:
    """What EUR-Lex calls the act that a link leads to (CELEX:32025R1234, OJ:L_202501234); "" where it leads to none."""
    parts = urlsplit(link)
    if "/legal-content/" in parts.path.lower():
        stated = next((value for name, value in parse_qsl(parts.query) if name.lower() == "uri"), "")
        scheme, colon, name = unquote(stated).strip().partition(":")
        official = scheme.upper() in ("CELEX", "OJ")
        return f"{scheme.upper()}:{name.upper()}" if official else f"{scheme}{colon}{name}"
    if act := _ACT.fullmatch(parts.path):
        return f"CELEX:3{act[2]}{_CELEX_LETTERS[act[1].lower()]}{act[3]:0>4}"
    if act := _IN_SERIES.fullmatch(parts.path):
        return f"OJ:{act[1].upper()}_{act[2]}{act[3]:0>5}"
    return ""
