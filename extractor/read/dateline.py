"""The day that a text states as its own, near its top: 'BEIJING, Dec 29, 2010 -', '[Date of issue] 4 February 2025'.

Only a full date in the place of a dateline counts: alone on its line, or behind a place, heading or label, never inside
a sentence. Dates in figures count where their order is beyond doubt; 05/07/24 never does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

_HEAD_CHARACTERS = 2000
_HEAD_LINES = 12
_REACH = 200  # characters of a line in which its date may stand

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?<![\d.,/])(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?![\d/])"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        r"(?<![\d-])(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\d-])",
        r"(?P<year>(?:19|20)\d\d)\s?年\s?(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?日",
    )
)
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[.,]*\s*$", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:^\[.{1,40}\]|(?:^|[,.|]\s*)(?:dated?|published|posted|issued|updated|released|release date"
    r"|date of (?:issue|publication|release))(?:\s+(?:on|the))?\s*:?)$",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[-•*–]\s|[-•*–]$")
_HEADING_END = re.compile(r"(?:[,.|–—]|\s-|^.{1,40}:)$")
_MOST_SMALL_WORDS = 3  # in a heading, these aside; more of them make a sentence
_JOINING_WORDS = frozenset(("of", "the", "and", "for", "de", "du", "la"))
# A comma or a word behind the date would make it part of a sentence; a time of day, a zone or a mark would not.
_AFTER = re.compile(r"\s*(?:$|[-–—.|:;/()\]]|T?\d{1,2}[:.]\d\d|[A-Z]{2,}\b)")

_JOURNAL = re.compile(r"\bOfficial Journal\b|^OJ\b", re.MULTILINE)
_JOURNAL_DAY = re.compile(r"(?<![\d.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>(?:19|20)\d\d)(?!\.?\d)")
_FILED = re.compile(r"\bFR Doc\..{1,40}?\bFiled (?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<year>\d\d)\b")


def dateline(title: str, text: str, latest: date) -> str:
    """The day that the document gives itself, as an ISO date; "" if none is given up to and including `latest`."""
    for found in _candidates(title, text):
        if found and found <= latest:
            return found.isoformat()
    return ""


def _candidates(title: str, text: str) -> Iterator[date | None]:
    lines = [line.strip() for line in text[:_HEAD_CHARACTERS].split("\n") if line.strip()][:_HEAD_LINES]
    head = "\n".join((title, *lines))
    if _JOURNAL.search(head) and (printed := _JOURNAL_DAY.search(head)):
        yield _day(printed)
    for line in (*lines, title):
        for written in filter(None, (pattern.search(line[:_REACH]) for pattern in _DATES)):
            if _is_dateline(line[: written.start()].strip(), line[written.end() :]):
                yield _day(written)
    if filed := _FILED.search(text):
        yield _day(filed)


def _is_dateline(before: str, after: str) -> bool:
    before = _WEEKDAY.sub("", before).strip()
    if not _AFTER.match(after) or _BULLET.match(before):
        return False
    if not before or _LABEL.search(before):
        return True
    small = [word for word in before.split() if word.islower() and word.isalpha() and word not in _JOINING_WORDS]
    return bool(_HEADING_END.search(before)) and len(small) <= _MOST_SMALL_WORDS


def _day(match: re.Match[str]) -> date | None:
    year, month = match["year"], match["month"].lower()
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
    try:
        return date(int(year) if len(year) == 4 else 2000 + int(year), number, int(match["day"]))
    except ValueError:
        return None
