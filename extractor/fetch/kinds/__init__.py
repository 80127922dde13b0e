"""The kinds of source: each module lists the pages of one kind, from a visit, as a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from extractor.fetch.kinds import (
    eurlex,
    federal_register,
    feed,
    folder,
    gdelt,
    listing,
    mail,
    sitemap,
    urls,
    warc,
)
from extractor.fetch.visit import Visit
from extractor.fetched import Listed

# Each raises Unfetchable, Unreadable or Broken where the listing as a whole cannot be had; parts of it that cannot are
# lines in `visit.warnings`.
KINDS: dict[str, Callable[[Visit], AsyncGenerator[Listed]]] = {
    "feed": feed.pages,
    "sitemap": sitemap.pages,
    "listing": listing.pages,
    "federal_register": federal_register.pages,
    "gdelt": gdelt.pages,
    "eurlex": eurlex.pages,
    "urls": urls.pages,
    "warc": warc.pages,
    "mail": mail.pages,
    "folder": folder.pages,
}
