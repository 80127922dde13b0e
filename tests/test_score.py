"""`extractor score`: cases small enough to count by hand, and gold that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

EXPORT = {"type": "trade_flow", "direction": "export", "origin": ["CN"], "destination": ["JP"],
          "materials": ["tungsten"], "quantity": {"tonnes": 400}}


@pytest.fixture
def scored(tmp_path: Path, extractor):
    """Writes one gold document and one prediction, and gives the figures, or the lines of the errors."""
    def score(gold: dict[str, Any], pred: dict[str, Any] | None, *, errors: bool = False) -> Any:
        folder = tmp_path / "gold"
        folder.mkdir(exist_ok=True)
        (folder / "a.json").write_text(json.dumps({"id": "a", "relevant": True, "events": [], **gold}), "utf-8")
        predictions = tmp_path / "pred.jsonl"
        lines = [] if pred is None else [{"id": "a", "relevant": True, **pred}]
        predictions.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        result = extractor("score", folder, predictions, "--errors" if errors else "--json")
        assert result.exit_code == 0, result.stderr
        return result.stdout.splitlines() if errors else json.loads(result.stdout)
    return score


def counts(figure: dict[str, float]) -> tuple[float, float, float]:
    return figure["hit"], figure["pred"], figure["gold"]


def event(slot: str, value: Any, **others: Any) -> dict[str, Any]:
    return {"events": [{**EXPORT, **others, slot: value}]}


def test_a_perfect_prediction_scores_one_everywhere(scored):
    document = {"materials": ["tungsten"], "countries": ["CN", "JP"], "companies": ["Lynas"],
                "quantities": [{"tonnes": 400}], "events": [EXPORT]}
    assert {figure["f1"] for figure in scored(document, document).values()} == {1.0}


def test_precision_recall_and_f1_of_a_list(scored):
    table = scored({"materials": ["tungsten", "tin", "zinc", "lead"]}, {"materials": ["tungsten", "gold"]})
    figure = table["materials"]
    assert counts(figure) == (1, 2, 4)
    assert figure["p"] == 0.5
    assert figure["r"] == 0.25
    assert figure["f1"] == pytest.approx(1 / 3)


def test_what_is_optional_is_neither_rewarded_nor_punished(scored):
    gold = {"countries": ["CN"], "countries_optional": ["AU"], "events": [{**EXPORT, "optional": True}]}
    with_it = scored(gold, {"countries": ["CN", "AU"], "events": [EXPORT]})
    without = scored(gold, {"countries": ["CN"], "events": []})
    assert counts(with_it["countries"]) == counts(without["countries"]) == (1, 1, 1)
    assert "event" not in with_it
    assert "event" not in without


@pytest.mark.parametrize(("gold", "pred", "same"), [
    ("Shin-Etsu Chemical", "Shin-Etsu Chemical Co., Ltd.", True),
    ("Lynas Rare Earths", "Lynas", True),
    ("Lynas Rare Earths", "Rare Earths", False),
    (["Amalgamated Metals", "AM Metals"], "AM Metals Inc", True),
    ("CN", "CN", True),
    ("CN", "CN Mining", False),
])
def test_company_names(scored, gold, pred, same):
    assert scored({"companies": [gold]}, {"companies": [pred]})["companies"]["hit"] == int(same)


@pytest.mark.parametrize(("gold", "pred", "same"), [
    ({"tonnes": 1000}, {"tonnes": 1009}, True),
    ({"tonnes": 1000}, {"tonnes": 1011}, False),
    ({"low": 3500, "high": 4000}, {"low": 3500, "high": 4000}, True),
    ({"low": 3500, "high": 4000}, {"tonnes": 3500}, False),
    ({"tonnes": 0}, {"tonnes": 0}, True),
])
def test_quantities(scored, gold, pred, same):
    assert scored({"quantities": [gold]}, {"quantities": [pred]})["quantities"]["hit"] == int(same)


@pytest.mark.parametrize(("slot", "gold", "pred", "same"), [
    ("period", "2025-Q2", "2025-04/2025-06", True),
    ("period", "2025-H1", "2025-01/2025-06", True),
    ("period", "2025", "2025-01/2025-12", True),
    ("period", "2025-06", "2025-06-11", True),
    ("period", "2025-06-11", "2025-06", False),
    ("period", "2025", "2025-06", False),
    ("change_pct", [-5.7, 12.0], 12.0, True),
    ("change_pct", -5.7, 5.7, False),
    ("value", {"amount": 8.47e6, "currency": "USD"}, {"amount": 8.47e6, "currency": "USD"}, True),
    ("value", {"amount": 8.47e6, "currency": "USD"}, {"amount": 8.47e6, "currency": "EUR"}, False),
    ("value", {"amount": 8.47e6}, {"low": 8.47e6, "high": 8.47e6, "currency": "EUR"}, True),
])
def test_single_slots(scored, slot, gold, pred, same):
    figure = scored(event(slot, gold), event(slot, pred))[f"slot.trade_flow.{slot}"]
    assert counts(figure) == (int(same), 1, 1)


@pytest.mark.parametrize(("slot", "gold", "pred", "expected"), [
    ("reference", "Announcement No. 18 of 2025", "MOFCOM Announcement No.18 of 2025", (1, 1, 1)),
    ("reference", "Announcement No. 18 of 2025", "Announcement No. 19 of 2025", (0, 1, 1)),
    ("codes", ["2841801000", "1C117d"], ["2841.80.1000", "1C117.d", "810194"], (2, 3, 2)),
    ("target", ["US", "Acme Magnets"], ["US"], (1, 1, 2)),
    ("status", "in_force", "announced", (0, 1, 1)),
])
def test_slots_of_a_measure(scored, slot, gold, pred, expected):
    measure = {"type": "control_measure", "measure": "export_ban", "issuer": ["CN"], "materials": ["gallium"]}
    table = scored({"events": [{**measure, slot: gold}]}, {"events": [{**measure, slot: pred}]})
    assert counts(table[f"slot.control_measure.{slot}"]) == expected


@pytest.mark.parametrize(("slot", "pred", "hit"), [
    ("origin", ["CN", "VN"], 1),  # one of the union of two
    ("origin", ["CN", "VN", "TH"], 0),
    ("direction", "import", 0),
    ("quantity", {"tonnes": 402}, 1),
    ("quantity", {"tonnes": 500}, 0),
    ("period", "1999", 1),  # no key
])
def test_an_event_counts_when_its_keys_agree(scored, slot, pred, hit):
    assert counts(scored({"events": [EXPORT]}, event(slot, pred))["event"]) == (hit, 1, 1)


def test_a_key_that_gold_leaves_open_is_free(scored):
    gold = {key: value for key, value in EXPORT.items() if key != "quantity"}
    assert counts(scored({"events": [gold]}, {"events": [EXPORT]})["event"]) == (1, 1, 1)


def test_events_are_paired_for_the_most_slots_shared(scored):
    other = {**EXPORT, "destination": ["KR"], "quantity": {"tonnes": 90}}
    table = scored({"events": [EXPORT, other]}, {"events": [other, EXPORT]})
    assert counts(table["event"]) == (2, 2, 2)
    assert table["slot"]["f1"] == 1.0


def test_events_of_another_type_are_never_paired(scored):
    production = {"type": "production", "action": "produced", "materials": ["tungsten"], "quantity": {"tonnes": 400}}
    table = scored({"events": [EXPORT]}, {"events": [production]})
    assert counts(table["event"]) == (0, 1, 1)
    assert counts(table["slot"]) == (0, 3, 5)  # three slots spurious, five missed


def test_relevance_and_a_document_that_was_not_predicted(scored):
    assert counts(scored({"relevant": True}, {"relevant": False})["relevance"]) == (0, 1, 1)
    missing = scored({"materials": ["tin"], "events": [EXPORT]}, None)
    assert counts(missing["materials"]) == (0, 0, 1)
    assert counts(missing["event"]) == (0, 0, 1)
    assert counts(missing["relevance"]) == (0, 1, 1)


def test_errors_name_document_figure_and_value(scored):
    lines = scored({"materials": ["tin"], "events": [EXPORT]},
                   {"materials": ["zinc"], **event("direction", "import")}, errors=True)
    assert 'a\tmaterials\tmissed\t"tin"' in lines
    assert 'a\tmaterials\tspurious\t"zinc"' in lines
    [differs] = [line for line in lines if line.startswith("a\ttrade_flow\tkey differs\t")]
    assert '"direction": "import"' in differs
    assert '"direction": "export"' in differs


def test_the_table_shows_intervals_and_is_the_same_every_time(tmp_path, extractor):
    for number in range(6):
        gold = {"id": f"d{number}", "relevant": True, "materials": ["tin", "zinc"], "events": []}
        (tmp_path / f"d{number}.json").write_text(json.dumps(gold), "utf-8")
    predictions = tmp_path / "p.jsonl"
    predictions.write_text("".join(json.dumps({"id": f"d{n}", "relevant": True, "materials": ["tin"] if n % 2 else []})
                                   + "\n" for n in range(6)), "utf-8")
    first = extractor("score", tmp_path, predictions)
    assert first.stdout == extractor("score", tmp_path, predictions).stdout
    [row] = [line.split() for line in first.stdout.splitlines() if line.startswith("materials")]
    assert row[1:4] == ["1.000", "0.250", "0.400"]
    low, high = map(float, row[4].split("-"))
    assert 0 <= low < 0.4 < high <= 1


def test_without_predictions_the_pipeline_reads_the_texts(tmp_path, extractor):
    (tmp_path / "a.json").write_text(json.dumps({"id": "a", "published": "2026-02-27", "relevant": True, "events": [],
                                                 "materials": ["tungsten"], "countries": ["JP"]}), "utf-8")
    (tmp_path / "a.txt").write_text("Tungsten in Japan\n\nJapan imported tungsten concentrate last month.\n", "utf-8")
    table = json.loads(extractor("score", tmp_path, "--json").stdout)
    assert counts(table["materials"]) == (1, 1, 1)
    assert counts(table["countries"]) == (1, 1, 1)


@pytest.mark.parametrize(("files", "names"), [
    ({}, "holds no gold"),
    ({"a.json": "{"}, "a.json"),
    ({"a.json": '{"id": "a"}'}, "events"),
    ({"a.json": '["id"]'}, "a.json"),
    ({"a.json": '{"id": "a", "relevant": true, "events": []}'}, "a.txt"),
])
def test_gold_that_cannot_be_used(tmp_path, extractor, files, names):
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")
    result = extractor("score", tmp_path)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert names in line
    assert str(tmp_path) in line


def test_a_gold_folder_that_is_missing(tmp_path, extractor):
    result = extractor("score", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'nowhere'}: no such folder; ")


def test_predictions_that_are_no_json_lines(tmp_path, extractor):
    (tmp_path / "a.json").write_text('{"id": "a", "relevant": true, "events": []}', "utf-8")
    (tmp_path / "p.jsonl").write_text('{"id": "a"}\n{"id": \n', "utf-8")
    result = extractor("score", tmp_path, tmp_path / "p.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'p.jsonl'}:2: ")
