"""The part a country plays in a movement of goods: where they leave, where they go, who reports them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from extractor.events.page import Page, Sentence, grouped, is_place
from extractor.schema import Mention

_TO = re.compile(
    r"\b(?:to|into|for|towards?|reach(?:ed|ing|es)?|bound for|headed for|destined for|arriv\w+ (?:in|into|at)|landed in|entered|enter|onto|unloaded in|in)\s+"
    r"(?:the |its |mainland |customers in |buyers in |users in |ports in )?(?:neighbouring |main )?$",
    re.I,
)
_FROM = re.compile(
    r"\b(?:from|out of|left|leave|leaving|originating in|mined in|produced in|made in|origin|by|via|departed|ex)\s+(?:the |mainland |ports in |mines in |neighbouring )?$",
    re.I,
)
_EXPORT_NOUN = re.compile(
    r"^(?:['’]s?)?\s+(?:[\w-]+\s+){0,5}?(?:exports?|exporters?|shipments|deliveries|sales|suppl(?:y|ies)|cargo(?:es)?|outflows|material|origin|ports)\b",
    re.I,
)
_IMPORT_NOUN = re.compile(
    r"^(?:['’]s?)?\s+(?:[\w-]+\s+){0,5}?(?:imports?|importers?|purchases|arrivals|intake|buyers|inflows|buying)\b", re.I
)
_EXPORT_VERB = re.compile(
    r"^(?:\s+(?:customs|companies|producers|traders|firms|suppliers|mines|smelters|plants|ports))?(?:,? (?:which|who))?(?:\s+(?:also|alone|has|have|had|only|itself|still|then|again|which|that|last year|last month|in \w+))*\s+(?:exported|exports|export|shipped|ships|sent|sends|sold|sells|supplied|supplies|supply|provided|provides|delivered|delivers|dispatched|accounted|accounts|made up|makes up|furnished|contributed|loaded|re-exported|was the (?:largest|biggest|main|top)|is the (?:largest|biggest|main|top) (?:supplier|source|origin))\b",
    re.I,
)
_IMPORT_VERB = re.compile(
    r"^(?:\s+(?:customs|companies|smelters|refiners|buyers|importers|mills|users))?(?:,? (?:which|who))?(?:\s+(?:also|alone|has|have|had|only|itself|still|then|again|which|that|last year|last month|in \w+))*\s+(?:imported|imports|import|bought|buys|purchased|took|takes|took in|takes in|got|received|receives|absorbed|brought in|sourced|got|relied|reimported|taking|is now a net buyer)\b",
    re.I,
)


@dataclass(slots=True)
class Route:
    """Origins and destinations that a stretch of text states."""

    origin: list[Mention] = field(default_factory=list)
    destination: list[Mention] = field(default_factory=list)
    reporter: str = ""  # origin | destination: whose trade is being told


def route(page: Page, sentence: Sentence, start: int, end: int, direction: str) -> Route:
    """Read the parts of the countries between two offsets; a list of countries plays one part."""
    found = Route()
    places = [m for m in sentence.of("COUNTRY", start, end) if not is_place(m)]
    for group in grouped(page.text, places):
        part = part_of(page, group, direction)
        if part == "origin":
            found.origin += group
        elif part == "destination":
            found.destination += group
        elif part == "exporter":
            found.origin += group
            found.reporter = found.reporter or "origin"
        elif part == "importer":
            found.destination += group
            found.reporter = found.reporter or "destination"
    return found


def part_of(page: Page, group: list[Mention], direction: str) -> str:
    """`origin`, `destination`, or as reporter `exporter` / `importer`; empty when the words do not say."""
    before, after = page.before(group[0].start, 40), page.after(group[-1].end, 70)
    demonym = bool(group[0].value and group[0].value.get("as") == "demonyms")
    following = next((m for m in page.mentions_in(group[-1].end, group[-1].end + 40) if m.label == "MATERIAL"), None)
    if (
        demonym
        and following
        and re.fullmatch(r"\s+(?:[\w-]+\s+)?", page.text[group[-1].end : following.start])
        and re.search(r"\b(?:of|its?|the|more|less)\s+$", before)
        and not re.match(r"\s+(?:imports?|exports?)", page.after(following.end, 10))
    ):
        return "origin"
    if re.match(r"['’]s? (?:[\w-]+ ){0,3}(?:buyers|customers|destinations|markets)\b", after):
        return "exporter"
    if re.match(r"['’]s? (?:[\w-]+ ){0,3}(?:suppliers|sources)\b", after):
        return "importer"
    if _IMPORT_VERB.match(after):
        return "importer"
    if _IMPORT_NOUN.match(after) and not re.match(r"^['’]?s?\s+\w*\s*exports", after, re.I):
        export_first = _EXPORT_NOUN.match(after)
        if not export_first or len(export_first[0]) > len(_IMPORT_NOUN.match(after)[0]):  # type: ignore[index]
            if demonym and re.search(r"\b(?:imports? of|purchases of|buying of)\s+$", before, re.I):
                return "origin"
            return "importer"
    if _EXPORT_NOUN.match(after):
        if direction == "import" and demonym and re.match(r"\s+(?:customs|buyers|ports)", after):
            return "importer"
        return "exporter" if not re.search(r"\bto\s+$", before) else "destination"
    if re.search(
        r"\b(?:exports?|shipments|deliveries|sales|cargoes|sold|shipped|sent|exported)\b[^.;]{0,40}\bfor\s+$",
        before,
        re.I,
    ):
        return "destination"
    if re.search(r"\b(?:bought|purchased|taken|imported|received|absorbed)\s+by\s+(?:the\s+)?$", before, re.I):
        return "destination"
    if _FROM.search(before):
        return "origin"
    if _EXPORT_VERB.match(after):
        return "origin" if direction == "import" else "exporter"
    if _TO.search(before):
        if re.search(r"\bin\s+(?:the\s+)?$", before, re.I) and not re.search(r"\barriv|\bland|\bunload", before):
            return ""
        if re.search(r"\bfor\s+(?:the\s+)?$", before, re.I) and not re.search(
            r"\b(?:bound|headed|destined|left|leaving)\s+for", before
        ):
            return ""
        return "destination"
    if re.search(r"\bcustoms\b", after[:12], re.I):
        return "exporter" if direction == "export" else "importer"
    return ""
