"""The catalogue of sources: what ships with the package, and an analyst's own file beside the database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

OWN_FILE = "sources.yml"  # beside the database
STANDINGS = ("official", "press", "company")
DOCUMENT_KINDS = ("", "notice", "article")
_DURATION = re.compile(r"(\d+)\s*([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2}")

# Kind → its own options and their type; those in _REQUIRED have to be there.
OPTIONS: dict[str, dict[str, type]] = {
    "feed": {},
    "sitemap": {},
    "listing": {
        "item": str,
        "link": str,
        "title": str,
        "date": str,
        "date_order": str,
        "next": str,
        "attachments": str,
    },
    "federal_register": {"agencies": list, "terms": list, "types": list},
    "gdelt": {"query": str},
    "eurlex": {},
    "urls": {"urls": list, "file": str},
    "warc": {"file": str},
    "mail": {"folder": str},
    "folder": {"folder": str},
}
_REQUIRED = {"listing": ("item",), "gdelt": ("query",), "mail": ("folder",), "folder": ("folder",)}
_WITHOUT_ADDRESS = frozenset(("mail", "folder", "urls", "warc"))


class SourcesError(Exception):
    """A catalogue that cannot be used; the message is one line, `file:line: what, remedy`."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source: where it is, what it is, how often it is visited, and what a visit is expected to find.

    `interval` and `recheck` are seconds: between two visits, and until a page that is still listed is asked for again.
    `expect_listed` is the least number of pages that a visit finds listed; `expect_per_day` how many new ones a day
    bring. `include` and `exclude` are regular expressions on address and title. `local`: it may stand in a private
    network. `options` are those of its kind.
    """

    id: str
    name: str
    kind: str
    url: str = ""
    country: str = ""
    language: str = "en"
    standing: str = "press"
    documents: str = ""
    interval: int = 6 * 3600
    recheck: int = 7 * 86400
    expect_listed: int = 1
    expect_per_day: float = 0.0
    include: re.Pattern[str] | None = None
    exclude: re.Pattern[str] | None = None
    local: bool = False
    enabled: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)

    def wants(self, url: str, title: str) -> bool:
        """Whether a listed page is one to fetch."""
        name = f"{url}\n{title}"
        return (not self.include or bool(self.include.search(name))) and not (
            self.exclude and self.exclude.search(name)
        )


def catalogue(own: Path | None = None) -> list[Source]:
    """The shipped sources and those of an analyst's own file, in order of their ids.

    An entry of the own file whose id is known changes the fields that it names (`enabled: false` drops the source).
    Raises SourcesError for the first fault.
    """
    entries: dict[str, _Entry] = {}
    for file in filter(None, (shipped(), own)):
        for entry in _entries(file):
            before = entries.get(str(entry.fields.get("id")))
            entries[str(entry.fields.get("id"))] = (
                _Entry(entry.place, {**before.fields, **entry.fields}) if before else entry
            )
    found = [_source(entry) for entry in entries.values()]
    return sorted((source for source in found if source.enabled), key=lambda source: source.id)


def faults(file: Path) -> Iterator[str]:
    """Every fault of a catalogue, as `file:line: what, remedy`."""
    seen: set[str] = set()
    try:
        entries = list(_entries(file))
    except SourcesError as error:
        yield str(error)
        return
    for entry in entries:
        try:
            source = _source(entry)
        except SourcesError as error:
            yield str(error)
            continue
        if source.id in seen:
            yield f"{entry.place}: the id {source.id} is there twice; give each source its own"
        seen.add(source.id)


def shipped() -> Path:
    return Path(str(resources.files("extractor") / "data" / "sources.yml"))


@dataclass(frozen=True, slots=True)
class _Entry:
    place: str  # file:line
    fields: dict[str, Any]


def _entries(file: Path) -> Iterator[_Entry]:
    try:
        text = file.read_text("utf-8")
        root = yaml.compose(text, yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesError(f"{file}: cannot be read ({error}); check that it is a UTF-8 file") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = " ".join(str(getattr(error, "problem", error)).split())
        raise SourcesError(f"{file}:{line}: no valid YAML ({reason}); mend that line") from error
    if values is None:
        return
    if not isinstance(values, list) or not isinstance(root, yaml.SequenceNode):
        raise SourcesError(f"{file}:1: not a list of sources; begin each with '- id: …'")
    for node, fields in zip(root.value, values, strict=True):
        place = f"{file}:{node.start_mark.line + 1}"
        if not isinstance(fields, dict):
            raise SourcesError(f"{place}: not a source; write it as '- id: …' with its fields below")
        yield _Entry(place, fields)


def _source(entry: _Entry) -> Source:
    fields = dict(entry.fields)

    def fault(what: str) -> SourcesError:
        return SourcesError(f"{entry.place}: {what}")

    def take(name: str, kind: type, usual: Any = None) -> Any:
        value = fields.pop(name, usual)
        if value is not usual and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise fault(f"{name}: {value!r} is no {_IN_WORDS[kind]}; write one")
        return value

    id, name, kind = take("id", str, ""), take("name", str, ""), take("kind", str, "")
    if not _ID.fullmatch(id):
        raise fault(f"id: {id!r}; use small letters, digits and single hyphens")
    if not name:
        raise fault("name: missing; say what people call it")
    if kind not in OPTIONS:
        raise fault(f"kind: {kind!r}; use one of {', '.join(OPTIONS)}")
    options = {option: take(option, type_) for option, type_ in OPTIONS[kind].items() if option in fields}
    for option in _REQUIRED.get(kind, ()):
        if not options.get(option):
            raise fault(f"{option}: missing; a source of kind {kind} needs it")
    expect = dict(take("expect", dict, {}))
    source = Source(
        id,
        name,
        kind,
        url=take("url", str, ""),
        country=take("country", str, ""),
        language=take("language", str, "en"),
        standing=take("standing", str, "press"),
        documents=take("documents", str, ""),
        interval=_seconds(take("interval", str, "6h"), "interval", fault),
        recheck=_seconds(take("recheck", str, "7d"), "recheck", fault),
        expect_listed=expect.pop("listed", 1),
        expect_per_day=expect.pop("per_day", 0.0),
        include=_pattern(take("include", str, ""), "include", fault),
        exclude=_pattern(take("exclude", str, ""), "exclude", fault),
        local=take("local", bool, False),
        enabled=take("enabled", bool, True),
        options=options,
    )
    if fields or expect:
        unknown = next(iter({**fields, **expect}))
        raise fault(f"{unknown}: not a field of a source of kind {kind}; see docs/sources.md")
    for field_, value, allowed in (
        ("standing", source.standing, STANDINGS),
        ("documents", source.documents, DOCUMENT_KINDS),
    ):
        if value not in allowed:
            raise fault(f"{field_}: {value!r}; use one of {', '.join(filter(None, allowed))}")
    if source.country and not _COUNTRY.fullmatch(source.country):
        raise fault(f"country: {source.country!r}; use an ISO 3166-1 alpha-2 code, or EU")
    if not _LANGUAGE.fullmatch(source.language):
        raise fault(f"language: {source.language!r}; use an ISO 639-1 code, as en")
    if not isinstance(source.expect_listed, int) or not isinstance(source.expect_per_day, int | float):
        raise fault("expect: not numbers; write it as {listed: 10, per_day: 0.5}")
    if not (source.url or kind in _WITHOUT_ADDRESS) or (
        source.url and urlsplit(source.url).scheme not in ("http", "https")
    ):
        raise fault(f"url: {source.url!r}; write it as https://host/path")
    if kind in ("urls", "warc") and not (source.url or options):
        raise fault(f"url: missing; name an address or a file ({', '.join(OPTIONS[kind])})")
    return source


_IN_WORDS = {str: "text", bool: "true or false", list: "list", dict: "mapping"}


def _seconds(stated: str, name: str, fault: Any) -> int:
    match = _DURATION.fullmatch(stated)
    if not match or not int(match[1]):
        raise fault(f"{name}: {stated!r}; write it as 30m, 6h or 7d")
    return int(match[1]) * _SECONDS[match[2]]


def _pattern(stated: str, name: str, fault: Any) -> re.Pattern[str] | None:
    try:
        return re.compile(stated, re.IGNORECASE) if stated else None
    except re.error as error:
        raise fault(f"{name}: no regular expression ({error}); mend it") from error
