"""How much of the outside world is let in: sizes, times and depths; and how much is asked of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one document, one connection and one listing. A document beyond them is a Problem, never cut short."""

    max_bytes: int = 20_000_000  # of one file, one answer (unpacked) or one JSONL line
    max_pages: int = 500  # of one PDF
    max_characters: int = 10_000_000  # of one document's text; a million words are about 6,500,000
    max_seconds: float = 60.0  # to parse one HTML page, PDF or feed
    max_memory: int = 2_000_000_000  # bytes, while parsing one HTML page, PDF or feed
    connect_timeout: float = 10.0  # seconds until a connection stands
    read_timeout: float = 20.0  # seconds of silence from a server
    total_timeout: float = 60.0  # seconds for one address, redirects included
    max_redirects: int = 5
    max_entries: int = 200  # of one feed that is read directly, newest first as the feed lists them
    max_listed: int = 100_000  # of one source at one visit
    max_listing_pages: int = 100  # pages of a listing, files of a sitemap, pages of an API's answer at one visit
    attempts: int = 3  # at one address, where the first ones fail for reasons that pass
    retry_wait: float = 1.0  # seconds before the second attempt; doubled each time, with jitter
    max_retry_after: float = 60.0  # seconds; a server that asks for more is left until the next fetch
    host_connections: int = 2  # to one host at a time
    host_delay: float = 1.0  # seconds between the starts of two requests to one host
    connections: int = 100  # in all
