"""The values that travel: documents, mentions, events, problems. All of them are frozen and JSON-plain.

Slot names, slot values and the meaning of each are the annotation guidelines' own (`corpus/guidelines.md`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Span = tuple[int, int]  # start and end, in characters of Document.content; end is exclusive

Stage = Literal["fetch", "read", "extract", "store"]
Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be fetched, read, resolved or decided.

    `error`: the document was lost. `warning`: the document is there, something in it is not.
    `source` is what the user would recognise: a path, a URL, `file.jsonl:3`. `message` is one line that ends in the remedy.
    """

    stage: Stage
    level: Level
    message: str
    source: str = ""
    document_id: str = ""

    def to_json(self) -> dict[str, str]:
        return {
            "stage": self.stage,
            "level": self.level,
            "message": self.message,
            "source": self.source,
            "document_id": self.document_id,
        }


@dataclass(frozen=True, slots=True)
class Document:
    """One article or notice. `published` (ISO date, "" if unknown) is what *today* means inside its text."""

    id: str
    text: str
    title: str = ""
    url: str = ""
    source: str = ""  # the publication or site it came from
    kind: str = "article"  # article | notice
    published: str = ""
    language: str = ""
    author: str = ""
    origin: str = ""  # the path, URL or line it was read from, as a user would name it
    problems: tuple[Problem, ...] = ()

    @property
    def content(self) -> str:
        """Title, blank line, text: the one string into which every offset points."""
        return f"{self.title}\n\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing named in the text. `value` holds what a QUANTITY, MONEY, PERCENT or DATE amounts to."""

    label: str
    id: str
    start: int
    end: int
    value: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        out = {"label": self.label, "id": self.id, "start": self.start, "end": self.end}
        return out | {"value": dict(self.value)} if self.value is not None else out


LABELS = ("MATERIAL", "COUNTRY", "COMPANY", "QUANTITY", "PERCENT", "MONEY", "DATE", "MEASURE", "CODE")


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of an event type.

    kind: choice (one of `values`), materials, countries, parties (country codes or company names), codes,
    quantity ({"tonnes": t} or {"low": t, "high": t}, metric tonnes), money ({"amount" | "low", "high"; "currency",
    "per"}), number, date (ISO, as precise as stated; a span as first/last), text.
    `many`: the value is a list. `key`: part of what makes the event the event it is.
    """

    name: str
    kind: str
    key: bool = False
    many: bool = False
    values: tuple[str, ...] = ()
    description: str = ""


def _slot(
    name: str, kind: str, description: str, *, key: bool = False, many: bool = False, values: Iterable[str] = ()
) -> Slot:
    return Slot(name, kind, key, many, tuple(values), description)


_MATERIALS = _slot("materials", "materials", "Commodity ids", key=True, many=True)
_PERIOD = _slot("period", "date", "Time the figure is for: 2025, 2025-Q2, 2025-04/2025-06")
_CHANGE = _slot("change_pct", "number", "Signed change in percent, on the year where stated")

EVENT_TYPES: dict[str, tuple[Slot, ...]] = {
    "control_measure": (
        _slot(
            "measure",
            "choice",
            "Kind of measure",
            key=True,
            values=(
                "export_ban",
                "export_licence",
                "export_quota",
                "export_tax",
                "export_control",
                "import_ban",
                "import_tariff",
                "import_quota",
                "entity_listing",
                "sanction",
                "investigation",
                "other",
            ),
        ),
        _slot("issuer", "countries", "Imposing jurisdictions (ISO 3166-1 alpha-2, EU)", key=True, many=True),
        _MATERIALS,
        _slot("target", "parties", "Countries or companies aimed at; none means every destination", many=True),
        _slot(
            "status",
            "choice",
            "Where the measure stands on the day of publication",
            values=("proposed", "announced", "in_force", "eased", "lifted", "extended", "withdrawn"),
        ),
        _slot("quantity", "quantity", "Quota volume, metric tonnes"),
        _slot("rate_pct", "number", "Duty or tax rate in percent"),
        _slot("until", "date", "Stated end of the measure or of its suspension"),
        _slot("announced", "date", "Day it was announced, signed, decided or published"),
        _slot("effective", "date", "Day from which it applies"),
        _slot("reference", "text", "Number of the notice or law, as printed"),
        _slot("codes", "codes", "HS codes, ECCNs and control-list numbers, without dots and spaces", many=True),
    ),
    "trade_flow": (
        _slot("direction", "choice", "Seen from the reporting country", key=True, values=("export", "import")),
        _slot("origin", "countries", "Country the goods leave", key=True, many=True),
        _slot("destination", "countries", "Country the goods enter", key=True, many=True),
        _MATERIALS,
        _slot("quantity", "quantity", "Mass, metric tonnes", key=True),
        _CHANGE,
        _slot("share_pct", "number", "Share of the importer's or exporter's total, percent"),
        _slot("value", "money", "Worth of the goods"),
        _PERIOD,
    ),
    "production": (
        _slot(
            "action",
            "choice",
            "What was done or is planned",
            key=True,
            values=("produced", "planned", "started", "expanded", "cut", "halted", "resumed"),
        ),
        _MATERIALS,
        _slot(
            "actor",
            "parties",
            "Company names, or countries where the text speaks of a country's output",
            key=True,
            many=True,
        ),
        _slot("activity", "choice", "Stage of the chain", values=("mining", "refining", "recycling", "manufacturing")),
        _slot("site", "countries", "Country of the plant or mine"),
        _slot("quantity", "quantity", "Output or capacity, metric tonnes (a yearly rate is the same mass)", key=True),
        _slot("share_pct", "number", "Share of world output, percent"),
        _CHANGE,
        _PERIOD,
    ),
    "stockpile": (
        _slot("actor", "parties", "Holder", key=True, many=True),
        _MATERIALS,
        _slot("action", "choice", "What happens to the stock", values=("build", "release", "hold")),
        _slot("quantity", "quantity", "Mass, metric tonnes", key=True),
        _slot("days", "number", "Days of consumption covered"),
        _slot("value", "money", "Money set aside or spent"),
        _PERIOD,
    ),
    "deal": (
        _slot(
            "kind",
            "choice",
            "Kind of agreement",
            key=True,
            values=("offtake", "investment", "joint_venture", "cooperation"),
        ),
        _slot("parties", "parties", "Company names or country codes", key=True, many=True),
        _MATERIALS,
        _slot("value", "money", "Money involved"),
        _slot("quantity", "quantity", "Total mass, metric tonnes"),
        _slot("date", "date", "Day of the agreement"),
        _slot("status", "choice", "How far it has come", values=("announced", "signed", "completed", "terminated")),
    ),
    "price": (
        _MATERIALS,
        _slot("value", "money", "Price per unit: t, kg, lb, mtu or oz", key=True),
        _CHANGE,
        _PERIOD,
        _slot("market", "countries", "Country of the market, if stated"),
    ),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `evidence` maps each filled slot, and "sentence", to the spans that it was read from."""

    type: str
    slots: Mapping[str, Any]
    evidence: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    confidence: float = 1.0

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            **self.slots,
            "evidence": {slot: [list(span) for span in spans] for slot, spans in self.evidence.items()},
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that was read out of one document; `to_json` is one line of the output contract."""

    document: Document
    relevant: bool
    materials: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    quantities: tuple[Mapping[str, float], ...] = ()
    events: tuple[Event, ...] = ()
    mentions: tuple[Mention, ...] = ()
    problems: tuple[Problem, ...] = ()

    def confident(self, least: float) -> Extraction:
        """The same without the events of a lower confidence."""
        return replace(self, events=tuple(event for event in self.events if event.confidence >= least))

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.document.id,
            "title": self.document.title,
            "url": self.document.url,
            "published": self.document.published,
            "relevant": self.relevant,
            "materials": list(self.materials),
            "countries": list(self.countries),
            "companies": list(self.companies),
            "quantities": [dict(quantity) for quantity in self.quantities],
            "events": [event.to_json() for event in self.events],
            "mentions": [mention.to_json() for mention in self.mentions],
            "problems": [problem.to_json() for problem in self.problems],
        }
