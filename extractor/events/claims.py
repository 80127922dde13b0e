"""Which type of event a figure belongs to. A mass is traded, made, stocked, allotted or agreed on, never two of these."""

from __future__ import annotations

import re

from extractor.events.page import Page, Sentence, is_figure_line
from extractor.schema import Mention

# Cues by the type that they speak for, and how strongly: characters that a rival may stand nearer by.
_CUES: dict[str, tuple[tuple[str, int], ...]] = {
    "control_measure": (("quota", 50),),
    "stockpile": (("reserve_official", 40), ("stockpile", 5)),
    "deal": (("offtake", 20),),
    "trade_flow": (("export", 15), ("import", 15)),
    "none": (("sold", 5),),
    "production": (("produce", 10), ("capacity", 25), ("output_plan", 10)),
}
_GEOLOGY = re.compile(
    r"\b(?:(?:ore|mineral|proven|probable|measured|indicated|inferred|total) (?:reserves?|resources?)|reserves? (?:there|are put|of|stand|estimated)|"
    r"resource (?:of|estimate)|deposit (?:holds|contains|is estimated)|jorc|ni 43-101|in situ|mineable)\b",
    re.I,
)


def claim(page: Page, sentence: Sentence, figure: Mention) -> str:
    """The event type that a QUANTITY or PERCENT belongs to; empty for none."""
    value = figure.value or {}
    if figure.label == "QUANTITY" and not value.get("counted", True):
        return ""
    start, end = sentence.clause(figure.start)
    if re.match(r"\W*(?:Shipments|Exports|Imports|Arrivals|Deliveries|Overseas sales)\b", sentence.text):
        return "trade_flow"
    near = page.text[max(start, figure.start - 70) : min(end, figure.end + 50)]
    if _GEOLOGY.search(near):
        return ""
    if _tied_to_country(page, sentence, figure) and sentence.cue("ship", "export", "import", "take", "supply"):
        return "trade_flow"
    if (
        re.search(r"\brespectively\b", sentence.text)
        and len(sentence.of("COUNTRY")) > 1
        and sentence.cue("ship", "export", "import", "take", "supply")
    ):
        return "trade_flow"
    best = _nearest(sentence, figure, start, end)
    moving = sentence.cue("ship", "supply", "take", start=start, end=end)
    if (
        not best
        and moving
        and (sentence.of("COUNTRY", start, end) or re.search(r"\bthe country\b|\babroad\b", page.text[start:end]))
    ):
        best = "trade_flow"
    best = best or _nearest(sentence, figure, sentence.start, sentence.end)
    if best == "none":
        return ""
    if (
        not best
        and value.get("rate")
        and sentence.cue("expand", "plan", "mining", "refining", "manufacturing", "recycling")
    ):
        return "production"
    if best == "deal" and not sentence.of("COMPANY"):
        best = ""
    if not best and sentence.cue("ship", "supply", "take") and sentence.of("COUNTRY"):
        best = "trade_flow"
    if not best:
        best = _carried(page, sentence, figure)
    return best


_TITLED = re.compile(
    r"\b(?:(?P<trade>exports?|imports?|shipments|arrivals)|output|production|produces?|produced)\b", re.I
)
_ASIDE = re.compile(r", (?:which|where|who|whose)\b[^,;]*(?:,(?= \d)[^,;]*)*,")


def _tied_to_country(page: Page, sentence: Sentence, figure: Mention) -> bool:
    """ "25 t to Japan", "Russia (38 tonnes)": the words make it a movement."""
    for country in sentence.of("COUNTRY"):
        after, before = page.text[figure.end : country.start], page.text[country.end : figure.start]
        if figure.end <= country.start and re.fullmatch(
            r"\s+(?:of (?:it|that|this|them) )?(?:went |was sent |were sent |was shipped |bound )?(?:to|from|for)\s+(?:the\s+)?",
            after,
        ):
            return True
        if country.end <= figure.start and re.fullmatch(r"\s+\(", before):
            return True
    return False


def _nearest(sentence: Sentence, figure: Mention, start: int, end: int) -> str:
    best, least = "", 1 << 30
    asides = [(sentence.start + a.start(), sentence.start + a.end()) for a in _ASIDE.finditer(sentence.text)]
    asides = [a for a in asides if not a[0] <= figure.start < a[1]]
    for kind, cues in _CUES.items():
        for cue, weight in cues:
            for a, b in sentence.cue(cue, start=start, end=end):
                if any(x <= a < y for x, y in asides):
                    continue
                gap = figure.start - b if b <= figure.start else int(1.4 * (a - figure.end))
                gap -= sum(y - x for x, y in asides if b <= x and y <= figure.start)
                if gap - weight < least:
                    best, least = kind, gap - weight
    return best


def _carried(page: Page, sentence: Sentence, figure: Mention) -> str:
    """The type of the last figure before it in the paragraph."""
    if sentence.of("COMPANY") and not sentence.of("COUNTRY"):
        return ""
    for earlier in reversed(page.sentences[max(0, sentence.index - 3) : sentence.index]):
        if earlier.paragraph < sentence.paragraph - 1:
            break
        for other in reversed(earlier.of("QUANTITY")):
            kind = _nearest(earlier, other, earlier.start, earlier.end)
            if kind:
                return kind if kind in ("trade_flow", "production") else ""
    if is_figure_line(sentence):
        titled = _TITLED.search(page.text[: page.title_end])
        return "trade_flow" if titled and titled["trade"] else "production" if titled else ""
    return ""
