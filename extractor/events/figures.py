"""What belongs to a figure: its change, its share, its period, and whether it is only a base of comparison."""

from __future__ import annotations

import re

from extractor.events.page import Page, Sentence
from extractor.schema import Mention, Span

_BASE = re.compile(
    r"(?:\bfrom|\bagainst|\bcompared (?:with|to)|\bversus|\bvs\.?|\bhaving previously (?:aimed at|guided)|\bthan (?:the )?"
    r"|\bas against|\bcompares? with(?: an?)?(?: share of)?|\binstead of|\brather than|\bdown on|\bup on|\boriginally|\bpreviously|\bfrom (?:an |a )?(?:earlier|previous)\b[\w\s-]{0,30}"
    r"|\bfrom (?:approximately|about|around|some|roughly|nearly|almost|just|the|only|over)|\bcompared (?:with|to) (?:approximately|about|around|some|roughly|the|just|only|a))\s*$",
    re.I,
)
_MOVED = re.compile(
    r"\b(?:up|down|rose|fell|grew|climbed|slid|dropped|jumped|increas\w+|declin\w+|decreas\w+|rais\w+|lift\w+|cut|"
    r"lower\w*|reduc\w+|slipped|surged|shrank|plung\w+|tumbled|trim\w*|slash\w*|expand\w*|soared|recover\w+|"
    r"advanc\w+|collaps\w+|double\w*|eas\w+|slump\w*|higher|less|more|fewer|drop|rise|fall|sank|went|off|edged|"
    r"gain\w*|retreat\w*|moved|widen\w*|revis\w+|downgraded|upgraded|deeper|shrink\w*|crept|tripl\w+|halv\w+)\b",
    re.I,
)
_YEAR_ON_YEAR = re.compile(
    r"\b(?:year[- ]on[- ]year|on the year|y/y|yoy|y-o-y|from a year (?:earlier|ago)|than a year (?:earlier|ago)|"
    r"a year (?:earlier|ago|before)|annual(?:ly)?|from the (?:same|previous) (?:period|year|month of)|year over year|"
    r"same (?:period|stretch|month|quarter|half)|than in (?:the same|20\d\d)|compared with 20\d\d|over 20\d\d|from 20\d\d|on 20\d\d|than 20\d\d|on-year)\b",
    re.I,
)
_UP = r"up|rose|rises?|risen|rising|grew|grown|growth|gain(?:ed|s|ing)?|increas\w+|climb\w*|jump\w*|surg\w+|soar\w*|more|higher|above|advanc\w+|firm\w*|rall\w+|leap\w*|leapt|spik\w+|ahead|improv\w+|put on|added|adding|expand\w*|recover\w*|strengthen\w*|boost\w*|lift\w*|gain of|ticked up|rais\w+|quicken\w*"
_DOWN = r"down|fell|falls?|fallen|falling|drop\w*|declin\w+|decreas\w+|less|lower\w*|below|slid\w*|slipp\w+|slips?|shr[aiu]nk\w*|tumbl\w+|plung\w+|plummet\w*|lost|los[es]|losing|eas\w+|off|shed|sank|sunk|contract\w*|collaps\w+|fewer|retreat\w*|reduc\w+|dip\w*|weaker|slump\w*|cut|slash\w*|trimm\w*|crash\w*|behind|smaller|deeper cut|halv\w+|short of|under"
_DIRECTION = re.compile(rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b", re.I)
_SHARE_BEFORE = re.compile(
    r"(?:\bor|\baccount(?:ed|s|ing) for(?: (?:some|about|around|roughly|nearly|almost|just|only|over|more than))?|"
    r"\bmade up|\bmakes up|\brepresent(?:ed|s|ing)|\bequal to|\bequals?|\bsuppl(?:ied|ies|y|ying)|\bprovid(?:ed|es|ing)|\bcontribut(?:ed|es)|"
    r"\bshare (?:of|was|at|to|stood at|reached)|\bwith|\bprovided some|\bholds?|\btook|\bsourced|\bconstitut(?:ed|es)|\bdelivers?|\bdelivered"
    r"|\bdigs up|\bmines|\bproduces?|\bproduced|\bcontrols?|\brefines?|\bprocess(?:es|ed)?|\bfurnish(?:ed|es))"
    r"(?:\s+(?:about|around|some|roughly|nearly|almost|just|only|over|more than|approximately|close to|a full|at least|as much as|up to))*\s*$",
    re.I,
)
_SHARE_AFTER = re.compile(
    r"^\s*(?:of (?!the (?:previous|rate|price)|ore|material)|share\b|stake in the market|came from|comes from|originat|"
    r"market share|world share|were from|was from)",
    re.I,
)


def unsigned_share(page: Page, percent: Mention) -> bool:
    """Whether a percentage is a share of something rather than a change."""
    before, after = page.before(percent.start, 60), page.after(percent.end, 25)
    if percent.value and percent.value.get("signed"):
        return False
    if _listed_share(page, percent):
        return True
    if _SHARE_AFTER.match(after):
        near = page.before(percent.start, 22)
        return not re.search(r"(?<!digs )(?<!makes )(?<!made )(?<!dug )\b(?:by|down|up|fell|rose)\s*$", near)
    return bool(_SHARE_BEFORE.search(before))


def _listed_share(page: Page, percent: Mention) -> bool:
    """ "Import sources: China, 65%; Mexico, 13%", "Canada (33%), Russia (23%)": a country and its share in a list."""
    sentence = page.sentence_at(percent.start)
    if not re.search(
        r"\b(?:sources?|suppliers?|followed by|was first|came (?:first|next|second)|accounted|imports?|origins?|share|exports? to)\b",
        sentence.text,
        re.I,
    ):
        return False
    country = next((m for m in reversed(sentence.of("COUNTRY")) if m.end <= percent.start), None)
    if country is None or not re.fullmatch(
        r"(?:,? |:? )\(?(?:with |at |for )?", page.text[country.end : percent.start]
    ):
        return False
    return not re.match(
        r"\)?\s*(?:higher|lower|more|less|up|down|on the year)", page.text[percent.end : percent.end + 14]
    )


def change(page: Page, sentence: Sentence, figure: Span, others: list[Span]) -> tuple[float, list[Span]] | None:
    """Signed change in percent of the figure, the one on the year where there are two; `others` are rival figures."""
    candidates: list[tuple[bool, int, float, Span]] = []
    for percent in sentence.of("PERCENT"):
        if unsigned_share(page, percent) or _nearer_elsewhere(
            (percent.start, percent.end), figure, others, sentence, page
        ):
            continue
        moved = signed(page, sentence, percent)
        if moved is None:
            continue
        on_year = bool(_YEAR_ON_YEAR.search(page.text[percent.end : min(percent.end + 45, sentence.end)]))
        candidates.append((not on_year, abs(percent.start - figure[1]), moved, (percent.start, percent.end)))
    if candidates:
        best = min(candidates)
        return best[2], [best[3]]
    return _worded(page, sentence, figure, others)


def _worded(page: Page, sentence: Sentence, figure: Span, others: list[Span]) -> tuple[float, list[Span]] | None:
    found: list[tuple[int, float, Span]] = []
    for cue, value in (("doubled", 100.0), ("tripled", 200.0), ("quadrupled", 300.0), ("halved", -50.0)):
        for start, end in sentence.cue(cue):
            word = page.text[start:end].lower()
            if (word == "halving" and cue == "halved") or abs(start - figure[1]) > 90:
                continue
            if word in ("half of", "double", "twice") and not re.match(
                r"\s*(?:the|that|its|what|from|last|as|in|on)\b|[.,]", page.after(end, 12)
            ):
                continue
            if word == "half of" or (
                word == "double" and re.match(r"\s*(?:its|the)?\s*(?:capacity|output|production)", page.after(end, 20))
            ):
                continue
            if not _nearer_elsewhere((start, end), figure, others, sentence, page):
                found.append((abs(start - figure[1]), value, (start, end)))
    return (min(found)[1], [min(found)[2]]) if found else None


def signed(page: Page, sentence: Sentence, percent: Mention) -> float | None:
    """The percentage with the sign that the words about it give; None where they give none."""
    value = float((percent.value or {})["pct"])
    if (percent.value or {}).get("signed"):
        return value
    after = _DIRECTION.match(page.after(percent.end, 25).lstrip(" ,").removeprefix("year-on-year ").lstrip())
    if after:
        return value if after["up"] else -value
    before = page.text[max(sentence.start, percent.start - 60) : percent.start]
    found = list(_DIRECTION.finditer(before))
    if found:
        last = found[-1]
        return value if last["up"] else -value
    following = _DIRECTION.search(page.after(percent.end, 30))
    if following:
        return value if following["up"] else -value
    return None


def _nearer_elsewhere(span: Span, figure: Span, others: list[Span], sentence: Sentence, page: Page) -> bool:
    """Whether a rival figure stands closer to the span; what follows a figure belongs to it."""

    def gap(other: Span) -> float:
        between = page.text[min(other[1], span[1]) : max(other[0], span[0])]
        walls = len(re.findall(r";|, (?:and|while|but)\b|\band\b|\bwhile\b|:", between)) * 25
        if other[1] <= span[0]:
            return span[0] - other[1] + walls
        return (other[0] - span[1]) * 1.5 + walls

    near = [other for other in others if other != figure and abs(other[0] - span[0]) < 250]
    return any(gap(other) < gap(figure) for other in near)


def base_of_comparison(page: Page, sentence: Sentence, start: int) -> bool:
    """Whether the figure is there only to be compared with: "up from 5,278 t", "against $435 a week earlier"."""
    before = page.text[max(sentence.start, start - 70) : start]
    if not _BASE.search(before):
        return False
    if re.search(r"\bfrom(?:\s+\w+)?\s*$", before, re.I):
        clause_start, clause_end = sentence.clause(start)
        return bool(_MOVED.search(page.text[max(clause_start, start - 90) : start])) or bool(
            re.match(r"[^.;]{0,60}\bto\s+[$€£¥]?\d", page.text[start:clause_end])
        )
    return True


def period(page: Page, sentence: Sentence, figure: Span, others: list[Span]) -> tuple[str, list[Span]] | None:
    """The date that the figure is for: the nearest one in the clause, else in the sentence."""
    dates = [d for d in sentence.of("DATE") if not _point_in_time(page, d)]
    if not dates:
        return None
    start, end = sentence.clause(figure[0])

    def cost(date: Mention) -> float:
        gap = date.start - figure[1] if date.start >= figure[1] else (figure[0] - date.end) + 8
        outside = 0 if start <= date.start and date.end <= end else 60
        compared = 80 if _compared_date(page, sentence, date) else 0
        rival = any((figure[1] <= other[0] < date.start) or (date.end <= other[0] < figure[0]) for other in others)
        return gap + outside + compared + (40 if rival else 0)

    best = min(dates, key=cost)
    between = [other for other in others if figure[1] <= other[0] < best.start]
    if _compared_date(page, sentence, best) or any(base_of_comparison(page, sentence, other[0]) for other in between):
        return None  # "1.01 million tonnes from 120,000 tonnes in 2021": the date is the other figure's
    return best.id, [(best.start, best.end)]


def _compared_date(page: Page, sentence: Sentence, date: Mention) -> bool:
    before = page.text[max(sentence.start, date.start - 50) : date.start]
    return bool(
        re.search(
            r"\b(?:than(?: in| the)?(?: same \w+ of)?|compared (?:with|to)|against|versus|stretch of|same \w+ (?:of|in))(?: the)?(?: [a-z]+){0,3}\s*$"
            r"|\b(?:from|since|over|on)(?: the)?(?: (?:same|previous|prior|whole|full|corresponding|year|month|quarter|half|period|level|of|in)){0,4}\s*$",
            before,
        )
        and re.search(
            r"%|percent|pc\b|per cent|\d\s?(?:t|tons|tonnes|kg)\b|doubl|less|more|higher|lower", before[-50:], re.I
        )
    ) and not re.search(r"\bon\s*$", before)


def _point_in_time(page: Page, date: Mention) -> bool:
    """Whether the words give the date another part: said on, in force since, until."""
    before = page.before(date.start, 28).lower()
    return bool(
        re.search(
            r"\b(?:said|told \w+|announced|reported|released|published|showed|out|data)(?: on| last| late)?\s*$|\buntil\s*$|\bsince\s*$",
            before,
        )
        and re.search(r"\b(?:said|told|announced|reported|released|published|showed|out|data|until|since)\b", before)
    )
