"""The last component: sentences with mentions → events, lists and relevance of the document.

Writes plain dicts to `doc.user_data`; `doc._.events`, `.mentions`, `.materials`, `.countries`, `.companies`,
`.quantities`, `.relevant` and `.problems` are getters over them. `doc.ents` shows the mentions to spaCy's own tools.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import filter_spans

from extractor.events import control_measure, deal, learned, lists, price, production, stockpile, tables, trade_flow
from extractor.events.judge import Judge
from extractor.events.merge import event, merged
from extractor.events.page import Draft, Page
from extractor.schema import LABELS, Event, Mention
from extractor.vocabulary import Vocabulary

_BRIEF = 80  # tokens; so short a text is about supply or control where it tells an event of it
_FINDERS = (tables, control_measure, trade_flow, production, stockpile, deal, price)
_RESULTS = {
    "events": [],
    "mentions": [],
    "materials": [],
    "countries": [],
    "companies": [],
    "quantities": [],
    "problems": [],
    "relevant": False,
}


def _getter(key: str, empty: Any) -> Any:
    return lambda doc: _listed(doc.user_data.get(key, empty))


def _listed(value: Any) -> Any:
    """Lists, where a DocBin gave them back as tuples."""
    if isinstance(value, tuple):
        return [_listed(item) for item in value]
    if isinstance(value, dict):
        return {name: _listed(item) for name, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list) else value


_UNDATED = {
    "stage": "extract",
    "level": "warning",
    "message": "no date of publication; relative dates are left out",
}

for _key, _empty in _RESULTS.items():
    Doc.set_extension(_key, getter=_getter(_key, _empty), force=True)


@Language.factory("minerals_events")
def make_events(nlp: Language, name: str) -> Events:
    return Events(Vocabulary())


class Events:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.judge = Judge()
        self.rules = self.learned = True  # which of the two propose events; switched off to measure what each earns
        self.home = vocabulary.body_country | vocabulary.company_country
        self.stockpilers = frozenset(row.id for row in vocabulary.rows["bodies.csv"] if row["kind"] == "stockpile")

    def to_disk(self, path: Path | str, exclude: Iterable[str] = ()) -> None:
        Path(path).mkdir(parents=True, exist_ok=True)
        self.judge.to_disk(Path(path) / "judge.json")

    def from_disk(self, path: Path | str, exclude: Iterable[str] = ()) -> Events:
        if (file := Path(path) / "judge.json").exists():
            self.judge = Judge.from_disk(file)
        return self

    def to_bytes(self, exclude: Iterable[str] = ()) -> bytes:
        return srsly.json_dumps(asdict(self.judge)).encode()

    def from_bytes(self, data: bytes, exclude: Iterable[str] = ()) -> Events:
        self.judge = Judge(**srsly.json_loads(data.decode()))
        return self

    def __call__(self, doc: Doc) -> Doc:
        data = doc.user_data
        page = self.page(doc)
        judge = self.judge if "readings" in data else Judge()  # without the reader the rules speak for themselves
        for key in ("cues", "qualifiers", "tables", "readings", "relevance", "shut"):
            data.pop(key, None)
        found = lists.gather(page)
        events: list[Event] = []
        brief = len(doc) < _BRIEF and bool(found["materials"])
        if found["relevant"] or brief:
            events = lists.with_names(page, [event(draft) for draft in judge.events(*self.proposals(page))])
            found["countries"] = list(dict.fromkeys([*found["countries"], *lists.countries_of(events)]))
        if brief and events and not found["relevant"]:  # a flash or a headline: its event is what it is about
            found |= {"relevant": True, "quantities": lists.quantities(page)}
        data.update(found)
        data["events"] = [told.to_json() for told in events]
        data["mentions"] = [m.to_json() for m in page.mentions if m.label in LABELS]
        data["problems"] = [] if data.get("published") else [_UNDATED]
        spans = [
            doc.char_span(m.start, m.end, label=m.label, alignment_mode="expand")
            for m in page.mentions
            if m.label in LABELS
        ]
        doc.ents = filter_spans([s for s in spans if s is not None and s.text.strip()])
        return doc

    def page(self, doc: Doc) -> Page:
        """The document as finders see it."""
        data = doc.user_data
        mentions = [Mention(m["label"], m["id"], m["start"], m["end"], m.get("value")) for m in data["mentions"]]
        sentences = [
            (s.start_char, s.end_char - len(s.text) + len(s.text.rstrip())) for s in doc.sents if s.text.strip()
        ]
        return Page(
            doc.text,
            data.get("title_end", 0),
            data.get("published") or "",
            data.get("kind") or "article",
            sentences,
            mentions,
            data["cues"],
            data["qualifiers"],
            self.home,
            data["tables"],
            self.stockpilers,
            data.get("readings", ()),
            data.get("relevance"),
        )

    def proposals(self, page: Page) -> tuple[list[Draft], list[Draft]]:
        """What the rules tell and what the reader read, each fact once."""
        told = merged(draft for finder in _FINDERS for draft in finder.find(page)) if self.rules else []
        if not self.learned:
            return told, []
        learned.support(page, told)
        return told, merged(learned.find(page))
