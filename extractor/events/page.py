"""A document as finders see it: sentences with their mentions and cues, and what each sentence is silently about."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from extractor.schema import Mention, Span

_UNSTATED = frozenset({"hypothetical", "advised", "denied"})
_BULLET = re.compile(r"^\s*(?:[-–—•▪*·]|\(?\d{1,2}[.)]|[a-z][.)]|\(?[a-z]\))\s+")
_LIST_GAP = re.compile(r"[\s,/&+-]*(?:\b(?:and|or|as well as|plus|the|both)\b[\s,]*)*[\s,/-]*$")
_CLAUSE = re.compile(
    r"; |, (?:while|whereas|but|although|though|after|having|leaving)\b|\b(?:while|whereas)\b| - | – |\. "
)


@dataclass(slots=True)
class Sentence:
    """One sentence, heading, bullet or table row. Offsets are characters of the document's content."""

    index: int
    start: int
    end: int
    text: str
    paragraph: int
    mentions: list[Mention] = field(default_factory=list)
    cues: dict[str, list[Span]] = field(default_factory=dict)
    heading: bool = False

    def of(self, label: str, start: int = 0, end: int = 1 << 60) -> list[Mention]:
        return [m for m in self.mentions if m.label == label and start <= m.start and m.end <= end]

    def cue(self, *names: str, start: int = 0, end: int = 1 << 60) -> list[Span]:
        return sorted(s for name in names for s in self.cues.get(name, ()) if start <= s[0] and s[1] <= end)

    @property
    def row(self) -> bool:
        return self.text.count("|") >= 2

    def clause(self, position: int) -> Span:
        """The clause of the sentence that holds a character."""
        start, end = self.start, self.end
        for gap in _CLAUSE.finditer(self.text):
            at = self.start + gap.start()
            if at < position:
                start = at
            elif at < end:
                end = at
        return start, end


@dataclass(slots=True)
class Draft:
    """An event in the making: slots with the spans they were read from."""

    type: str
    sentence: Sentence
    slots: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, list[Span]] = field(default_factory=dict)
    implied: set[str] = field(default_factory=set)  # slots carried over from elsewhere in the document
    confidence: float = 0.8
    signs: dict[str, float] = field(default_factory=dict)  # what speaks for and against it, for the judge

    def set(self, slot: str, value: Any, spans: Iterable[Span] = (), *, implied: bool = False) -> Draft:
        """Fill a slot; None and empty lists leave it out."""
        if value is None or value == []:
            return self
        self.slots[slot] = value
        self.evidence[slot] = list(spans)
        if implied:
            self.implied.add(slot)
        return self

    def get(self, slot: str) -> Any:
        return self.slots.get(slot)


class Page:
    def __init__(
        self,
        text: str,
        title_end: int,
        published: str,
        kind: str,
        sentences: Sequence[Span],
        mentions: Sequence[Mention],
        cues: Sequence[Sequence[Any]],
        qualifiers: Sequence[Sequence[Any]],
        home: Mapping[str, str],
        tables: Sequence[Mapping[str, Any]] = (),
        stockpilers: frozenset[str] = frozenset(),
        readings: Sequence[Mapping[str, Any]] = (),
        relevance: float | None = None,
    ) -> None:
        self.text, self.title_end, self.published, self.kind = text, title_end, published, kind
        self.mentions = mentions
        self.qualifiers = qualifiers
        self.tables = tables
        self.stockpilers = stockpilers  # ids of bodies that keep reserves
        self.readings = readings  # anchors that the learned reader saw
        self.relevance = relevance  # how probably the document is relevant, where the reader read it
        self.home = home  # body or company id → country code
        self.memo: dict[str, Any] = {}  # what a finder works out once for the whole document
        self.sentences: list[Sentence] = []
        paragraph = 0
        for start, end in sentences:
            body = text[start:end]
            if self.sentences and "\n" in text[self.sentences[-1].end : start]:
                paragraph += 1
            self.sentences.append(Sentence(len(self.sentences), start, end, body, paragraph))
        self._mention_starts = [m.start for m in mentions]
        self._starts = starts = [s.start for s in self.sentences]
        for mention in mentions:
            sentence = self.sentences[max(0, bisect_left(starts, mention.start + 1) - 1)]
            sentence.mentions.append(mention)
        for cue, start, end in cues:
            self.sentences[max(0, bisect_left(starts, start + 1) - 1)].cues.setdefault(cue, []).append((start, end))
        self._mark_headings()

    def _mark_headings(self) -> None:
        for sentence in self.sentences:
            words = sentence.text.split()
            alone = self._alone(sentence)
            run_in = len(words) <= 3 and sentence.text.endswith(".") and bool(sentence.of("MATERIAL"))
            sentence.heading = run_in or (
                alone
                and len(words) <= 9
                and not sentence.row
                and not re.search(r"[.!?;]$", sentence.text.strip())
                and not sentence.of("QUANTITY")
                and not sentence.of("MONEY")
                and not _BULLET.match(sentence.text)
            )

    def _alone(self, sentence: Sentence) -> bool:
        return (self.text[: sentence.start].rstrip(" ").endswith("\n") or sentence.start == 0) and (
            self.text[sentence.end : sentence.end + 3].lstrip(" ").startswith("\n") or sentence.end >= len(self.text)
        )

    def sentence_at(self, position: int) -> Sentence:
        return self.sentences[max(0, bisect_left(self._starts, position + 1) - 1)]

    def mentions_in(self, start: int, end: int) -> list[Mention]:
        first = bisect_left(self._mention_starts, start)
        last = bisect_left(self._mention_starts, end, lo=first)
        return [m for m in self.mentions[first:last] if m.end <= end]

    @cached_property
    def title_mentions(self) -> list[Mention]:
        return [m for m in self.mentions if m.end <= self.title_end]

    @cached_property
    def at(self) -> dict[int, Mention]:
        """Mention by the offset at which it begins."""
        return {m.start: m for m in self.mentions}

    @cached_property
    def at_span(self) -> dict[Span, list[Mention]]:
        """Mentions by the span that they take."""
        found: dict[Span, list[Mention]] = {}
        for mention in self.mentions:
            found.setdefault((mention.start, mention.end), []).append(mention)
        return found

    @cached_property
    def first_country(self) -> dict[str, Mention]:
        """Country code → its first mention."""
        found: dict[str, Mention] = {}
        for mention in self.mentions:
            if mention.label == "COUNTRY":
                found.setdefault(mention.id, mention)
        return found

    @cached_property
    def first_company(self) -> Mention | None:
        return next((m for m in self.mentions if m.label == "COMPANY"), None)

    @cached_property
    def keepers(self) -> list[Mention]:
        """Bodies that keep a reserve, as they are named."""
        return [m for m in self.mentions if m.label == "BODY" and m.id in self.stockpilers and self.country_of(m)]

    # What is stated, and what a sentence leaves unsaid

    def stated(self, start: int, end: int, kinds: frozenset[str] = _UNSTATED) -> bool:
        """Whether a span lies outside every condition, possibility, advice and denial."""
        return not any(kind in kinds and a <= start and end <= b for kind, a, b in self.qualifiers)

    def negated(self, start: int, end: int) -> bool:
        return not self.stated(start, end, frozenset({"negated"}))

    @cached_property
    def main_materials(self) -> list[Mention]:
        """The title's materials, else the most frequent one."""
        title = [m for m in self.mentions if m.label == "MATERIAL" and m.end <= self.title_end]
        specific = [m for m in title if m.id != "critical-minerals"] or title
        if specific:
            return _distinct(specific)
        counts = Counter(m.id for m in self.mentions if m.label == "MATERIAL" and m.id != "critical-minerals")
        if not counts:
            return _distinct([m for m in self.mentions if m.label == "MATERIAL"])[:1]
        top = counts.most_common(1)[0][0]
        return [next(m for m in self.mentions if m.label == "MATERIAL" and m.id == top)]

    def materials_near(self, sentence: Sentence, position: int) -> tuple[list[Mention], bool]:
        """The materials that a figure or trigger at `position` is about, and whether they are carried over."""
        start, end = sentence.clause(position)
        for a, b in ((start, end), (sentence.start, sentence.end)):
            groups = grouped(self.text, sentence.of("MATERIAL", a, b))
            if groups:
                return _distinct(sorted(groups, key=lambda g: _distance(g, position))[0]), False
        return self.materials_before(sentence), True

    def materials_of(self, sentence: Sentence, figure: Mention) -> tuple[list[Mention], bool]:
        """The material that a figure measures: "865t of tungsten scrap", else the nearest one."""
        if re.match(
            r"\s+of (?:it|the (?:metal|material|stuff|element|mineral))\b", self.text[figure.end : figure.end + 22]
        ):
            return self.topic_before(sentence), True
        for material in sentence.of("MATERIAL", figure.end):
            gap = self.text[figure.end : material.start]
            if re.fullmatch(
                r"\s*(?:\([^)]*\)\s*)?(?:(?:a|per) year\s+)?(?:of\s+|worth of\s+)?(?:[\w-]+\s+){0,3}", gap
            ) and (" of " in gap or len(gap.split()) < 2):
                group = next(g for g in grouped(self.text, sentence.of("MATERIAL", figure.end)) if material in g)
                return _distinct(group), False
            break
        return self.materials_near(sentence, figure.start)

    def materials_before(self, sentence: Sentence) -> list[Mention]:
        """The heading's materials, else those last spoken of in the paragraph, else the document's own."""
        for earlier in reversed(self.sentences[max(0, sentence.index - 12) : sentence.index]):
            own = earlier.of("MATERIAL")
            if earlier.heading and own:
                return _distinct(own)
            if own and earlier.paragraph == sentence.paragraph:
                last = grouped(self.text, own)
                return _distinct(last[0])
        if self.main_materials:
            return self.main_materials
        return []

    def country_of(self, mention: Mention) -> str:
        """ISO code that a country, body or company stands for; empty if unknown."""
        return mention.id if mention.label == "COUNTRY" else self.home.get(mention.id, "")

    def topic_before(self, sentence: Sentence) -> list[Mention]:
        """What "it" and "the metal" stand for: the material that the paragraph opens with, else the document's own."""
        for earlier in self.sentences[max(0, sentence.index - 12) : sentence.index]:
            if earlier.paragraph == sentence.paragraph and earlier.of("MATERIAL"):
                return earlier.of("MATERIAL")[:1]
        return self.main_materials[:1] or self.materials_before(sentence)[:1]

    @cached_property
    def protagonist(self) -> Mention | None:
        """The company that a release or report is about: named in the title, else first and often."""
        companies = [m for m in self.mentions if m.label == "COMPANY"]
        counts = Counter(m.id for m in companies)
        title = [m for m in companies if m.end <= self.title_end]
        if title:
            return max(title, key=lambda m: counts[m.id])
        if (
            companies
            and companies[0].start < self.title_end + 200
            and re.match(
                r"[^.;]{0,40}\((?:ASX|TSX|NYSE|NASDAQ|LSE|AIM|OTC|TSXV|JSE|HKEX)|[^.;]{0,60}\b(?:is pleased to|today (?:reports?|announce)|reports its|announces?d? (?:today|that))",
                self.after(companies[0].end, 120),
            )
        ):
            return companies[0]
        if companies and counts[companies[0].id] >= 3 and companies[0].start < 600:
            return companies[0]
        return None

    @cached_property
    def main_country(self) -> Mention | None:
        """The country spoken of first in the title, else most often."""
        places = [m for m in self.mentions if m.label == "COUNTRY" and not is_place(m)]
        title = [m for m in places if m.end <= self.title_end]
        if title:
            return title[0]
        counts = Counter(m.id for m in places)
        if not counts:
            return None
        top = counts.most_common(1)[0][0]
        return next(m for m in places if m.id == top)

    def before(self, position: int, width: int = 30) -> str:
        return self.text[max(0, position - width) : position]

    def after(self, position: int, width: int = 30) -> str:
        return self.text[position : position + width]


def is_item(sentence: Sentence) -> bool:
    """Whether a sentence is an item of a list: a bullet, a number, a row."""
    return bool(_BULLET.match(sentence.text)) or sentence.row


def is_figure_line(sentence: Sentence) -> bool:
    """ "- Lithium carbonate: 21,300 t, worth US$231 million": a name and its figure, told by the title what it is."""
    return bool(re.match(r"\W{0,3}[A-Z][\w ]{2,30}(?: \([^)]*\))?: (?:about |some )?\d", sentence.text))


def is_place(mention: Mention) -> bool:
    """Whether a COUNTRY mention is only a place within the country."""
    return bool(mention.value and mention.value.get("as") == "places")


def mass(figure: Mention) -> dict[str, float]:
    """What a QUANTITY amounts to, as a slot's value: {"tonnes"} or {"low", "high"}, metric tonnes."""
    return {k: v for k, v in (figure.value or {}).items() if k in ("tonnes", "low", "high")}


def grouped(text: str, mentions: list[Mention]) -> list[list[Mention]]:
    """Mentions that stand in one list: "antimony, gallium and germanium"."""
    groups: list[list[Mention]] = []
    for mention in mentions:
        if groups:
            gap = text[groups[-1][-1].end : mention.start]
            gap = re.sub(
                r"\b(?:oxides?|ores?|metals?|concentrates?|items?|products?|compounds?|scrap|imports?|exports?|"
                r"sales|shipments|exporters|and its|such as|including|like|powder|high-purity|related|certain)\b|[()]",
                "",
                gap,
            )
            if len(gap) < 40 and _LIST_GAP.fullmatch(gap):
                groups[-1].append(mention)
                continue
        groups.append([mention])
    return groups


def _distinct(mentions: Iterable[Mention]) -> list[Mention]:
    seen: dict[str, Mention] = {}
    for mention in mentions:
        seen.setdefault(mention.id, mention)
    return list(seen.values())


def distinct_ids(mentions: Iterable[Mention]) -> list[str]:
    return [m.id for m in _distinct(mentions)]


def spans(mentions: Iterable[Mention]) -> list[Span]:
    return [(m.start, m.end) for m in mentions]


def _distance(group: list[Mention], position: int) -> int:
    if group[0].start <= position <= group[-1].end:
        return 0
    return min(abs(position - group[-1].end), abs(group[0].start - position))
