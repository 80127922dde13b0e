"""What the encoder's event heads tell: the labels, in the order of the heads' outputs.

An event has one *anchor*: the figure that makes it a fact of its own (a mass, a price, a share), else the word that
tells it ("halted", "licence"). The anchor's word gives the event's type and choices, and links to the mentions that
fill its slots.
"""

from __future__ import annotations

from extractor.schema import EVENT_TYPES

ANCHORS = ("", *EVENT_TYPES)  # "" is no anchor

# Single-valued choices, by the slot's own values. "" is unstated.
CHOICES: dict[str, tuple[str, ...]] = {
    f"{kind}.{slot.name}": ("", *slot.values)
    for kind, slots in EVENT_TYPES.items()
    for slot in slots
    if slot.kind == "choice"
}

# Whether an anchor's event is told as a fact; the last four are no events.
FACTUALITY = ("stated", "planned", "denied", "hypothetical", "advised", "generality")
NO_EVENT = frozenset(FACTUALITY[2:])

# Slots that mentions fill, and the labels of mentions that can.
_FILLS = {
    "materials": ("MATERIAL",),
    "countries": ("COUNTRY", "BODY"),
    "parties": ("COUNTRY", "BODY", "COMPANY"),
    "codes": ("CODE",),
    "quantity": ("QUANTITY",),
    "number": ("PERCENT",),
    "money": ("MONEY",),
    "date": ("DATE",),
    "text": ("CODE",),
}
ROLES: dict[str, tuple[str, ...]] = {
    slot.name: _FILLS[slot.kind]
    for slots in EVENT_TYPES.values()
    for slot in slots
    if slot.kind != "choice" and slot.name != "days"
}
LABELS = ("MATERIAL", "COUNTRY", "BODY", "COMPANY", "QUANTITY", "PERCENT", "MONEY", "DATE", "CODE")

# Which slot's figure is the anchor, first one first; an event without any of them is anchored at its trigger.
FIGURES: dict[str, tuple[str, ...]] = {
    "control_measure": ("quantity",),
    "trade_flow": ("quantity", "share_pct", "value", "change_pct"),
    "production": ("quantity", "share_pct", "change_pct"),
    "stockpile": ("quantity", "value"),
    "deal": (),
    "price": ("value", "change_pct"),
}
