"""Annotated documents: quotes that an annotator wrote → character offsets, and what is wrong in a file.

An annotator writes evidence as words of the text (`"quantity": "865t"`); `located` turns them into spans of the
document's content (title, blank line, body), taking of several occurrences the one nearest to the event's trigger. In
a finished file every slot's evidence is a list of [start, end], and `mentions` holds the materials, countries,
companies and quantities that the lists name, wherever they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor import model
from extractor.agreement import same_name, same_quantity
from extractor.schema import EVENT_TYPES, Document, Mention

if TYPE_CHECKING:
    from spacy.language import Language

Json = dict[str, Any]
Span = list[int]

_LISTS = ("materials", "countries", "companies", "quantities")
_DATE = re.compile(r"\d{4}(?:-(?:\d\d(?:-\d\d)?|Q[1-4]|H[12]))?")
WHY_NO_EVENT = ("denied", "hypothetical", "advised", "generality", "expectation")


def content(path: Path) -> str:
    """Title, blank line, body: what offsets point into."""
    title, _, body = path.read_text("utf-8").partition("\n")
    return f"{title.strip()}\n\n{body.strip()}"


def finished(folder: Path, nlp: Language) -> Iterator[str]:
    """Rewrite each annotation of a folder with offsets and mentions; yields `file: fault` for those that cannot be."""
    for path in sorted(folder.glob("*.json")):
        try:
            gold, text = json.loads(path.read_text("utf-8")), content(path.with_suffix(".txt"))
            title, _, body = text.partition("\n\n")
            document = Document("", body, title=title, published=gold["published"], kind=gold["kind"])
            with nlp.select_pipes(disable=["reader", "events"]):
                doc = nlp(model.doc_of(nlp, document))
            mentions = [
                Mention(m["label"], m["id"], m["start"], m["end"], m.get("value")) for m in doc.user_data["mentions"]
            ]
            whole = located(gold, text, mentions)
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield f"{path}: cannot be read ({type(error).__name__}: {error}), write it as corpus/guidelines.md says"
        else:
            path.with_suffix(".txt").write_text(text + "\n", "utf-8")
            write(path, whole)


def located(gold: Mapping[str, Any], text: str, mentions: Iterable[Mention]) -> Json:
    """The annotation with offsets for quotes. `mentions` are the pipeline's own, of which gold's are kept."""
    events = [{**event, "evidence": _evidence(event.get("evidence") or {}, text)} for event in gold["events"]]
    traps = [
        {
            "type": trap["type"],
            "why": trap["why"],
            "evidence": _evidence(trap.get("evidence") or {k: trap[k] for k in ("sentence", "trigger")}, text),
        }
        for trap in gold.get("not_events", ())
    ]
    return {**gold, "events": events, "not_events": traps, "mentions": _mentions(gold, text, mentions)}


def _evidence(quotes: Mapping[str, Any], text: str) -> dict[str, list[Span]]:
    sentence = _spans(quotes.get("sentence"), text, 0)
    around = sentence[0] if sentence else [0, len(text)]
    trigger = [s for s in _spans(quotes.get("trigger"), text, around[0]) if around[0] <= s[0] and s[1] <= around[1]]
    near = trigger[0][0] if trigger else around[0]
    found = {name: _spans(quote, text, near) for name, quote in quotes.items() if name not in ("sentence", "trigger")}
    return {"sentence": sentence, "trigger": trigger, **{name: spans for name, spans in found.items() if spans}}


def _spans(quotes: Any, text: str, near: int) -> list[Span]:
    """Spans of one quote or several: of a quote's occurrences the one nearest to `near`, whole words before parts."""
    spans: list[Span] = []
    for quote in quotes if isinstance(quotes, list) else [quotes] if quotes else []:
        if not isinstance(quote, str):  # an offset already
            spans.append(list(quote))
            continue
        places = [m.start() for m in re.finditer(re.escape(quote), text)]
        whole = [p for p in places if not (_in_word(text, p) or _in_word(text, p + len(quote)))]
        if places:
            # What stands before the trigger is as near as what stands behind it.
            start = min(whole or places, key=lambda p: abs(p - near))
            if [start, start + len(quote)] not in spans:
                spans.append([start, start + len(quote)])
    return spans


def _in_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _mentions(gold: Mapping[str, Any], text: str, mentions: Iterable[Mention]) -> list[Json]:
    listed = {name: [*gold[name], *gold.get(f"{name}_optional", ())] for name in _LISTS}
    kept: list[Json] = []
    for m in mentions:
        span = {"start": m.start, "end": m.end}
        if (
            m.label in ("MATERIAL", "COUNTRY")
            and any(same_name(m.id, one) for one in listed["materials" if m.label == "MATERIAL" else "countries"])
        ) or (m.label == "QUANTITY" and any(same_quantity(m.value, one) for one in listed["quantities"])):
            kept.append({"label": m.label, "id": m.id, **span})
    for company in listed["companies"]:
        kept += _company(company if isinstance(company, list) else [company], text)
    return sorted(_apart(kept), key=lambda m: m["start"])


def _company(spellings: list[str], text: str) -> Iterator[Json]:
    """Where a company is named: by each spelling, and by the first word or words of it that still name it."""
    for spelling in spellings:
        words = spelling.split()
        heads = [" ".join(words[:n]) for n in range(len(words), 0, -1)]
        for head in heads:
            if head != spelling and (len(head) < 4 or head.lower() in _COMMON or len(words) == 1):
                continue
            for place in re.finditer(
                rf"(?<![\w-]){re.escape(head)}(?![\w-]|\s[A-Z]\w+)"
                if head != spelling
                else rf"(?<!\w){re.escape(head)}(?!\w)",
                text,
            ):
                yield {"label": "COMPANY", "id": spellings[0], "start": place.start(), "end": place.end()}


# First words of company names that name something else where they stand alone.
_COMMON = frozenset(
    [
        "the",
        "first",
        "american",
        "australian",
        "african",
        "asian",
        "british",
        "canadian",
        "china",
        "chinese",
        "indian",
        "japan",
        "japanese",
        "korea",
        "korean",
        "european",
        "russian",
        "global",
        "international",
        "national",
        "general",
        "united",
        "western",
        "eastern",
        "northern",
        "southern",
        "central",
        "pacific",
        "atlantic",
        "north",
        "south",
        "east",
        "west",
        "new",
        "great",
        "royal",
        "pure",
        "energy",
        "mineral",
        "minerals",
        "metal",
        "metals",
        "mining",
        "resources",
        "rare",
        "earth",
        "lithium",
        "nickel",
        "cobalt",
        "copper",
        "tungsten",
        "graphite",
        "titanium",
        "aluminium",
        "vanadium",
        "manganese",
        "silver",
        "gold",
        "iron",
        "steel",
        "uranium",
        "potash",
        "tin",
        "zinc",
        "lead",
        "state",
        "grupo",
        "compania",
        "companhia",
        "société",
        "minera",
        "mina",
        "minas",
        "pan",
        "critical",
        "strategic",
        "advanced",
        "standard",
        "premier",
        "supreme",
        "blue",
        "green",
        "black",
        "white",
        "red",
        "golden",
        "silver",
        "upper",
        "lower",
        "mongolian",
        "vietnam",
        "hunan",
        "jiangxi",
        "yunnan",
        "guangxi",
        "inner",
        "los",
        "san",
        "santa",
        "banco",
        "bank",
        "port",
        "delta",
        "alpha",
        "omega",
        "nova",
        "terra",
    ]
)


def _apart(mentions: list[Json]) -> list[Json]:
    """The longest of overlapping mentions of one label."""
    taken: list[Json] = []
    for m in sorted(mentions, key=lambda m: m["start"] - m["end"]):
        if not any(m["label"] == o["label"] and m["start"] < o["end"] and o["start"] < m["end"] for o in taken):
            taken.append(m)
    return taken


def write(path: Path, gold: Mapping[str, Any]) -> None:
    """One annotation as a file that a person can read: a line a value, an event's parts on lines of their own."""
    path.write_text(_pretty(gold) + "\n", "utf-8")


def _pretty(gold: Mapping[str, Any]) -> str:
    lines = []
    for name, value in gold.items():
        if name in ("events", "not_events", "mentions") and value:
            items = ",\n".join("  " + json.dumps(item, ensure_ascii=False) for item in value)
            lines.append(f" {json.dumps(name)}: [\n{items}\n ]")
        else:
            lines.append(f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(lines) + "\n}"


def faults(folder: Path) -> Iterator[str]:
    """One line a fault of a folder of annotated documents, `file: what is wrong, remedy`."""
    for path in sorted(folder.glob("*.json")):
        try:
            gold = json.loads(path.read_text("utf-8"))
            text = content(path.with_suffix(".txt"))
        except (OSError, ValueError) as error:
            yield f"{path}: cannot be read ({error}), write JSON beside a text of the same name"
            continue
        for fault in _faults(gold, text):
            yield f"{path}: {fault}"


def _faults(gold: Mapping[str, Any], text: str) -> Iterator[str]:
    for name in ("id", "kind", "published", "relevant", "events", *_LISTS):
        if name not in gold:
            yield f"no {name}, add it"
    if not gold.get("relevant") and (gold.get("events") or gold.get("quantities")):
        yield "an irrelevant document has no events and no quantities, remove them"
    for number, event in enumerate(gold.get("events", ()), 1):
        slots = {slot.name: slot for slot in EVENT_TYPES.get(event.get("type"), ())}
        if not slots:
            yield f"event {number} has the type {event.get('type')!r}, choose one of {', '.join(EVENT_TYPES)}"
            continue
        for name, value in event.items():
            if name in ("type", "optional", "evidence", "confidence"):
                continue
            if name not in slots:
                yield f"event {number}: {event['type']} has no slot {name!r}, choose one of {', '.join(slots)}"
            elif slots[name].kind == "choice" and not set(value if isinstance(value, list) else [value]) <= set(
                slots[name].values
            ):
                yield f"event {number}: {name} is {value!r}, choose one of {', '.join(slots[name].values)}"
            elif slots[name].kind == "date" and not all(
                _DATE.fullmatch(d)
                for one in (value if isinstance(value, list) else [value])
                for d in str(one).split("/")
            ):
                yield f"event {number}: {name} is {value!r}, write an ISO date"
        for name, spans in (event.get("evidence") or {}).items():
            for span in spans:
                if not (len(span) == 2 and 0 <= span[0] < span[1] <= len(text)):
                    yield f"event {number}: the evidence of {name} lies outside the text, quote the text's own words"
