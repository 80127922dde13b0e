"""What is not stated as a fact: conditions, possibilities, advice, denials, and what is negated.

Writes `doc.user_data["qualifiers"]`, a list of [kind, start, end]: the characters that each governs. Kinds:
`hypothetical`, `advised`, `denied`, `negated`. A scope runs from its cue to the end of the clause; a condition
("if", "should the talks fail") also covers the main clause that depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

_INVERTED = re.compile(r"^[\"“]?(?:Should|Were|Had)\s+(?:[\w’'-]+\s+){1,6}?(?:to\s+)?\w+")
_IF = re.compile(r"\b(?:if|unless|in case|provided that|in the event|assuming)\b", re.I)
_MODAL = re.compile(r"\b(?:could|might|may(?!\s+(?:not|only))(?!\s+\d)|would)\b(?!-)")
_REPORTED = re.compile(
    r"\b(?:said|says|announced|told|confirmed|pledged|promised|decided|ruled|declared|notified|agreed|"
    r"reported|plans?|notice)\b",
    re.I,
)
_ADVICE = re.compile(
    r"\b(?:should|ought to|urged?s?|call(?:s|ed|ing)? (?:for|on)|recommend(?:s|ed)?|advis(?:e|es|ed)|"
    r"suggest(?:s|ed)?|lobbied|argued? for|pressed for|pleaded for|wants?)\b"
)
_DENIAL = re.compile(
    r"\b(?:den(?:y|ies|ied)|dismiss(?:es|ed)? (?:an? |the )?(?:reports?|rumou?rs|talk|speculation)|no plans? to|"
    r"rul(?:es|ed) out|contrary to (?:rumou?rs|reports)|refut(?:es|ed)|reject(?:s|ed) reports|"
    r"no intention|no truth|not considering|never (?:imposed|banned|planned)|no decision)\b",
    re.I,
)
_RETRACTED = re.compile(
    r"^\W*correction\b|\bwithdrawn as\b|\bin error\b|\berroneous|\bmisstated|\brumou?rs? (?:of|that)\b", re.I
)
_OPEN = re.compile(
    r"\bwhether\b|\bwhat to watch\b|\bkey (?:indicators?|signals?|risks?|questions?)\b|\bshould (?:monitor|watch)\b|\bwatch (?:for|whether|where)\b|\bremains to be seen\b|\bemergence of\b|\bpossib(?:le|ly|ility)\b|\bpotential(?:ly)?\b|\bin the event\b|\bwould[- ]be\b|\brisk that\b|\bextent to which\b|\binterested in\b",
    re.I,
)
_NEGATION = re.compile(r"\b(?:not|never|neither|nor|no|nobody|without|cannot|\w+n[’']t|nothing|none|nil|zero)\b", re.I)
_CLAUSE_END = re.compile(r";|, (?:but|while|whereas|although|though|and|so|yet)\b|\bbut\b| - | – |$")
_MAY_PERMITS = re.compile(
    r"\bmay\s+(?:\w+\s+)?(?:be\s+)?(?:export|ship|grant|issue|leave|import|only|noted|recalled)", re.I
)


@Language.factory("minerals_qualifiers")
def make_qualifiers(nlp: Language, name: str) -> Qualifiers:
    return Qualifiers()


class Qualifiers:
    def __call__(self, doc: Doc) -> Doc:
        if doc.user_data["shut"]:
            doc.user_data["qualifiers"] = []
            return doc
        doc.user_data["qualifiers"] = [
            [kind, sentence.start_char + start, sentence.start_char + end]
            for sentence in doc.sents
            for kind, start, end in self.scopes(sentence.text, permits=doc.user_data.get("kind") == "notice")
        ]
        return doc

    def scopes(self, text: str, *, permits: bool = False) -> Iterator[tuple[str, int, int]]:
        """(kind, start, end) within one sentence; in a notice (`permits`) "may" grants, elsewhere it supposes."""
        if _INVERTED.match(text):
            yield "hypothetical", 0, len(text)
            return
        if _RETRACTED.search(text):
            yield "denied", 0, text.find(";") if ";" in text else len(text)
            return
        condition = _IF.search(text)
        if condition and (condition.start() < 3 or re.search(r"\b(?:would|could|might|will)\b", text)):
            if condition.start() < 3 or re.search(r"\b(?:would|could|might)\b", text[: condition.start()]):
                yield "hypothetical", 0, len(text)
            else:
                yield "hypothetical", condition.start(), _clause_end(text, condition.end())
        for match in _MODAL.finditer(text):
            reported = match[0] == "would" and _REPORTED.search(text[: match.start()])
            permitted = match[0] == "may" and (permits or _MAY_PERMITS.match(text, match.start()))
            if not reported and not permitted and not text[match.start() :].startswith("would have taken effect"):
                yield "hypothetical", _clause_start(text, match.start()), _clause_end(text, match.end())
        for pattern, kind in (
            (_OPEN, "hypothetical"),
            (_ADVICE, "advised"),
            (_DENIAL, "denied"),
            (_NEGATION, "negated"),
        ):
            for match in pattern.finditer(text):
                yield kind, match.start(), _clause_end(text, match.end())


def _clause_start(text: str, end: int) -> int:
    """What could happen is no fact, its subject included: from the last comma before the modal verb."""
    return max(text.rfind(stop, 0, end) + 1 for stop in ",;:–")


def _clause_end(text: str, start: int) -> int:
    end = _CLAUSE_END.search(text, start)
    return end.start() if end else len(text)


def governed(qualifiers: list[list[Any]], kinds: frozenset[str], start: int, end: int) -> bool:
    """Whether a span lies inside a scope of one of the kinds."""
    return any(kind in kinds and a <= start and end <= b for kind, a, b in qualifiers)
