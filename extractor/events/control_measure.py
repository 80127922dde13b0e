"""Measures by which a government restricts, conditions, eases or investigates trade.

Each sentence that states one gives a draft; `merge` joins the drafts of one measure. The kind follows from the words of
the clause (ban, licence, quota, duty …) and from whether exports or imports are spoken of; the status from its verbs
and from its dates against the day of publication.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.events.claims import claim
from extractor.events.measure_kind import measures, undone
from extractor.events.measure_status import rate, set_dates, status
from extractor.events.notice import authority, completed
from extractor.events.page import Draft, Page, Sentence, distinct_ids, grouped, is_item, is_place, mass, spans
from extractor.schema import Mention, Span

_ENDED_PROBE = re.compile(r"\b(?:clos(?:e|es|ed|ing)|conclud\w+|terminat\w+|ended|dropp\w+)\b", re.I)


_ACTED = re.compile(
    r"\b(?:ban(?:s|ned)|barr(?:ed|s)|prohibit(?:s|ed)|forb\w+|impos\w+|introduc\w+|requir\w+|announc\w+|suspend\w+|halted|lifted|eas(?:ed|es)|extend\w+|paus(?:ed|es)|fr[oe]ez\w*|plac(?:ed|es)|put|added|adds|launch\w+|open(?:ed|s)|set|cut|rais\w+|remov\w+|scrap\w+|sanction\w*|grant\w*|need|must|in force|remains?|took effect|untouched|issued|received|applies|apply|decid\w+|will)\b",
    re.I,
)


def find(page: Page) -> list[Draft]:
    drafts: list[Draft] = []
    for sentence in page.sentences:
        if not sentence.row:
            drafts += _sentence(page, sentence, drafts[-1] if drafts else None)
    _attach(page, drafts)
    return completed(page, drafts) if page.kind == "notice" else drafts


_ALL_OF_THEM = re.compile(
    r"\b(?:the|all|these|those) (?:two|three|four|five|six|seven|same) (?:metals|elements|minerals|materials|oxides|items)\b|\bboth (?:metals|elements|minerals)\b",
    re.I,
)
_THE_ACT = re.compile(
    r"^(?:[\"“(]?)(?:The|This|That|Its)\s+(?:[\w'’-]+\s+){0,3}?(?:statute|law|act|decree|notice|order|rule|rules|regulation|measure|measures|ban|prohibition|suspension|extension|curbs?|restrictions?|stoppage|embargo|"
    r"decision|announcement|duty|duties|tariffs?|levy|tax|quota|licen[cs]ing|regime|freeze|moratorium|requirement|controls?|circular|instrument|proclamation)\b|^It\b|^They\b|^Both\b"
)


def _attach(page: Page, drafts: list[Draft]) -> None:
    """ "The statute was signed on 13 May and took effect on 12 August": dates and numbers told of a measure in a sentence
    of their own go to the draft before it, or to the one after where that goes on with "it"."""
    told = {d.sentence.index for d in drafts}
    for sentence in page.sentences:
        if (
            sentence.index in told
            or not (sentence.of("DATE") or sentence.of("CODE"))
            or not _THE_ACT.match(sentence.text)
        ):
            continue
        before = [d for d in drafts if 0 < sentence.index - d.sentence.index <= 2]
        after = [
            d for d in drafts if d.sentence.index == sentence.index + 1 and re.match(r"(?:It|They)\b", d.sentence.text)
        ]
        target = next(iter(after or before[-1:]), None)
        if target is None:
            continue
        scratch = Draft("control_measure", sentence)
        scratch.set("measure", target.get("measure"))
        set_dates(page, sentence, scratch, (sentence.start, sentence.start), sentence.start, sentence.end)
        if number := _reference(page, sentence, (sentence.start, sentence.start)):
            scratch.set("reference", number.id, spans([number]))
        for slot in ("announced", "effective", "until", "reference"):
            if target.get(slot) is None and scratch.get(slot) is not None:
                target.set(slot, scratch.get(slot), scratch.evidence[slot])


def _sentence(page: Page, sentence: Sentence, previous: Draft | None) -> Iterator[Draft]:
    found: list[tuple[str, Span]] = []
    for measure, trigger in measures(page, sentence):
        if any(m == measure and not _far_apart(page, sentence, t, trigger) for m, t in found):
            continue
        if not page.stated(*trigger) or undone(page, sentence, trigger):
            continue
        found.append((measure, trigger))
    strong = [f for f in found if f[0] != "export_control"] or found
    for measure, trigger in strong:
        draft = _draft(page, sentence, measure, trigger, previous, alone=len(strong) == 1)
        if draft:
            yield draft


def _far_apart(page: Page, sentence: Sentence, one: Span, other: Span) -> bool:
    return sentence.clause(one[0]) != sentence.clause(other[0])


def _draft(
    page: Page, sentence: Sentence, measure: str, trigger: Span, previous: Draft | None, *, alone: bool
) -> Draft | None:
    start, end = sentence.clause(trigger[0])
    if alone:
        start, end = sentence.start, sentence.end
    draft = Draft("control_measure", sentence, confidence=0.8)
    draft.set("measure", measure, [trigger])
    issuer, carried = _issuer(page, sentence, measure, trigger, previous)
    if issuer:
        draft.set("issuer", [page.country_of(issuer)], spans([issuer]), implied=carried)
    target = _target(page, sentence, measure, trigger, start, end, draft.get("issuer") or [])
    draft.set("target", [m.id for m in target], spans(target))
    materials, implied = _materials(page, sentence, trigger, start, end, previous)
    draft.set("materials", distinct_ids(materials), spans(materials), implied=implied)
    reference = _reference(page, sentence, trigger)
    if reference:
        draft.set("reference", reference.id, spans([reference]))
    set_dates(page, sentence, draft, trigger, start, end)
    if found := rate(page, sentence, measure, trigger):
        draft.set("rate_pct", found[0], found[1])
    if measure in ("export_quota", "import_quota", "export_licence"):
        masses = [
            m
            for m in sentence.of("QUANTITY")
            if claim(page, sentence, m) == "control_measure"
            or (measure.endswith("quota") and re.search(r"quota|allocat|allowance", sentence.text, re.I))
        ]
        masses = [
            m
            for m in masses
            if not re.search(r"\b(?:than the|from|against|compared with)\s*$", page.before(m.start, 16))
        ]
        if masses:
            value = mass(masses[0])
            draft.set("quantity", value, spans(masses[:1]))
    draft.set("status", *status(page, sentence, draft, trigger, start, end))
    if not draft.get("issuer") or not draft.get("materials"):
        return None
    if page.kind != "notice" and sentence.end <= page.title_end and "materials" in draft.implied:
        return None  # a headline that leaves out on what; the text below it tells
    facts = [s for s in ("announced", "effective", "until", "reference", "quantity", "rate_pct") if draft.get(s)]
    if (
        page.kind != "notice"
        and "issuer" in draft.implied
        and not facts
        and ("materials" in draft.implied or not _ACTED.search(sentence.text))
    ):
        return None  # a generality about controls, nobody's measure
    draft.confidence -= 0.12 * len(draft.implied) + (0.1 if measure == "export_control" else 0)
    return draft


def _issuer(
    page: Page, sentence: Sentence, measure: str, trigger: Span, previous: Draft | None
) -> tuple[Mention | None, bool]:
    """Who imposes: a body, a capital or a country that acts in the sentence; else the one last spoken of."""

    def candidates(where: Sentence) -> list[tuple[int, Mention]]:
        ranked = []
        for m in where.mentions:
            if m.label == "BODY" and page.country_of(m):
                ranked.append((0 if m.start < trigger[0] else 2, m))
            elif m.label == "COUNTRY" and not is_place(m):
                before, after = page.before(m.start, 30), page.after(m.end, 45)
                if re.search(
                    r"\b(?:to|for|against|from|into|on|at|in|originating in|bound for|headed for|with|between|than|towards?|of)\s+(?:the\s+|imports from\s+|its\s+)?$",
                    before,
                ) and not re.match(
                    r"['’]s?\s+(?:[\w-]+\s+){0,4}(?:ban|export|control|curb|ministry|government|rule|quota|licen)",
                    after,
                ):
                    if (
                        re.search(
                            r"\b(?:government|ministry|authorities|republic|parliament|state|cabinet|licensing|rules?) of\s+(?:the\s+)?$|\bin\s+(?:the\s+)?$|\bunder\s+$",
                            before,
                        )
                        and where is sentence
                        and measure != "sanction"
                    ):
                        ranked.append((3, m))
                    continue
                if not measure.startswith("import") and re.match(
                    r"(?:['’]s?)?\s+(?:[\w-]+\s+){0,3}(?:imports?|buyers|importers)\b", after
                ):
                    continue
                demonym = m.value and m.value.get("as") == "demonyms"
                if demonym and re.match(
                    r"\s+(?:firms?|companies|buyers|customers|users|makers|importers|military|miners?|producers?|steel|refiners?|consumers|smelters?|soil|metal|article|goods|aluminium|aluminum|potash|gold|origin|products?|material|imports?)\b",
                    after,
                ):
                    continue
                acts = re.match(
                    r"(?:['’]s?)?\s+(?:[\w-]+\s+){0,4}?(?:ban\w*|bar\w*|prohibit\w*|forb\w+|outlaw\w*|impos\w+|put|plac\w+|requir\w+|announc\w+|will|has|have|said|decid\w+|suspend\w*|halt\w*|stop\w*|restrict\w*|control\w*|curb\w*|licen\w+|quotas?|embargo|export|ministry|government|customs|dut\w+|tariffs?|lift\w*|eas\w+|extend\w*|paus\w+|freez\w+|froze\w*|propos\w+|plans?|intends?|told|demanded|tighten\w*|list\w*|sanction\w*|introduc\w+|set|cut|adds?|added|lawmakers|cabinet|commerce|authorities|rules?|unveil\w+|open\w*|launch\w*|levi\w+|stretches|bans?|denies|pauses)\b",
                    after,
                    re.I,
                )
                ranked.append(((0 if acts else 1) if m.start < trigger[0] else (2 if acts else 4), m))
        return sorted(ranked, key=lambda r: (r[0], abs(r[1].start - trigger[0]) if where is sentence else r[1].start))

    own = candidates(sentence)
    if page.kind == "notice" and (main := authority(page)):
        foreign = (
            own
            and own[0][0] == 0
            and own[0][1].start - sentence.start < 25
            and measure not in ("investigation", "import_tariff")
        )
        return (own[0][1], False) if foreign else (main, main not in sentence.mentions)
    if own and own[0][0] < 4:
        return own[0][1], False
    if own:
        return own[0][1], False
    if previous is not None and sentence.index - previous.sentence.index <= 3 and previous.get("issuer"):
        at = previous.evidence["issuer"][0]
        return page.at.get(at[0]), True
    for earlier in reversed(page.sentences[max(0, sentence.index - 4) : sentence.index]):
        found = candidates(earlier)
        if found and found[0][0] < 2:
            return found[0][1], True
    return authority(page), True


def _target(
    page: Page, sentence: Sentence, measure: str, trigger: Span, start: int, end: int, issuer: list[str]
) -> list[Mention]:
    """Destinations of an export measure, origins of an import measure, parties named by a listing."""
    importing = measure in ("import_ban", "import_tariff", "import_quota", "investigation")
    pattern = (
        r"\b(?:from|originating in|made in|against|produced in|producers in|of|covering|mined in|on)\s+(?:the\s+)?$"
        if importing
        else r"\b(?:to|for|against|bound for|headed for|destined for|on|at|towards?)\s+(?:the\s+|its\s+)?$"
    )
    found: list[Mention] = []
    for group in grouped(page.text, [m for m in sentence.of("COUNTRY", start, end) if not is_place(m)]):
        demonym = bool(group[0].value and group[0].value.get("as") == "demonyms")
        before, after = page.before(group[0].start, 40), page.after(group[-1].end, 40)
        if any(m.id in issuer for m in group):
            continue
        if re.search(r"\b(?:due|according|said|prior|subject|similar|next)\s+to\s+$|\bfor (?:now|the)\s+$", before):
            continue
        if (
            re.search(pattern, before)
            or (
                demonym
                and re.match(
                    r"\s+(?:customers?|buyers?|users?|military|firms?|companies|end[- ]users?|entities|metal|goods|aluminium|aluminum|potash|steel|article|gold|origin|products?|material|uranium|imports?|importers|defen[cs]e|potash)\b",
                    after,
                )
            )
            or (importing and demonym and measure != "investigation")
            or (importing and re.match(r"['’]s?\s", after))
        ):
            found += group
    if measure in ("entity_listing", "sanction") or not found:
        companies = sentence.of("COMPANY", start, end)
        if measure in ("entity_listing", "sanction"):
            return companies or found
        if measure == "export_licence" and re.search(
            r"\b(?:has been|was|were|have been) (?:issued|granted|given)|granted to|issued to", sentence.text
        ):
            return companies[:1]
    return found


def _materials(
    page: Page, sentence: Sentence, trigger: Span, start: int, end: int, previous: Draft | None
) -> tuple[list[Mention], bool]:
    """All materials of the clause; where it has none, those of the measure spoken of, else of the text before."""
    for a, b in ((start, end), (sentence.start, sentence.end)):
        own = sentence.of("MATERIAL", a, b)
        named = [
            m
            for m in own
            if not re.search(r"\b(?:except|excluding|other than|not)\s+(?:\w+\s+)?$", page.before(m.start, 22))
        ]
        specific = [m for m in named if m.id != "critical-minerals"] or named
        if specific:
            return specific, False
    if sentence.cue("other_goods"):
        return [], False  # a measure on rice is no measure on what was spoken of before
    if _ALL_OF_THEM.search(page.text[start:end]):
        for earlier in reversed(page.sentences[max(0, sentence.index - 6) : sentence.index]):
            if len(distinct_ids(earlier.of("MATERIAL"))) > 1:
                return earlier.of("MATERIAL"), True
    if page.kind == "notice" and re.search(r"\b(?:goods|items|products|following|below|group|these)\b", sentence.text):
        tabled = [
            m
            for t in page.tables
            for row in t["rows"]
            for cell in row
            for m in page.mentions_in(*cell)
            if m.label == "MATERIAL"
        ]
        if tabled:
            return tabled, True
    if sentence.text.rstrip().endswith(":"):
        listed: list[Mention] = []
        for item in page.sentences[sentence.index + 1 : sentence.index + 40]:
            if (item.paragraph > sentence.paragraph + 1 and not is_item(item)) or (not is_item(item) and not listed):
                break
            listed += item.of("MATERIAL")
        if listed:
            return listed, True
    if sentence.index + 1 < len(page.sentences):
        following = page.sentences[sentence.index + 1]
        if following.of("MATERIAL") and re.search(
            r"\b(?:caught|covered|included|affected|on the (?:dual-use |control )?list|among them|are meant|fall under it|apply to|applies to)\b",
            following.text,
            re.I,
        ):
            return following.of("MATERIAL"), True
    for following in page.sentences[sentence.index + 1 : sentence.index + 3]:
        # "the items below:" and the list that follows
        if re.search(r"(?:following|below|as follows)[^.]{0,40}[.:]?$", sentence.text) and following.of("MATERIAL"):
            listed = [m for s in page.sentences[sentence.index + 1 : sentence.index + 30] for m in s.of("MATERIAL")]
            return listed, True
    if previous is not None and sentence.index - previous.sentence.index <= 2 and previous.get("materials"):
        at = set(previous.evidence["materials"])
        return [page.at[start] for start, _ in sorted(at) if start in page.at], True
    return page.materials_before(sentence), True


def _reference(page: Page, sentence: Sentence, trigger: Span) -> Mention | None:
    references = [m for m in sentence.of("CODE") if m.value and m.value.get("kind") == "reference"]
    return min(references, key=lambda m: abs(m.start - trigger[0]), default=None)
