"""Words that name a material or a country only in some company: lead, gold medal, Turkey, the state of Georgia.

The rules are rows of `data/ambiguous.csv`. `needs` says what it takes to believe the word: `open` no more than that
nothing speaks against it; `local` a word of `accept_before` or `accept_after` beside it; `domain` a text about supply and trade; `capital` a capital letter;
`never` nothing does. A word of `reject_before` or `reject_after` beside it always rules it out, one of
`reject_document` anywhere in the text does unless something beside the word speaks for it.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Token

_DOMAIN_CUES = 4  # different words of supply and trade, materials among them, that make a long text one about them
_WORDS_A_CUE = 30  # a shorter text needs fewer: one for so many words
_CURRENCIES = frozenset(
    [
        "dollar",
        "dollars",
        "yuan",
        "renminbi",
        "yen",
        "rand",
        "peso",
        "pesos",
        "rupee",
        "rupees",
        "won",
        "real",
        "reais",
        "pound",
        "pounds",
        "franc",
        "francs",
        "krone",
        "kroner",
    ]
)
_BESIDE = 3  # how many words before and after count as beside


class Ambiguity:
    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            self.rules = {row["name"].lower(): row for row in csv.DictReader(file)}

    def judged(self, doc: Doc, names: list[dict[str, Any]], cues: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
        """The names that are meant as such."""
        text = doc.text
        words = {text[start:end].lower() for cue, start, end in cues if cue == "domain"}
        words |= {n["id"] for n in names if n["label"] == "MATERIAL" and not n["ambiguous"]}
        domain = len(words) >= max(1, min(_DOMAIN_CUES, len(doc) // _WORDS_A_CUE))
        leisure = len({text[start:end].lower() for cue, start, end in cues if cue == "sport_leisure"})
        return [name for name in names if self.meant(doc, text, name, domain and leisure < _DOMAIN_CUES)]

    def meant(self, doc: Doc, text: str, name: dict[str, Any], domain: bool) -> bool:
        span = doc.char_span(name["start"], name["end"], alignment_mode="expand")
        word = span.text.lower()
        if name["label"] == "MATERIAL" and name["kind"] == "names" and _inside_a_name(span[0], span[-1]):
            return False
        if name["label"] == "MATERIAL" and re.match(
            r"\s?-\s?(?:free|plated|coloured|colored|clad)\b", text[name["end"] : name["end"] + 12]
        ):
            return False
        if name["kind"] == "demonyms" and span.end < len(doc) and doc[span.end].lower_ in _CURRENCIES:
            return False
        if name["label"] == "COMPANY" and re.search(
            r"\b(?:Minist(?:er|ry)|Department|Secretary|Bureau)\s+(?:of|for)\s+(?:\w+\s+(?:and|&)\s+)?$",
            text[max(0, name["start"] - 40) : name["start"]],
        ):
            return False  # the Minister of Energy and Mineral Resources
        rule = self.rules.get(word)
        if rule is None or rule["label"] != name["label"]:
            return domain or not name["ambiguous"] or name["label"] not in ("MATERIAL", "COMPANY")
        before = [t.lower_ for t in doc[max(0, span.start - _BESIDE) : span.start]]
        after = [t.lower_ for t in doc[span.end : span.end + _BESIDE] if not t.is_punct]
        if _beside(rule["reject_before"], before, last=True) or _beside(rule["reject_after"], after, last=False):
            return False
        if _beside(rule["accept_before"], before, last=True) or _beside(rule["accept_after"], after, last=False):
            return True
        if rule["reject_document"] and _speaks_of(text, rule["reject_document"]):
            return False
        return rule["needs"] in ("capital", "open") or (rule["needs"] == "domain" and domain)


@lru_cache(maxsize=64)
def _speaks_of(text: str, words: str) -> bool:
    return bool(re.search(rf"\b(?:{words})\b", text, re.IGNORECASE))


def _beside(phrases: str, words: list[str], *, last: bool) -> bool:
    """Whether one of `a|b c` stands right before (last) or right after a word; punctuation is no hindrance."""
    plain = [w for w in words if re.search(r"\w", w)]
    text = " ".join(plain)
    for phrase in filter(None, phrases.split("|")):
        if text == phrase or (text.endswith(" " + phrase) if last else text.startswith(phrase + " ")):
            return True
    return False


def _inside_a_name(first: Token, last: Token) -> bool:
    """A capitalised material beside another capitalised word in running text is part of a name: Tungsten Automation."""
    if not (first.text[:1].isupper() and last.text[:1].isupper()) or first.is_upper or first.is_sent_start:
        return False
    sentence = first.sent
    words = [t for t in sentence if t.is_alpha and len(t) > 3]
    if not words or sum(t.text[0].isupper() for t in words) > 0.5 * len(words):
        return False  # a headline, or a list of names
    before = first.nbor(-1) if first.i > sentence.start else None
    after = last.nbor(1) if last.i + 1 < sentence.end else None
    proper = [
        t for t in (before, after) if t is not None and t.is_alpha and t.is_title and not t.is_sent_start and len(t) > 2
    ]
    return bool(proper)
