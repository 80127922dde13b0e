"""Measures by which a government restricts, conditions, eases or investigates trade.

Each sentence that states one gives a draft; `merge` joins the drafts of one measure. The kind follows from the words of
the clause (ban, licence, quota, duty …) and from whether exports or imports are spoken of; the status from its verbs
and from its dates against the day of publication.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.events.claims import claim
from extractor.events.notice import authority, completed
from extractor.events.page import Draft, Page, Sentence, distinct_ids, grouped, is_item, is_place, spans
from extractor.schema import Mention, Span

_TRADE = re.compile(r"\b(?:export\w*|import\w*|sales? (?:of|to|abroad|routed)|sell|selling|shipments?|ship(?:ped|ping)?|shippers?|deliver\w+|buying it|purchases?|"
                    r"leave the (?:country|national territory|territory)|leave the|goods|embargo|customs|dual-use|trade|leaving|tak(?:e|en|ing) out of the|abroad|overseas|cargoes|cross-border|outflow|supplies to|sold to|at home)\b", re.I)
_EXPORTING = re.compile(r"\b(?:export\w*|shipments?|shipped|ship|sales to|sell\w*|sales abroad|leave|leaving|tak(?:e|en|ing) out of|removal from|abroad|overseas|outbound|outflows?|dual-use|sold|at home|supplies to|deliveries to|cargoes)\b", re.I)
_IMPORTING = re.compile(r"\b(?:import\w*|buying|purchas\w+|anti-?dumping|countervailing|customs duty|inbound|into the (?:country|union|united states|bloc)|originating in|safeguard|less-than-fair-value|less than fair value|dumped|subsidi[sz]ed|section 232|section 301|bought from|tariffs? on|duties on)\b", re.I)
_MORE_LICENCE = re.compile(r"\b(?:need|needs|needed|requir\w+|must|under|without|obtain|apply for|subject to|mandatory|demand\w*|impos\w+|introduc\w+|system|regime|rules?|granted?|issued|approv\w+|permit list|prior|special|exporters?|export|licensing|list)\b", re.I)
_BUSINESS_STOP = re.compile(r"\b(?:mine|plant|smelter|refinery|furnace|production|operations|output|mining|work|works)\b", re.I)
_INVESTMENT_LICENCE = re.compile(r"\b(?:mining licen[cs]e|exploration (?:licen[cs]e|permit)|environmental permit|mining permit|operating licen[cs]e|licence area|production operation permit|building permit|water permit|licen[cs]ing (?:fee|deal|agreement|round)|under licence from|mining lease|permitting process|state permits?)\b", re.I)
_PHYSICAL_CONTROL = re.compile(r"\b(?:quality control|under (?:the )?control of|control(?:led|s|ling)? (?:stake|interest|by|the mine|about|some|roughly|nearly|\d)|took control|take control|production control|in control|armed groups? control|cost control|pollution controls?)\b", re.I)

_EASED = re.compile(r"\b(?:eas(?:e|ed|es|ing)|relax\w*|paus\w+|suspen\w+|froze\w*|frozen|freez\w+|on ice|put aside|exempt\w*|waive\w*|loosen\w*|soften\w*|general licen[cs]es?|on hold|carve-outs?|nil\b|reprieve|resum\w+ (?:exports|shipments)|grant(?:ed|s|ing)? (?:\w+ ){0,4}(?:licen[cs]es?|permits?|waivers?|exemptions?|authori[sz]ations?)|(?:licen[cs]es?|permits?) (?:have been |were |was |had been )?(?:granted|issued|approved)|issued with|(?:permit|licence|license) (?:was |has been )?received|(?:approv|clear)\w+ (?:\w+ ){0,4}(?:exports|shipments|applications|licen[cs]es)|lower(?:ed|s)?|reduc\w+|cut from|taken out of the scope|halve[ds]?|trim\w*|set aside|deferr\w+|postpon\w+|delay\w+)\b", re.I)
_LIFTED = re.compile(r"\b(?:lift(?:s|ed|ing)?|remov(?:e|es|ed|ing|al)|repeal\w*|abolish\w*|scrap(?:s|ped|ping)\b|revok\w+|rescind\w*|expir(?:ed|y)\b|lapsed|terminat\w+|cancel\w*|de-?listed|replac(?:es|ed)|ended|ends on|end(?:s|ed|ing)? (?:its|the|a) (?:ban|export|quota|duty|tax|embargo|control|licens)\w*|do(?:es|ne)? away with|did away with|rolls? back|rolled back|ha(?:s|ve) gone|tak(?:en|es) back)\b", re.I)
_EXTENDED = re.compile(r"\b(?:exten(?:d|ds|ded|ding|sion)|prolong\w*|renew(?:s|ed|al)?|stretch(?:es|ed)?|roll(?:s|ed)? over|another (?:three|six|two|\w+) (?:months?|years?)|for a further|remain in place (?:for|until)|keeps? .{0,30} in place)\b", re.I)
_WITHDRAWN = re.compile(r"\b(?:shelv\w+|drop(?:s|ped)?\b|withdr[ae]w\w*|abandon\w*|struck|strikes? out|backed (?:down|away)|backtrack\w*|discard\w*|ditch\w*|voted down|scrap(?:s|ped)? (?:plans|a plan|the plan|its plan|a proposal|the proposal)|terminat\w+ (?:the|its|an?) (?:\w+ )?(?:investigation|proceeding|probe)|without (?:imposing|measures)|negative (?:final )?determination|never enacted|removed from the bill)\b", re.I)
_PROPOSED = re.compile(r"\b(?:propos\w+|consider(?:s|ed|ing)?|mull\w*|weigh(?:s|ed|ing)?|draft\w*|draw(?:s|n|ing)? up|drew up|consult\w*|plans? to|planning to|plans? (?:an?|for)|planned|intends? to|hint\w*|contemplat\w+|looking at|studying|bill\b|floated?s?|threaten\w*|eye[sd]?\b|eyeing|preparing|prepares|seeks? to|tabled|moot\w*|notice of proposed|in the works|cabinet (?:said|backing|approved in principle)|would be (?:subject|required|banned))\b", re.I)
_FORCE = re.compile(r"\b(?:in force|took effect|takes effect|taken effect|c[ao]me into (?:force|effect)|entered into (?:force|effect)|went into effect|has applied|have applied|immediate effect|since|in place|untouched|remains?|has (?:banned|barred|forbidden|required|prohibited|been)|have (?:needed|been)|still|applies from the date|effective|already|existing|continue[sd]?)\b", re.I)
_OPENED = re.compile(r"\b(?:initiat\w+|open(?:s|ed|ing)?|launch(?:es|ed|ing)?|began|begins?|start(?:s|ed)?|self-initiated|institut\w+)\b", re.I)
_ENDED_PROBE = re.compile(r"\b(?:clos(?:e|es|ed|ing)|conclud\w+|terminat\w+|ended|dropp\w+)\b", re.I)

_EFFECTIVE = re.compile(r"(?:\bfrom|\bsince|\bas (?:of|from)|\beffective(?: date:?)?(?: from| on)?|\beffect (?:from|on)|\btakes? effect(?: on| from| in)?|\btook effect(?: on| in)?|\bstarting(?: on| in| from)?|\bbeginning(?: on| in)?|\bbegan(?: on| in)?|"
                        r"\binto (?:force|effect)(?: on| in| from)?|\bin force since|\bapplicable(?: from)?|\bappl(?:y|ies|ied)(?: from| as of| since)?|\bimposed (?:on|in)|\bput(?: [\w,]+)* under (?:licence|license|control|licensing)(?: on| in)?|\bplaced(?: [\w,]+)* under (?:licence|license|control|licensing)(?: on| in)?|\bcame in(?: on)?|\brule of|"
                        r"\bcollected since|\bimposed|\bintroduced (?:on|in)|\bon the list since|\bonward from|\bbegins?(?: on| in)?|\bstarts?(?: on| in)?|\bruns from|\bwith effect from|\bunder control from|\blisted (?:on|in)|\blist on|\bfrom midnight on|\bkick(?:s|ed)? in(?: on)?|\bapplicable)\s*(?:midnight |the end of |early |late |mid-|end-|\w+day,? )?$", re.I)
_UNTIL = re.compile(r"(?:\buntil|\btill|\bthrough|\bup to|\bexpir\w+(?: on| in| at)?|\blaps\w+(?: on| in)?|\bends?(?: on| in)?|\bended(?: on)?|\bending(?: on)?|\bno later than|\bto run out on|\blasts? (?:until|to|through)|\bruns? (?:until|to|through)|\bvalid (?:until|to|through)|\bin place until|\bsuspended (?:until|to|through))\s*(?:at least |the end of |midnight on |end-|late |early |at midnight on |\w+day,? )?$", re.I)
_ANNOUNCED = re.compile(r"(?:\bannounced?|\bsigned|\bpublished|\bissued|\bdecided|\bdated|\bgazetted|\badopted|\bordered|\bsaid|\bunveiled|\btold|\bnotified|\bpromulgated|\bdone at [A-Z]\w+,?|\bdeclared|\breleased|\bopened|\binitiated|\bvoted|\bapproved|\blaunched|"
                        r"\bdate of issue\]?:?|\bofficial journal[\w\s,]*|\bthe day of its publication,?|\bdate:|\bpassed|\bcleared|\bdecree of|\bstatement of|\bannouncement of|\bbacking in|\bconfirmed|\bof)\s*(?:[\w\s,'’-]{0,40}\b(?:on|in|last|late|earlier|this|back in)\s+(?:late |early |\w+day,? )?|on |in |this |late |early |earlier )?$", re.I)


_ACTED = re.compile(r"\b(?:ban(?:s|ned)|barr(?:ed|s)|prohibit(?:s|ed)|forb\w+|impos\w+|introduc\w+|requir\w+|announc\w+|suspend\w+|halted|lifted|eas(?:ed|es)|extend\w+|paus(?:ed|es)|fr[oe]ez\w*|plac(?:ed|es)|put|added|adds|launch\w+|open(?:ed|s)|set|cut|rais\w+|remov\w+|scrap\w+|sanction\w*|grant\w*|need|must|in force|remains?|took effect|untouched|issued|received|applies|apply|decid\w+|will)\b", re.I)


def find(page: Page) -> list[Draft]:
    drafts: list[Draft] = []
    for sentence in page.sentences:
        if not sentence.row:
            drafts += _sentence(page, sentence, drafts[-1] if drafts else None)
    _attach(page, drafts)
    return completed(page, drafts) if page.kind == "notice" else drafts


_ALL_OF_THEM = re.compile(r"\b(?:the|all|these|those) (?:two|three|four|five|six|seven|same) (?:metals|elements|minerals|materials|oxides|items)\b|\bboth (?:metals|elements|minerals)\b", re.I)
_THE_ACT = re.compile(r"^(?:[\"“(]?)(?:The|This|That|Its)\s+(?:[\w'’-]+\s+){0,3}?(?:statute|law|act|decree|notice|order|rule|rules|regulation|measure|measures|ban|prohibition|suspension|extension|curbs?|restrictions?|stoppage|embargo|"
                      r"decision|announcement|duty|duties|tariffs?|levy|tax|quota|licen[cs]ing|regime|freeze|moratorium|requirement|controls?|circular|instrument|proclamation)\b|^It\b|^They\b|^Both\b")


def _attach(page: Page, drafts: list[Draft]) -> None:
    """"The statute was signed on 13 May and took effect on 12 August": dates and numbers told of a measure in a sentence
    of their own go to the draft before it, or to the one after where that goes on with "it"."""
    told = {d.sentence.index for d in drafts}
    for sentence in page.sentences:
        if sentence.index in told or not (sentence.of("DATE") or sentence.of("CODE")) or not _THE_ACT.match(sentence.text):
            continue
        before = [d for d in drafts if 0 < sentence.index - d.sentence.index <= 2]
        after = [d for d in drafts if d.sentence.index == sentence.index + 1 and re.match(r"(?:It|They)\b", d.sentence.text)]
        target = (after or before[-1:] or [None])[0]
        if target is None:
            continue
        scratch = Draft("control_measure", sentence)
        scratch.set("measure", target.get("measure"))
        _dates(page, sentence, scratch, (sentence.start, sentence.start), sentence.start, sentence.end)
        if number := _reference(page, sentence, (sentence.start, sentence.start)):
            scratch.set("reference", number.id, spans([number]))
        for slot in ("announced", "effective", "until", "reference"):
            if target.get(slot) is None and scratch.get(slot) is not None:
                target.set(slot, scratch.get(slot), scratch.evidence[slot])


def _sentence(page: Page, sentence: Sentence, previous: Draft | None) -> Iterator[Draft]:
    found: list[tuple[str, Span]] = []
    for measure, trigger in _measures(page, sentence):
        if any(m == measure and not _far_apart(page, sentence, t, trigger) for m, t in found):
            continue
        if not page.stated(*trigger) or _negated(page, sentence, trigger):
            continue
        found.append((measure, trigger))
    strong = [f for f in found if f[0] != "export_control"] or found
    for measure, trigger in strong:
        draft = _draft(page, sentence, measure, trigger, previous, alone=len(strong) == 1)
        if draft:
            yield draft


def _far_apart(page: Page, sentence: Sentence, one: Span, other: Span) -> bool:
    return sentence.clause(one[0]) != sentence.clause(other[0])


def _negated(page: Page, sentence: Sentence, trigger: Span) -> bool:
    """A negation that undoes the measure, as against "may not be exported" or "without a licence, nobody may"."""
    before = page.text[max(sentence.start, trigger[0] - 45):trigger[0]]
    after = page.text[trigger[1]:min(sentence.end, trigger[1] + 40)]
    if re.search(r"\buntil (?:the|its|a)\s+(?:\w+\s+)?$", before):
        return True
    undone = re.search(r"\b(?:no|not|never|without any|nor|neither|does not|did not|has not|have not|is not|are not|n[’']t)\s+(?:[\w-]+\s+){0,3}$", before)
    if undone and re.search(r"\b(?:may|shall|must|can)\s*(?:not|no longer)?\s*(?:[\w-]+\s+){0,3}$|without\s+(?:an?|the)?\s*$|softened|lifted|expired|changed", before):
        return False
    return bool(undone) or bool(re.match(r"\s+(?:is|are|was|were|has been|have been|does|do)\s+(?:not|neither|never)\b(?! (?:been )?(?:lifted|softened|removed|relaxed|abolished|affected|changed))", after))


def _measures(page: Page, sentence: Sentence) -> Iterator[tuple[str, Span]]:
    """(measure, trigger) of a sentence, the most telling first."""
    text = sentence.text
    trade = _TRADE.search(text)
    exporting, importing = _EXPORTING.search(text), _IMPORTING.search(text)
    for span in sentence.cue("listing"):
        yield "entity_listing", span
    for span in sentence.cue("sanction"):
        if re.search(r"sanction", page.text[span[0]:span[1]], re.I) or re.search(r"\bsanction", text, re.I):
            yield "sanction", span
    for span in sentence.cue("probe"):
        near = page.text[max(sentence.start, span[0] - 90):min(sentence.end, span[1] + 90)]
        if re.search(r"dump|duty|duties|tariff|trade|import|232|301|subsid|commission|commerce|national security|proceeding|safeguard|circumvent|ltfv|countervail", near, re.I):
            yield "investigation", span
    for span in sentence.cue("quota"):
        near = page.text[max(sentence.start, span[0] - 60):min(sentence.end, span[1] + 60)]
        if re.search(r"mining quota|production quota|smelting quota|output quota|rkab|mining and smelting|mining (?:and|or) separation|fishing", near, re.I):
            continue
        if trade or sentence.of("QUANTITY") or page.kind == "notice" or re.search(r"\bquotas?\b", text, re.I):
            outward = len(_EXPORTING.findall(page.text)) > len(_IMPORTING.findall(page.text))
            local_import = re.search(r"\bimport|tariff[- ](?:rate )?quota|quantitative restriction", near, re.I) or importing and not exporting and not outward
            yield ("import_quota" if local_import else "export_quota"), span
    for span in sentence.cue("tax"):
        near = page.text[max(sentence.start, span[0] - 60):min(sentence.end, span[1] + 60)]
        if re.search(r"income tax|tax (?:credit|bill|break|holiday|rebate)|corporate tax|power tariffs?|electricity|royalt|mining tax|value[- ]added|vat\b|carbon tax|duty-unpaid|duty unpaid|duty[- ]paid|heavy-duty|duties of the|non-proliferation|fulfil|meet its|tax(?:es)? and royalt|tariffs have risen", near, re.I):
            continue
        exports = re.search(r"\bexport\w*", near, re.I)
        imports = re.search(r"\bimport\w*|anti-?dumping|countervailing|customs|originating|tariff|nil|232", near, re.I)
        if exports and not (imports and re.search(r"\bimport", near, re.I) and abs(near.lower().find("import") - 60) < abs(near.lower().find("export") - 60)):
            yield "export_tax", span
        elif imports or importing:
            yield "import_tariff", span
        elif not exporting and re.search(r"\bduty\b|\bduties\b|\btariffs?\b", page.text[span[0]:span[1]], re.I) and len(
                _EXPORTING.findall(page.text)) <= len(_IMPORTING.findall(page.text)) + 2:
            yield "import_tariff", span
        elif exporting or len(_EXPORTING.findall(page.text)) > len(_IMPORTING.findall(page.text)):
            yield "export_tax", span
    for span in sentence.cue("licence"):
        near = page.text[max(sentence.start, span[0] - 70):min(sentence.end, span[1] + 70)]
        if _INVESTMENT_LICENCE.search(near):
            continue
        if re.search(r"certificate", page.text[span[0]:span[1]], re.I):
            if re.search(r"inspection|customs|export", near, re.I):
                yield "export_control", span
            continue
        if re.search(r"\b(?:room for|one-off|exceptional|waivers?|may grant)\b", near, re.I) and sentence.cue("ban"):
            continue
        if (trade or sentence.of("BODY") or sentence.of("COUNTRY") or sentence.of("MATERIAL")) and _MORE_LICENCE.search(near):
            imports = re.search(r"\bimport\w*\b", near, re.I) and not re.search(r"\bexport\w*|dual-use|shipments\b", near, re.I)
            yield ("other" if imports else "export_licence"), span
    for span in sentence.cue("ban"):
        word = page.text[span[0]:span[1]].lower()
        after = page.text[span[1]:min(sentence.end, span[1] + 80)]
        around = page.text[max(sentence.start, span[0] - 70):span[1]] + after
        noun = word.startswith(("ban", "prohib", "embargo", "moratorium", "outlaw", "forbid", "forbad", "freeze"))
        if not noun and (not trade or _BUSINESS_STOP.search(after[:45]) or not re.search(
                r"^\s*(?:[\w’'-]+\s+){0,4}?(?:exports?|imports?|shipments?|sales|issuing|leav\w+|trade|cobalt|metal|be exported|leave|it from)\b|^\s*(?:on|of|in|to) exports?|exports?\b", after + (page.text[max(sentence.start, span[0] - 40):span[0]] if word.startswith(("stop", "suspen", "halt", "may", "shall", "keep")) else ""), re.I)):
            continue
        if re.match(r"\s+(?:[\w-]+\s+){0,3}(?:dut(?:y|ies)|tax\w*|lev(?:y|ies)|tariffs?|quotas?|licen[cs]\w+|ban|embargo|controls?|curbs?|restrictions?)\b", after) and not noun:
            continue
        if not noun and sentence.of("COMPANY", sentence.start, span[0]) and not [
                m for m in sentence.mentions if m.end <= span[0] and m.label in ("BODY", "COUNTRY") and m.start > sentence.of("COMPANY", sentence.start, span[0])[-1].end]:
            continue  # a company that stops its own exports
        if sentence.cue("licence") and re.search(r"\b(?:without|unless)\b", text):
            continue
        if word in ("may not", "shall not") and not re.search(r"\b(?:export|leave|ship|sold|sell|import|go to|be sent|dispatch)", after[:60], re.I):
            continue
        if not (trade or re.search(r"\b(?:raw|unprocessed|ores?|concentrates?)\b", around, re.I) or sentence.of("MATERIAL")):
            continue
        if re.search(r"\b(?:ban|prohibition|moratorium)\s+on\s+(?:mining|deep-?sea mining|exploration|investment|drilling|\w+ cars)", around, re.I):
            continue
        imports = re.search(r"\bimport\w*|\bbuy(?:ing|s)?\b|\bpurchas", around, re.I)
        exports = re.search(r"\bexport\w*|\bsales?\b|\bsell|\bship\w*|\bleave\b|\bgo to\b", around, re.I)
        article = next((c for c in sentence.of("COUNTRY", span[1], span[1] + 60) if c.value and c.value.get("as") == "demonyms"
                        and any(0 <= m.start - c.end < 20 for m in sentence.of("MATERIAL"))), None)
        if article and not exports:
            yield "import_ban", span
        elif imports and (not exports or around.lower().find(imports[0].lower()) < around.lower().find(exports[0].lower())):
            yield "import_ban", span
        elif exports or not importing:
            yield "export_ban", span
        else:
            yield "import_ban", span
    for span in sentence.cue("control"):
        near = page.text[max(sentence.start, span[0] - 50):min(sentence.end, span[1] + 50)]
        if _PHYSICAL_CONTROL.search(near) or not (trade or re.search(r"curbs?|restrict", near, re.I)):
            continue
        if importing and not exporting:
            continue
        yield "export_control", span


def _draft(page: Page, sentence: Sentence, measure: str, trigger: Span, previous: Draft | None, *, alone: bool) -> Draft | None:
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
    _dates(page, sentence, draft, trigger, start, end)
    rate = _rate(page, sentence, measure, trigger)
    if rate:
        draft.set("rate_pct", rate[0], rate[1])
    if measure in ("export_quota", "import_quota", "export_licence"):
        masses = [m for m in sentence.of("QUANTITY") if claim(page, sentence, m) == "control_measure" or measure.endswith("quota") and re.search(r"quota|allocat|allowance", sentence.text, re.I)]
        masses = [m for m in masses if not re.search(r"\b(?:than the|from|against|compared with)\s*$", page.before(m.start, 16))]
        if masses:
            value = {k: v for k, v in (masses[0].value or {}).items() if k in ("tonnes", "low", "high")}
            draft.set("quantity", value, spans(masses[:1]))
    status, cue = _status(page, sentence, draft, trigger, start, end)
    draft.set("status", status, cue)
    if not draft.get("issuer") or not draft.get("materials"):
        return None
    if page.kind != "notice" and sentence.end <= page.title_end and "materials" in draft.implied:
        return None  # a headline that leaves out on what; the text below it tells
    facts = [s for s in ("announced", "effective", "until", "reference", "quantity", "rate_pct") if draft.get(s)]
    if page.kind != "notice" and "issuer" in draft.implied and not facts and (
            "materials" in draft.implied or not _ACTED.search(sentence.text)):
        return None  # a generality about controls, nobody's measure
    draft.confidence -= 0.12 * len(draft.implied) + (0.1 if measure == "export_control" else 0)
    return draft


def _issuer(page: Page, sentence: Sentence, measure: str, trigger: Span, previous: Draft | None) -> tuple[Mention | None, bool]:
    """Who imposes: a body, a capital or a country that acts in the sentence; else the one last spoken of."""
    def candidates(where: Sentence) -> list[tuple[int, Mention]]:
        ranked = []
        for m in where.mentions:
            if m.label == "BODY" and page.country_of(m):
                ranked.append((0 if m.start < trigger[0] else 2, m))
            elif m.label == "COUNTRY" and not is_place(m):
                before, after = page.before(m.start, 30), page.after(m.end, 45)
                if re.search(r"\b(?:to|for|against|from|into|on|at|in|originating in|bound for|headed for|with|between|than|towards?|of)\s+(?:the\s+|imports from\s+|its\s+)?$", before) and not re.match(r"['’]s?\s+(?:[\w-]+\s+){0,4}(?:ban|export|control|curb|ministry|government|rule|quota|licen)", after):
                    if re.search(r"\b(?:government|ministry|authorities|republic|parliament|state|cabinet|licensing|rules?) of\s+(?:the\s+)?$|\bin\s+(?:the\s+)?$|\bunder\s+$", before) and where is sentence and measure != "sanction":
                        ranked.append((3, m))
                    continue
                if not measure.startswith("import") and re.match(r"(?:['’]s?)?\s+(?:[\w-]+\s+){0,3}(?:imports?|buyers|importers)\b", after):
                    continue
                demonym = m.value and m.value.get("as") == "demonyms"
                if demonym and re.match(r"\s+(?:firms?|companies|buyers|customers|users|makers|importers|military|miners?|producers?|steel|refiners?|consumers|smelters?|soil|metal|article|goods|aluminium|aluminum|potash|gold|origin|products?|material|imports?)\b", after):
                    continue
                acts = re.match(r"(?:['’]s?)?\s+(?:[\w-]+\s+){0,4}?(?:ban\w*|bar\w*|prohibit\w*|forb\w+|outlaw\w*|impos\w+|put|plac\w+|requir\w+|announc\w+|will|has|have|said|decid\w+|suspend\w*|halt\w*|stop\w*|restrict\w*|control\w*|curb\w*|licen\w+|quotas?|embargo|export|ministry|government|customs|dut\w+|tariffs?|lift\w*|eas\w+|extend\w*|paus\w+|freez\w+|froze\w*|propos\w+|plans?|intends?|told|demanded|tighten\w*|list\w*|sanction\w*|introduc\w+|set|cut|adds?|added|lawmakers|cabinet|commerce|authorities|rules?|unveil\w+|open\w*|launch\w*|levi\w+|stretches|bans?|denies|pauses)\b", after, re.I)
                ranked.append(((0 if acts else 1) if m.start < trigger[0] else (2 if acts else 4), m))
        return sorted(ranked, key=lambda r: (r[0], abs(r[1].start - trigger[0]) if where is sentence else r[1].start))
    own = candidates(sentence)
    if page.kind == "notice" and (main := authority(page)):
        foreign = own and own[0][0] == 0 and own[0][1].start - sentence.start < 25 and measure not in ("investigation", "import_tariff")
        return (own[0][1], False) if foreign else (main, main not in sentence.mentions)
    if own and own[0][0] < 4:
        return own[0][1], False
    if own:
        return own[0][1], False
    if previous is not None and sentence.index - previous.sentence.index <= 3 and previous.get("issuer"):
        at = previous.evidence["issuer"][0]
        return next((m for m in page.mentions if (m.start, m.end) == at), None), True
    for earlier in reversed(page.sentences[max(0, sentence.index - 4):sentence.index]):
        found = candidates(earlier)
        if found and found[0][0] < 2:
            return found[0][1], True
    return authority(page), True


def _target(page: Page, sentence: Sentence, measure: str, trigger: Span, start: int, end: int, issuer: list[str]) -> list[Mention]:
    """Destinations of an export measure, origins of an import measure, parties named by a listing."""
    importing = measure in ("import_ban", "import_tariff", "import_quota", "investigation")
    pattern = (r"\b(?:from|originating in|made in|against|produced in|producers in|of|covering|mined in|on)\s+(?:the\s+)?$" if importing
               else r"\b(?:to|for|against|bound for|headed for|destined for|on|at|towards?)\s+(?:the\s+|its\s+)?$")
    found: list[Mention] = []
    for group in grouped(page.text, [m for m in sentence.of("COUNTRY", start, end) if not is_place(m)]):
        demonym = bool(group[0].value and group[0].value.get("as") == "demonyms")
        before, after = page.before(group[0].start, 40), page.after(group[-1].end, 40)
        if any(m.id in issuer for m in group):
            continue
        if re.search(r"\b(?:due|according|said|prior|subject|similar|next)\s+to\s+$|\bfor (?:now|the)\s+$", before):
            continue
        if re.search(pattern, before):
            found += group
        elif demonym and re.match(r"\s+(?:customers?|buyers?|users?|military|firms?|companies|end[- ]users?|entities|metal|goods|aluminium|aluminum|potash|steel|article|gold|origin|products?|material|uranium|imports?|importers|defen[cs]e|potash)\b", after):
            found += group
        elif importing and demonym and measure != "investigation":
            found += group
        elif importing and re.match(r"['’]s?\s", after):
            found += group
    if measure in ("entity_listing", "sanction") or not found:
        companies = sentence.of("COMPANY", start, end)
        if measure in ("entity_listing", "sanction"):
            return companies or found
        if measure == "export_licence" and re.search(r"\b(?:has been|was|were|have been) (?:issued|granted|given)|granted to|issued to", sentence.text):
            return companies[:1]
    return found


def _materials(page: Page, sentence: Sentence, trigger: Span, start: int, end: int, previous: Draft | None) -> tuple[list[Mention], bool]:
    """All materials of the clause; where it has none, those of the measure spoken of, else of the text before."""
    for a, b in ((start, end), (sentence.start, sentence.end)):
        own = sentence.of("MATERIAL", a, b)
        named = [m for m in own if not re.search(r"\b(?:except|excluding|other than|not)\s+(?:\w+\s+)?$", page.before(m.start, 22))]
        specific = [m for m in named if m.id != "critical-minerals"] or named
        if specific:
            return specific, False
    if _ALL_OF_THEM.search(page.text[start:end]):
        for earlier in reversed(page.sentences[max(0, sentence.index - 6):sentence.index]):
            if len(distinct_ids(earlier.of("MATERIAL"))) > 1:
                return earlier.of("MATERIAL"), True
    if page.kind == "notice" and re.search(r"\b(?:goods|items|products|following|below|group|these)\b", sentence.text):
        tabled = [m for t in page.tables for row in t["rows"] for cell in row for m in page.mentions_in(*cell) if m.label == "MATERIAL"]
        if tabled:
            return tabled, True
    if sentence.text.rstrip().endswith(":"):
        listed = []
        for item in page.sentences[sentence.index + 1:sentence.index + 40]:
            if item.paragraph > sentence.paragraph + 1 and not is_item(item) or not is_item(item) and not listed:
                break
            listed += item.of("MATERIAL")
        if listed:
            return listed, True
    if sentence.index + 1 < len(page.sentences):
        following = page.sentences[sentence.index + 1]
        if following.of("MATERIAL") and re.search(r"\b(?:caught|covered|included|affected|on the (?:dual-use |control )?list|among them|are meant|fall under it|apply to|applies to)\b", following.text, re.I):
            return following.of("MATERIAL"), True
    for following in page.sentences[sentence.index + 1:sentence.index + 3]:
        # "the items below:" and the list that follows
        if re.search(r"(?:following|below|as follows)[^.]{0,40}[.:]?$", sentence.text) and following.of("MATERIAL"):
            listed = [m for s in page.sentences[sentence.index + 1:sentence.index + 30] for m in s.of("MATERIAL")]
            return listed, True
    if previous is not None and sentence.index - previous.sentence.index <= 2 and previous.get("materials"):
        at = set(previous.evidence["materials"])
        return [m for m in page.mentions if (m.start, m.end) in at], True
    return page.materials_before(sentence), True


def _reference(page: Page, sentence: Sentence, trigger: Span) -> Mention | None:
    references = [m for m in sentence.of("CODE") if m.value and m.value.get("kind") == "reference"]
    return min(references, key=lambda m: abs(m.start - trigger[0]), default=None)


def _dates(page: Page, sentence: Sentence, draft: Draft, trigger: Span, start: int, end: int) -> None:
    """Give each date of the clause its part by the words before it."""
    dates = sentence.of("DATE", start, end) or sentence.of("DATE")
    numbers = sentence.of("CODE")
    for date in dates:
        if any(n.start <= date.start < n.end for n in numbers):
            continue
        before = page.text[max(sentence.start, date.start - 75):date.start]
        if _UNTIL.search(before):
            slot = "until"
        elif _EFFECTIVE.search(before):
            slot = "effective"
        elif _ANNOUNCED.search(before):
            slot = "announced"
        elif re.search(r"\b(?:on|in|this|last|late|early|earlier|during)\s+(?:\w+day,? |late |early )?$", before, re.I) or len(date.id) == 10 or re.search(r"\bon\b", page.after(date.end, 6)):
            acts = re.search(r"\b(?:announc\w+|said|sign\w+|publish\w+|issu\w+|decid\w+|unveil\w+|told|adopt\w+|ordered|gazett\w+|open\w+|initiat\w+|propos\w+|approv\w+|barred|banned|prohibited|extend\w+|paus\w+|froze|suspended|put on ice)\b", before + page.after(date.end, 25), re.I)
            slot = "announced" if acts else "effective"
        else:
            continue
        if draft.get(slot) is None:
            draft.set(slot, date.id, [(date.start, date.end)])
    if re.search(r"\bwith immediate effect|\bimmediately\b|\beffective immediately|from the (?:date|day) of (?:issue|publication|its publication)|since the day of its publication", sentence.text, re.I) and draft.get("announced") and not draft.get("effective"):
        draft.set("effective", draft.get("announced"), draft.evidence["announced"])


def _rate(page: Page, sentence: Sentence, measure: str, trigger: Span) -> tuple[float, list[Span]] | None:
    """The rate of a duty: the one it goes "to", else the one beside the word."""
    if measure not in ("export_tax", "import_tariff"):
        return None
    rates = sentence.of("PERCENT")
    if not rates:
        if zero := re.search(r"\b(?:nil|zero|duty-free|fully exempt\w*)\b", sentence.text, re.I):
            return 0, [(sentence.start + zero.start(), sentence.start + zero.end())]
        return None
    to = [r for r in rates if re.search(r"\b(?:to|of|at|is)\s+(?:\w+\s+)?$", page.before(r.start, 14)) and not re.search(r"\b(?:up|down) to\s+$", page.before(r.start, 9))]
    best = min(to or rates, key=lambda r: abs(r.start - trigger[0]))
    return (best.value or {})["pct"], [(best.start, best.end)]


def _status(page: Page, sentence: Sentence, draft: Draft, trigger: Span, start: int, end: int) -> tuple[str, list[Span]]:
    """What the words of the clause do to the measure; else whether its day has come."""
    measure = draft.slots["measure"]
    text = page.text[start:end]
    near_start = max(start, trigger[0] - 110)
    near = page.text[near_start:min(end, trigger[1] + 80)]
    base = near_start

    def spot(pattern: re.Pattern[str]) -> list[Span]:
        found = pattern.search(near)
        return [(base + found.start(), base + found.end())] if found else []

    word = page.text[trigger[0]:trigger[1]].lower()
    not_undone = not re.search(r"\b(?:not|never|n[’']t)\s+(?:been\s+)?(?:be\s+)?(?:softened|lifted|eased|relaxed|abolished|removed|extended|expired)", near)
    if measure == "investigation":
        if found := spot(_WITHDRAWN):
            return "withdrawn", found
        return "announced", spot(_OPENED) or [trigger]
    expected = re.search(r"\b(?:to be|can be|may be|could be|expects?|hopes?|until (?:it is|they are))\s+(?:\w+\s+)?(?:lifted|eased|removed|withdrawn|dropped|relaxed|extended|ended|scrapped)", near)
    stays = re.search(r"\b(?:remains? in (?:place|force)|stays? in place|still (?:applies|in force|bans?|in place)|untouched|remain applicable)\b", near)
    if stays and (expected or not spot(_WITHDRAWN)):
        return "in_force", [(base + stays.start(), base + stays.end())]
    not_undone = not_undone and not expected
    if not expected and (found := spot(_WITHDRAWN)):
        planned = re.search(r"\b(?:propos\w+|plans?|planned|draft|bill|clause|provision|intention|idea|never enacted|talk)\b", page.text[start:end], re.I)
        return ("withdrawn" if planned or not draft.get("issuer") else "lifted"), found
    if (found := spot(_EXTENDED)) and not_undone:
        return "extended", found
    if (found := spot(_LIFTED)) and not_undone and not re.search(r"\bwill be (?:lifted|removed) only\b", near):
        return "lifted", found
    eased = [s for s in spot(_EASED) if not (measure in ("export_ban", "import_ban") and s[0] <= trigger[0] <= s[1])]
    if eased and not_undone and not (measure in ("export_ban",) and word.startswith(("suspen", "freez", "halt", "paus"))) and not re.search(r"\bsuspen\w+ (?:of )?(?:[\w-]+ ){0,3}(?:exports|shipments|imports)", near):
        return "eased", eased
    if found := spot(_PROPOSED):
        return "proposed", found
    effective = draft.get("effective")
    if effective and page.published and str(effective)[:len(page.published)] > page.published[:len(str(effective))]:
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
