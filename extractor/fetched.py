"""What fetching and the store tell each other: pages that a source lists, requests and their outcome, a source's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["new", "changed", "unchanged", "failed", "postponed"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page that a source lists.

    `published` is an ISO day, `updated` the moment (ISO 8601, UTC) of its last change, as the listing states them; ""
    where it does not. `request` is the address to ask for, where `url`, by which the page is known, is another. With
    `content` the page came along and is not asked for. `headers` are those that came with it, `fetched_at` (ISO 8601,
    UTC) is when somebody else fetched it, "" where nobody did.
    """

    url: str
    title: str = ""
    published: str = ""
    updated: str = ""
    request: str = ""
    content: bytes | None = field(default=None, repr=False)
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    fetched_at: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A page that is to be fetched now; `etag`, `last_modified` and `sha256` are of the version that is kept, if any."""

    url: str  # canonical: what the page is known by
    request: str  # what is asked for
    source: str
    title: str
    published: str
    attempts: int
    etag: str
    last_modified: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request and what came of it. `status` is None where no server answered; `sha256` is of the kept content.

    `url` is the page's canonical address, `asked` the address that was asked for, `answered` where redirects ended.
    `error` is one line, "" where there is none. `again_at` (ISO 8601, UTC): when to try again, "" for never.
    """

    url: str
    asked: str
    source: str
    fetched_at: str
    outcome: Outcome
    answered: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    bytes: int = 0
    sha256: str = ""
    error: str = ""
    again_at: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest version of a page in the archive, as reading needs it."""

    url: str
    source: str
    title: str
    published: str
    kind: str  # article or notice where the source says so, else ""
    content_type: str
    sha256: str
    fetched_at: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source from its visits. Moments are ISO 8601, UTC, "" for never.

    `cursor` is the source's own note on how far it has been read. `failures` counts visits since the last good one.
    `listed` is how many pages the last good visit found listed; `per_day` how many a day were kept in the last 30 days.
    """

    cursor: Mapping[str, Any] = field(default_factory=dict)
    last_try: str = ""
    last_success: str = ""
    last_error: str = ""
    error: str = ""
    failures: int = 0
    listed: int = 0
    kept: int = 0
    waiting: int = 0
    per_day: float = 0.0
