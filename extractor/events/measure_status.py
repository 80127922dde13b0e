"""Where a measure stands, since when and until when: the words that change it, and its dates against publication."""

from __future__ import annotations

import re

from extractor.events.page import Draft, Page, Sentence
from extractor.schema import Span

_EASED = re.compile(
    r"\b(?:eas(?:e|ed|es|ing)|relax\w*|paus\w+|suspen\w+|froze\w*|frozen|freez\w+|on ice|put aside|exempt\w*|waive\w*|loosen\w*|soften\w*|general licen[cs]es?|on hold|carve-outs?|nil\b|reprieve|resum\w+ (?:exports|shipments)|grant(?:ed|s|ing)? (?:\w+ ){0,4}(?:licen[cs]es?|permits?|waivers?|exemptions?|authori[sz]ations?)|(?:licen[cs]es?|permits?) (?:have been |were |was |had been )?(?:granted|issued|approved)|issued with|(?:permit|licence|license) (?:was |has been )?received|(?:approv|clear)\w+ (?:\w+ ){0,4}(?:exports|shipments|applications|licen[cs]es)|lower(?:ed|s)?|reduc\w+|cut from|taken out of the scope|halve[ds]?|trim\w*|set aside|deferr\w+|postpon\w+|delay\w+)\b",
    re.I,
)
_LIFTED = re.compile(
    r"\b(?:lift(?:s|ed|ing)?|remov(?:e|es|ed|ing|al)|repeal\w*|abolish\w*|scrap(?:s|ped|ping)\b|revok\w+|rescind\w*|expir(?:ed|y)\b|lapsed|terminat\w+|cancel\w*|de-?listed|replac(?:es|ed)|ended|ends on|end(?:s|ed|ing)? (?:its|the|a) (?:ban|export|quota|duty|tax|embargo|control|licens)\w*|do(?:es|ne)? away with|did away with|rolls? back|rolled back|ha(?:s|ve) gone|tak(?:en|es) back)\b",
    re.I,
)
_EXTENDED = re.compile(
    r"\b(?:exten(?:d|ds|ded|ding|sion)|prolong\w*|renew(?:s|ed|al)?|stretch(?:es|ed)?|roll(?:s|ed)? over|another (?:three|six|two|\w+) (?:months?|years?)|for a further|remain in place (?:for|until)|keeps? .{0,30} in place)\b",
    re.I,
)
_WITHDRAWN = re.compile(
    r"\b(?:shelv\w+|drop(?:s|ped)?\b|withdr[ae]w\w*|abandon\w*|struck|strikes? out|backed (?:down|away)|backtrack\w*|discard\w*|ditch\w*|voted down|scrap(?:s|ped)? (?:plans|a plan|the plan|its plan|a proposal|the proposal)|terminat\w+ (?:the|its|an?) (?:\w+ )?(?:investigation|proceeding|probe)|without (?:imposing|measures)|negative (?:final )?determination|never enacted|removed from the bill)\b",
    re.I,
)
_PROPOSED = re.compile(
    r"\b(?:propos\w+|consider(?:s|ed|ing)?|mull\w*|weigh(?:s|ed|ing)?|draft\w*|draw(?:s|n|ing)? up|drew up|consult\w*|plans? to|planning to|plans? (?:an?|for)|planned|intends? to|hint\w*|contemplat\w+|looking at|studying|bill\b|floated?s?|threaten\w*|eye[sd]?\b|eyeing|preparing|prepares|seeks? to|tabled|moot\w*|notice of proposed|in the works|cabinet (?:said|backing|approved in principle)|would be (?:subject|required|banned))\b",
    re.I,
)
_FORCE = re.compile(
    r"\b(?:in force|took effect|takes effect|taken effect|c[ao]me into (?:force|effect)|entered into (?:force|effect)|went into effect|has applied|have applied|immediate effect|since|in place|untouched|remains?|has (?:banned|barred|forbidden|required|prohibited|been)|have (?:needed|been)|still|applies from the date|effective|already|existing|continue[sd]?)\b",
    re.I,
)
_OPENED = re.compile(
    r"\b(?:initiat\w+|open(?:s|ed|ing)?|launch(?:es|ed|ing)?|began|begins?|start(?:s|ed)?|self-initiated|institut\w+)\b",
    re.I,
)
_EFFECTIVE = re.compile(
    r"(?:\bfrom|\bsince|\bas (?:of|from)|\beffective(?: date:?)?(?: from| on)?|\beffect (?:from|on)|\btakes? effect(?: on| from| in)?|\btook effect(?: on| in)?|\bstarting(?: on| in| from)?|\bbeginning(?: on| in)?|\bbegan(?: on| in)?|"
    r"\binto (?:force|effect)(?: on| in| from)?|\bin force since|\bapplicable(?: from)?|\bappl(?:y|ies|ied)(?: from| as of| since)?|\bimposed (?:on|in)|\bput(?: [\w,]+)* under (?:licence|license|control|licensing)(?: on| in)?|\bplaced(?: [\w,]+)* under (?:licence|license|control|licensing)(?: on| in)?|\bcame in(?: on)?|\brule of|"
    r"\bcollected since|\bimposed|\bintroduced (?:on|in)|\bon the list since|\bonward from|\bbegins?(?: on| in)?|\bstarts?(?: on| in)?|\bruns from|\bwith effect from|\bunder control from|\blisted (?:on|in)|\blist on|\bfrom midnight on|\bkick(?:s|ed)? in(?: on)?|\bapplicable)\s*(?:midnight |the end of |early |late |mid-|end-|\w+day,? )?$",
    re.I,
)
_UNTIL = re.compile(
    r"(?:\buntil|\btill|\bthrough|\bup to|\bexpir\w+(?: on| in| at)?|\blaps\w+(?: on| in)?|\bends?(?: on| in)?|\bended(?: on)?|\bending(?: on)?|\bno later than|\bto run out on|\blasts? (?:until|to|through)|\bruns? (?:until|to|through)|\bvalid (?:until|to|through)|\bin place until|\bsuspended (?:until|to|through))\s*(?:at least |the end of |midnight on |end-|late |early |at midnight on |\w+day,? )?$",
    re.I,
)
_ANNOUNCED = re.compile(
    r"(?:\bannounced?|\bsigned|\bpublished|\bissued|\bdecided|\bdated|\bgazetted|\badopted|\bordered|\bsaid|\bunveiled|\btold|\bnotified|\bpromulgated|\bdone at [A-Z]\w+,?|\bdeclared|\breleased|\bopened|\binitiated|\bvoted|\bapproved|\blaunched|"
    r"\bdate of issue\]?:?|\bofficial journal[\w\s,]*|\bthe day of its publication,?|\bdate:|\bpassed|\bcleared|\bdecree of|\bstatement of|\bannouncement of|\bbacking in|\bconfirmed|\bof)\s*(?:[\w\s,'’-]{0,40}\b(?:on|in|last|late|earlier|this|back in)\s+(?:late |early |\w+day,? )?|on |in |this |late |early |earlier )?$",
    re.I,
)


def set_dates(page: Page, sentence: Sentence, draft: Draft, trigger: Span, start: int, end: int) -> None:
    """Give each date of the clause its part by the words before it."""
    dates = sentence.of("DATE", start, end) or sentence.of("DATE")
    numbers = sentence.of("CODE")
    for date in dates:
        if any(n.start <= date.start < n.end for n in numbers):
            continue
        before = page.text[max(sentence.start, date.start - 75) : date.start]
        if _UNTIL.search(before):
            slot = "until"
        elif _EFFECTIVE.search(before):
            slot = "effective"
        elif _ANNOUNCED.search(before):
            slot = "announced"
        elif (
            re.search(r"\b(?:on|in|this|last|late|early|earlier|during)\s+(?:\w+day,? |late |early )?$", before, re.I)
            or len(date.id) == 10
            or re.search(r"\bon\b", page.after(date.end, 6))
        ):
            acts = re.search(
                r"\b(?:announc\w+|said|sign\w+|publish\w+|issu\w+|decid\w+|unveil\w+|told|adopt\w+|ordered|gazett\w+|open\w+|initiat\w+|propos\w+|approv\w+|barred|banned|prohibited|extend\w+|paus\w+|froze|suspended|put on ice)\b",
                before + page.after(date.end, 25),
                re.I,
            )
            slot = "announced" if acts else "effective"
        else:
            continue
        if slot == "until" and re.search(r"\bnot\b[^.;]{0,40}\buntil\b[^.;]{0,12}$", before):
            slot = "effective"
        if slot == "announced" and page.published and date.id[: len(page.published)] > page.published[: len(date.id)]:
            slot = "effective"  # nothing is announced on a day to come
        if draft.get(slot) is None:
            draft.set(slot, date.id, [(date.start, date.end)])
    if (
        re.search(
            r"\bwith immediate effect|\bimmediately\b|\beffective immediately|from the (?:date|day) of (?:issue|publication|its publication)|since the day of its publication",
            sentence.text,
            re.I,
        )
        and draft.get("announced")
        and not draft.get("effective")
    ):
        draft.set("effective", draft.get("announced"), draft.evidence["announced"])


def rate(page: Page, sentence: Sentence, measure: str, trigger: Span) -> tuple[float, list[Span]] | None:
    """The rate of a duty: the one it goes "to", else the one beside the word."""
    if measure not in ("export_tax", "import_tariff"):
        return None
    rates = sentence.of("PERCENT")
    if not rates:
        if zero := re.search(r"\b(?:nil|zero|duty-free|fully exempt\w*)\b", sentence.text, re.I):
            return 0, [(sentence.start + zero.start(), sentence.start + zero.end())]
        return None
    to = [
        r
        for r in rates
        if re.search(r"\b(?:to|of|at|is)\s+(?:\w+\s+)?$", page.before(r.start, 14))
        and not re.search(r"\b(?:up|down) to\s+$", page.before(r.start, 9))
    ]
    best = min(to or rates, key=lambda r: abs(r.start - trigger[0]))
    return (best.value or {})["pct"], [(best.start, best.end)]


def status(page: Page, sentence: Sentence, draft: Draft, trigger: Span, start: int, end: int) -> tuple[str, list[Span]]:
    """What the words of the clause do to the measure; else whether its day has come."""
    measure = draft.slots["measure"]
    text = page.text[start:end]
    near_start = max(start, trigger[0] - 110)
    near = page.text[near_start : min(end, trigger[1] + 80)]
    base = near_start

    def spot(pattern: re.Pattern[str]) -> list[Span]:
        found = pattern.search(near)
        return [(base + found.start(), base + found.end())] if found else []

    word = page.text[trigger[0] : trigger[1]].lower()
    not_undone = not re.search(
        r"\b(?:not|never|n[’']t)\s+(?:been\s+)?(?:be\s+)?(?:softened|lifted|eased|relaxed|abolished|removed|extended|expired)",
        near,
    )
    if measure == "investigation":
        if found := spot(_WITHDRAWN):
            return "withdrawn", found
        return "announced", spot(_OPENED) or [trigger]
    expected = re.search(
        r"\b(?:to be|can be|may be|could be|expects?|hopes?|until (?:it is|they are))\s+(?:\w+\s+)?(?:lifted|eased|removed|withdrawn|dropped|relaxed|extended|ended|scrapped)",
        near,
    )
    stays = re.search(
        r"\b(?:remains? in (?:place|force)|stays? in place|still (?:applies|in force|bans?|in place)|untouched|remain applicable)\b",
        near,
    )
    if stays and (expected or not spot(_WITHDRAWN)):
        return "in_force", [(base + stays.start(), base + stays.end())]
    not_undone = not_undone and not expected
    if not expected and (found := spot(_WITHDRAWN)):
        planned = re.search(
            r"\b(?:propos\w+|plans?|planned|draft|bill|clause|provision|intention|idea|never enacted|talk)\b",
            page.text[start:end],
            re.I,
        )
        return ("withdrawn" if planned or not draft.get("issuer") else "lifted"), found
    if (found := spot(_EXTENDED)) and not_undone:
        return "extended", found
    if (found := spot(_LIFTED)) and not_undone and not re.search(r"\bwill be (?:lifted|removed) only\b", near):
        return "lifted", found
    eased = [s for s in spot(_EASED) if not (measure in ("export_ban", "import_ban") and s[0] <= trigger[0] <= s[1])]
    if (
        eased
        and not_undone
        and not (measure in ("export_ban",) and word.startswith(("suspen", "freez", "halt", "paus")))
        and not re.search(
            r"\bsuspen\w+ (?:of )?(?:(?!ban\b|bans\b|embargo|prohibition|licen|control|quota|dut|curb|restriction)[\w-]+ ){0,3}(?:exports|shipments|imports)",
            near,
        )
    ):
        return "eased", eased
    if found := spot(_PROPOSED):
        return "proposed", found
    effective = draft.get("effective")
    if effective and page.published and str(effective)[: len(page.published)] > page.published[: len(str(effective))]:
        return "announced", draft.evidence["effective"]
    if found := spot(_FORCE):
        return "in_force", found
    if effective:
        return "in_force", draft.evidence["effective"]
    if future := re.search(r"\b(?:will|would|is to|are to|to be|set to|going to|shall)\b", text):
        return "announced", [(start + future.start(), start + future.end())]
    if measure.endswith("quota") and draft.get("announced"):
        return "announced", draft.evidence["announced"]
    return "in_force", [trigger]
