"""When a predicted value and a gold one are the same, by the rules of the annotation guidelines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Same = Callable[[Any, Any], bool]

LEGAL_FORMS = {
    "inc",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "plc",
    "llc",
    "lp",
    "ag",
    "sa",
    "se",
    "nv",
    "bv",
    "gmbh",
    "kk",
    "kabushiki",
    "kaisha",
    "pty",
    "pte",
    "ab",
    "asa",
    "as",
    "oyj",
    "spa",
    "srl",
    "group",
    "holdings",
    "holding",
    "the",
    "jsc",
    "pjsc",
    "ojsc",
    "tbk",
    "pt",
    "bhd",
    "sdn",
    "sarl",
    "sas",
}


def name_words(name: Any) -> list[str]:
    words = re.findall(r"[^\W_]+", str(name).casefold())
    return [word for word in words if word not in LEGAL_FORMS] or words


def _spellings(name: Any) -> list[Any]:
    return name if isinstance(name, list) else [name]


def _same_spelling(a: Any, b: Any) -> bool:
    if any(re.fullmatch(r"[A-Z]{2}", str(name)) for name in (a, b)):  # a country code is itself or nothing
        return a == b
    shorter, longer = sorted((name_words(a), name_words(b)), key=len)
    return shorter == longer or (bool(shorter) and longer[: len(shorter)] == shorter)


def same_name(a: Any, b: Any) -> bool:
    """Two names, or lists of accepted spellings; legal forms do not count, and the shorter may begin the longer."""
    return any(_same_spelling(x, y) for x in _spellings(a) for y in _spellings(b))


def same_number(a: Any, b: Any) -> bool:
    """Within one percent of the larger."""
    try:
        a, b = float(a), float(b)
    except (TypeError, ValueError):
        return False
    return a == b or abs(a - b) <= 0.01 * max(abs(a), abs(b))


def _mass_range(quantity: Any) -> tuple[float, float] | None:
    if not isinstance(quantity, dict):
        return None
    low, high = (quantity.get(end, quantity.get("tonnes")) for end in ("low", "high"))
    low, high = high if low is None else low, low if high is None else high
    return None if low is None or high is None else (float(low), float(high))


def same_quantity(a: Any, b: Any) -> bool:
    s, t = _mass_range(a), _mass_range(b)
    return s is not None and t is not None and same_number(s[0], t[0]) and same_number(s[1], t[1])


def same_money(pred: Any, gold: Any) -> bool:
    """Amount or range, and the currency and unit where the gold states them."""
    if not (isinstance(pred, dict) and isinstance(gold, dict)):
        return False
    units = all(pred.get(unit) == gold[unit] for unit in ("per", "currency") if gold.get(unit))
    return units and all(
        same_number(pred.get(end, pred.get("amount")), gold.get(end, gold.get("amount"))) for end in ("low", "high")
    )


def _first_and_last(date: str) -> tuple[str, str]:
    """2025-Q2 as 2025-04 and 2025-06, 2025-04/2025-06 too; a day is its own first and last."""
    if match := re.fullmatch(r"(\d{4})-([QH])([1-4])", date):
        year, length, number = match[1], {"Q": 3, "H": 6}[match[2]], int(match[3])
        if number * length <= 12:
            return f"{year}-{(number - 1) * length + 1:02}", f"{year}-{number * length:02}"
    if re.fullmatch(r"\d{4}", date):
        return f"{date}-01", f"{date}-12"
    first, _, last = date.partition("/")
    return first, last or first


def same_date(pred: Any, gold: Any) -> bool:
    """The same span of time; a prediction may be more precise than a gold month or day."""
    pred, gold = str(pred), str(gold)
    return _first_and_last(pred) == _first_and_last(gold) or (
        "/" not in gold and len(gold) >= 7 and pred.startswith(gold)
    )


def same_reference(a: Any, b: Any) -> bool:
    a, b = (re.sub(r"\W+", "", str(reference).casefold()) for reference in (a, b))
    return a in b or b in a


def same_choice(a: Any, b: Any) -> bool:
    return str(a) == str(b)


# By kind of slot; those of many values compare their members.
SAME: dict[str, Same] = {
    "quantity": same_quantity,
    "money": same_money,
    "number": same_number,
    "date": same_date,
    "text": same_reference,
    "choice": same_choice,
}
