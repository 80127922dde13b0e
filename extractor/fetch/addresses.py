"""The one address that a page is known by, so that the same page is the same document whichever way it came."""

from __future__ import annotations

import html
import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

_TRACKING = re.compile(
    r"utm_\w+|at_(?:medium|campaign|custom\w*|link\w*)|fbclid|[gd]clid|gclsrc|wbraid|gbraid|msclkid|yclid|twclid|igshid"
    r"|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|hss_channel|cmp(?:id)?|ocid|ito|icid|xtor|spm|ref_src|ref_url|wt\.mc_\w+|ns_\w+"
    r"|smid|guccounter|guce_\w+",
    re.IGNORECASE,
)
_AMP_VALUES = {"amp": ("", "1", "true"), "outputtype": ("amp",)}  # query parameters that ask for the AMP edition
_AMP_PATH = re.compile(r"/amp/?$|[./]amp(?=\.html?$)", re.IGNORECASE)
_AMP_CACHE = re.compile(
    r"https?://(?:www\.google\.\w+(?:\.\w+)?/amp/|[\w-]+\.cdn\.ampproject\.org/[cv]/)(s/)?(?=\S)", re.I
)
_FRONT_DOORS = re.compile(r"^(?:www|m|amp|mobile)\.")
_SMALL_DOORS = re.compile(r"^(?:m|amp|mobile)\.(?=[^.]+\.)")
_STATED = re.compile(rb"<link\b[^>]{0,500}?\brel\s*=\s*[\"']?canonical\b[^>]{0,2000}>", re.IGNORECASE)
_HREF = re.compile(rb"\bhref\s*=\s*(?:\"([^\"]{1,2000})\"|'([^']{1,2000})'|([^\s>\"']{1,2000}))", re.IGNORECASE)
_HEAD = 200_000  # bytes of a page in which it names its own address
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(stated: str, fetched: str) -> str:
    """The address that a page states for itself, if it may: on the site that it was fetched from, and not merely that
    site's front page. Else the address that it was fetched from. "" where neither is an http(s) address.

    What came in a mail (`mid:`) is known by that: whoever sent it may state any address."""
    if fetched.startswith("mid:"):
        return fetched
    own, given = _clean(stated), _clean(fetched)
    if not given:
        return urlunsplit(own) if own and own.path not in ("", "/") else ""
    if own and _site(own) == _site(given) and (own.path not in ("", "/") or given.path in ("", "/")):
        return urlunsplit(own)
    return urlunsplit(given)


def known_by(url: str) -> str:
    """The address that a listed page is known by, before anybody has read it: the one of its usual edition, neither AMP
    nor mobile, without tracking. "" where it is no http(s) address."""
    cached = _AMP_CACHE.match(url)
    if cached:
        url = f"{'https' if cached[1] else 'http'}://{url[cached.end() :]}"
    parts = _clean(url)
    if parts is None:
        return ""
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in query if value.lower() not in _AMP_VALUES.get(name.lower(), (None,))]
    host = (
        parts.netloc if parts.netloc.replace(".", "").replace(":", "").isdigit() else _SMALL_DOORS.sub("", parts.netloc)
    )
    usual = parts._replace(netloc=host, path=_AMP_PATH.sub("", parts.path) or "/")
    return urlunsplit(usual if len(kept) == len(query) else usual._replace(query=urlencode(kept)))


def asked_for(url: str) -> str:
    """The address to ask for: as listed, without credentials, fragment and tracking. "" where it is no http(s) address."""
    parts = _clean(url)
    return urlunsplit(parts) if parts else ""


def stated_by(content: bytes, url: str) -> str:
    """The address that an HTML page, fetched from `url`, states as its own (rel=canonical); "" where it states none.
    Where it may not be that one, it is `url`."""
    link = _STATED.search(content[:_HEAD])
    href = link and _HREF.search(link[0])
    if not href:
        return ""
    stated = html.unescape(next(filter(None, href.groups())).decode("utf-8", "replace"))
    return canonical(urljoin(url, stated.strip()), url)


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
