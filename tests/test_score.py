"""`extractor score`: cases small enough to count by hand, and gold that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import html

EXPORT = {"type": "trade_flow", "direction": "export", "origin": ["CN"], "destination": ["JP"],
          "materials": ["tungsten"], "quantity": {"tonnes": 400}}


@pytest.fixture
def run(tmp_path: Path, extractor):
    """run(gold, pred, "--errors", …) writes one gold document and one prediction, or none, and scores them."""
    def score(gold: dict[str, Any], pred: dict[str, Any] | None, *options: str | Path, text: str = "") -> Any:
        folder = tmp_path / "gold"
        folder.mkdir(exist_ok=True)
        (folder / "a.json").write_text(json.dumps({"id": "a", "relevant": True, "events": [], **gold}), "utf-8")
        (folder / "a.txt").write_text(text, "utf-8")
        predictions = tmp_path / "pred.jsonl"
        lines = [] if pred is None else [{"id": "a", "relevant": True, **pred}]
        predictions.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        return extractor("score", folder, predictions, *options)
    return score


@pytest.fixture
def scored(run):
    """The figures of one document, or with errors=True the lines of what went wrong."""
    def score(gold: dict[str, Any], pred: dict[str, Any] | None, *, errors: bool = False) -> Any:
        result = run(gold, pred, "--errors" if errors else "--json")
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


PLANT = {"type": "production", "action": "planned", "actor": ["Ferrum Works"], "materials": ["tungsten"],
         "quantity": {"tonnes": 400}}
STAKE = {"type": "deal", "kind": "investment", "parties": ["Ferrum Works", "JP"], "materials": ["tungsten"]}


def at(event: dict[str, Any], start: int, end: int, **others: Any) -> dict[str, Any]:
    return {**event, "evidence": {"sentence": [[start, end]]}, **others}


@pytest.mark.parametrize(("gold", "pred", "cause"), [
    ({"events": [EXPORT]}, None, "document not predicted"),
    ({"events": [EXPORT]}, {"relevant": False}, "document taken for irrelevant"),
    ({"events": [EXPORT]}, {"relevant": False}, "relevant, taken for irrelevant"),
    ({"relevant": False}, {}, "irrelevant, taken for relevant"),
    ({"events": [EXPORT]}, {}, "no event at its place"),
    ({"events": [at(PLANT, 0, 40)]}, {"events": [at(STAKE, 50, 90)]}, "no event at its place"),
    ({"events": [at(PLANT, 0, 40)]}, {"events": [at(STAKE, 30, 90)]}, "told, but as another type"),
    ({"events": [at(PLANT, 0, 40)]}, {"events": [at(STAKE, 30, 90)]}, "spurious: another type in gold"),
    ({"events": [at(PLANT, 0, 40)]}, {"events": [STAKE]}, "told, but as another type"),  # by company and material
    ({"events": [PLANT]}, {"events": [{**STAKE, "parties": ["US"]}]}, "spurious: nothing there"),  # material alone
    ({"events": [EXPORT]}, event("materials", ["tin"]), "key differs: material"),
    ({"events": [EXPORT]}, event("destination", ["KR"]), "key differs: party"),
    ({"events": [EXPORT]}, event("quantity", {"tonnes": 4}), "key differs: figure"),
    ({"events": [EXPORT]}, event("direction", "import"), "key differs: kind"),
    ({"events": [EXPORT]}, event("direction", "import", destination=["KR"]), "key differs: party and kind"),
    ({"not_events": [at({"type": "deal", "why": "denied"}, 0, 40)]}, {"events": [at(STAKE, 10, 30)]},
     "spurious: denied, hypothetical or advised"),
    ({"not_events": [at({"type": "deal", "why": "denied"}, 0, 40)]}, {"events": [at(STAKE, 40, 90)]},
     "spurious: nothing there"),
    ({"events": [EXPORT]}, {"events": [EXPORT, EXPORT]}, "spurious: told twice"),
    ({"materials": ["tin"]}, {"materials": ["zinc"]}, "materials missed"),
    ({"materials": ["tin"]}, {"materials": ["zinc"]}, "materials spurious"),
])
def test_errors_are_grouped_by_cause(scored, gold, pred, cause):
    lines = scored(gold, pred, errors=True)
    assert f"{cause}  1" in lines


@pytest.mark.parametrize(("slot", "gold", "pred", "line"), [
    ("period", "2025", None, 'slot.trade_flow.period\tmissing\tgold "2025"'),
    ("period", None, "2025", 'slot.trade_flow.period\tspurious\tpred "2025"'),
    ("period", "2025", "2024", 'slot.trade_flow.period\tdiffers\tpred "2024"\tgold "2025"'),
    ("origin", ["CN", "VN"], ["CN"], 'slot.trade_flow.origin\tmissing\tpred ["CN"]\tgold ["CN", "VN"]'),
    ("origin", ["CN"], ["CN", "VN"], 'slot.trade_flow.origin\tspurious\tpred ["CN", "VN"]\tgold ["CN"]'),
    ("origin", ["CN", "VN"], ["CN", "TH"], 'slot.trade_flow.origin\tdiffers\tpred ["CN", "TH"]\tgold ["CN", "VN"]'),
])
def test_slots_of_matched_events_are_errors_of_their_own(scored, slot, gold, pred, line):
    lines = scored(event(slot, gold), event(slot, pred), errors=True)
    assert f"a\t{line}" in lines
    assert f"slot {line.split(chr(9))[1]}  1" in lines


def test_the_commonest_cause_comes_first(scored):
    lines = scored({"materials": ["tin"], "countries": ["CN", "JP"]}, {"materials": [], "countries": []}, errors=True)
    assert lines[:6] == ["countries missed  2", 'a\tcountries\tmissed\t"CN"', 'a\tcountries\tmissed\t"JP"', "",
                         "materials missed  1", 'a\tmaterials\tmissed\t"tin"']


def test_an_error_stays_on_its_line(scored):
    lines = scored({"companies": ["Acme\u2028\x85\u202eMetals"]}, {}, errors=True)
    assert lines[1].startswith('a\tcompanies\tmissed\t"Acme')
    assert lines[1].replace("\t", "").isprintable()


def test_events_below_the_least_confidence_are_not_counted(run):
    pred = {"events": [{**EXPORT, "confidence": 0.4}, {**PLANT, "confidence": 0.6}, STAKE]}
    for least, expected in (("0", 3), ("0.5", 2), ("1", 1)):
        table = json.loads(run({"events": [EXPORT]}, pred, "--json", "--min-confidence", least).stdout)
        assert table["event"]["pred"] == expected


def test_the_page_shows_text_with_gold_beside_predicted(run, tmp_path):
    text = "Ferrum & Co <b>\n\nFerrum Works plans 400 t of tungsten. <script>alert(1)</script> Nothing else.\n"
    content = text.strip()
    def spans(*words: str) -> list[list[int]]:
        return [[content.index(word), content.index(word) + len(word)] for word in words]
    gold = {"events": [{**PLANT, "period": "2027", "evidence": {
        "sentence": spans("Ferrum Works plans 400 t of tungsten."), "actor": spans("Ferrum Works"),
        "quantity": spans("400 t")}}], "materials": ["tungsten"]}
    pred = {"events": [{**PLANT, "quantity": {"tonnes": 40}, "confidence": 0.7,
                        "evidence": {"quantity": spans("400 t of tungsten")}},
                       {**STAKE, "materials": ["<img src=x>"]}]}
    page = tmp_path / "page.html"
    assert run(gold, pred, "--html", page, text=text).exit_code == 0

    tree = html.fromstring(page.read_text("utf-8"))
    assert not tree.xpath("//script | //img | //link | //@src | //b[contains(., 'alert')]")
    assert all(href.startswith("#") and tree.get_element_by_id(href[1:]) is not None for href in tree.xpath("//@href"))
    left, right = tree.find_class("text")
    for side in (left, right):
        for number in side.xpath(".//sup"):
            number.drop_tree()
        assert side.text_content() == content
    assert [(mark.text, mark.get("class")) for mark in left.iter("mark")] == [
        ("Ferrum Works", "key-differs"), ("400 t", "key-differs")]
    assert [mark.text for mark in right.iter("mark")] == ["400 t of tungsten"]
    [planned, stake] = [tbody.text_content() for tbody in tree.xpath("//table[@class='events']/tbody")]
    assert "key differs: figure" in planned
    assert "spurious" in stake
    faults = [row.text_content() for row in tree.find_class("fault")]
    assert ["quantity*differs400 t40 t" in "".join(row.split("\n")).strip() for row in faults] == [True, False]
    assert "missing" in faults[1]
    assert "materials missed: \"tungsten\"" in " ".join(tree.xpath("//article/ul")[0].text_content().split())


def test_the_page_leads_from_the_worst_document_to_the_best(tmp_path, extractor):
    for number, missed in enumerate((0, 2, 1)):
        gold = {"id": f"d{number}", "relevant": True, "materials": ["tin", "zinc"][:missed], "events": []}
        (tmp_path / f"d{number}.json").write_text(json.dumps(gold), "utf-8")
        (tmp_path / f"d{number}.txt").write_text("Nothing\n\nNothing.", "utf-8")
    (tmp_path / "p.jsonl").write_text("".join(f'{{"id": "d{n}", "relevant": true}}\n' for n in range(3)), "utf-8")
    result = extractor("score", tmp_path, tmp_path / "p.jsonl", "--html", tmp_path / "page.html")
    assert result.exit_code == 0
    tree = html.fromstring((tmp_path / "page.html").read_text("utf-8"))
    assert [link.text_content() for link in tree.xpath("//nav//a")] == ["d1", "d2", "d0"]
    assert len(tree.xpath("//article")) == 3


def test_a_page_that_cannot_be_written(run, tmp_path):
    result = run({}, {}, "--html", tmp_path / "nowhere" / "page.html")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'nowhere' / 'page.html'}: cannot be written")


@pytest.fixture
def floored(run, tmp_path):
    """Scores as many of four gold materials as are given, against tmp_path/floors.json."""
    def score(right: int, *options: str, gold: dict[str, Any] | None = None) -> Any:
        wanted = ["tin", "zinc", "lead", "iron"]
        return run({"materials": wanted, **(gold or {})}, {"materials": wanted[:right]},
                   "--floors", tmp_path / "floors.json", *options)
    return score


def materials_floor(folder: Path) -> float:
    return json.loads((folder / "floors.json").read_text("utf-8"))["gold"]["floors"]["materials"]


def test_a_figure_below_its_floor_fails(floored):
    assert floored(3, "--raise-floors").exit_code == 0
    assert floored(3).exit_code == 0
    assert floored(4).exit_code == 0
    fallen = floored(2)
    assert fallen.exit_code == 1
    assert fallen.stderr.splitlines() == ["materials: 0.667 is below its floor of 0.85"]
    assert "materials" in fallen.stdout


def test_floors_rise_and_never_fall(floored, tmp_path):
    raised = floored(2, "--raise-floors")
    assert "materials: floor none → 0.66" in raised.stderr.splitlines()
    assert materials_floor(tmp_path) == 0.66
    assert "materials: floor 0.66 → 0.85" in floored(3, "--raise-floors").stderr.splitlines()
    assert floored(2, "--raise-floors").exit_code == 1
    assert materials_floor(tmp_path) == 0.85


def test_floors_of_other_documents_do_not_count(floored, tmp_path):
    floored(3, "--raise-floors")
    for result in (floored(2, gold={"kind": "notice"}), floored(4, gold={"kind": "notice"})):
        assert result.exit_code == 1
        [line] = result.stderr.splitlines()
        assert str(tmp_path / "floors.json") in line
        assert "the documents of 'gold' are others" in line
        assert "--raise-floors" in line
    anew = floored(2, "--raise-floors", gold={"kind": "notice"})
    assert anew.exit_code == 0
    assert "gold: other documents, floors recorded anew" in anew.stderr.splitlines()
    assert materials_floor(tmp_path) == 0.66


def test_floors_are_not_recorded_while_documents_are_missing(run, tmp_path):
    result = run({}, None, "--floors", tmp_path / "floors.json", "--raise-floors")
    assert result.exit_code == 1
    assert "floors are not raised" in result.stderr
    assert not (tmp_path / "floors.json").exists()


def test_floors_of_other_folders_and_of_slots_are_kept(floored, tmp_path):
    floored(3, "--raise-floors")
    recorded = json.loads((tmp_path / "floors.json").read_text("utf-8"))
    recorded["elsewhere"] = {"corpus": "0", "floors": {"event": 0.5}}
    recorded["gold"]["floors"]["slot.deal.value"] = 0.1
    (tmp_path / "floors.json").write_text(json.dumps(recorded), "utf-8")
    unmeasured = floored(4, "--raise-floors")
    assert unmeasured.exit_code == 1
    assert unmeasured.stderr.splitlines()[-1].startswith("slot.deal.value: has a floor of 0.10 but is not measured")
    after = json.loads((tmp_path / "floors.json").read_text("utf-8"))
    assert after["elsewhere"] == recorded["elsewhere"]
    assert after["gold"]["floors"]["slot.deal.value"] == 0.1


@pytest.mark.parametrize("content", ["{", "[]", '{"gold": {}}', '{"gold": {"corpus": "0", "floors": {"event": "x"}}}'])
def test_floors_that_cannot_be_read(floored, tmp_path, content):
    (tmp_path / "floors.json").write_text(content, "utf-8")
    result = floored(4, "--raise-floors")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'floors.json'}: holds no floors")
    assert (tmp_path / "floors.json").read_text("utf-8") == content


def test_floors_that_nobody_recorded(floored, run):
    assert floored(4).exit_code == 1
    assert "no floors of 'gold'" in floored(4).stderr
    assert run({}, {}, "--raise-floors").exit_code == 2


def test_every_figure_has_an_interval_and_it_is_the_same_every_time(tmp_path, extractor):
    for number in range(6):
        gold = {"id": f"d{number}", "relevant": True, "materials": ["tin", "zinc"], "events": [EXPORT]}
        (tmp_path / f"d{number}.json").write_text(json.dumps(gold), "utf-8")
    predictions = tmp_path / "p.jsonl"
    predictions.write_text("".join(json.dumps({
        "id": f"d{n}", "relevant": True, "materials": ["tin"] if n % 2 else [],
        **event("destination", ["JP"] if n % 3 else ["KR"]),
    }) + "\n" for n in range(6)), "utf-8")
    first = extractor("score", tmp_path, predictions)
    assert first.stdout == extractor("score", tmp_path, predictions).stdout
    rows = {line.split()[0]: line.split()[1:5] for line in first.stdout.splitlines()[2:]}
    assert rows["materials"][:3] == ["1.000", "0.250", "0.400"]
    table = json.loads(extractor("score", tmp_path, predictions, "--json").stdout)
    assert table.keys() == rows.keys()
    for figure in ("materials", "event.trade_flow", "slot.trade_flow.destination"):
        low, high = table[figure]["interval"]
        assert rows[figure][3] == f"{low:.3f}-{high:.3f}"
        assert 0 <= low < table[figure]["f1"] < high <= 1
    assert table["slot.trade_flow.origin"]["interval"] == [1.0, 1.0]


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


@pytest.mark.parametrize("events", ['"none"', "[1]", '[{"evidence": {"actor": [["a", 2]]}}]', '[{"confidence": "high"}]'])
def test_predicted_events_of_another_shape(tmp_path, extractor, events):
    (tmp_path / "a.json").write_text('{"id": "a", "relevant": true, "events": []}', "utf-8")
    (tmp_path / "p.jsonl").write_text(f'{{"id": "a", "events": {events}}}\n', "utf-8")
    result = extractor("score", tmp_path, tmp_path / "p.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'p.jsonl'}:1: ")
