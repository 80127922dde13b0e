"""Companies that no dictionary holds, by their form: a legal suffix, a trade in the name, what is said of them.

"Mississippi Silicon LLC", "Perpetua Resources", "the Belgian refiner Umicore", "Nyrvane said it would restart",
"Hainan Mining (002057.SZ)". A name once found is known by its first words for the rest of the document.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

from spacy.tokens import Doc, Span, Token

from extractor.vocabulary import Vocabulary

_JOINERS = frozenset({"&", "of", "de", "du", "des", "la", "le", "do", "da", "van", "and", "-", "’", "'", "the"})
_TICKER = re.compile(r"\s*\((?:[A-Z]{2,6}(?:[:. ][A-Z.]{1,6})?: ?[A-Z0-9.]{1,10}|\d{4,6}\.[A-Z]{2})[^)]*\)")
_AGENCY = re.compile(
    r"(?:FACTBOX|UPDATE|EXCLUSIVE|ANALYSIS|FOCUS|WRAPUP|EXPLAINER|INTERVIEW|BRIEF|RPT|CORRECTED|COLUMN|GRAPHIC|INSIGHT)\b"
)
_ACRONYM = re.compile(r"\s*\(\s*(?:the )?[\"“”']?([A-Z][A-Za-z&-]{1,9})[\"“”']?\s*\)")


class CompanyNames:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.suffixes = frozenset(vocabulary.cue("legal_suffix"))
        self.suffix = re.compile(rf"^,?\s*(?:{_alternatives(self.suffixes)})(?![\w])\.?")
        self.nouns = frozenset(vocabulary.cue("company_noun"))
        self.not_company = frozenset(vocabulary.cue("not_company"))
        self.titles = frozenset(vocabulary.cue("person_title"))
        roles = _alternatives(vocabulary.cue("company_role"))
        assets = _alternatives(vocabulary.cue("company_asset"))
        verbs = _alternatives(vocabulary.cue("company_verb"))
        self.after = re.compile(
            rf"(?:,? (?:an?|the) (?:[\w’'-]+ ){{0,4}}(?:{roles})\b|['’]s? (?:[\w-]+ ){{0,3}}(?:{assets})\b"
            rf"|,? (?:also |has |had |have |which |on \w+ )?(?:{verbs})\b)"
        )
        ties = _alternatives(vocabulary.cue("company_tie"))
        self.before = re.compile(rf"\b(?:(?:{roles}),?|{ties}) $")
        self.prefixes = frozenset(vocabulary.cue("legal_prefix"))
        self.countries = frozenset(
            p.text.lower() for p in vocabulary.phrases if p.label == "COUNTRY" and p.kind != "places"
        )
        self.ordinary = frozenset(p.text.lower() for p in vocabulary.phrases if p.label == "CUE")
        self.common = frozenset(vocabulary.cue("common_word"))

    def by_form(self, doc: Doc, names: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Spans that look like companies; where one is a dictionary's company with its suffix, the dictionary's id."""
        known = {(n["start"], n["end"]): n for n in names if n["label"] == "COMPANY"}
        blocked = _mask(n for n in names if n["label"] in ("BODY", "ORGANISATION"))
        named = {(n["start"], n["end"]) for n in names}  # a place or a material by itself is no company
        found = []
        content = doc.text
        for sentence in doc.sents:
            if _headline(sentence):
                continue
            for run in self._runs(sentence):
                name = self._company(doc, run, content)
                if name is None or any(blocked[name.start_char : name.end_char]):
                    continue
                start, end = name.start_char, name.end_char
                if (start, end) in known or (start, end) in named:
                    continue
                found.append(_company_name(name.text, "form", start, end))
        return found

    def by_company(self, doc: Doc, names: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Unknown names in a list with a company: "Ferroglobe, OFZ and Huta Laziska among them"."""
        content = doc.text
        taken = _mask(names)
        companies = sorted((n for n in names if n["label"] == "COMPANY"), key=lambda n: n["start"])
        starts = [n["start"] for n in companies]
        found = []
        for sentence in doc.sents if companies else ():
            own = companies[bisect_left(starts, sentence.start_char) : bisect_left(starts, sentence.end_char)]
            for run in self._runs(sentence) if own and not _headline(sentence) else ():
                start, end = run.start_char, run.end_char
                words = [t for t in run if t.is_alpha]
                if (
                    any(taken[start:end])
                    or not words
                    or len(words) > 4
                    or any(not self._distinctive(t.text) and t.text not in self.nouns for t in words)
                    or run[0].is_sent_start
                ):
                    continue
                gaps = [content[n["end"] : start] for n in own if n["end"] <= start] + [
                    content[end : n["start"]] for n in own if n["start"] >= end
                ]
                if any(re.fullmatch(r"(?:, | and |, and | & | or )", gap) for gap in gaps):
                    name = _company_name(run.text, "form", start, end)
                    found.append(name)
                    own.append(name)
        return found

    def by_alias(self, doc: Doc, names: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Later mentions of the companies found: the acronym given in brackets, the first word of the name."""
        content = doc.text
        plain = frozenset(token.text for token in doc if token.is_lower)
        aliases: dict[str, str] = {}
        for name in names:
            if name["label"] != "COMPANY":
                continue
            text = content[name["start"] : name["end"]]
            tail = content[name["end"] : name["end"] + 60]
            tail = self.suffix.sub("", tail)
            if match := _ACRONYM.match(tail):
                aliases.setdefault(match[1], name["id"])
            words = text.split()
            while len(words) > 1 and words[-1] in self.nouns:
                words = words[:-1]
            short = " ".join(words)
            if name["kind"] == "form" and short != text and len(words) > 1 and self._distinctive(words[-1]):
                aliases.setdefault(short, name["id"])
            first = re.split(r"[\s-]", text)[0]
            if name["kind"] == "form" and len(first) > 3 and self._distinctive(first):
                aliases.setdefault(first, name["id"])
            elif (
                len(first) > 2
                and first != text
                and self._distinctive(first)
                and not {first.lower()} & (self.ordinary | plain)
            ):
                aliases.setdefault(
                    first, name["id"]
                )  # "Neo" for Neo Performance Materials, if "neo" is no word of the text
        if not aliases:
            return []
        taken = _mask(names)
        found = []
        for match in re.finditer(rf"(?<![\w-])(?:{_alternatives(aliases)})(?![\w-])", content):
            if not any(taken[match.start() : match.end()]):
                found.append(_company_name(aliases[match[0]], "alias", *match.span()))
        return found

    def _distinctive(self, word: str) -> bool:
        lower = word.lower()
        return (
            word[0].isupper()
            and lower not in self.common
            and lower not in self.countries
            and word not in self.nouns
            and word not in self.not_company
        )

    def _runs(self, sentence: Span) -> Iterator[Span]:
        """Stretches of capitalised words, small joining words inside them allowed."""
        doc, i, end = sentence.doc, sentence.start, sentence.end
        while i < end:
            if not self._capital(doc[i]):
                i += 1
                continue
            j = last = i
            while j < end:
                if self._capital(doc[j]):
                    last = j
                elif (
                    doc[j].lower_ not in _JOINERS
                    or (doc[j].lower_ in ("and", "the") and not self._tied(doc, j))
                    or (doc[j].lower_ == "of" and j + 1 < end and doc[j + 1].lower_ in self.countries)
                ):
                    break
                j += 1
            yield doc[i : last + 1]
            i = last + 1

    def _capital(self, token: Token) -> bool:
        return token.text[:1].isupper() or (token.text[:1].isdigit() and token.text[1:2].isupper())

    def _tied(self, doc: Doc, i: int) -> bool:
        """ "and" within a name only before a trade and a suffix: Powders and Alloys Inc."""
        return (
            i + 2 < len(doc)
            and doc[i + 1].text in self.nouns
            and (doc[i + 2].text in self.suffixes or doc[i + 2].text in self.nouns)
        )

    def _company(self, doc: Doc, run: Span, content: str) -> Span | None:
        start, end = run.start, run.end
        if doc[start].text in self.prefixes and end - start > 1:
            return self._trim(doc, start + 1, end)
        while start < end and (
            doc[start].lower_ in self.common
            or doc[start].text in self.titles
            or (doc[start].lower_ in self.countries and start + 2 >= end)
        ):
            start += 1
        if start >= end:
            return None
        for i in range(start + 1, end):  # a legal suffix settles it
            if doc[i].text in self.suffixes and not (doc[i].text in ("AS", "SE", "Co") and i + 1 < end):
                if i + 1 < end and doc[i + 1].lower_ == "of":
                    return self._trim(doc, start, end)
                stop = i
                while stop - 1 > start and (doc[stop - 1].text in self.suffixes or doc[stop - 1].text == ","):
                    stop -= 1
                return self._trim(doc, start, stop)
        if end < len(doc) - 1 and doc[end].text == "," and doc[end + 1].text in ("Inc.", "Inc", "Ltd", "Ltd.", "LLC"):
            return self._trim(doc, start, end)
        if _AGENCY.match(doc[start:end].text):
            return None
        words = [t for t in doc[start:end] if t.is_alpha]
        if not words or any(t.text in self.not_company for t in words) or len(words) > 6:
            return None
        text_before = content[max(0, doc[start].idx - 40) : doc[start].idx]
        after = doc[end - 1].idx + len(doc[end - 1])
        tail = content[after : after + 90]
        if start > 0 and (
            doc[start - 1].text in self.titles or (start != run.start and doc[start - 1].text in self.titles)
        ):
            return None
        quoted = text_before.endswith(('"', "“", "‘", "'"))
        if len(words) >= 2 and not quoted and words[-1].text in self.nouns and self._distinctive(words[0].text):
            return self._trim(doc, start, end)
        if re.match(r"\s?-\s?(?:based|listed|headquartered|owned|backed|born|led|made|mined)\b", tail):
            return None
        if len(words) == 1 and doc[start].is_sent_start and words[0].lower_ in self.ordinary:
            return None
        if (
            len(words) == 2
            and words[1].text in self.nouns
            and words[0].lower_ in self.countries
            and self.after.match(tail)
        ):
            return self._trim(doc, start, end)  # Indian Potash agreed
        if not self._distinctive(words[0].text) or (words[0].is_upper and len(words[0]) < 3):
            return None
        if quoted:
            return None
        if re.match(r",? which\b", tail) and len(words) > 1 and not doc[start].is_sent_start:
            return self._trim(doc, start, end)
        if _TICKER.match(tail) or self.after.match(tail) or self.before.search(text_before):
            return self._trim(doc, start, end)
        return None

    def _trim(self, doc: Doc, start: int, end: int) -> Span | None:
        while end > start and not doc[end - 1].text[-1].isalnum():
            end -= 1
        span = doc[start:end]
        return span if end > start and len(span.text) > 2 else None


def _company_name(company: str, kind: str, start: int, end: int) -> dict[str, Any]:
    return {"label": "COMPANY", "id": company, "kind": kind, "ambiguous": False, "start": start, "end": end}


def _mask(names: Iterable[dict[str, Any]]) -> bytearray:
    """One byte a character: whether a name covers it."""
    spans = [(n["start"], n["end"]) for n in names]
    mask = bytearray(max((end for _, end in spans), default=0))
    for start, end in spans:
        mask[start:end] = b"\1" * (end - start)
    return mask


def _headline(sentence: Span) -> bool:
    words = [t for t in sentence if t.is_alpha and len(t) > 3]
    return len(words) > 5 and sum(t.text[0].isupper() for t in words) > 0.8 * len(words)


def _alternatives(words: Any) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def fullest(ids: Iterable[str]) -> dict[str, str]:
    """Each company id → the fuller one that it begins: "Hollin" beside "Hollin Tungsten" is the same company."""
    known = sorted(set(ids), key=lambda name: (len(name), name))  # ties in one order in every process
    return {short: next((i for i in known if i.startswith(short + " ")), short) for short in known}
