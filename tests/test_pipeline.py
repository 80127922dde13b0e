"""The pipeline as a spaCy user meets it: `nlp = extractor.model.load(); nlp(text)._.events`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from extractor import model
from extractor.schema import EVENT_TYPES, LABELS, Slot

CORPUS = Path(__file__).parent.parent / "corpus"
TEXTS = sorted([*CORPUS.glob("train/*.txt"), *CORPUS.glob("demo/*.txt")])
RESULTS = ("events", "mentions", "materials", "countries", "companies", "quantities", "relevant", "problems")

FLOWS = ("Japan imported 865 tonnes of tungsten carbide from China in March 2025, down 5.7% on the year. "
         "China banned exports of antimony to the United States on 3 December 2024.")
RELATIVE = "Last month Japan imported 865 tonnes of tungsten carbide from China."
DENIED = "China denied that it had banned exports of antimony to Japan."


def made(nlp: Language, text: str, published: str = "2026-02-27") -> Doc:
    """A document as the components take it, not yet read."""
    doc = nlp.make_doc(text)
    doc.user_data["published"] = published
    return doc


def results(doc: Doc) -> str:
    """All that was found, as JSON: what a store or a reader of the output gets."""
    return json.dumps({name: getattr(doc._, name) for name in RESULTS})


def train_texts() -> Iterator[str]:
    return (path.read_text("utf-8") for path in TEXTS[:12])


def test_a_string_is_enough(nlp) -> None:
    doc = nlp(FLOWS)
    assert doc._.relevant
    assert sorted(event["type"] for event in doc._.events) == ["control_measure", "trade_flow"]
    assert {ent.label_ for ent in doc.ents} >= {"MATERIAL", "COUNTRY", "QUANTITY", "DATE"}


def test_spacy_load_of_the_folder_finds_the_same(nlp) -> None:
    assert results(spacy.load(nlp.path)(FLOWS)) == results(nlp(FLOWS))


def test_survives_the_disk_and_bytes(nlp, tmp_path) -> None:
    nlp.to_disk(tmp_path / "model")
    assert results(model.load(tmp_path / "model")(FLOWS)) == results(nlp(FLOWS))
    empty = spacy.blank("en").from_config(nlp.config)
    assert results(empty.from_bytes(nlp.to_bytes())(FLOWS)) == results(nlp(FLOWS))


def test_processes_find_what_one_finds(nlp) -> None:
    texts = list(train_texts())
    alone = [results(doc) for doc in nlp.pipe(made(nlp, text) for text in texts)]
    together = [results(doc) for doc in nlp.pipe((made(nlp, text) for text in texts), n_process=2, batch_size=4)]
    assert together == alone
    assert all(json.loads(found)["mentions"] for found in alone)


def test_a_docbin_keeps_the_events(nlp) -> None:
    docs = [nlp(made(nlp, text)) for text in train_texts()]
    stored = DocBin(docs=docs, store_user_data=True).to_bytes()
    loaded = list(DocBin().from_bytes(stored).get_docs(nlp.vocab))
    assert [results(doc) for doc in loaded] == [results(doc) for doc in docs]


def test_a_document_survives_its_bytes(nlp) -> None:
    doc = nlp(made(nlp, FLOWS))
    assert results(Doc(nlp.vocab).from_bytes(doc.to_bytes())) == results(doc)


def test_without_a_date_of_publication_relative_dates_are_left_out(nlp) -> None:
    doc = nlp(RELATIVE)
    (flow,) = doc._.events
    assert "period" not in flow
    assert not [mention for mention in doc._.mentions if mention["label"] == "DATE"]
    (problem,) = doc._.problems
    assert problem["stage"] == "extract" and problem["level"] == "warning" and "publication" in problem["message"]


def test_with_a_date_of_publication_they_are_resolved_and_there_is_no_problem(nlp) -> None:
    doc = nlp(made(nlp, RELATIVE, "2024-05-20"))
    assert [event["period"] for event in doc._.events] == ["2024-04"]
    assert doc._.problems == []


def test_a_date_of_publication_that_is_none_counts_as_unknown(nlp) -> None:
    doc = nlp(made(nlp, RELATIVE, "next Tuesday"))
    assert all("period" not in event for event in doc._.events)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_output_is_valid(nlp, path: Path) -> None:
    """Every mention and every piece of evidence lies in the text; every slot is one of its type and has its shape."""
    doc = nlp(made(nlp, path.read_text("utf-8")))
    size = len(doc.text)
    for mention in doc._.mentions:
        assert mention["label"] in LABELS and mention["id"]
        assert 0 <= mention["start"] < mention["end"] <= size
        words = doc.text[mention["start"]:mention["end"]]
        assert words == words.strip()
    for event in doc._.events:
        check_event(event, size)
    assert doc._.relevant or not (doc._.events or doc._.quantities)


def check_event(event: Mapping[str, Any], size: int) -> None:
    slots = {slot.name: slot for slot in EVENT_TYPES[event["type"]]}
    stated = event.keys() - {"type", "evidence", "confidence"}
    assert stated <= slots.keys()
    assert 0 < event["confidence"] <= 1
    assert "sentence" in event["evidence"] and event["evidence"].keys() <= {*stated, "sentence"}
    for spans in event["evidence"].values():
        assert all(0 <= start < end <= size for start, end in spans)
    for name in stated:
        assert valid(slots[name], event[name]), (event["type"], name, event[name])


def valid(slot: Slot, value: Any) -> bool:
    if slot.many:
        return isinstance(value, list) and bool(value) and len(value) == len(set(value)) and all(
            valid_one(slot, one) for one in value)
    return valid_one(slot, value)


def valid_one(slot: Slot, value: Any) -> bool:
    match slot.kind:
        case "choice":
            return value in slot.values
        case "countries":
            return bool(re.fullmatch("[A-Z]{2}", value))
        case "date":
            day = r"\d{4}(-\d\d(-\d\d)?|-Q[1-4]|-H[12])?"
            return bool(re.fullmatch(f"{day}(/{day})?", value))
        case "number":
            return isinstance(value, int | float)
        case "quantity":
            return value.keys() == {"tonnes"} or (value.keys() == {"low", "high"} and value["low"] <= value["high"])
        case "money":
            return "currency" in value and ("amount" in value or value["low"] <= value["high"])
        case "codes":
            return bool(re.fullmatch(r"\w+", value))
        case _:
            return isinstance(value, str) and bool(value.strip())


def test_the_same_text_gives_the_same(nlp) -> None:
    """Also after other texts, so nothing of a document stays behind."""
    texts = list(train_texts())
    first = [results(nlp(made(nlp, text))) for text in texts]
    again = [results(nlp(made(nlp, text))) for text in reversed(texts)]
    assert again[::-1] == first


@pytest.mark.parametrize("text", [
    "", " ", "\n\n\t \n", "\x00", "\ufeff", ".", "%", "$", "t", "865t", "\u202e\u200f\u200b", "稀土出口管制", "صادرات التنغستن",
    "31 February 2026", "99/99/9999", "$1e999/kg of gallium",
], ids=ascii)
def test_odd_texts_have_no_events(nlp, text: str) -> None:
    assert nlp(text)._.events == []


@pytest.mark.parametrize("char", ["🚢", "|", "-", "(", "1,000 ", "\n", "e\u0301", "0", "9"], ids=ascii)
def test_a_character_without_end_has_no_events(nlp, char: str) -> None:
    assert nlp(f"{char * 3000} t of tin")._.events == []


@pytest.mark.parametrize("odd", ["\x00", "\u202e", "\u200f", "\u200b", "🚢🇨🇳 ", "\ufffd\ufffd", "\r\n\r\n", "\ufeff"], ids=ascii)
def test_odd_characters_before_a_sentence_cost_nothing(nlp, odd: str) -> None:
    doc = nlp(made(nlp, odd + " " + FLOWS))
    flow = next(event for event in doc._.events if event["type"] == "trade_flow")
    assert flow["quantity"] == {"tonnes": 865}
    ((start, end),) = flow["evidence"]["quantity"]
    assert doc.text[start:end] == "865 tonnes"


@pytest.mark.parametrize("words", [
    "tungsten from China, ", "865 t ", "| 1,234 ", "2025-01-", "(China (", "x", "$5/kg tungsten ", "not denied ",
    "China exported 865 t of APT to Japan in January. ", "Acme Tungsten Ltd, ",
    "China to ban gallium exports to Japan in May; ", "Announcement No. 1 of 2025, ",
])
def test_a_line_of_200_kilobytes_is_read(nlp, words: str) -> None:
    """Also one that never ends a sentence: what is looked up within a sentence must not grow with its length."""
    assert isinstance(nlp(made(nlp, words * (200_000 // len(words))))._.events, list)


def test_a_page_of_prices_in_one_sentence_is_read(nlp) -> None:
    """The worst of them: every change may belong to every price."""
    assert nlp(made(nlp, "tungsten fell 5% to $5/kg. " * 400))._.events


def test_a_denial_is_no_event(nlp) -> None:
    assert not nlp(f"{FLOWS} {DENIED}")._.events[2:]
