"""Making, or being able to make, a material: output and capacity, starts, halts, cuts, plans."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.events.claims import claim
from extractor.events.figures import base_of_comparison, change, period, unsigned_share
from extractor.events.notice import authority
from extractor.events.page import Draft, Page, Sentence, distinct_ids, grouped, is_place, mass, spans
from extractor.schema import Mention, Span

_PLAN = re.compile(
    r"\b(?:plans?|planned|planning|aims?|aiming|aimed|targets?|targeted|targeting|guidance|forecasts?|expects?|expected|"
    r"projected|scheduled|will|would|intends?|is to|are to|due to|slated|designed for|should come|foreseen|"
    r"authori[sz]ed to|hopes? to|wants? to|under construction|building|is building|to reach|by 20\d\d|goal|pushed back|set to|due|to start|to open|to begin|to follow|to resume|to produce|to restart|envisag\w+|eventually|once complete\w*|when complete\w*|is being built|will be|sees? output|anticipat\w+|proposed|pencilled|earmarked|ramp up to|on track|laid the first stone|broke ground|breaks ground|construct\w*|approved|green light|final investment decision|sanctioned the|should)\b",
    re.I,
)
_INTENDS = re.compile(
    r"\b(?:plans?|intends?|aims?|is|are|due|expects?|expected|scheduled|set|hopes?) to (?:(?:start|begin) )?"
    r"(?:mine|mining|produce|producing|build (?:a|an|its|the)\b[^.;,]{0,40}\b(?:plant|refinery|smelter|mine|factory)|open (?:a|an|its|the)\b[^.;,]{0,40}\b(?:plant|refinery|smelter|mine|factory)|refine|smelt|recycle|process|separate)\b"
    r"|\bplans (?:a|an)\b[^.;,]{0,30}\b(?:plant|refinery|smelter|mine|factory)\b"
)
_DONE = {
    "resume": "resumed",
    "halt": "halted",
    "cut": "cut",
    "start": "started",
    "expand": "expanded",
}
_MAKING = re.compile(
    r"\b(?:mines?|mining|mined|smelters?|smelting|refiner(?:y|ies)|refining|plants?|output|production|produc\w+|operations?|"
    r"furnaces?|kilns?|capacity|circuits?|factor(?:y|ies)|concentrator|processing|facilit(?:y|ies)|mill|orders|pits?|works?|shaft|"
    r"units?|lines?|cathodes?|potlines?|works|site|complex|work|separation|project|ore|concentrate|recycling|centrifuges?|cascades?|wells?)\b",
    re.I,
)
_TRADE_OBJECT = re.compile(
    r"^\s+(?:[\w'’-]+\s+){0,4}?(?:exports?|shipments|sales|imports|purchases|trading|deliveries|the ban|supplies|talks|quotas?|licen[cs]\w+|tariffs?|dut(?:y|ies)|investigation|prices?|offers|rail transport|transport|the restrictions?|curbs|controls|its ban|bids|guidance on)\b",
    re.I,
)
_NATIONAL = re.compile(
    r"^(?:['’]s?)?\s+(?:[\w-]+\s+){0,5}?(?:output|production|capacity|mines?|smelters?|miners|refiners|refineries|producers|mine output|plants|industry|furnaces|supply)\b",
    re.I,
)


def find(page: Page) -> Iterator[Draft]:
    for sentence in page.sentences:
        if sentence.row:
            continue
        figures = list(_figures(page, sentence))
        yield from figures
        changes = list(_changes_of_state(page, sentence, figures))
        yield from changes
        if not changes:
            yield from _intentions(page, sentence, figures)


def _figures(page: Page, sentence: Sentence) -> Iterator[Draft]:
    """Outputs and capacities, each figure an event."""
    masses = [m for m in sentence.of("QUANTITY") if claim(page, sentence, m) == "production"]
    shares = [m for m in sentence.of("PERCENT") if _world_share(page, sentence, m)]
    spots = [(m.start, m.end) for m in sentence.of("QUANTITY")]
    lone = [s for s in shares if not any(abs(s.start - m.end) < 90 for m in masses)]
    for anchor in [*masses, *lone]:
        if not page.stated(anchor.start, anchor.end) or base_of_comparison(page, sentence, anchor.start):
            continue
        if anchor.label == "QUANTITY" and re.search(
            r"\bby\s+(?:about |some |around |another )?$", page.before(anchor.start, 16)
        ):
            continue  # by how much it changed, not what it is
        if anchor.label == "PERCENT" and not sentence.cue("produce", "capacity", "mining", "refining"):
            continue
        if re.search(r"\b(?:not|never)\s+$", page.before(anchor.start, 8)):
            continue
        draft = Draft("production", sentence)
        here = (anchor.start, anchor.end)
        if not _who_and_what(page, sentence, draft, anchor.start, anchor):
            continue
        action, cue = _action_of_figure(page, sentence, anchor)
        draft.set("action", action, cue)
        if anchor.label == "QUANTITY":
            draft.set("quantity", mass(anchor), [here])
            if moved := change(page, sentence, here, spots):
                draft.set("change_pct", moved[0], moved[1])
        for share in shares:
            if share is anchor or abs(share.start - anchor.end) < 90:
                draft.set("share_pct", (share.value or {})["pct"], spans([share]))
        if when := period(page, sentence, here, spots):
            draft.set("period", when[0], when[1])
        draft.confidence = 0.85 - 0.1 * len(draft.implied)
        yield draft


def _action_of_figure(page: Page, sentence: Sentence, anchor: Mention) -> tuple[str, list[Span]]:
    start, end = sentence.clause(anchor.start)
    before = page.text[max(start, anchor.start - 110) : anchor.start]
    cuts = [c for c in sentence.cue("cut", start=start, end=end) if c[0] < anchor.start]
    if (
        cuts
        and re.search(
            r"\b(?:guidance|target|output|production|plan|capacity|forecast|goal|run)\b", page.text[start:end], re.I
        )
        and re.search(r"\bto\b[^.]{0,30}$", before)
    ):
        return "cut", cuts[-1:]
    expands = [c for c in sentence.cue("expand", start=start, end=end) if c[0] < anchor.start]
    plan = _PLAN.search(page.text[start:end])
    capable = re.search(
        r"\b(?:able to|capable of|nameplate|can (?:turn|produce|make|process|refine|smelt|handle)|has (?:a )?(?:\w+ )?capacity)\b",
        page.text[start:end],
        re.I,
    )
    if plan and not (capable and plan.start() > capable.start()):
        at = start + plan.start()
        rival = re.search(
            r"\b(?:produced|mined|turned out|output was|reached|totalled|yielded|processed|rose|fell|was)\s+(?:[\w-]+\s+){0,3}$",
            before,
        )
        if not rival and at < anchor.end + 60:
            return "planned", [(at, at + len(plan[0]))]
    raised = re.search(
        r"\b(?:lift|rais|expand|boost|increas|add|enlarg|doubl|tripl)\w*\b[^.;]{0,60}\bcapacity\b[^.;]{0,30}$|\badd\w* (?:[\w-]+\s){0,3}$",
        before,
        re.I,
    )
    if not plan and (
        (raised and re.search(r"\bcapacity\b", page.text[start:end]))
        or (expands and re.search(r"\bto\s+(?:[\w-]+\s+){0,3}$", before))
    ):
        return "expanded", expands[-1:] or [
            (anchor.start - len(before) + raised.start(), anchor.start)
        ] if raised else expands[-1:]
    return "produced", sentence.cue("produce", "capacity", start=start, end=end)[:1]


def _changes_of_state(page: Page, sentence: Sentence, figures: list[Draft]) -> Iterator[Draft]:
    """Halts, restarts, starts, cuts and expansions told without a volume of output."""
    done: set[str] = set()
    for cue in ("resume", "halt", "cut", "start", "expand"):
        for start, end in sentence.cue(cue):
            if cue in done or not _about_making(page, sentence, cue, start, end):
                continue
            if not page.stated(start, end) or page.negated(start, end):
                continue
            if any(d.get("action") in (_DONE[cue], "planned") and d.get("quantity") for d in figures) and cue != "halt":
                continue
            draft = Draft("production", sentence)
            if not _who_and_what(page, sentence, draft, start, after=end) or (
                "actor" in draft.implied
                and ("materials" in draft.implied or not _pronoun(sentence))
                and not page.protagonist
            ):
                continue
            clause = page.text[max(sentence.start, start - 45) : end]
            planned = (
                _PLAN.search(clause)
                if cue not in ("halt",)
                else re.search(r"\b(?:plans? to|will|intends? to|may be|is to|are to)\b", clause)
            )
            if cue == "start" and re.search(r"\b(?:to|will)\s+$", page.before(start, 6)):
                planned = planned or _PLAN.search(clause + " will")
            if cue == "resume" and re.search(r"\b(?:begun|began|started) to\s+$", page.before(start, 12)):
                planned = None
            draft.set("action", "planned" if planned and cue != "halt" else _DONE[cue], [(start, end)])
            if when := _when(page, sentence, (start, end)):
                draft.set("period", when[0], when[1])
            draft.confidence = 0.75 - 0.1 * len(draft.implied)
            done.add(cue)
            yield draft


def _intentions(page: Page, sentence: Sentence, figures: list[Draft]) -> Iterator[Draft]:
    """ "Fortune Minerals plans to mine bismuth at NICO": a plan told without a volume."""
    if any(d.get("action") == "planned" for d in figures) or sentence.heading:
        return
    for match in _INTENDS.finditer(sentence.text):
        at = sentence.start + match.start()
        if (
            not sentence.of("COMPANY", sentence.clause(at)[0], at)
            or not page.stated(at, at + len(match[0]))
            or page.negated(at, at + 4)
        ):
            continue
        draft = Draft("production", sentence, confidence=0.6)
        if _who_and_what(page, sentence, draft, at, after=at + len(match[0])) and "actor" not in draft.implied:
            draft.set("action", "planned", [(at, at + len(match[0]))])
            if when := _when(page, sentence, (at, at + len(match[0]))):
                draft.set("period", when[0], when[1])
            yield draft
        return


def _when(page: Page, sentence: Sentence, here: Span) -> tuple[str, list[Span]] | None:
    """The date of a change of state: what is said to happen since, on or from a day."""
    after = [d for d in sentence.of("DATE") if d.start >= here[1]] or sentence.of("DATE")
    for date in after:
        if not re.search(r"\bsaid(?: on)?\s*$|\buntil\s*$", page.before(date.start, 10)):
            return date.id, [(date.start, date.end)]
    return None


def _about_making(page: Page, sentence: Sentence, cue: str, start: int, end: int) -> bool:
    """Whether the cue is said of a plant, a mine or their output, and not of exports, prices or a ban."""
    after, before = page.text[end : min(sentence.end, end + 70)], page.text[max(sentence.start, start - 70) : start]
    if _TRADE_OBJECT.match(after):
        return False
    word = page.text[start:end].lower()
    if cue in ("cut", "halt") and re.search(
        r"\b(?:exports?|shipments|quotas?|duty|tariffs?|prices?|rates?|trade|sales|imports|licen[cs]\w*)\s+(?:\w+\s+){0,2}$",
        before,
        re.I,
    ):
        return False
    if (
        word in ("closed", "closing", "close", "closes", "close") and re.search(r"\b(?:at|on|up|down)\b", after[:12])
    ) or (
        word in ("opens", "opened")
        and re.match(r"\s+(?:an?|the) (?:probe|investigation|proceeding|review|antidumping|anti-dumping)", after)
    ):
        return False
    if word in (
        "switched off",
        "mothballed",
        "idled",
        "shuttered",
        "care and maintenance",
        "switched on",
    ) and sentence.of("COMPANY"):
        return True
    if cue in ("start", "expand") and not sentence.of("COMPANY") and not sentence.of("COUNTRY"):
        return False
    if word in ("lower", "cut", "cuts", "reduced", "its first", "strike", "opened", "opens"):
        return bool(
            re.match(
                r"\s+(?:[\w'’-]+\s+){0,4}?(?:output|production|capacity|mining|operations|run rates?|throughput|guidance|plants?|mines?|smelters?|furnaces?)\b",
                after,
            )
        )
    if cue == "expand":
        return bool(
            re.search(
                r"\b(?:capacity|plant|output|production|smelter|mine|refinery|concentrator|recycling|facility|line|operations)\b",
                before[-45:] + " " + after[:45],
                re.I,
            )
        )
    return bool(_MAKING.search(after[:60]) or _MAKING.search(before[-60:]))


def _pronoun(sentence: Sentence) -> bool:
    return bool(
        re.search(
            r"\b(?:it|its|the (?:company|group|miner|firm|producer|plant|mine|smelter|refinery)|we|our)\b",
            sentence.text,
            re.I,
        )
    )


def _who_and_what(
    page: Page, sentence: Sentence, draft: Draft, position: int, figure: Mention | None = None, after: int = 0
) -> bool:
    """Fill actor, materials, activity and site; false when nobody and nothing is named."""
    object_ = grouped(page.text, [m for m in sentence.of("MATERIAL", after) if m.start - after < 70]) if after else []
    if object_ and object_[0][-1].end <= sentence.clause(position)[1]:
        materials, implied = object_[0], False
    else:
        materials, implied = page.materials_of(sentence, figure) if figure else page.materials_near(sentence, position)
    if not materials:
        return False
    draft.set("materials", distinct_ids(materials), spans(materials), implied=implied)
    actor, carried = _actor(page, sentence, position)
    if not actor:
        return False
    draft.set(
        "actor",
        list(dict.fromkeys(page.country_of(a) if a.label == "BODY" else a.id for a in actor)),
        spans(actor),
        implied=carried,
    )
    activity = _activity(page, sentence, position)
    if activity:
        draft.set("activity", activity[0], activity[1])
    site = _site(page, sentence, actor, position)
    if site:
        draft.set("site", [site.id], spans([site]))
        draft.slots["site"] = site.id
    return True


def _actor(page: Page, sentence: Sentence, position: int) -> tuple[list[Mention], bool]:
    """The company before the figure or trigger in its clause, else the country whose output is spoken of."""
    start, end = sentence.clause(position)
    for a, b in ((start, end), (sentence.start, sentence.end)):
        companies = grouped(page.text, sentence.of("COMPANY", a, b))
        before = [g for g in companies if g[-1].end <= position]
        if before:
            group = before[-1]
            return _with_partners(page, group, before), False
        national = [
            g
            for g in grouped(page.text, [m for m in sentence.of("COUNTRY", a, b) if not is_place(m)])
            if _NATIONAL.match(page.after(g[-1].end, 60)) or g[-1].end <= position
        ]
        if national and not companies:
            strong = [g for g in national if _NATIONAL.match(page.after(g[-1].end, 60)) or _subject(page, g)]
            if strong:
                return strong[-1] if strong[-1][0].start <= position else strong[0], False
        if companies:
            return companies[0], False
    if re.search(r"\b[Tt]he country\b", sentence.text):
        for earlier in reversed(page.sentences[max(0, sentence.index - 4) : sentence.index]):
            spoken = [m for m in earlier.of("COUNTRY") if not is_place(m)]
            if spoken:
                return spoken[:1], True
    if (
        page.protagonist
        and not sentence.of("COUNTRY", start, end)
        and not re.match(r"\W*(?:It|The company|The group)\b", sentence.text)
    ):
        return [page.protagonist], True
    if page.kind == "notice" and not sentence.of("COMPANY") and (issuer := authority(page)) is not None:
        return [issuer], True
    if _pronoun(sentence) or page.kind != "notice":
        for earlier in reversed(page.sentences[max(0, sentence.index - 6) : sentence.index]):
            if re.match(r"\W*(?:It|The company|The group|The firm)\b", earlier.text):
                continue  # its subject stands further up
            own = earlier.of("COMPANY")
            if own and own[0].start - earlier.start > 25 and page.protagonist:
                return [page.protagonist], True
            if own:
                return own[:1], True
            nation = [m for m in earlier.of("COUNTRY") if not is_place(m)]
            if nation and earlier.paragraph == sentence.paragraph:
                return nation[:1], True
    named = [m for m in sentence.of("COUNTRY") if not is_place(m)]
    if named:
        return named[:1], False
    own = [m for m in page.title_mentions if m.label == "COMPANY"]
    if own:
        return own[:1], True
    return ([page.main_country], True) if page.main_country else ([], True)


def _subject(page: Page, group: list[Mention]) -> bool:
    """Whether a country acts: "China digs up", "Congo mined", or possesses: "Japan's"."""
    after = page.after(group[-1].end, 40)
    return bool(
        re.match(
            r"(?::|['’]s?\b|\s+(?:\w+\s+)?(?:mined|mines|produced|produces|makes|made|digs|refines|refined|has|accounted|accounts|is|was|plans|aims|turned|holds|smelted|generates|generated|recycles|will|can|intends|expects|delivered))",
            after,
        )
    )


def _with_partners(page: Page, group: list[Mention], groups: list[list[Mention]]) -> list[Mention]:
    """ "Cameco and its partner Orano" are two actors."""
    if len(groups) > 1:
        gap = page.text[groups[-2][-1].end : group[0].start]
        if re.fullmatch(
            r"(?:,? and|,? with)? (?:its |their )?(?:joint[- ]venture )?(?:partner|partners|parent|subsidiary)?\s?,?\s?",
            gap,
        ):
            return groups[-2] + group
    return group


def _activity(page: Page, sentence: Sentence, position: int) -> tuple[str, list[Span]] | None:
    """The stage of the chain whose words stand nearest, first in the clause, then in the sentence."""
    start, end = sentence.clause(position)
    for a, b in ((start, end), (sentence.start, sentence.end)):
        best: tuple[int, str, Span] | None = None
        for name in ("recycling", "refining", "mining", "manufacturing"):
            for span in sentence.cue(name, start=a, end=b):
                gap = (
                    abs(span[0] - position)
                    + (30 if name == "manufacturing" else 0)
                    - (40 if name == "recycling" else 0)
                )
                if best is None or gap < best[0]:
                    best = (gap, name, span)
        if best:
            return best[1], [best[2]]
    return None


def _site(page: Page, sentence: Sentence, actor: list[Mention], position: int) -> Mention | None:
    """Where the plant stands: a place named with "in" or "at", else the country whose output it is."""
    start, end = sentence.clause(position)
    for a, b in ((start, end), (sentence.start, sentence.end)):
        for country in sentence.of("COUNTRY", a, b):
            if re.search(
                r"\b(?:in|at|on|near|across|inside|within|outside)\s+(?:the |its |northern |southern |eastern |western |central )?(?:[A-Z][\w-]+(?:,| in)\s+){0,2}$",
                page.before(country.start, 45),
                re.I,
            ) and not re.search(r"\b(?:prices? in|demand in|outside)\s+$", page.before(country.start, 14)):
                return country
            if re.match(
                r"\s+(?:plant|mine|smelter|refinery|operations?|facility|factory|project|pits)\b",
                page.after(country.end, 20),
            ):
                return country
    if actor and actor[0].label == "COUNTRY":
        return actor[0]
    return None


def _world_share(page: Page, sentence: Sentence, percent: Mention) -> bool:
    after = page.text[percent.end : min(sentence.end, percent.end + 60)]
    if not unsigned_share(page, percent) or claim(page, sentence, percent) == "trade_flow":
        return False
    if re.match(r"\s+of (?:all )?(?:mined|primary|refined)\b", after):
        return True
    earlier = [p for p in sentence.of("PERCENT") if p.end <= percent.start]
    if earlier and re.match(r"\s+of its\b", after) and _world_share(page, sentence, earlier[-1]):
        return True
    return bool(re.search(r"\b(?:world|global|worldwide)\b", after, re.I))
