"""The language of the case files: reads them, and says in words where the pipeline disagrees.

`tests/cases/README.md` explains it to those who write cases.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from extractor.schema import EVENT_TYPES

PUBLISHED = "2026-02-27"  # what today means in a case that does not say
CASE_KEYS = {"name", "title", "text", "published", "kind", "materials", "countries", "companies", "absent", "quantities",
             "relevant", "problems", "event", "no_events", "no_others"}
EVENT_KEYS = {"type", "evidence", "without"}
_MARKED = re.compile(r"\{([^{}=]+)=([^{}]*)\}")
_AMOUNT = re.compile(r"(?P<low>-?[\d.]+)(?:-(?P<high>[\d.]+))? (?P<unit>t|%|[A-Z]{3}(?:/\w+)?)")

Case = Mapping[str, Any]
Mark = tuple[int, int, str]  # start, end, what the words must be read as


class CaseError(Exception):
    """A case that is not written as the language wants it."""


def read_cases(path: Path) -> list[Case]:
    """The cases of a file. Raises CaseError, naming the case and the key that is wrong."""
    cases: list[Case] = tomllib.loads(path.read_text("utf-8"))["case"]
    for case in cases:
        _check(f"{path.name}: {case.get('name', case)}", case)
    return cases


def _check(where: str, case: Case) -> None:
    if "name" not in case or "text" not in case:
        raise CaseError(f"{where}: needs a name and a text")
    if unknown := case.keys() - CASE_KEYS:
        raise CaseError(f"{where}: unknown {sorted(unknown)}; known are {sorted(CASE_KEYS)}")
    for event in case.get("event", []):
        if event.get("type") not in EVENT_TYPES:
            raise CaseError(f"{where}: event type {event.get('type')!r}; known are {sorted(EVENT_TYPES)}")
        slots = {slot.name for slot in EVENT_TYPES[event["type"]]}
        named = (event.keys() - EVENT_KEYS) | set(event.get("without", [])) | event.get("evidence", {}).keys()
        if unknown := named - slots:
            raise CaseError(f"{where}: a {event['type']} has no {sorted(unknown)}; it has {sorted(slots)}")
    if not (case.keys() - {"name", "text", "title", "published", "kind"}) and not _MARKED.search(case["text"]):
        raise CaseError(f"{where}: says nothing that must hold")


def unmarked(text: str) -> tuple[str, list[Mark]]:
    """The text without its marks, and the marks with their places in it."""
    plain, marks, last = "", [], 0
    for match in _MARKED.finditer(text):
        plain += text[last:match.start()]
        marks.append((len(plain), len(plain) + len(match[1]), match[2].strip()))
        plain += match[1]
        last = match.end()
    return plain + text[last:], marks


def read_by(nlp: Language, text: str, *, title: str = "", published: str = PUBLISHED, kind: str = "article") -> Doc:
    doc = nlp.make_doc(f"{title}\n\n{text}" if title else text)
    doc.user_data.update(published=published, title_end=len(title), kind=kind)
    return nlp(doc)


def disagreements(nlp: Language, case: Case) -> list[str]:
    """A line for everything in the case that does not hold."""
    title, text = unmarked(case.get("title", ""))[0], unmarked(case["text"])[0]
    _, marks = unmarked(f"{case['title']}\n\n{case['text']}" if title else case["text"])
    doc = read_by(nlp, text, title=title, published=case.get("published", PUBLISHED), kind=case.get("kind", "article"))
    return [*_marks(doc, marks), *_lists(doc, case), *_events(doc, case)]


def _marks(doc: Doc, marks: Iterable[Mark]) -> Iterator[str]:
    for start, end, wanted in marks:
        there = [m for m in doc._.mentions if m["start"] < end and m["end"] > start]
        read = [f"{doc.text[m['start']:m['end']]!r} as {as_written(m)}" for m in there]
        if not wanted:
            if read:
                yield f"{doc.text[start:end]!r} means nothing here, but was read: {'; '.join(read)}"
        elif not any(_same_words(doc.text, m, start, end) and alike(wanted, as_written(m)) for m in there):
            yield f"{doc.text[start:end]!r} is {wanted}, but was read: {'; '.join(read) or 'as nothing'}"


def _same_words(text: str, mention: Mapping[str, Any], start: int, end: int) -> bool:
    """The same words, give or take those that go with them: tin, refined tin, the first quarter, 5 tonnes a year."""
    first, last = mention["start"], mention["end"]
    nested = (first <= start and end <= last) or (start <= first and last <= end)
    rest = text[min(first, start):max(first, start)] + text[min(last, end):max(last, end)]
    return nested and all(char.isalpha() or char in " -" for char in rest)


def _lists(doc: Doc, case: Case) -> Iterator[str]:
    found = doc._
    for name in ("materials", "countries", "companies"):
        if missing := set(case.get(name, [])) - set(getattr(found, name)):
            yield f"{name} lack {sorted(missing)}: {getattr(found, name)}"
    if present := set(case.get("absent", [])) & {*found.materials, *found.countries, *found.companies}:
        yield f"listed, but not meant: {sorted(present)}"
    if "quantities" in case:
        quantities = [in_words(quantity) for quantity in found.quantities]
        if not _same_members(case["quantities"], quantities):
            yield f"quantities are {case['quantities']}, but were read: {quantities}"
    if "relevant" in case and found.relevant != case["relevant"]:
        yield f"relevant is {case['relevant']}"
    for words in case.get("problems", []):
        if not any(words in problem["message"] for problem in found.problems):
            yield f"no problem says {words!r}: {[problem['message'] for problem in found.problems]}"


def _events(doc: Doc, case: Case) -> Iterator[str]:
    left = list(doc._.events)
    wanted = case.get("event", [])
    for event in sorted(wanted, key=len, reverse=True):
        match = next((found for found in left if holds(event, found, doc.text)), None)
        if match is None:
            yield _missed(event, left)
        else:
            left.remove(match)
    if case.get("no_others") or case.get("no_events"):
        yield from (f"an event that must not be: {_brief(found)}" for found in left)


def _missed(wanted: Case, left: list[Case]) -> str:
    """What the event should be, beside the one of its type that comes closest."""
    slots = [name for name in wanted if name not in EVENT_KEYS]
    candidates = [found for found in left if found["type"] == wanted["type"]]
    if not candidates:
        return f"no {wanted['type']} where {_brief(wanted)}"
    nearest = max(candidates, key=lambda found: sum(_same(wanted[name], found.get(name)) for name in slots))
    return f"no {wanted['type']} where {_brief(wanted)}; nearest: {_brief(nearest)}"


def holds(wanted: Case, found: Case, text: str) -> bool:
    """Whether an event has all that a case asks of it."""
    if wanted["type"] != found["type"] or any(slot in found for slot in wanted.get("without", [])):
        return False
    for slot, words in wanted.get("evidence", {}).items():
        if words not in [text[start:end] for start, end in found["evidence"].get(slot, [])]:
            return False
    return all(_same(value, found.get(slot)) for slot, value in wanted.items() if slot not in EVENT_KEYS)


def _same(wanted: Any, found: Any) -> bool:
    if found is None:
        return False
    if isinstance(wanted, list):
        return isinstance(found, list) and _same_members(wanted, found)
    if isinstance(wanted, str):
        return alike(wanted, in_words(found))
    return isinstance(found, int | float) and math.isclose(wanted, found, rel_tol=1e-3)


def _same_members(wanted: Iterable[str], found: Iterable[str]) -> bool:
    left = list(found)
    for item in wanted:
        match = next((other for other in left if alike(item, other)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def as_written(mention: Mapping[str, Any]) -> str:
    """A mention as a case writes it: the id of a name or code, the value of anything else."""
    return in_words(mention["value"]) if mention["label"] in ("QUANTITY", "PERCENT", "MONEY", "DATE") else mention["id"]


def in_words(value: Any) -> str:
    """A value as a case writes it: 865 t, 3500-4000 t, 5.7 %, 8470000 USD, 455-475 USD/mtu, 2026-01."""
    if not isinstance(value, Mapping):
        return str(value)
    if "iso" in value:
        return str(value["iso"])
    low = next(value[name] for name in ("tonnes", "pct", "amount", "low") if name in value)
    unit = "%" if "pct" in value else value.get("currency", "t")
    per = f"/{value['per']}" if "per" in value else ""
    return f"{_number(low)}{'-' + _number(value['high']) if 'high' in value else ''} {unit}{per}"


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def alike(wanted: str, found: str) -> bool:
    """Equal; amounts may differ by a thousandth, for a pound has too many digits; a quarter is its three months."""
    one, other = _AMOUNT.fullmatch(wanted), _AMOUNT.fullmatch(found)
    if not one or not other:
        return _months(wanted) == _months(found)
    return one["unit"] == other["unit"] and all(
        one[end] == other[end] or bool(one[end] and other[end] and
                                       math.isclose(float(one[end]), float(other[end]), rel_tol=1e-3))
        for end in ("low", "high"))


def _months(value: str) -> str:
    match = re.fullmatch(r"(\d{4})-([QH])(\d)", value)
    if not match:
        return value
    length = 3 if match[2] == "Q" else 6
    last = int(match[3]) * length
    return f"{match[1]}-{last - length + 1:02}/{match[1]}-{last:02}"


def _brief(event: Mapping[str, Any]) -> str:
    """An event in one line: as a case asks for it, or the slots of one that was found."""
    hidden = {"confidence"} | ({"evidence"} if "confidence" in event else set())
    shown = {name: in_words(value) if isinstance(value, Mapping) and name != "evidence" else value
             for name, value in event.items() if name not in hidden}
    return json.dumps(shown, ensure_ascii=False)
