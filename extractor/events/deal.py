"""What parties agree on: offtakes, investments, joint ventures, pacts between governments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.events.claims import claim
from extractor.events.page import Draft, Page, Sentence, distinct_ids, is_place, mass, spans
from extractor.schema import Mention, Span

_ORDER = ("joint_venture", "offtake", "investment", "cooperation")
_WEAK = frozenset(
    {
        "bought",
        "buys",
        "to buy",
        "will buy",
        "to supply",
        "grant",
        "grants",
        "bid",
        "framework",
        "declaration",
        "put in",
        "finance",
        "took over",
        "purchase of",
        "partnership",
        "roadmap for",
        "alliance",
        "action plan",
        "purchases from",
        "investments",
        "investment",
        "invests",
        "investing",
        "invest",
        "cooperation",
        "co-operation",
        "funding",
        "financing",
        "acquire",
    }
)
_OBJECT = re.compile(
    r"\b(?:stake|mine|project|plant|company|per ?cent|%|shares?|deposit|subsidiary|joint|business|assets?|firm|producer|miner|"
    r"million|billion|refinery|smelter|equity|loan|unit|interest|offtake|tonnes|tons|agreement|contract|supply)\b",
    re.I,
)
_NO_DEAL = re.compile(
    r"\b(?:talks|negotiat\w+|in discussions?|no (?:agreement|deal|contract)|hopes? to sign|seeking|bid for|potential offtake|no price floor)\b",
    re.I,
)


def find(page: Page) -> Iterator[Draft]:
    for sentence in page.sentences:
        if sentence.row or (sentence.heading and not sentence.end <= page.title_end):
            continue
        draft = _sentence(page, sentence)
        if draft:
            yield draft


def _sentence(page: Page, sentence: Sentence) -> Draft | None:
    kind, trigger = _kind(page, sentence)
    if not kind or not trigger or not page.stated(*trigger):
        return None
    if page.negated(*trigger) or _NO_DEAL.search(page.text[max(sentence.start, trigger[0] - 50) : trigger[1] + 25]):
        return None
    parties, implied = _parties(page, sentence, kind, trigger)
    if len(parties) < 2 and page.protagonist and page.protagonist.id not in {m.id for m in parties}:
        parties, implied = [page.protagonist, *parties], True
    if (len(parties) < 2 and kind != "investment") or not parties:
        return None
    draft = Draft("deal", sentence)
    draft.set("kind", kind, [trigger])
    draft.set("parties", _names(page, parties), spans(parties), implied=implied)
    materials, carried = page.materials_near(sentence, trigger[0])
    draft.set("materials", distinct_ids(materials), spans(materials), implied=carried)
    if money := _money(sentence, trigger):
        draft.set("value", dict(money.value or {}), spans([money]))
    masses = [m for m in sentence.of("QUANTITY") if claim(page, sentence, m) == "deal"]
    if masses:
        total = next((m for m in masses if not (m.value or {}).get("rate")), masses[0])
        value = mass(total)
        draft.set("quantity", value, spans([total]))
    status, cue = _status(page, sentence, trigger)
    draft.set("status", status, cue)
    if date := _date(page, sentence, trigger):
        draft.set("date", date.id, spans([date]))
    draft.confidence = 0.75 - 0.1 * len(draft.implied)
    return draft if draft.get("materials") else None


def _kind(page: Page, sentence: Sentence) -> tuple[str, Span | None]:
    """The strongest kind that the sentence names; a weak word needs something to be bought, lent or signed beside it."""
    for kind in _ORDER:
        for start, end in sentence.cue(kind):
            word = page.text[start:end].lower()
            near = page.text[max(sentence.start, start - 60) : min(sentence.end, end + 90)]
            if re.search(r"\b(?:reserve|stockpile)\b", near, re.I) and kind != "offtake":
                continue
            if kind == "offtake" and not (sentence.of("COMPANY") or page.protagonist):
                continue
            if word in _WEAK:
                if kind == "investment" and not (
                    sentence.of("COMPANY") and _OBJECT.search(page.text[end : min(sentence.end, end + 90)])
                ):
                    continue
                if kind == "offtake" and not (sentence.of("COMPANY") and sentence.cue("sign", "offtake")):
                    continue
                if kind == "cooperation" and not (
                    sentence.cue("sign") or re.search(r"\b(?:vow|pledge|agree|closer|launch)", near)
                ):
                    continue
            return kind, (start, end)
    for start, end in sentence.cue("sign"):
        if re.match(
            r"\s+(?:up\s+)?with\b|\s+to (?:take|buy|purchase|supply|sell)\b", page.text[end : end + 20]
        ) and sentence.of("COMPANY"):
            sums = [m for m in sentence.of("MONEY") if not (m.value or {}).get("per")]
            if sums and not sentence.of("QUANTITY") and re.match(r"\s+to (?:sell|buy|purchase)\b", page.text[end:]):
                return "investment", (start, end)
            return (
                "offtake"
                if re.search(
                    r"\b(?:take|suppl\w+|buy|purchas\w+|tonnes|tons|kt|deliver\w*)\b", page.text[end : sentence.end]
                )
                else "cooperation"
            ), (start, end)
    given = re.search(
        r"\b(?:awarded|granted|lent|gave|provided|approved|committed|extended)\b[^.;]{0,60}\bto\b", sentence.text
    )
    giver = [
        m
        for m in sentence.mentions
        if (m.label == "BODY" and page.country_of(m)) or (m.label == "COUNTRY" and _acts(page, m))
    ]
    if (
        given
        and giver
        and sentence.of("COMPANY")
        and [m for m in sentence.of("MONEY") if not (m.value or {}).get("per")]
        and not re.search(r"\bcontract\b|stockpile|reserve", sentence.text)
    ):
        return "investment", (sentence.start + given.start(), sentence.start + given.end())
    backed = re.search(r"\bback(?:ed by|s|ing)\b", sentence.text)
    if backed and len({m.id for m in sentence.of("COMPANY")}) > 1:
        return "investment", (sentence.start + backed.start(), sentence.start + backed.end())
    for found in re.finditer(r"\bsold\b[^.;]{0,40}\bto\b|\bpaid\b[^.;]{0,20}\bfor\b", sentence.text):
        span = (sentence.start + found.start(), sentence.start + found.end())
        if (
            [m for m in sentence.of("MONEY") if not (m.value or {}).get("per")]
            and len(sentence.of("COMPANY")) >= 1
            and not sentence.of("QUANTITY")
        ):
            return "investment", span
    return "", None


def _parties(page: Page, sentence: Sentence, kind: str, trigger: Span) -> tuple[list[Mention], bool]:
    """Companies of the sentence; governments where they agree, lend or hold; the last company spoken of, for "it"."""
    companies = _different(sentence.of("COMPANY"))
    states = [
        m
        for m in sentence.mentions
        if (m.label == "BODY" and page.country_of(m)) or (m.label == "COUNTRY" and not is_place(m) and _acts(page, m))
    ]
    if kind == "investment" and len(companies) < 2:
        lenders = [m for m in states if m.label == "BODY"] or states
        return sorted(
            _different([*lenders[:1], *companies, *([page.protagonist] if page.protagonist and not companies else [])]),
            key=lambda m: m.start,
        ), False
    if kind == "cooperation" or len(companies) < 2:
        plain = (
            [m for m in sentence.of("COUNTRY") if not is_place(m)] if kind == "cooperation" and not companies else []
        )
        parties = _different(companies + states + plain)
    else:
        parties = companies
    if len(parties) >= 2:
        return sorted(parties, key=lambda m: m.start), False
    if page.protagonist and parties and page.protagonist.id != parties[0].id:
        return [page.protagonist, *parties], True
    for earlier in reversed(page.sentences[max(0, sentence.index - 3) : sentence.index]):
        own = earlier.of("COMPANY")
        if own and (not parties or own[0].id != parties[0].id):
            return [own[0], *parties], True
    first = page.first_company
    if first and parties and first.id != parties[0].id:
        return [first, *parties], True
    return parties, False


def _acts(page: Page, country: Mention) -> bool:
    """Whether a country stands for its government: "the Malian state", "Japan and India agreed"."""
    before, after = page.before(country.start, 30), page.after(country.end, 45)
    if re.match(
        r"\s+(?:[\w-]+\s+)?(?:company|firm|group|miner|producer|maker|refiner|trader|developer|conglomerate|buyers?|investors?)\b",
        after,
    ):
        return False
    return bool(
        re.match(
            r"(?:['’]s)?\s+(?:\w+\s+)?(?:government|state|ministry|signed|agreed|and|will|has|lent|pledged|authorities|vow|said|treasury)",
            after,
        )
        or re.search(r"\b(?:state of|government of|republic of|between|with|and)\s+(?:the\s+)?$", before, re.I)
    )


def _names(page: Page, parties: list[Mention]) -> list[str]:
    names = [page.country_of(m) if m.label == "BODY" else m.id for m in parties]
    return list(dict.fromkeys(names))


def _money(sentence: Sentence, trigger: Span) -> Mention | None:
    sums = [m for m in sentence.of("MONEY") if m.value and not m.value.get("per")]
    return min(sums, key=lambda m: abs(m.start - trigger[0]), default=None)


def _status(page: Page, sentence: Sentence, trigger: Span) -> tuple[str | None, list[Span]]:
    ended = re.search(
        r"\b(?:ended|cancelled|terminated|tore up|walked away from) (?:the|its|an?|their) (?:\w+ )?(?:contract|agreement|deal|offtake)|\bno longer supplies\b",
        sentence.text,
    )
    if ended:
        return "terminated", [(sentence.start + ended.start(), sentence.start + ended.end())]
    for cue, status in (("terminate", "terminated"), ("complete", "completed"), ("sign", "signed")):
        for span in sentence.cue(cue):
            if abs(span[0] - trigger[0]) < 120 and page.stated(*span):
                return status, [span]
    if found := re.search(r"\b(?:announced?|announces|said|unveiled|will)\b", sentence.text):
        return "announced", [(sentence.start + found.start(), sentence.start + found.end())]
    return None, []


def _date(page: Page, sentence: Sentence, trigger: Span) -> Mention | None:
    dates = [
        d
        for d in sentence.of("DATE")
        if not re.search(
            r"\b(?:until|through|by|from|since|over|to|before|till)\s+(?:the end of\s+)?$", page.before(d.start, 18)
        )
    ]
    return min(dates, key=lambda d: abs(d.start - trigger[0]), default=None)


def _different(mentions: list[Mention]) -> list[Mention]:
    seen: dict[str, Mention] = {}
    for mention in mentions:
        seen.setdefault(mention.id, mention)
    return list(seen.values())
