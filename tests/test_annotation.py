"""`extractor annotate`: what an annotator wrote as words becomes offsets, and mistakes are named."""

from __future__ import annotations

import json

import pytest

TITLE = "Japan ships scrap"
BODY = "Last year Japan exported 12 t of tungsten scrap. From April to June Japan exported 865t of it, traders said."
EVENT = {
    "type": "trade_flow", "direction": "export", "origin": ["JP"], "materials": ["tungsten"],
    "quantity": {"tonnes": 865}, "period": "2025-Q2",
    "evidence": {"sentence": "From April to June Japan exported 865t", "trigger": "exported", "origin": "Japan",
                 "quantity": "865t", "period": "From April to June", "materials": ["tungsten scrap"]},
}
GOLD = {
    "id": "a", "kind": "article", "language": "en", "published": "2025-07-22", "relevant": True,
    "materials": ["tungsten"], "countries": ["JP"], "companies": [], "quantities": [{"tonnes": 865}, {"tonnes": 12}],
    "events": [EVENT],
}


@pytest.fixture
def annotated(tmp_path, extractor):
    """Writes one annotation, runs the command over it, and gives its result, the annotation and the text."""
    def annotate(gold, body=BODY):
        (tmp_path / "a.txt").write_text(f"{TITLE}\n\n{body}\n", "utf-8")
        (tmp_path / "a.json").write_text(json.dumps(gold), "utf-8")
        result = extractor("annotate", tmp_path)
        return result, json.loads((tmp_path / "a.json").read_text("utf-8")), (tmp_path / "a.txt").read_text("utf-8")
    return annotate


def test_quotes_become_offsets_of_the_occurrence_nearest_to_the_trigger(annotated):
    result, gold, text = annotated(GOLD)
    assert result.exit_code == 0, result.stdout
    evidence = gold["events"][0]["evidence"]
    shown = {slot: [text[start:end] for start, end in spans] for slot, spans in evidence.items()}
    assert shown == {"sentence": ["From April to June Japan exported 865t"], "trigger": ["exported"], "origin": ["Japan"],
                     "quantity": ["865t"], "period": ["From April to June"], "materials": ["tungsten scrap"]}
    assert evidence["trigger"][0][0] > text.index("From April")
    assert evidence["origin"][0][0] > text.index("From April")


def test_mentions_are_those_that_the_lists_name(annotated):
    _, gold, text = annotated({**GOLD, "quantities": [{"tonnes": 865}]})
    assert {(m["label"], text[m["start"] : m["end"]]) for m in gold["mentions"]} == {
        ("COUNTRY", "Japan"), ("MATERIAL", "tungsten scrap"), ("QUANTITY", "865t")}


def test_a_company_is_found_by_its_short_name_too(annotated):
    body = "Hollin Tungsten halted its mine. The stop hurt, Hollin said. Hollin Street is elsewhere."
    _, gold, text = annotated({**GOLD, "companies": ["Hollin Tungsten"], "events": []}, body)
    named = [text[m["start"] : m["end"]] for m in gold["mentions"] if m["label"] == "COMPANY"]
    assert named == ["Hollin Tungsten", "Hollin"]


def test_a_second_run_changes_nothing(annotated):
    _, once, _ = annotated(GOLD)
    result, twice, _ = annotated(once)
    assert result.exit_code == 0
    assert twice == once


@pytest.mark.parametrize(("change", "said"), [
    ({"events": [{**EVENT, "type": "trade"}]}, "type"),
    ({"events": [{**EVENT, "tonnage": 5}]}, "tonnage"),
    ({"events": [{**EVENT, "direction": "out"}]}, "choose one of export, import"),
    ({"events": [{**EVENT, "period": "last year"}]}, "ISO date"),
    ({"relevant": False}, "irrelevant"),
])
def test_a_fault_is_named(annotated, change, said):
    result, _, _ = annotated({**GOLD, **change})
    assert result.exit_code == 1
    assert "a.json" in result.stdout
    assert said in result.stdout


def test_a_broken_file_is_named_and_the_others_are_finished(annotated, tmp_path):
    (tmp_path / "b.json").write_text("{", "utf-8")
    result, gold, _ = annotated(GOLD)
    assert result.exit_code == 1
    assert "b.json: cannot be read" in result.stdout
    assert gold["events"][0]["evidence"]["trigger"]
