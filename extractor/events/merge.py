"""One event per distinct fact: drafts that tell the same fact become one, with the fullest slots of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from extractor.events.page import Draft
from extractor.schema import EVENT_TYPES, Event, Span

_DATES = ("announced", "effective", "until", "period", "date")
_REACH = 300  # how many facts back a repetition is looked for, so that a book-length document stays linear
_IDENTITY = {
    "control_measure": ("measure", "target", "quantity", "effective", "reference", "rate_pct"),
    "trade_flow": ("direction", "origin", "destination", "quantity", "share_pct", "period"),
    "production": ("action", "actor", "quantity", "share_pct", "site", "period", "activity"),
    "stockpile": ("action", "actor", "quantity", "days", "period"),
    "deal": ("kind", "value", "quantity"),
    "price": ("value",),
}
_OVERLAPPING = {
    "control_measure": ("issuer", "materials"),
    "trade_flow": ("materials",),
    "production": ("materials",),
    "stockpile": ("materials",),
    "deal": ("parties",),
    "price": ("materials",),
}


def merged(drafts: Iterable[Draft]) -> list[Draft]:
    """Drafts that each tell another fact, in the order of the text."""
    kept: list[Draft] = []
    shelves: dict[str, list[Draft]] = {}  # drafts that could be the same fact
    for draft in drafts:
        shelf = shelves.setdefault(_shelf(draft), [])
        twin = next((k for k in shelf[-_REACH:] if same_fact(k, draft)), None)
        if twin is None:
            kept.append(draft)
            shelf.append(draft)
        else:
            _absorb(twin, draft)
    controls = [d for d in kept if d.type == "control_measure"]
    kept = [d for d in kept if not _redundant(d, controls)]
    kept = _with_change(_with_capacity(kept))
    return sorted(kept, key=lambda d: d.sentence.start)


def _shelf(draft: Draft) -> str:
    """Facts with different figures are never the same: only drafts of one shelf are compared."""
    figures = {
        "price": ("value",),
        "trade_flow": ("quantity", "share_pct"),
        "production": ("quantity", "share_pct"),
        "stockpile": ("quantity", "days"),
        "deal": ("kind",),
        "control_measure": ("measure",),
    }
    return repr([draft.type, *(draft.get(slot) for slot in figures[draft.type])])


def same_fact(one: Draft, other: Draft) -> bool:
    """Whether two drafts of one type can be two tellings of one fact."""
    for slot in _OVERLAPPING[one.type]:
        a, b = set(one.get(slot) or []), set(other.get(slot) or [])
        if not a or not b:
            continue
        if slot == "parties":
            if len(a & b) < min(2, len(a), len(b)):
                return False
        elif slot == "materials" and one.type != "control_measure":
            if a != b and not (slot in one.implied or slot in other.implied):
                return False
        elif not a & b:
            return False
    for slot in _IDENTITY[one.type]:
        a, b = one.get(slot), other.get(slot)
        if a is None or b is None:
            if (
                slot in ("quantity", "share_pct", "days")
                and one.type not in ("control_measure", "deal")
                and (a is None) != (b is None)
            ):
                return False
            continue
        if isinstance(a, list):
            if not set(a) & set(b):
                return False
        elif slot in ("period", "effective"):
            if not (str(a).startswith(str(b)) or str(b).startswith(str(a))):
                return False
        elif a != b:
            return False
    if one.type in ("trade_flow", "production") and one.get("quantity") is None and one.get("share_pct") is None:
        return one.get("period") == other.get("period") or one.get("period") is None or other.get("period") is None
    if one.type == "control_measure":
        return _same_life(one, other)
    return True


def _same_life(one: Draft, other: Draft) -> bool:
    """Whether two tellings of a measure are of the same stage of its life."""
    a, b = one.get("status"), other.get("status")
    if a == b or a is None or b is None:
        return True
    return {a, b} <= {"announced", "in_force"}


def _absorb(kept: Draft, draft: Draft) -> None:
    """Fill the gaps of `kept`; a stated value displaces one that was only carried over."""
    for slot, value in draft.slots.items():
        stated = slot in kept.implied and slot not in draft.implied
        if kept.get(slot) is None or stated:
            kept.set(slot, value, draft.evidence.get(slot, ()))
            kept.implied.discard(slot)
        elif (
            slot == "materials"
            and kept.type == "deal"
            and slot not in draft.implied
            and draft.get("quantity") is not None
            and kept.get("quantity") is None
        ):
            kept.set(slot, value, draft.evidence.get(slot, ()))  # the text says more exactly than the headline of what
        elif slot in _DATES and isinstance(kept.slots[slot], str) and str(value).startswith(kept.slots[slot]):
            kept.set(slot, value, draft.evidence.get(slot, ()))  # the more precise of two tellings
        elif (
            isinstance(value, list)
            and kept.type == "control_measure"
            and slot in ("materials", "target", "codes")
            and slot not in draft.implied
        ):
            extra = [v for v in value if v not in kept.slots[slot]]
            if extra and set(value) & set(kept.slots[slot]):
                kept.slots[slot] = kept.slots[slot] + extra
                kept.evidence[slot] = kept.evidence[slot] + draft.evidence.get(slot, [])
    kept.evidence.setdefault("sentence", [(kept.sentence.start, kept.sentence.end)])
    kept.evidence["sentence"].append((draft.sentence.start, draft.sentence.end))
    kept.confidence = min(0.98, max(kept.confidence, draft.confidence) + 0.03)


def _with_capacity(kept: list[Draft]) -> list[Draft]:
    """A plant that starts, and right after it what the plant can make, are one fact: the start with its capacity."""
    taken: list[Draft] = []
    told: dict[int, list[Draft]] = {}
    for draft in kept:
        told.setdefault(draft.sentence.index, []).append(draft)
    for draft in kept:
        if (
            draft.type != "production"
            or draft.get("action") not in ("started", "expanded", "planned")
            or draft.get("quantity")
        ):
            continue
        for other in (o for i in range(3) for o in told.get(draft.sentence.index + i, ())):
            near = other.sentence.paragraph == draft.sentence.paragraph
            same = (
                other.type == "production"
                and other.get("materials") == draft.get("materials")
                and set(other.get("actor") or []) & set(draft.get("actor") or [])
            )
            wanted = ("planned",) if draft.get("action") == "planned" else ("produced",)
            if (
                near
                and same
                and other not in taken
                and other.get("action") in wanted
                and other.get("quantity")
                and (other.sentence.cue("capacity", "output_plan") or _of_a_plant(other, draft))
            ):
                draft.set("quantity", other.get("quantity"), other.evidence["quantity"])
                draft.evidence.setdefault("sentence", [(draft.sentence.start, draft.sentence.end)]).append(
                    (other.sentence.start, other.sentence.end)
                )
                taken.append(other)
                break
    dropped = {id(d) for d in taken}
    return [d for d in kept if id(d) not in dropped]


def _of_a_plant(figure: Draft, start: Draft) -> bool:
    """ "commissioned a 20,000 t/yr lithium carbonate plant": the figure is the plant's."""
    end = figure.evidence["quantity"][0][1] - figure.sentence.start
    return figure.sentence is start.sentence and bool(
        re.match(
            r"[^.;,]{0,40}\b(?:plants?|lines?|facility|refinery|smelter|mine|circuit|unit|factory|furnace)\b",
            figure.sentence.text[end:],
        )
    )


def _with_change(kept: list[Draft]) -> list[Draft]:
    """ "Exports fell 9.2% in January … Shipments totalled 5,410 t": the change and the volume are one flow."""
    flows = [d for d in kept if d.type == "trade_flow"]
    dropped = set()
    for bare in flows:
        if (
            any(bare.get(slot) is not None for slot in ("quantity", "share_pct", "value"))
            or bare.get("change_pct") is None
        ):
            continue
        for full in flows:
            if (
                0 <= full.sentence.index - bare.sentence.index <= 2
                and full.get("quantity") is not None
                and full.get("change_pct") is None
                and all(
                    full.get(slot) == bare.get(slot) for slot in ("direction", "origin", "destination", "materials")
                )
                and full.get("period") in (None, bare.get("period"))
            ):
                _absorb(full, bare)
                dropped.add(id(bare))
                break
    return [d for d in kept if id(d) not in dropped]


def _redundant(draft: Draft, kept: list[Draft]) -> bool:
    """A bare mention of a control that a fuller event of the document already tells."""
    if draft.type != "control_measure" or draft.get("measure") != "export_control":
        return False
    same_act = [
        k
        for k in kept
        if k is not draft
        and k.type == "control_measure"
        and k.get("measure") != "export_control"
        and draft.get("reference") is not None
        and k.get("reference") == draft.get("reference")
    ]
    if same_act and draft.get("quantity") is None:
        return True
    if {s for s in draft.slots if s not in ("measure", "issuer", "materials", "status", "target")} - draft.implied:
        return False
    earlier = kept[: next(i for i, k in enumerate(kept) if k is draft)]
    return any(
        (k.get("measure") != "export_control" or k in earlier)
        and k is not draft
        and k.type == "control_measure"
        and str(k.get("measure")).startswith("export")
        and set(k.get("issuer") or []) & set(draft.get("issuer") or [])
        and set(k.get("materials") or []) & set(draft.get("materials") or [])
        for k in kept
    )


def event(draft: Draft) -> Event:
    """The draft as it leaves the pipeline, its slots in the order of the schema."""
    order = [slot.name for slot in EVENT_TYPES[draft.type]]
    evidence: dict[str, tuple[Span, ...]] = {
        slot: tuple(dict.fromkeys((a, b) for a, b in draft.evidence.get(slot, ())))
        for slot in order
        if slot in draft.slots
    }
    evidence["sentence"] = tuple(
        dict.fromkeys(draft.evidence.get("sentence", [(draft.sentence.start, draft.sentence.end)]))
    )
    return Event(
        draft.type,
        {slot: draft.slots[slot] for slot in order if slot in draft.slots},
        evidence,
        round(max(0.05, min(0.99, draft.confidence)), 2),
    )
