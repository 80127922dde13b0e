"""What a notice says once for all its articles: who issues it, its number, its date, its day of effect, its codes."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date as calendar_date
from datetime import timedelta

from extractor.events.page import Draft, Page, grouped, is_place, spans
from extractor.schema import Mention, Span

_HEAD = 900  # characters in which a notice names its issuer, number and date
_TAKES_EFFECT = re.compile(
    r"\b(?:enters?|entered|comes?|came|put|goes|takes?|shall enter|shall come|be brought) (?:into|in) (?:force|effect|operation)|\btakes? effect|\btook effect|\bappl(?:y|ies|icable)\b[^.]{0,30}\b(?:from|as of|on)\b|"
    r"\b(?:effective|applicable)\b|\bin force from|\bshall be implemented|\bimplemented (?:from|as of)|\bwith effect from|\bcommencement",
    re.I,
)
_ON_ISSUE = re.compile(
    r"\b(?:from|on|upon|as of|since|with effect from) (?:the )?(?:date|day|moment) of (?:its |their |this )?(?:issue|publication|promulgation|signature|announcement|publishing|release|gazetting)|\bwith immediate effect|\bimmediately\b|\beffective immediately|\bupon (?:promulgation|publication|signature)|\bdate of (?:its )?publication",
    re.I,
)
_ON_NEXT_DAY = re.compile(
    r"\b(?:on|from) the day (?:following|after) (?:that of )?(?:its |the day of its )?publication", re.I
)
_ISSUED = re.compile(
    r"(?:\bdate of issue\]?:?|\bissued(?: on)?|\bdated(?: the)?|\bsigned(?: on)?|\bdone at [\w ]+,|\bpublished(?: on)?|\bpromulgated(?: on)?|\bgazetted(?: on)?(?: \w+day,)?|\bof|\badopted(?: on)?|\bdate:?|\bmade on|\border of|\bannounced(?: on)?)\s*(?:the\s+)?$",
    re.I,
)
_BACKGROUND = re.compile(
    r"\b(?:previous(?:ly)?|earlier|replac\w+|repeal\w*|recall\w*|having regard to|considering|amend(?:s|ed|ing) (?:annex|the)|by a separate|existing|not affected|remain\w*|in place since|for information|reference\.|under the (?:old|previous)|already|last (?:prolonged|extended)|had been|were imposed|superseded|expires)\b",
    re.I,
)
_EXCLUDED = re.compile(
    r"\b(?:excluded?|not covered|not affected|outside (?:the )?(?:scope|order)|does not (?:apply|cover|include)|are not|is not (?:covered|subject)|exempt|out of scope|except)\b",
    re.I,
)


def authority(page: Page) -> Mention | None:
    """The body or country that issues the notice: by its head, else by the count of those that speak."""
    if "authority" not in page.memo:
        page.memo["authority"] = _authority(page)
    return page.memo["authority"]


def _authority(page: Page) -> Mention | None:
    head = [m for m in page.mentions if m.start < _HEAD]
    for country in head:
        if country.label == "COUNTRY" and re.search(
            r"\bgovernment of (?:the )?(?:republic of )?$", page.before(country.start, 32), re.I
        ):
            return country
    for body in head:
        if body.label == "BODY":
            if page.country_of(body):
                return body
            owner = next(
                (
                    m
                    for m in head
                    if m.label == "COUNTRY"
                    and not is_place(m)
                    and (
                        re.fullmatch(
                            r"\s*(?:,|of)\s+(?:the\s+)?(?:People['’]s\s+)?(?:Republic of\s+)?",
                            page.text[body.end : m.start],
                        )
                        or re.fullmatch(r"(?:['’]s)?\s+", page.text[m.end : body.start])
                    )
                ),
                None,
            )
            if owner:
                return owner
    votes: Counter[str] = Counter()
    voters: dict[str, Mention] = {}
    for mention in page.mentions:
        code = page.country_of(mention) if mention.label in ("BODY", "COUNTRY") else ""
        if not code or (
            mention.label == "COUNTRY"
            and re.search(
                r"\b(?:from|to|in|against|originating in|with|on|for|into)\s+(?:the\s+)?(?:[A-Z]\w+,? (?:and )?)*$",
                page.before(mention.start, 60),
            )
            and not is_place(mention)
        ):
            continue
        weight = 4 if mention.label == "BODY" else 1
        if mention.end <= 200:
            weight += 3
        votes[code] += weight
        voters.setdefault(code, mention)
    return voters[votes.most_common(1)[0][0]] if votes else page.main_country


def reference(page: Page) -> Mention | None:
    """The notice's own number: in the title, else in its head, else the Federal Register's at the foot."""
    numbers = [m for m in page.mentions if m.label == "CODE" and (m.value or {}).get("kind") == "reference"]
    title = [m for m in numbers if m.end <= page.title_end and not _amended(page, m)]
    foot = [m for m in numbers if m.id.startswith("FR Doc")]
    head = [m for m in numbers if m.end <= _HEAD and not _amended(page, m)]
    return next(iter(title or foot or head), None)


def _amended(page: Page, number: Mention) -> bool:
    return bool(
        re.search(
            r"\b(?:amend\w*|under|pursuant to|having regard to|replac\w+|repeal\w*|second amendment to|to|by|in accordance with|conferred by|order replaces)\s+(?:\w+\s+){0,2}$",
            page.before(number.start, 45),
            re.I,
        )
    )


def issued(page: Page) -> tuple[str, Span] | None:
    """The day of issue: beside the number, or said to be it, or alone on a line of the head."""
    own = reference(page)
    dates = [m for m in page.mentions if m.label == "DATE" and len(m.id) == 10]
    if own:
        after = next(
            (
                d
                for d in dates
                if 0 <= d.start - own.end < 30
                and re.fullmatch(r"\s*(?:,|of|dated|on|\()?\s*(?:the\s+|of\s+)?", page.text[own.end : d.start])
            ),
            None,
        )
        if after:
            return after.id, (after.start, after.end)
    for date in dates:
        if (date.start < _HEAD or re.search(r"\bDone at\b", page.before(date.start, 40))) and _ISSUED.search(
            page.before(date.start, 40)
        ):
            return date.id, (date.start, date.end)
    for date in dates:
        line_start = page.text.rfind("\n", 0, date.start) + 1
        line_end = page.text.find("\n", date.end)
        line = page.text[line_start : line_end if line_end >= 0 else len(page.text)]
        if (
            date.start < _HEAD
            and len(line) < 70
            and re.fullmatch(r"[\w\s,.'’()-]{0,40}", page.text[line_start : date.start])
            and not _TAKES_EFFECT.search(line)
        ):
            return date.id, (date.start, date.end)
    return None


def effect(page: Page, day: tuple[str, Span] | None) -> tuple[str, list[Span]] | None:
    """The day from which the whole notice applies."""
    for sentence in reversed(page.sentences):
        if not _TAKES_EFFECT.search(sentence.text) or not re.search(
            r"\b(?:this|the) (?:order|notice|announcement|regulation|decision|notification|rule|decree|instrument|law|act|measure)|^\s*(?:DATES|\(?\d|[IVX]+\.|It|Article|Effective|Applicable)|entry into force|date of issue",
            sentence.text,
            re.I,
        ):
            continue
        dates = [
            d
            for d in sentence.of("DATE")
            if len(d.id) >= 7
            and re.search(
                r"(?:from|on|of|as of|since|applicable|effective|effective date:?|starting)\s*(?:the\s+)?$",
                page.before(d.start, 20),
                re.I,
            )
        ]
        if dates:
            return dates[0].id, spans(dates[:1])
        if _ON_ISSUE.search(sentence.text) and day:
            return day[0], [(sentence.start, sentence.end)]
        if _ON_NEXT_DAY.search(sentence.text):
            return _next_day(page.published), [(sentence.start, sentence.end)]
    return None


def _expiry(page: Page) -> Mention | None:
    """The day until which the whole notice holds."""
    for sentence in page.sentences:
        for date in sentence.of("DATE"):
            if (
                re.search(
                    r"\b(?:valid|in force|in effect|remain\w*|applicable|apply|applies|run\w*)\b[^.;]{0,60}\b(?:until|to|through|till)\s+(?:and including\s+)?(?:the\s+)?$|\b(?:expires?|lapses?) on\s+(?:the\s+)?$",
                    page.text[sentence.start : date.start],
                    re.I,
                )
                and re.search(
                    r"\b(?:this|quotas?|they|it|the (?:measure|order|notice|duty|ban|prohibition|regulation|exemption)s?)\b",
                    sentence.text,
                    re.I,
                )
                and not _BACKGROUND.search(sentence.text)
            ):
                return date
    return None


def _next_day(day: str) -> str:
    try:
        return (calendar_date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except ValueError:
        return day


def codes(page: Page) -> list[Mention]:
    """HS codes and control-list numbers that the notice puts under the measure."""
    return [
        m
        for s in page.sentences
        for m in s.of("CODE")
        if (m.value or {}).get("kind") in ("hs", "list") and not _excluded(page, m, s.end)
    ]


def _excluded(page: Page, code: Mention, end: int) -> bool:
    return bool(
        _EXCLUDED.search(page.text[code.end : min(end, code.end + 60)])
        or re.search(
            r"\b(?:outside|excluding|except|other than|not (?:covered|controlled) by|covered by)\s+(?:heading\s+)?$",
            page.before(code.start, 30),
        )
    )


def completed(page: Page, drafts: list[Draft]) -> list[Draft]:
    """Give the drafts that tell the notice's own measures what it says once; background measures keep what they have."""
    measures = [d for d in drafts if d.type == "control_measure"]
    own = reference(page)
    principal = [d for d in measures if _is_own(page, d, own)]
    if not principal:
        return drafts
    day = issued(page)
    start = effect(page, day)
    listed = codes(page)
    end = _expiry(page)
    for draft in principal:
        if (
            end
            and draft.get("until") is None
            and draft.get("status") in ("in_force", "announced", "extended")
            and draft.get("measure") != "investigation"
        ):
            draft.set("until", end.id, spans([end]), implied=True)
        if own and draft.get("reference") is None and draft.get("status") not in ("proposed",):
            draft.set("reference", own.id, spans([own]), implied=True)
        if day and draft.get("announced") is None:
            draft.set("announced", day[0], [day[1]], implied=True)
        if (
            start
            and draft.get("effective") is None
            and draft.get("status") in ("in_force", "announced", "eased", "extended", "lifted")
        ):
            draft.set("effective", start[0], start[1], implied=True)
            if draft.get("status") == "in_force" and page.published and start[0] > page.published:
                draft.slots["status"] = "announced"
    _rate_and_target(page, principal)
    main = [d for d in principal if d.get("measure") != "export_control"] or principal
    if listed and len({d.get("measure") for d in main}) == 1:
        main[0].set("codes", list(dict.fromkeys(c.id for c in listed)), spans(listed))
    elif listed:
        for draft in principal:
            near = [c for c in listed if draft.sentence.start <= c.start < draft.sentence.end]
            draft.set("codes", list(dict.fromkeys(c.id for c in near)), spans(near))
    return drafts


def _rate_and_target(page: Page, principal: list[Draft]) -> None:
    """The duty's rate where a sentence or a table of its own states it, and whose goods the title names."""
    duties = [d for d in principal if d.get("measure") == "import_tariff"]
    for duty in duties:
        _complete_duty(page, duty)


def _complete_duty(page: Page, duty: Draft) -> None:
    if duty.get("rate_pct") is None:
        rates = [
            p for s in page.sentences if re.search(r"\b(?:rates?|margins?)\b", s.text, re.I) for p in s.of("PERCENT")
        ] or [m for t in page.tables for row in t["rows"] for m in page.mentions_in(*row[-1]) if m.label == "PERCENT"]
        values = {(r.value or {})["pct"] for r in rates}
        if len(values) == 1:
            duty.set("rate_pct", values.pop(), spans(rates[:1]))
    if duty.get("target") is None:
        named = [m for m in page.title_mentions if m.label == "COUNTRY"]
        group = next(
            (
                g
                for g in grouped(page.text, named)
                if re.search(r"\b(?:from|of|originating in)\s+(?:the\s+)?$", page.before(g[0].start, 24), re.I)
            ),
            [],
        )
        target = [m for m in group if m.id not in (duty.get("issuer") or [])]
        duty.set("target", [m.id for m in target], spans(target))


def _is_own(page: Page, draft: Draft, own: Mention | None) -> bool:
    number = draft.get("reference")
    if number is not None and (own is None or number != own.id):
        return False
    return not _BACKGROUND.search(draft.sentence.text)
