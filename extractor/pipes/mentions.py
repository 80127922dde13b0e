"""Names in the text: materials, countries, bodies, companies and the cue words that finders look for.

Writes `doc.user_data["mentions"]`, a list of plain dicts {label, id, start, end, value}, sorted, without overlaps, and
`doc.user_data["cues"]`, a list of [cue, start, end] that may overlap. Offsets are characters of `doc.text`.

The vocabulary is read when the component is made, so that an edited file counts at once: no copy of it lies in the model.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from extractor.pipes import gate
from extractor.pipes.ambiguity import Ambiguity
from extractor.pipes.company_names import CompanyNames, fullest
from extractor.vocabulary import Vocabulary

# What a span is when two readings of the same words compete.
_RANK = {"MEASURE": 0, "COMPANY": 5, "ORGANISATION": 4, "BODY": 3, "MATERIAL": 2, "COUNTRY": 1}
_CAPITALISED = {"COUNTRY", "COMPANY", "ORGANISATION"}


@Language.factory("minerals_mentions")
def make_mentions(nlp: Language, name: str) -> Mentions:
    return Mentions(nlp, Vocabulary())


class Mentions:
    def __init__(self, nlp: Language, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.lower = PhraseMatcher(nlp.vocab, attr="LOWER")
        self.exact = PhraseMatcher(nlp.vocab, attr="ORTH")
        self.readings: dict[tuple[bool, str], list[dict[str, Any]]] = defaultdict(list)
        patterns: dict[tuple[bool, str], list[Doc]] = defaultdict(list)
        for phrase in vocabulary.phrases:
            pattern = nlp.make_doc(phrase.text)
            if phrase.label == "MEASURE":
                patterns[False, "MEASURE:" + phrase.id].append(pattern)
                continue
            if phrase.label == "CUE":
                patterns[False, "CUE:" + phrase.id].append(pattern)
                continue
            key = phrase.text if phrase.exact else pattern.text.lower()
            reading = {"label": phrase.label, "id": phrase.id, "kind": phrase.kind, "ambiguous": phrase.ambiguous}
            self.readings[phrase.exact, key].append(reading)
            patterns[phrase.exact, "NAME"].append(pattern)
            if phrase.exact and phrase.label == "COMPANY" and phrase.text.isupper() and len(phrase.text) > 3:
                self.readings[True, phrase.text.title()].append(reading)  # POSCO is printed Posco as well
                patterns[True, "NAME"].append(nlp.make_doc(phrase.text.title()))
        for (exact, key), docs in patterns.items():
            (self.exact if exact else self.lower).add(key, docs)
        self.ambiguity = Ambiguity(vocabulary.folder / "ambiguous.csv")
        self.companies = CompanyNames(vocabulary)

    def __call__(self, doc: Doc) -> Doc:
        names, cues = self.match(doc)
        doc.user_data["shut"] = gate.shut(doc, any(name["label"] == "MATERIAL" for name in names))
        names += self.companies.by_form(doc, names)
        names = _longest(names)
        names += self.companies.by_company(doc, names)
        names += self.companies.by_alias(doc, names)
        names = _longest(names)
        names = _one_company(names)
        doc.user_data["cues"] = _cues([cue for cue in cues if not cue[0].startswith("MEASURE:")])
        names = self.ambiguity.judged(doc, names, cues)
        doc.user_data["mentions"] = [
            {"label": n["label"], "id": n["id"], "start": n["start"], "end": n["end"], "value": {"as": n["kind"]}}
            for n in _with_measures(names, cues)
        ]
        return doc

    def match(self, doc: Doc) -> tuple[list[dict[str, Any]], list[tuple[str, int, int]]]:
        """All readings of all names, overlapping, and all cues, as character spans."""
        names: list[dict[str, Any]] = []
        cues = []
        for matcher, exact in ((self.lower, False), (self.exact, True)):
            for key, first, last in matcher(doc):
                span = doc[first:last]
                start, end = span.start_char, span.end_char
                kind = doc.vocab.strings[key]
                if kind != "NAME":
                    cues.append((kind.removeprefix("CUE:"), start, end))
                    continue
                text = span.text
                for reading in self.readings[exact, text if exact else text.lower()]:
                    if reading["label"] in _CAPITALISED and text == text.lower():
                        continue
                    names.append({**reading, "start": start, "end": end})
        return names, cues


def _with_measures(names: list[dict[str, Any]], cues: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """The names, and the phrases that name a measure ("export licence") where no name stands in them."""
    measures: list[dict[str, Any]] = [
        {"label": "MEASURE", "id": cue.removeprefix("MEASURE:"), "kind": "names", "start": start, "end": end}
        for cue, start, end in cues
        if cue.startswith("MEASURE:")
    ]
    named = bytearray(max((n["end"] for n in [*names, *measures]), default=0))
    for name in names:
        named[name["start"] : name["end"]] = b"\1" * (name["end"] - name["start"])
    free = [m for m in measures if not any(named[m["start"] : m["end"]])]
    return sorted([*names, *_longest(free)], key=lambda n: n["start"])


def _one_company(names: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The names with the short form of a company filed under its fuller one."""
    fuller = fullest(n["id"] for n in names if n["label"] == "COMPANY")
    return [n | {"id": fuller[n["id"]]} if n["label"] == "COMPANY" and n["kind"] == "form" else n for n in names]


def _longest(names: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The longest of overlapping spans, the weightier label of equal ones, in the order of the text."""
    taken: list[dict[str, Any]] = []
    free = bytearray(max((n["end"] for n in names), default=0))
    for name in sorted(names, key=lambda n: (n["start"] - n["end"], -_RANK[n["label"]], n["start"])):
        if not any(free[name["start"] : name["end"]]):
            free[name["start"] : name["end"]] = b"\1" * (name["end"] - name["start"])
            taken.append(name)
    return sorted(taken, key=lambda n: n["start"])


def _cues(cues: list[tuple[str, int, int]]) -> list[list[Any]]:
    """Without those that lie inside a longer one of the same cue."""
    kept: list[list[Any]] = []
    last: dict[str, int] = {}
    for cue, start, end in sorted(set(cues), key=lambda c: (c[1], -c[2], c[0])):
        if end > last.get(cue, -1):
            kept.append([cue, start, end])
            last[cue] = end
    return kept
