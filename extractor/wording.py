"""Slot values in words, as a reader writes them: "3,500–4,000 t", "-5.7 %", "1,250 USD/kg"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from extractor.schema import EVENT_TYPES, Slot

Name = Callable[[str, str], str]  # (kind of slot, id) → its name; see `plain_name`


def plain_name(kind: str, id: str) -> str:
    """Name of a material or party when no table of names is at hand."""
    return id.replace("-", " ") if kind == "materials" else id


def number(value: float) -> str:
    """1234567.5 → "1,234,567.5"; six significant digits after the point at most, no trailing zeros."""
    if abs(value) < 1:
        return f"{value:.6g}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def ends(value: Mapping[str, Any], exact: str) -> tuple[float | None, float | None]:
    """Low and high end of a quantity (`exact` = "tonnes") or of money (`exact` = "amount"); equal where it is exact."""
    if value.get(exact) is not None:
        return float(value[exact]), float(value[exact])
    low, high = value.get("low"), value.get("high")
    return None if low is None else float(low), None if high is None else float(high)


def _range(low: float | None, high: float | None) -> str:
    if low == high:
        return "" if low is None else number(low)
    if low is None or high is None:
        return f"from {number(low)}" if low is not None else f"up to {number(high or 0.0)}"
    return f"{number(low)}–{number(high)}"


def value_text(slot: Slot, value: Any, name: Name = plain_name) -> str:
    """One value of a slot (of a list slot: one item) with its unit."""
    if slot.kind == "choice":
        return str(value).replace("_", " ")
    if slot.kind in ("materials", "countries", "parties"):
        return name(slot.kind, str(value))
    if slot.kind == "quantity":
        return f"{_range(*ends(value, 'tonnes'))} t"
    if slot.kind == "money":
        unit = "/".join(str(value[part]) for part in ("currency", "per") if value.get(part))
        return f"{_range(*ends(value, 'amount'))} {unit}".strip()
    if slot.kind == "number":
        unit = " %" if slot.name.endswith("_pct") else f" {slot.name}"
        return number(float(value)) + unit
    return str(value)


def items(slot: Slot, slots: Mapping[str, Any]) -> list[Any]:
    """The values of a slot as a list: empty where it is not filled, the first of several where there can be one."""
    value = slots.get(slot.name)
    if value is None or value == "":
        return []
    values = list(value) if isinstance(value, list | tuple) else [value]
    return values if slot.many else values[:1]


_BEFORE = {"origin": "from ", "destination": "to ", "issuer": "by "}
_SELF_EVIDENT = ("control_measure", "trade_flow", "deal")  # "export licence", "import", "offtake" name their type


def summary(type: str, slots: Mapping[str, Any], name: Name = plain_name) -> str:
    """An event in a line, "production · cut · cobalt · Acme Mining": its key slots and how far it has come."""
    parts = [] if type in _SELF_EVIDENT else [type.replace("_", " ")]
    for slot in EVENT_TYPES[type]:
        texts = [value_text(slot, value, name) for value in items(slot, slots)]
        if texts and (slot.key or slot.name in ("action", "status")):
            parts.append(_BEFORE.get(slot.name, "") + ", ".join(texts))
    return " · ".join(parts) or type.replace("_", " ")
