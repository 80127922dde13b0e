"""The one address that a page is known by, so that the same page is the same document whichever way it came."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|igshid|mc_[ce]id", re.IGNORECASE)
_FRONT_DOORS = re.compile(r"^(?:www|m|amp|mobile)\.")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(stated: str, fetched: str) -> str:
    """The address that a page states for itself, if it may: on the site that it was fetched from, and not merely that
    site's front page. Else the address that it was fetched from. "" where neither is an http(s) address."""
    own, given = _clean(stated), _clean(fetched)
    if not given:
        return urlunsplit(own) if own and own.path not in ("", "/") else ""
    if own and _site(own) == _site(given) and (own.path not in ("", "/") or given.path in ("", "/")):
        return urlunsplit(own)
    return urlunsplit(given)


def _clean(url: str) -> SplitResult | None:
    """Without credentials, fragment, default port and tracking, host in small letters; None if not http(s)."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return None
    host = f"[{host}]" if ":" in host else host
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in query if not _TRACKING.fullmatch(name)]
    return parts._replace(
        netloc=host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}",
        query=parts.query if len(kept) == len(query) else urlencode(kept),
        fragment="",
    )


def _site(parts: SplitResult) -> str:
    return _FRONT_DOORS.sub("", parts.hostname or "")
