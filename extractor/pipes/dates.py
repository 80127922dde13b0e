"""Dates and periods, resolved against the day of publication: `last month`, `on Friday`, `in the first half of the year`.

Adds DATE to `doc.user_data["mentions"]`; the id is ISO, only as precise as stated: 2026, 2026-01, 2026-01-06, 2025-Q2,
2025-H1, 2025-04/2025-06. A date that needs the day of publication is left out where that is unknown, never guessed.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

_MONTHS = {name.lower(): i for i in range(1, 13) for name in (calendar.month_name[i], calendar.month_abbr[i])}
_MONTHS |= {"sept": 9}
_DAYS = {name.lower(): i for i in range(7) for name in (calendar.day_name[i],)}
_ORDINAL = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
    "opening": 1,
    "final": 4,
    "last": 4,
    "1q": 1,
    "2q": 2,
    "3q": 3,
    "4q": 4,
}
_COUNT = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "a": 1,
    "an": 1,
}

_M = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)(?![a-z])"
)
_D = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_Y = r"(?:19|20)\d\d"
_QUARTERS = r"(?:first|second|third|fourth|final|last|1st|2nd|3rd|4th|opening)"
_COUNTS = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d{1,2})"
_THIS_YEAR = (
    rf"(?:\s(?:of|in)\s(?:(?P<year>{_Y})|(?P<rel>this|last|next|the)\s(?:(?:calendar|same)\s)?year|the same year))?"
)

Resolve = Callable[["re.Match[str]", "Frame"], "str | None"]


class Frame:
    """What a date is resolved against: the day of publication and the words around it."""

    def __init__(self, published: str, text: str, start: int, end: int, year: int | None) -> None:
        self.today = date.fromisoformat(published) if re.fullmatch(r"\d{4}-\d\d-\d\d", published) else None
        self.year = year  # the year that the text last named nearby
        sentence_start = max(text.rfind("\n", 0, start), text.rfind(". ", 0, start)) + 1
        sentence_end = min((i for i in (text.find(". ", end), text.find("\n", end)) if i >= 0), default=len(text))
        self.before = text[max(sentence_start, start - 60) : start].lower()
        self.around = text[
            max(sentence_start, start - 90) : min(
                end + 40, max(end, text.find("\n", end)) if "\n" in text[end : end + 40] else end + 40
            )
        ].lower()
        self.sentence = text[sentence_start:sentence_end].lower()
        self.after = text[end : end + 30].lower()

    @property
    def telling(self) -> str:
        """The words that say whether the date is past or to come: those around it, or all of them for "From 8 November"."""
        return self.sentence if re.search(r"\b(?:from|starting|as of|until)\s*$", self.before) else self.around

    @property
    def future(self) -> bool:
        """Whether the words speak of what is to come."""
        return bool(
            re.search(
                r"\b(?:will|would|until|till|by (?:the (?:end|middle)|late|early|mid|year-end|20\d\d|january|february|march|april|may|june|july|august|september|october|november|december)|due|expires?|lapse|lasts?|runs?|next|plans?|planned|expected|"
                r"scheduled|to (?:start|begin|take|come|follow|open)|through|as of|set to|intends?|foreseen|"
                r"must|need(?:s|ed)? to|required to|have to|no later than|ends?|targets?|booked|go up|goes up|effect)\b",
                self.telling,
            )
        ) and not re.search(
            r"\b(?:since|began on|took effect on|announced on|said on|imposed on|signed on)\s*$", self.before
        )


@Language.factory("minerals_dates")
def make_dates(nlp: Language, name: str) -> Dates:
    return Dates()


class Dates:
    def __call__(self, doc: Doc) -> Doc:
        if doc.user_data["shut"]:
            return doc
        published = doc.user_data.get("published") or ""
        taken = [
            (m["start"], m["end"]) for m in doc.user_data["mentions"] if m["label"] in ("QUANTITY", "MONEY", "PERCENT")
        ]
        found = list(self.read(doc.text, published, taken))
        doc.user_data["mentions"] = sorted(doc.user_data["mentions"] + found, key=lambda m: (m["start"], m["end"]))
        return doc

    def read(self, text: str, published: str, taken: list[tuple[int, int]]) -> Iterator[dict[str, Any]]:
        """DATE mentions from left to right; the earlier pattern of `_PATTERNS` wins where two overlap."""
        used = bytearray(len(text) + 1)
        for start, end in taken:
            used[start:end] = b"\1" * (end - start)
        matches = []
        for pattern, resolve in _PATTERNS:
            for match in pattern.finditer(text):
                if not any(used[match.start() : match.end()]):
                    used[match.start() : match.end()] = b"\1" * (match.end() - match.start())
                    matches.append((match, resolve))
        year: int | None = None
        for match, resolve in sorted(matches, key=lambda m: m[0].start()):
            iso = resolve(match, Frame(published, text, match.start(), match.end(), year))
            if iso:
                if re.search(_Y, match[0]):
                    year = int(iso[:4])
                yield {"label": "DATE", "id": iso, "start": match.start(), "end": match.end(), "value": {"iso": iso}}


def _month(name: str) -> int:
    return _MONTHS[name.rstrip(".").lower()]


def _day(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _full(match: re.Match[str], frame: Frame) -> str | None:
    return _iso(int(match["year"]), _month(match["month"]), _day(match["day"]))


def _digits(match: re.Match[str], frame: Frame) -> str | None:
    return _iso(int(match["year"]), int(match["m"]), int(match["d"]))


def _no_year(match: re.Match[str], frame: Frame) -> str | None:
    """A day and month: the latest such day before publication, or the next one where the words look ahead."""
    if frame.today is None:
        return _iso(frame.year, _month(match["month"]), _day(match["day"])) if frame.year else None
    month, day = _month(match["month"]), _day(match["day"])
    try:
        this = date(frame.today.year, month, day)
    except ValueError:
        return None
    if re.match(r",? last year", frame.after):
        return _iso(this.year - 1, month, day)
    soon = 0 < (this - frame.today).days <= 120 and re.search(r"\b(?:from|as of|until|till)\s*$", frame.before)
    if this > frame.today and not soon and not (frame.future and (this - frame.today).days < 330):
        return _iso(this.year - 1, month, day)
    if (
        this < frame.today
        and (frame.today - this).days > 240
        and frame.future
        and not frame.before.endswith(("since ", "on "))
    ):
        return _iso(this.year + 1, month, day)
    return this.isoformat()


def _month_year(match: re.Match[str], frame: Frame) -> str | None:
    return f"{match['year']}-{_month(match['month']):02}"


def _month_only(match: re.Match[str], frame: Frame) -> str | None:
    if frame.today is None:
        return f"{frame.year}-{_month(match['month']):02}" if frame.year else None
    month, today = _month(match["month"]), frame.today
    relative = match.groupdict().get("rel")
    year = today.year
    if relative == "last":
        year = today.year - 1 if "last year" in match[0].lower() or month >= today.month else today.year
    elif relative == "next":
        year = today.year + 1 if "next year" in match[0].lower() or month <= today.month else today.year
    elif relative == "this":
        year = today.year
    elif month > today.month and not frame.future:
        year -= 1
    elif (
        month < today.month
        and frame.future
        and re.search(r"\b(?:next|from|by|until|in|for|planned for)\s*(?:late |early )?$", frame.before)
        and today.month - month > 6
        and not re.search(r"\bsince\b", frame.sentence)
    ):
        year += 1
    return f"{year}-{month:02}"


def _months(match: re.Match[str], frame: Frame) -> str | None:
    """A span of months: the latest whole one before publication where no year is given."""
    first, last = _month(match["first"]), _month(match["last"])
    groups = match.groupdict()
    if groups.get("year"):
        end_year = int(groups["year"])
    elif frame.today:
        end_year = frame.today.year - (last > frame.today.month or groups.get("rel") == "last")
    elif frame.year:
        end_year = frame.year
    else:
        return None
    start_year = int(groups["firstyear"]) if groups.get("firstyear") else end_year - (first > last)
    if start_year == end_year and first % 3 == 1 and last == first + 2:
        return f"{end_year}-Q{last // 3}"
    if start_year == end_year and (first, last) in ((1, 6), (7, 12)):
        return f"{end_year}-H{1 if first == 1 else 2}"
    if start_year == end_year and (first, last) == (1, 12):
        return str(end_year)
    return f"{start_year}-{first:02}/{end_year}-{last:02}"


def _relative_year(groups: dict[str, str | None], frame: Frame, ends_in_month: int) -> int | None:
    """The year of "the first half (of 2024 | of last year | )": the latest one that has begun where none is said."""
    if groups.get("year"):
        return int(groups["year"] or 0)
    if frame.today is None:
        return frame.year
    year = frame.today.year
    relative = (groups.get("rel") or "").lower()
    if relative == "last":
        return year - 1
    if relative == "next":
        return year + 1
    if relative == "this" or frame.future:
        return year
    if re.search(r"\bfor the\s*$", frame.before) and 0 <= ends_in_month - frame.today.month <= 5:
        return year  # a benchmark "for the second quarter" may be one that runs
    over = ends_in_month < frame.today.month or (ends_in_month == frame.today.month and frame.today.day >= 25)
    return year if over or relative else year - 1  # figures are told of what is over


def _quarter(match: re.Match[str], frame: Frame) -> str | None:
    groups = match.groupdict()
    number = groups.get("number")
    quarter = int(number) if number else _ORDINAL[match["ordinal"].lower()]
    year = _relative_year(groups, frame, 3 * quarter)
    return f"{year}-Q{quarter}" if year else None


def _named_quarter(match: re.Match[str], frame: Frame) -> str | None:
    """ "March quarter": the one that ends in March."""
    month = _month(match["month"])
    if month % 3:
        return None
    year = (
        int(match["year"])
        if match["year"]
        else (frame.today.year - (month > frame.today.month) if frame.today else frame.year)
    )
    return f"{year}-Q{month // 3}" if year else None


def _half(match: re.Match[str], frame: Frame) -> str | None:
    groups = match.groupdict()
    half = int(groups["number"]) if groups.get("number") else _ORDINAL[match["ordinal"].lower()]
    half = 2 if half == 4 else half
    year = _relative_year(groups, frame, 6 * half)
    return f"{year}-H{half}" if year else None


def _first_months(match: re.Match[str], frame: Frame) -> str | None:
    """ "the first nine months (of 2024)"."""
    count = _COUNT.get(match["count"].lower()) or int(match["count"])
    year = _relative_year(match.groupdict(), frame, count)
    if not year or not 1 <= count <= 12:
        return None
    return {3: f"{year}-Q1", 6: f"{year}-H1", 12: f"{year}"}.get(count, f"{year}-01/{year}-{count:02}")


def _year(match: re.Match[str], frame: Frame) -> str | None:
    return match["year"]


def _years(match: re.Match[str], frame: Frame) -> str | None:
    last = match["last"] if len(match["last"]) == 4 else match["year"][:2] + match["last"]
    if int(last) <= int(match["year"]):
        return None
    return f"{match['year']}/{last}"


def _fiscal(match: re.Match[str], frame: Frame) -> str | None:
    year = match["year"] if len(match["year"]) == 4 else "20" + match["year"]
    return year


def _weekday(match: re.Match[str], frame: Frame) -> str | None:
    if frame.today is None:
        return None
    back = (frame.today.weekday() - _DAYS[match["day"].lower()]) % 7
    relative = (match.groupdict().get("rel") or "").lower()
    if relative == "next" or (
        relative in ("", "this", "coming")
        and re.search(r"\b(?:will|until|till|due|by|from|expires?)\b[^.]{0,25}$", frame.before)
        and back > 0
        and not re.search(r"\bsaid\b", frame.before)
    ):
        return (frame.today + timedelta(days=(7 - back) or 7)).isoformat()
    if relative == "last" and back == 0:
        back = 7
    return (frame.today - timedelta(days=back)).isoformat()


def _ago(match: re.Match[str], frame: Frame) -> str | None:
    if frame.today is None:
        return None
    count = _COUNT.get(match["count"].lower()) or int(match["count"])
    unit = match["unit"].lower()
    if unit == "day":
        return (frame.today - timedelta(days=count)).isoformat()
    if unit == "week":
        return (frame.today - timedelta(weeks=count)).isoformat()[:7]
    if unit == "year":
        return str(frame.today.year - count)
    months = frame.today.year * 12 + frame.today.month - 1 - count
    return f"{months // 12}-{months % 12 + 1:02}"


def _relative(match: re.Match[str], frame: Frame) -> str | None:
    if frame.today is None:
        return None
    today, unit = frame.today, match["unit"].lower()
    shift = {"last": -1, "previous": -1, "past": -1, "this": 0, "next": 1, "current": 0, "coming": 1}[
        match["rel"].lower()
    ]
    if unit == "week":
        return (today + timedelta(weeks=shift)).isoformat()[:7] if shift > 0 else today.isoformat()[:7]
    if unit == "month":
        months = today.year * 12 + today.month - 1 + shift
        return f"{months // 12}-{months % 12 + 1:02}"
    if unit == "quarter":
        quarters = today.year * 4 + (today.month - 1) // 3 + shift
        return f"{quarters // 4}-Q{quarters % 4 + 1}"
    return str(today.year + shift)


def _day_word(match: re.Match[str], frame: Frame) -> str | None:
    if frame.today is None:
        return None
    shift = {"yesterday": -1, "today": 0, "tomorrow": 1, "last night": -1}[match[0].lower()]
    return (frame.today + timedelta(days=shift)).isoformat()


def _season_of(match: re.Match[str], frame: Frame) -> str | None:
    """ "early 2027", "the end of 2012", "mid-2025": the year is all that is sure."""
    return match["year"]


def _p(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_PATTERNS: list[tuple[re.Pattern[str], Resolve]] = [
    (_p(rf"\b(?P<year>{_Y})-(?P<m>0[1-9]|1[0-2])-(?P<d>[0-2]\d|3[01])\b"), _digits),
    (_p(rf"\b(?P<year>{_Y})/(?P<m>0?[1-9]|1[0-2])/(?P<d>[0-2]?\d|3[01])\b"), _digits),
    (_p(rf"\b(?P<d>[0-3]?\d)\.(?P<m>1[0-2]|0?[1-9])\.(?P<year>{_Y})\b"), _digits),
    (
        _p(
            rf"\b(?P<first>{_M})(?:\s(?P<firstyear>{_Y}))?(?:\s?[-–—]\s?|\s(?:to|through|until)\s)(?P<last>{_M})(?:,?\s(?:of\s)?(?P<year>{_Y})|\s(?:of\s)?(?P<rel>this|last)\syear)?"
        ),
        _months,
    ),
    (_p(rf"\bbetween\s(?P<first>{_M})(?:\s(?P<firstyear>{_Y}))?\sand\s(?P<last>{_M})(?:,?\s(?P<year>{_Y}))?"), _months),
    (re.compile(rf"\b(?P<day>{_D})(?:\s(?:day\s)?of)?[\s-](?P<month>{_M}),?[\s-](?P<year>{_Y})\b", re.I), _full),
    (re.compile(rf"\b(?P<month>{_M})\s(?P<day>{_D}),?\s(?P<year>{_Y})\b", re.I), _full),
    (_p(rf"\bQ(?P<number>[1-4])(?:\s(?:of\s)?|\s?[/-]\s?|\sFY\s?)(?P<year>{_Y})\b"), _quarter),
    (_p(rf"\b(?P<number>[1-4])Q\s?(?P<year>{_Y})\b"), _quarter),
    (_p(rf"\b(?P<year>{_Y})[\s-]?Q(?P<number>[1-4])\b"), _quarter),
    (_p(r"\bQ(?P<number>[1-4])\b(?!\s?\d)"), _quarter),
    (
        _p(rf"\b(?P<ordinal>{_QUARTERS})[\s-](?:calendar\s)?quarter\b{_THIS_YEAR}(?:,?\s(?P<year2>{_Y}))?"),
        lambda m, f: _quarter(m, f) if not m["year2"] else f"{m['year2']}-Q{_ORDINAL[m['ordinal'].lower()]}",
    ),
    (_p(rf"\b(?P<month>March|June|September|December)[\s-]quarter\b(?:\s(?:of\s)?(?P<year>{_Y}))?"), _named_quarter),
    (_p(rf"\bH(?P<number>[12])(?:\s|\sof\s|/)(?P<year>{_Y})\b"), _half),
    (_p(rf"\b(?P<number>[12])H\s?(?P<year>{_Y})\b"), _half),
    (_p(rf"\b(?P<ordinal>first|second|last|opening)[\s-]half\b{_THIS_YEAR}"), _half),
    (_p(rf"\bfirst\s(?P<count>{_COUNTS})\smonths\b{_THIS_YEAR}"), _first_months),
    (re.compile(rf"\b(?P<month>(?i:{_M}))\s(?P<day>{_D})\b(?!\s?(?:%|percent|tonnes|tons|t\b|kg|[,.]\d))"), _no_year),
    (re.compile(rf"\b(?P<day>{_D})\s(?:of\s)?(?P<month>(?i:{_M}))(?!\w)"), _no_year),
    (_p(rf"\b(?P<month>{_M}),?\s(?:of\s)?(?P<year>{_Y})\b"), _month_year),
    (_p(rf"\b(?:FY|fiscal(?:\syear)?|financial\syear)\s?(?P<year>{_Y})(?:[-/–]\d\d(?:\d\d)?)?\b"), _fiscal),
    (_p(rf"\b(?P<year>{_Y})\s?[-–/]\s?(?P<last>{_Y}|\d\d)\b(?![\d/])"), _years),
    (re.compile(rf"\b(?P<rel>[Ll]ast|[Nn]ext|[Tt]his)\s(?P<month>(?:{_M}))"), _month_only),
    (re.compile(rf"\b(?P<month>{_M})\s(?:of\s)?(?P<rel>last|this|next)\syear\b"), _month_only),
    (
        re.compile(
            r"(?<![A-Za-z]\s)\b(?P<month>May)\b(?=\s(?:and|from|to|was|were|saw|shipments|exports|imports|output)\b)"
        ),
        _month_only,
    ),
    (
        re.compile(
            r"(?:(?<=\bin )|(?<=\bsince )|(?<=\bfrom )|(?<=\bof )|(?<=\bfor )|(?<=\bby )|(?<=\buntil )|(?<=\blate )|(?<=\bearly )|(?<=\bend-)|(?<=\bmid-)|(?<=\bduring )|(?<=\band )|(?<=\bor )|(?<=\bto )|(?<=\babove )|(?<=\bthan )|(?<=\bbelow ))(?P<month>May)\b"
        ),
        _month_only,
    ),
    (
        re.compile(
            r"\b(?P<month>January|February|March|April|June|July|August|September|October|November|December|(?:Jan|Feb|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)(?:\.(?=\s+[a-z(,])|\b))(?!\w|\.?\s?\d)"
        ),
        _month_only,
    ),
    (
        _p(
            r"\b(?:(?P<rel>last|next|this|coming)\s)?(?P<day>Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b"
        ),
        _weekday,
    ),
    (
        _p(
            r"\b(?P<count>a|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\s(?P<unit>day|week|month|year)s?\sago\b"
        ),
        _ago,
    ),
    (
        _p(
            r"\b(?P<rel>last|this|next|previous|past|current|coming)\s(?:calendar\s|financial\s|fiscal\s)?(?P<unit>week|month|quarter|year)\b"
        ),
        _relative,
    ),
    (_p(r"\b(?:yesterday|tomorrow|today|last night)\b"), _day_word),
    (
        _p(rf"\b(?:early|late|mid|the end of|end|the beginning of|the start of|year-end)[\s-](?P<year>{_Y})\b"),
        _season_of,
    ),
    (
        re.compile(
            rf"(?<![\w.,/$€£-])(?P<year>{_Y})(?:[epf]\b|\b)(?![-/.]\d|,\d|\s?(?:t|tonnes|tons|kg|%|dollars|yuan)\b)"
        ),
        _year,
    ),
]
