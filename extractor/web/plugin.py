"""The Datasette plugin: event page, front page, link facets, search, stylesheet and safety headers.

It touches only databases that hold our tables, so that it may stay installed beside other people's.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import jinja2
from datasette import hookimpl
from datasette.utils.asgi import Response
from markupsafe import Markup, escape

from extractor.web.event_page import event_page, is_web_address, plain
from extractor.web.filters import EVENT_VIEWS, LinkFacet, event_key, index_of, link_filters, search_filters
from extractor.web.front_page import front_page
from extractor.wording import number

HERE = Path(__file__).parent
STYLESHEET = (HERE / "static" / "minerals.css").read_text(encoding="utf-8")
STYLESHEET_VERSION = hashlib.sha256(STYLESHEET.encode()).hexdigest()[:8]
OUR_TABLES = {
    "documents",
    "events",
    "incidents",
    "evidence",
    "event_materials",
    "event_countries",
    "event_companies",
    *EVENT_VIEWS,
}
NUMBERS = {"tonnes", "tonnes_low", "tonnes_high", "value_low", "value_high"}

_ours: WeakKeyDictionary[Any, list[str]] = WeakKeyDictionary()  # Datasette → its databases that hold our tables


@hookimpl
def startup(datasette: Any) -> Any:
    async def inner() -> None:
        names = []
        for name, db in datasette.databases.items():
            if {*await db.table_names(), *await db.view_names()} >= OUR_TABLES:
                names.append(name)
        _ours[datasette] = names

    return inner


def _is_ours(datasette: Any, database: str | None) -> bool:
    return database in _ours.get(datasette, [])


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    env.loader = jinja2.ChoiceLoader([jinja2.FileSystemLoader(HERE / "templates"), env.loader])


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/-/minerals\.css$", stylesheet)]


async def stylesheet() -> Any:
    return Response(STYLESHEET, content_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=86400"})


@hookimpl
def extra_css_urls(datasette: Any) -> list[str]:
    return [f"/-/minerals.css?{STYLESHEET_VERSION}"] if _ours.get(datasette) else []


@hookimpl
def extra_template_vars(
    database: str | None, table: str | None, view_name: str | None, request: Any, datasette: Any
) -> Any:
    async def inner() -> dict[str, Any]:
        if view_name == "index" and _ours.get(datasette):
            return {"front": await front_page(datasette, _ours[datasette][0])}
        if view_name == "row" and table == "events" and _is_ours(datasette, database):
            assert database is not None
            return {"event": await event_page(datasette, database, int(request.url_vars["pks"]))}
        return {}

    return inner


@hookimpl
def register_facet_classes() -> list[type[LinkFacet]]:
    return [LinkFacet]


@hookimpl(trylast=True, specname="filters_from_request")
def filter_by_link(request: Any, database: str, table: str, datasette: Any) -> Any:
    return link_filters(table, request.args) if _is_ours(datasette, database) and event_key(table) else None


@hookimpl(trylast=True, specname="filters_from_request")
def filter_by_search(request: Any, database: str, table: str, datasette: Any) -> Any:
    index = index_of(table) if _is_ours(datasette, database) else None
    return search_filters(index, request.args.get("_search") or "") if index else None


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Any:
    """Links to event pages, addresses that open safely, numbers with thousands; None leaves a cell to Datasette."""
    if value is None or isinstance(value, dict) or not _is_ours(datasette, database):
        return None
    if column == "event_id" and table in EVENT_VIEWS:
        return _link(datasette.urls.row(database, "events", str(value)), str(value))
    if column == "summary" and table == "events":
        return _link(datasette.urls.row(database, "events", str(row["id"])), value)
    if column == "url" and is_web_address(str(value)):
        return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(value, value)
    if column == "url":
        return escape(value)
    if column in NUMBERS and isinstance(value, float):
        return escape(number(value))
    return escape(plain(value)) if column in ("sentence", "title") else None


def _link(href: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(href, plain(text))


@hookimpl
def asgi_wrapper(datasette: Any) -> Any:
    """Nothing on a page may come from elsewhere, and no script may run that Datasette did not ship."""
    scripts = " ".join(f"'sha256-{digest}'" for digest in inline_scripts(datasette.jinja_env))
    headers = [
        (
            b"content-security-policy",
            (
                f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ).encode(),
        ),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]

    def wrap(app: Any) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            async def send_with_headers(message: Any) -> None:
                if message["type"] == "http.response.start" and _ours.get(datasette):
                    message = {**message, "headers": [*message.get("headers", []), *headers]}
                await send(message)

            await app(scope, receive, send_with_headers)

        return wrapped

    return wrap


def inline_scripts(env: Any) -> list[str]:
    """SHA-256 (base64) of each script that stands inside a template, as the browser will see it."""
    digests = []
    for template in env.list_templates():
        source = env.loader.get_source(env, template)[0].replace("{{ datasette_allow_facet }}", "true")
        for script in re.findall(r"<script>(.*?)</script>", source, re.DOTALL):
            if "{{" not in script and "{%" not in script:
                digests.append(b64encode(hashlib.sha256(script.encode()).digest()).decode())
    return sorted(set(digests))
