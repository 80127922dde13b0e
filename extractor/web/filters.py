"""Filters and facets that reach through the link tables, and search in English and in Chinese, Japanese or Korean.

`?_material=gallium&_issuer=CN&_search=licence` works alike on `events` and on every view of it, in HTML, JSON and CSV.
Datasette's own facets see the columns of one table only, and its own search cannot find a word of Chinese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from datasette.database import QueryInterrupted
from datasette.facets import Facet
from datasette.filters import FilterArguments
from datasette.utils import path_with_added_args, path_with_removed_args

EVENT_VIEWS = ("export_controls", "trade_flows", "production", "deals", "stockpiles", "prices")


@dataclass(frozen=True)
class Link:
    """One way to pick events: by a column of a link table, in one role or in any."""

    table: str
    column: str
    names: str  # lookup table of the column's names, "" where a value is its own name
    role: str = ""

    def where(self) -> str:
        return f"l.role = '{self.role}'" if self.role else "1"


LINKS = {
    "material": Link("event_materials", "material", "materials"),
    "country": Link("event_countries", "country", "countries"),
    "issuer": Link("event_countries", "country", "countries", "issuer"),
    "target": Link("event_countries", "country", "countries", "target"),
    "origin": Link("event_countries", "country", "countries", "origin"),
    "destination": Link("event_countries", "country", "countries", "destination"),
    "market": Link("event_countries", "country", "countries", "market"),
    "site": Link("event_countries", "country", "countries", "site"),
    "company": Link("event_companies", "company", "companies"),
    "code": Link("event_codes", "code", ""),
}


def event_key(table: str) -> str:
    """The column of `events` or of a view of it that holds the event's id; "" for any other table."""
    return "id" if table == "events" else "event_id" if table in EVENT_VIEWS else ""


def link_filters(table: str, args: Any) -> FilterArguments:
    """What `?_material=…` and its like ask for. Filters add up: `?_country=CN&_country=JP` names both."""
    clauses, params, words = [], {}, []
    for name, link in LINKS.items():
        for number, value in enumerate(args.getlist(f"_{name}")):
            param = f"{name}_{number}"
            clauses.append(
                f"{event_key(table)} in (select l.event_id from {link.table} l "
                f"where l.{link.column} = :{param} and {link.where()})"
            )
            params[param] = value
            words.append(f"{name} is {value}")
    return FilterArguments(clauses, params, words)


# Search

_CJK = re.compile("[぀-ヿ㐀-䶿一-鿿가-힣]")
_TERM = re.compile(r'"[^"]*"|[^\s"]+')


@dataclass(frozen=True)
class Index:
    """Where a table's full text is: its `key` is the rowid of `words` (English) and `cjk`, which index `columns`."""

    key: str
    table: str
    words: str
    cjk: str
    columns: tuple[str, ...]


def index_of(table: str) -> Index | None:
    if table == "documents":
        return Index("number", "documents", "documents_fts", "documents_cjk", ("title", "text"))
    if event_key(table):
        return Index(event_key(table), "events", "events_fts", "events_cjk", ("sentence",))
    return None


def search_filters(index: Index, search: str) -> FilterArguments:
    """Every term must occur: words by stem (`licens*` by beginning, `"in force"` as they stand), Chinese as written."""
    clauses, params = [], {}
    words = []
    for number, term in enumerate(_TERM.findall(search.replace("\0", ""))):
        bare = term.strip('"*')
        if not re.search(r"\w", bare):
            continue
        if not _CJK.search(bare):
            words.append(f'"{bare}"' + "*" * term.endswith("*"))
            continue
        param = f"search_{number}"
        if len(bare) >= 3:
            clauses.append(f"{index.key} in (select rowid from {index.cjk} where {index.cjk} match :{param})")
            params[param] = f'"{bare}"'
        else:  # shorter than a trigram
            found = " or ".join(f"instr({column}, :{param})" for column in index.columns)
            rowid = "number" if index.table == "documents" else "id"
            clauses.append(f"{index.key} in (select {rowid} from {index.table} where {found})")
            params[param] = bare
    if words:
        clauses.append(f"{index.key} in (select rowid from {index.words} where {index.words} match :search)")
        params["search"] = " ".join(words)
    return FilterArguments(
        clauses, params, [f'search matches "{search}"'] if clauses else [], {"supports_search": True, "search": search}
    )


class LinkFacet(Facet):
    """`facets: [{link: material}]` in metadata.yml or `?_facet_link=material`: counts through a link table."""

    type = "link"

    async def facet_results(self) -> tuple[list[dict[str, Any]], list[str]]:
        results, timed_out = [], []
        for config in self.get_configs():
            name = config["config"].get("simple", "")
            if name not in LINKS or not event_key(self.table):
                continue
            try:
                results.append(await self._facet(name, LINKS[name], hideable=config["source"] != "metadata"))
            except QueryInterrupted:
                timed_out.append(name)
        return results, timed_out

    async def _facet(self, name: str, link: Link, *, hideable: bool) -> dict[str, Any]:
        size = self.get_facet_size()
        label = f"(select name from {link.names} where id = value)" if link.names else "value"
        found = await self.ds.execute(
            self.database,
            f"""
            select value, {label} as label, count from (
                select l.{link.column} as value, count(distinct l.event_id) as count from {link.table} l
                where {link.where()} and l.event_id in (select {event_key(self.table)} from ({self.sql}))
                group by value order by count desc, value limit {size + 1})""",
            self.params,
            custom_time_limit=self.ds.setting("facet_time_limit_ms"),
        )
        return {
            "name": name,
            "type": "column",
            "hideable": hideable,
            "truncated": len(found.rows) > size,
            "toggle_url": self._path(path_with_removed_args(self.request, {"_facet_link": name})),
            "results": [self._value(f"_{name}", *row) for row in found.rows[:size]],
        }

    def _value(self, arg: str, value: str, label: str, count: int) -> dict[str, Any]:
        selected = value in self.request.args.getlist(arg)
        change = path_with_removed_args if selected else path_with_added_args
        return {
            "value": value,
            "label": label,
            "count": count,
            "selected": selected,
            "toggle_url": self.ds.absolute_url(self.request, self._path(change(self.request, {arg: value}))),
        }

    def _path(self, path: str) -> str:
        return str(self.ds.urls.path(path))
