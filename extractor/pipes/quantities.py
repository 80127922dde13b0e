"""Masses, percentages and money, read from the characters: `865t`, `3,500–4,000t`, `$455-475 per mtu`, `4pc`.

Adds QUANTITY, PERCENT and MONEY to `doc.user_data["mentions"]`. Values: QUANTITY {"tonnes"} or {"low", "high"} in
metric tonnes, with {"unit", "rate", "counted"}; PERCENT {"pct"}; MONEY {"amount"} or {"low", "high"}, {"currency"} and,
for a price, {"per"}: t, kg, lb, mtu, oz. `counted` is false for a mass that is no material (a 40-tonne truck).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from extractor.vocabulary import Vocabulary

# 1,250  43.5  14,27,166  3 625 000  245 000  0,25
_DIGITS = r"\d{1,3}(?:[, \u00a0\u202f]\d{2,3})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
_WORDS = {
    word: float(number)
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"],
        1,
    )
} | {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
    "a hundred": 100, "half a": 0.5, "a": 1,
}  # fmt: skip
_TO = r"(?:[-–—−]|\s[-–—−]\s|\s(?:to|and|or)\s)"
_ELLIPTIC = re.compile(
    r"(?<![\w.,$€£¥/–-])(?P<number>\d{1,3}(?:,\d{3})+|\d{3,}(?:\.\d+)?|\d+\.\d+|(?<=[a-z] )\d\d)(?![,.]?\d)"
    r"(?P<scale>\s(?:million|billion|thousand)|(?:m|bn|k)(?![\w/]))?"
    r"(?=,? (?:in|from|to|by|were|was|of which|of it|of those|of them|of these|for|a year|the year|went|came|bound|and|last|this|before|"
    r"per|approved|shipped|produced|mined|exported|imported|sold|annually|yearly|a month)\b|[,;)]|\.?$|\.[\s\"”])"
)
_NEXT = re.compile(  # in the next sentence, only after words that take a mass
    r"\b(?:took|takes|taking|bought|received|sent|supplied|shipped|remaining|another|further|made|produced|cast|poured|absorbed"
    r"|followed (?:on|with|at)|[A-Z]\w+ (?:on|with|at))\s(?:about |some |nearly |almost |just |only |around |over )?$"
)
_MONTH = re.compile(r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s$")
_LISTED = re.compile(rf"{_NEXT.pattern}|\b[A-Z]\w+ (?:on |with |at )?$")
_TO_SUM = r"(?:[-–—−]|\s[-–—−]\s|\sto\s)"
_SMALLEST = 1e-4  # tonnes; less is a sample or a dose
_PRICE_UNITS = {
    "t": "t",
    "dmt": "t",
    "wmt": "t",
    "dmtu": "mtu",
    "kg": "kg",
    "lb": "lb",
    "mtu": "mtu",
    "oz": "oz",
    "g": "g",
}


@Language.factory("minerals_quantities")
def make_quantities(nlp: Language, name: str) -> Quantities:
    return Quantities(Vocabulary())


class Quantities:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.units, self.unit_ids = vocabulary.units, vocabulary.unit_ids
        self.currencies = vocabulary.currencies
        self.multipliers = {
            word: factor
            for cue, factor in (
                ("multiplier_thousand", 1e3),
                ("multiplier_lakh", 1e5),
                ("multiplier_million", 1e6),
                ("multiplier_crore", 1e7),
                ("multiplier_billion", 1e9),
                ("multiplier_trillion", 1e12),
            )
            for word in vocabulary.cue(cue)
        }
        self.countless = frozenset(vocabulary.cue("non_material"))
        self.countless_of = re.compile(
            rf"\s+of\s+(?:[a-z-]+\s+)?(?:{_either(vocabulary.cue('non_material_of'))})\b", re.I
        )
        number = rf"(?:{_DIGITS})"
        # "1.2m tonnes" is millions, "12 mt" is tonnes: a single letter counts as a multiplier only apart from the unit.
        words_of_scale = _either(word for word in self.multipliers if len(word) > 1)
        scale = rf"(?:\s?-?(?:{words_of_scale})\b|(?:bn|mn|m|k)(?=\s(?:dry |wet |metric |short )?(?:t|ton|tonne|lb|pound)s?\b|lb\b))"
        money_scale = rf"(?:\s?-?(?:{_either(self.multipliers)})(?![\w]))"
        unit = rf"(?:(?:{_either(n for n in self.units if n == n.lower())})|(?-i:{_either(n for n in self.units if n != n.lower())}))"
        words = rf"(?:{_either(w for w in _WORDS if w != 'a')}|a(?=\s(?:million|billion|thousand)\b))"
        rate = (
            r"(?:\s?(?:per|a|an|/|each)\s?(?:year|annum|month|day|yr|y|a|quarter|week|mo)\b|\s(?:annually|yearly|monthly)"
            r"|-(?:a|per)-(?:year|month|annum))?"
        )
        self.quantity = re.compile(
            rf"(?<![\w.,$€£¥])(?P<low>{number}|{words})(?P<lowscale>{scale})?"
            rf"(?:(?P<lowunit>[\s-]?{unit})?(?P<to>{_TO})(?P<high>{number})(?P<scale>{scale})?)?"
            rf"(?P<gap>[\s-]*(?:(?:dry|wet|metric|gross|net|contained|additional|further)\s)?)"
            rf"(?P<unit>{unit})(?![\w%])(?P<rate>{rate})",
            re.I,
        )
        self.percent = re.compile(
            rf"(?P<sign>(?<![\w)])[+−–-])?(?<![\w.,])(?P<low>{number})(?:{_TO}(?P<high>{number}))?\s?"
            rf"(?:%|percent\b(?!age)|per cent\b|pc\b|pct\b)(?!\s?-?points?)",
            re.I,
        )
        sign = rf"(?:{_either(c for c in self.currencies if not c[-1].isalpha())})"
        code = rf"(?:{_either(c for c in self.currencies if c[-1].isalpha())})"
        per = (
            rf"(?:(?:\s?/\s?|\s?per\s|\s(?:a|an|the)\s|\sfor\s(?:a|each|every)\s)"
            rf"(?:dry\s|wet\s|metric\s|troy\s|fine\s)?(?P<per>{unit})(?!\w)(?!\s?/))?"
        )
        self.money = re.compile(
            rf"(?<![\w.])(?:(?P<sign>{sign})\s?|(?P<before>{code})\s?)(?P<low>{number})(?P<lowscale>{money_scale})?"
            rf"(?:{_TO_SUM}(?:{sign}\s?|{code}\s?)?(?P<high>{number})(?P<scale>{money_scale})?)?"
            rf"(?:\s(?P<after>{code})\b)?{per}",
            re.I,
        )
        self.money_after = re.compile(
            rf"(?<![\w.,$€£¥])(?P<low>{number})(?P<lowscale>{money_scale})?(?:{_TO_SUM}(?P<high>{number})(?P<scale>{money_scale})?)?"
            rf"(?:\s|-)?(?P<after>{code}|cents?|{sign})(?!\w){per}",
            re.I,
        )

    def __call__(self, doc: Doc) -> Doc:
        if doc.user_data["shut"]:
            return doc
        found = list(self.read(doc.text))
        doc.user_data["mentions"] = sorted(doc.user_data["mentions"] + found, key=lambda m: (m["start"], m["end"]))
        return doc

    def read(self, text: str) -> Iterator[dict[str, Any]]:
        """Money first, so that the number of a price is no mass; then percentages, then masses."""
        taken = bytearray(len(text))
        for pattern in (self.money, self.money_after):
            for match in pattern.finditer(text):
                value = self._money(match)
                if value and not any(taken[match.start() : match.end()]):
                    taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
                    yield _mention("MONEY", text, match.start(), match.end(), value)
        for match in self.percent.finditer(text):
            if not any(taken[match.start() : match.end()]):
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
                low, high = _number(match["low"]), _number(match["high"]) if match["high"] else None
                sign = -1.0 if match["sign"] in ("-", "−", "–") else 1.0
                share: dict[str, Any] = {"pct": sign * (low if high is None else (low + high) / 2)}
                share |= {"signed": True} if match["sign"] else {}
                yield _mention("PERCENT", text, match.start(), match.end(), share)
        position = 0
        while found := self.quantity.search(text, position):
            if any(taken[found.start() : found.end()]):
                position = found.end("low")
                continue
            match, position = found, found.end()
            masses = list(self._masses(text, match))
            yield from masses
            if masses:
                yield from self._before(text, masses[0], match, taken)
                yield from self._after(text, masses[-1], match, taken)

    def _masses(self, text: str, match: re.Match[str]) -> Iterator[dict[str, Any]]:
        """One mass, one range, or two masses that share a unit ("2,480 and 1,650 kg", "rose from 500 to 800 t")."""
        start, end = match.span()
        if re.match(
            r"\s?(?:per|/)\s?(?:ton|tonne|t|kg|hectare|litre|liter|m3|cm3|cm|cubic|dl|ml|l|bottle|serving|patient)\b",
            text[end : end + 12],
        ):
            return  # a grade or a density, not a mass
        bound = start > 1 and text[start - 1] in "-–/" and text[start - 2].isdigit()  # "in 2018-19 to 7,902 MT"
        if bound and not match["high"]:
            return
        unit, factor = self._unit(match["unit"])
        retracted = re.search(r"\bnot\s+$", text[max(0, start - 5) : start])
        common = {
            "unit": unit,
            "rate": bool(match["rate"]),
            "counted": not retracted and self._counted(text, end, match["unit"]),
        }
        if self._scaled(match["low"], match["lowscale"]) * factor < _SMALLEST and _number(match["low"]):
            return
        if not match["high"]:
            yield _mention(
                "QUANTITY",
                text,
                start,
                end,
                {"tonnes": self._scaled(match["low"], match["lowscale"]) * factor, **common},
            )
            return
        high = self._scaled(match["high"], match["scale"]) * factor
        low = self._scaled(match["low"], match["lowscale"] or match["scale"])
        low *= self._unit(match["lowunit"])[1] if match["lowunit"] else factor
        to = match["to"].strip()
        before = text[max(0, start - 12) : start].lower().rstrip()
        other_unit = bool(match["lowunit"]) and self._unit(match["lowunit"])[0] != unit and to == "to"
        two = (
            bound
            or (other_unit and not before.endswith(("from", "between")))
            or (_a_year(match["low"]) and not match["lowunit"] and not _a_year(match["high"]))
            or (to in ("and", "or") and not before.endswith("between"))
            or low > high
            or (to == "to" and before.endswith("from") and (match["lowunit"] or not _a_range(text, start)))
        )
        if not two:
            yield _mention("QUANTITY", text, start, end, {"low": low, "high": high, **common})
            return
        if not bound and (not _a_year(match["low"]) or match["lowunit"]):
            yield _mention("QUANTITY", text, start, match.start("to"), {"tonnes": low, **common})
        yield _mention("QUANTITY", text, match.start("high"), end, {"tonnes": high, **common})

    def _before(
        self, text: str, mass: dict[str, Any], match: re.Match[str], taken: bytearray
    ) -> Iterator[dict[str, Any]]:
        """Numbers that share the unit of the last of a list: "581,000, 150,000 and 54,000 metric tons"."""
        if "tonnes" not in mass["value"]:
            return
        head = text[max(0, match.start() - 80) : match.start()]
        chain = re.search(r"((?:(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?:, | and |, and ))+)$", head)
        if not chain:
            return
        offset = match.start() - len(head)
        for number in re.finditer(r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?", chain[1]):
            start, end = offset + chain.start(1) + number.start(), offset + chain.start(1) + number.end()
            if (
                _a_year(number[0])
                or re.fullmatch(r"\d{4}\.\d\d", number[0])
                or any(taken[start:end])
                or (_number(number[0]) < 32 and "," not in number[0])
            ):
                continue
            tonnes = self._scaled(number[0], match["scale"] or match["lowscale"]) * self._unit(match["unit"])[1]
            yield _mention("QUANTITY", text, start, end, {**mass["value"], "tonnes": tonnes})

    def _after(
        self, text: str, mass: dict[str, Any], match: re.Match[str], taken: bytearray
    ) -> Iterator[dict[str, Any]]:
        """Numbers whose unit went without saying after one that had it: "14.1 million wet tonnes in 2023 and 10.8 million in 2024"."""
        near = text[mass["end"] : mass["end"] + 300].split("\n", 1)[0]
        stops = [stop.end() for stop in re.finditer(r"[.!?][\s\"”]", near)]
        own, following = (stops[0] if stops else len(near)), (stops[1] if len(stops) > 1 else len(near))
        scale = match["scale"] or match["lowscale"] or ""
        going_on = False  # whether the next sentence goes on with the list
        for number in _ELLIPTIC.finditer(near[:following]):
            last = number.end("scale" if number["scale"] else "number")
            start, end = mass["end"] + number.start("number"), mass["end"] + last
            plain = "," in number["number"] and not number["scale"]  # "1.31 million …, the remaining 410,000"
            if number.start() >= own:
                if (
                    _MONTH.search(near[: number.start()])
                    or not (_NEXT if not going_on else _LISTED).search(near[: number.start()])
                    or number["scale"]
                ):
                    continue
                plain = going_on = True
            if (
                any(taken[start:end])
                or _a_year(number["number"])
                or (bool(number["scale"]) != bool(scale) and not plain)
                or self.quantity.match(text, start)
            ):
                continue
            tonnes = self._scaled(number["number"], number["scale"]) * self._unit(match["unit"])[1]
            common = {k: v for k, v in mass["value"].items() if k not in ("low", "high")}
            yield _mention("QUANTITY", text, start, end, {**common, "tonnes": tonnes})

    def _money(self, match: re.Match[str]) -> dict[str, Any] | None:
        groups = match.groupdict()
        low_scale, high_scale = match["lowscale"], match["scale"]
        name = (groups.get("after") or groups.get("sign") or groups.get("before") or "").lower()
        cents = name in ("cent", "cents")
        currency = "USD" if cents else self.currencies.get(name)
        if currency is None or (groups.get("before") and len(name) < 2):
            return None
        factor = 0.01 if cents else 1.0
        low = self._scaled(match["low"], low_scale or high_scale) * factor
        value: dict[str, Any] = {"currency": currency}
        if match["high"]:
            high = self._scaled(match["high"], high_scale) * factor
            value = {"low": low, "high": high, **value} if low <= high else {"amount": low, **value}
        else:
            value = {"amount": low, **value}
        if match["per"]:
            unit = self._unit(match["per"])[0]
            value["per"] = _PRICE_UNITS.get(unit, unit)
        return value

    def _scaled(self, number: str, scale: str | None) -> float:
        factor = self.multipliers[scale.strip(" -\u00a0").lower()] if scale and scale.strip(" -\u00a0") else 1.0
        return round(_number(number) * factor, 9)

    def _unit(self, text: str) -> tuple[str, float]:
        name = text.strip(" -\u00a0\n")
        if name not in self.units:
            name = name.lower()
        return self.unit_ids[name], self.units[name]

    def _counted(self, text: str, end: int, unit: str) -> bool:
        following = re.match(r"[\s-]*((?:[a-z]+[\s-]+)?)([a-z]+)", text[end : end + 40].lower())
        if following and (following[2] in self.countless or following[1].strip(" -") in self.countless):
            adjective = text[max(0, end - len(unit) - 1) : end - len(unit)] == "-"
            return not (adjective or following[1].strip(" -") in self.countless)
        return not self.countless_of.match(text, end)


def _mention(label: str, text: str, start: int, end: int, value: dict[str, Any]) -> dict[str, Any]:
    start, end = end - len(text[start:end].lstrip()), start + len(text[start:end].rstrip(" .\u00a0"))
    return {"label": label, "id": text[start:end], "start": start, "end": end, "value": value}


def _a_year(number: str) -> bool:
    return bool(re.fullmatch(r"(?:19|20)\d\d", number))


def _a_range(text: str, start: int) -> bool:
    """Whether the words before "from A to B" speak of a range, not of a change."""
    return bool(
        re.search(
            r"\b(?:rang\w+|anywhere|var(?:y|ies|ied|ying)|between|estimat\w+|somewhere)\b",
            text[max(0, start - 60) : start],
            re.I,
        )
    )


def _number(text: str) -> float:
    if text.lower() in _WORDS:
        return float(_WORDS[text.lower()])
    plain = text.replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    if re.fullmatch(r"\d+,\d{1,2}|0,\d+", plain):  # a decimal comma: 0,25
        return float(plain.replace(",", "."))
    return float(plain.replace(",", ""))


def _either(words: Any) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s") for word in sorted(set(words), key=len, reverse=True))
