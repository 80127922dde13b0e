"""Which measures a sentence speaks of: the words that name them, and whether exports or imports are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.events.page import Page, Sentence
from extractor.schema import Span

_TRADE = re.compile(
    r"\b(?:export\w*|import\w*|sales? (?:of|to|abroad|routed)|sell|selling|shipments?|ship(?:ped|ping)?|shippers?|deliver\w+|buying it|purchases?|"
    r"leave the (?:country|national territory|territory)|leave the|goods|embargo|customs|dual-use|trade|leaving|tak(?:e|en|ing) out of the|abroad|overseas|cargoes|cross-border|outflow|supplies to|sold to|at home)\b",
    re.I,
)
_EXPORTING = re.compile(
    r"\b(?:export\w*|shipments?|shipped|ship|sales to|sell\w*|sales abroad|leave|leaving|tak(?:e|en|ing) out of|removal from|abroad|overseas|outbound|outflows?|dual-use|sold|at home|supplies to|deliveries to|cargoes)\b",
    re.I,
)
_IMPORTING = re.compile(
    r"\b(?:import\w*|buying|purchas\w+|anti-?dumping|countervailing|customs duty|inbound|into the (?:country|union|united states|bloc)|originating in|safeguard|less-than-fair-value|less than fair value|dumped|subsidi[sz]ed|section 232|section 301|bought from|tariffs? on|duties on)\b",
    re.I,
)
_MORE_LICENCE = re.compile(
    r"\b(?:need|needs|needed|requir\w+|must|under|without|obtain|apply for|subject to|mandatory|demand\w*|impos\w+|introduc\w+|system|regime|rules?|granted?|issued|approv\w+|permit list|prior|special|exporters?|export|licensing|list)\b",
    re.I,
)
_BUSINESS_STOP = re.compile(
    r"\b(?:mine|plant|smelter|refinery|furnace|production|operations|output|mining|work|works)\b", re.I
)
_INVESTMENT_LICENCE = re.compile(
    r"\b(?:mining licen[cs]e|exploration (?:licen[cs]e|permit)|environmental permit|mining permit|operating licen[cs]e|licence area|production operation permit|building permit|water permit|licen[cs]ing (?:fee|deal|agreement|round)|under licence from|mining lease|permitting process|state permits?)\b",
    re.I,
)
_PHYSICAL_CONTROL = re.compile(
    r"\b(?:quality control|under (?:the )?control of|control(?:led|s|ling)? (?:stake|interest|by|the mine|about|some|roughly|nearly|\d)|took control|take control|production control|in control|armed groups? control|cost control|pollution controls?)\b",
    re.I,
)


def undone(page: Page, sentence: Sentence, trigger: Span) -> bool:
    """A negation that undoes the measure, as against "may not be exported" or "without a licence, nobody may"."""
    before = page.text[max(sentence.start, trigger[0] - 45) : trigger[0]]
    after = page.text[trigger[1] : min(sentence.end, trigger[1] + 40)]
    if re.search(r"\buntil (?:the|its|a)\s+(?:\w+\s+)?$", before):
        return True
    undone = re.search(
        r"\b(?:no|not|never|without any|nor|neither|does not|did not|has not|have not|is not|are not|n[’']t)\s+(?:[\w-]+\s+){0,3}$",
        before,
    )
    if undone and re.search(
        r"\b(?:may|shall|must|can)\s*(?:not|no longer)?\s*(?:[\w-]+\s+){0,3}$|without\s+(?:an?|the)?\s*$|softened|lifted|expired|changed",
        before,
    ):
        return False
    return bool(undone) or bool(
        re.match(
            r"\s+(?:is|are|was|were|has been|have been|does|do)\s+(?:not|neither|never)\b(?! (?:been )?(?:lifted|softened|removed|relaxed|abolished|affected|changed))",
            after,
        )
    )


def _outward(page: Page) -> int:
    """By how much the document speaks more of exports than of imports."""
    if "outward" not in page.memo:
        page.memo["outward"] = len(_EXPORTING.findall(page.text)) - len(_IMPORTING.findall(page.text))
    return page.memo["outward"]


def measures(page: Page, sentence: Sentence) -> Iterator[tuple[str, Span]]:
    """(measure, trigger) of a sentence, the most telling first."""
    text = sentence.text
    trade = _TRADE.search(text)
    exporting, importing = _EXPORTING.search(text), _IMPORTING.search(text)
    for span in sentence.cue("listing"):
        yield "entity_listing", span
    for span in sentence.cue("sanction"):
        if re.search(r"sanction", page.text[span[0] : span[1]], re.I) or re.search(r"\bsanction", text, re.I):
            yield "sanction", span
    for span in sentence.cue("probe"):
        near = page.text[max(sentence.start, span[0] - 90) : min(sentence.end, span[1] + 90)]
        if re.search(
            r"dump|duty|duties|tariff|trade|import|232|301|subsid|commission|commerce|national security|proceeding|safeguard|circumvent|ltfv|countervail",
            near,
            re.I,
        ):
            yield "investigation", span
    for span in sentence.cue("quota"):
        near = page.text[max(sentence.start, span[0] - 60) : min(sentence.end, span[1] + 60)]
        if re.search(
            r"mining quota|production quota|smelting quota|output quota|rkab|mining and smelting|mining (?:and|or) separation|fishing",
            near,
            re.I,
        ):
            continue
        if trade or sentence.of("QUANTITY") or page.kind == "notice" or re.search(r"\bquotas?\b", text, re.I):
            outward = _outward(page) > 0
            local_import = re.search(r"\bimport|tariff[- ](?:rate )?quota|quantitative restriction", near, re.I) or (
                importing and not exporting and not outward
            )
            yield ("import_quota" if local_import else "export_quota"), span
    for span in sentence.cue("tax"):
        near = page.text[max(sentence.start, span[0] - 60) : min(sentence.end, span[1] + 60)]
        if re.search(
            r"income tax|tax (?:credit|bill|break|holiday|rebate)|corporate tax|power tariffs?|electricity|royalt|mining tax|value[- ]added|vat\b|carbon tax|duty-unpaid|duty unpaid|duty[- ]paid|heavy-duty|duties of the|non-proliferation|fulfil|meet its|tax(?:es)? and royalt|tariffs have risen",
            near,
            re.I,
        ):
            continue
        exports = re.search(r"\bexport\w*", near, re.I)
        imports = re.search(r"\bimport\w*|anti-?dumping|countervailing|customs|originating|tariff|nil|232", near, re.I)
        if exports and not (
            imports
            and re.search(r"\bimport", near, re.I)
            and abs(near.lower().find("import") - 60) < abs(near.lower().find("export") - 60)
        ):
            yield "export_tax", span
        elif (
            imports
            or importing
            or (
                not exporting
                and re.search(r"\bduty\b|\bduties\b|\btariffs?\b", page.text[span[0] : span[1]], re.I)
                and _outward(page) <= 2
            )
        ):
            yield "import_tariff", span
        elif exporting or _outward(page) > 0:
            yield "export_tax", span
    for span in sentence.cue("licence"):
        near = page.text[max(sentence.start, span[0] - 70) : min(sentence.end, span[1] + 70)]
        if _INVESTMENT_LICENCE.search(near):
            continue
        if re.search(r"certificate", page.text[span[0] : span[1]], re.I):
            if re.search(r"inspection|customs|export", near, re.I):
                yield "export_control", span
            continue
        if re.search(r"\b(?:room for|one-off|exceptional|waivers?|may grant)\b", near, re.I) and sentence.cue("ban"):
            continue
        if (trade or sentence.of("BODY") or sentence.of("COUNTRY") or sentence.of("MATERIAL")) and _MORE_LICENCE.search(
            near
        ):
            leaving = re.search(r"\bexport\w*|dual-use|shipments\b", near, re.I)
            inward = re.search(r"\bimport\w*\b", near, re.I) and not leaving
            yield ("other" if inward else "export_licence"), span
    for span in sentence.cue("ban"):
        word = page.text[span[0] : span[1]].lower()
        after = page.text[span[1] : min(sentence.end, span[1] + 80)]
        around = page.text[max(sentence.start, span[0] - 70) : span[1]] + after
        noun = word.startswith(("ban", "prohib", "embargo", "moratorium", "outlaw", "forbid", "forbad", "freeze"))
        if not noun and (
            not trade
            or _BUSINESS_STOP.search(after[:45])
            or not re.search(
                r"^\s*(?:[\w’'-]+\s+){0,4}?(?:exports?|imports?|shipments?|sales|issuing|leav\w+|trade|cobalt|metal|be exported|leave|it from)\b|^\s*(?:on|of|in|to) exports?|exports?\b",
                after
                + (
                    page.text[max(sentence.start, span[0] - 40) : span[0]]
                    if word.startswith(("stop", "suspen", "halt", "may", "shall", "keep"))
                    else ""
                ),
                re.I,
            )
        ):
            continue
        if (
            re.match(
                r"\s+(?:[\w-]+\s+){0,3}(?:dut(?:y|ies)|tax\w*|lev(?:y|ies)|tariffs?|quotas?|licen[cs]\w+|ban|embargo|controls?|curbs?|restrictions?)\b",
                after,
            )
            and not noun
        ):
            continue
        if (
            not noun
            and sentence.of("COMPANY", sentence.start, span[0])
            and not [
                m
                for m in sentence.mentions
                if m.end <= span[0]
                and m.label in ("BODY", "COUNTRY")
                and m.start > sentence.of("COMPANY", sentence.start, span[0])[-1].end
            ]
        ):
            continue  # a company that stops its own exports
        if sentence.cue("licence") and re.search(r"\b(?:without|unless)\b", text):
            continue
        if word in ("may not", "shall not") and not re.search(
            r"\b(?:export|leave|ship|sold|sell|import|go to|be sent|dispatch)", after[:60], re.I
        ):
            continue
        if not (
            trade
            or re.search(r"\b(?:raw|unprocessed|ores?|concentrates?)\b", around, re.I)
            or sentence.of("MATERIAL")
            or (noun and re.match(r"\W*(?:That|The|This|Its|Their)\b", text))
        ):
            continue
        if re.search(
            r"\b(?:ban|prohibition|moratorium)\s+on\s+(?:mining|deep-?sea mining|exploration|investment|drilling|\w+ cars)",
            around,
            re.I,
        ):
            continue
        imports = re.search(r"\bimport\w*|\bbuy(?:ing|s)?\b|\bpurchas", around, re.I)
        exports = re.search(r"\bexport\w*|\bsales?\b|\bsell|\bship\w*|\bleave\b|\bgo to\b", around, re.I)
        article = next(
            (
                c
                for c in sentence.of("COUNTRY", span[1], span[1] + 60)
                if c.value
                and c.value.get("as") == "demonyms"
                and any(0 <= m.start - c.end < 20 for m in sentence.of("MATERIAL"))
            ),
            None,
        )
        if (article and not exports) or (
            imports
            and (not exports or around.lower().find(imports[0].lower()) < around.lower().find(exports[0].lower()))
        ):
            yield "import_ban", span
        elif exports or not importing:
            yield "export_ban", span
        else:
            yield "import_ban", span
    for span in sentence.cue("control"):
        near = page.text[max(sentence.start, span[0] - 50) : min(sentence.end, span[1] + 50)]
        if _PHYSICAL_CONTROL.search(near) or not (trade or re.search(r"curbs?|restrict", near, re.I)):
            continue
        if importing and not exporting:
            continue
        yield "export_control", span
