"""Which tellings of several documents are one incident: by hand-made cases, and on the held-out gold."""

from __future__ import annotations

from pathlib import Path

import pytest

from extractor.incidents.grouping import group
from extractor.incidents.likeness import Likeness, Telling, span
from extractor.learning.linking import b_cubed, measured, told
from extractor.resources import resource

HELD_OUT = Path(__file__).parent.parent / "corpus" / "incidents" / "test"


@pytest.fixture(scope="module")
def likeness() -> Likeness:
    return Likeness.from_disk(resource("models") / "incidents.json")


def licence(document: str, published: str, sentence: str, **slots: object) -> Telling:
    usual = {"measure": "export_licence", "issuer": ["CN"], "materials": ["gallium", "germanium"], "status": "announced"}
    return Telling("control_measure", {**usual, **slots}, document, published, sentence)


def flow(document: str, published: str, sentence: str, **slots: object) -> Telling:
    usual = {"direction": "export", "origin": ["JP"], "materials": ["tungsten"], "quantity": {"tonnes": 865.0}}
    return Telling("trade_flow", {**usual, **slots}, document, published, sentence)


NOTICE = licence("notice", "2023-07-03", "Items related to gallium and germanium shall not be exported without a licence.",
                 announced="2023-07-03", effective="2023-08-01", reference="Announcement No. 23 of 2023")
WIRE = licence("wire", "2023-07-04", "China will require licences for exports of gallium and germanium from 1 August.",
               effective="2023-08-01")
LATER = licence("later", "2023-12-01", "China made exports of graphite subject to a licence.", materials=["graphite"],
                effective="2023-12-01", status="in_force")
QUARTER = flow("paper", "2025-08-01", "From April to June Japan exported 865t of tungsten scrap.", period="2025-Q2")
SUMMARY = flow("summary", "2025-08-20", "Japanese exports of tungsten scrap came to 865 tonnes in the second quarter.",
               period="2025-04/2025-06")
OTHER_QUARTER = flow("paper2", "2025-11-01", "From July to September Japan exported 610t of tungsten scrap.",
                     period="2025-Q3", quantity={"tonnes": 610.0})


def test_two_tellings_of_one_rule_are_one_incident_and_another_rule_is_not(likeness):
    incidents = group([NOTICE, WIRE, LATER], likeness)
    assert incidents[0] == incidents[1] != incidents[2]


def test_the_same_figure_of_one_quarter_is_one_incident_and_another_quarter_is_not(likeness):
    incidents = group([QUARTER, OTHER_QUARTER, SUMMARY], likeness)
    assert incidents[0] == incidents[2] != incidents[1]


def test_the_order_in_which_documents_come_does_not_matter_here(likeness):
    tellings = [SUMMARY, LATER, WIRE, QUARTER, NOTICE, OTHER_QUARTER]
    for turn in range(len(tellings)):
        incidents = group(tellings[turn:] + tellings[:turn], likeness)
        assert len(set(incidents)) == 4


def test_a_document_never_tells_one_incident_twice(likeness):
    twice = [QUARTER, Telling(QUARTER.type, QUARTER.slots, QUARTER.document, QUARTER.published, QUARTER.sentence)]
    assert len(set(group(twice, likeness))) == 2


def test_events_of_different_types_are_different_incidents(likeness):
    halt = Telling("production", {"action": "halted", "materials": ["tungsten"]}, "other", "2025-08-01", "")
    assert len(set(group([QUARTER, halt], likeness))) == 2


@pytest.mark.parametrize(("period", "first", "last"), [
    ("2025", "2025-01-01", "2025-12-31"), ("2025-Q2", "2025-04-01", "2025-06-30"), ("2024-02", "2024-02-01", "2024-02-29"),
    ("2025-H2", "2025-07-01", "2025-12-31"), ("2025-04/2025-06", "2025-04-01", "2025-06-30"),
    ("2025-12-31", "2025-12-31", "2025-12-31"),
])
def test_periods_have_a_first_and_a_last_day(period, first, last):
    found = span(period)
    assert found and [day.isoformat() for day in found] == [first, last]


def test_b_cubed_by_hand():
    # a a b | b in gold; ours joins a b b wrongly: Bagga and Baldwin's measure, worked out on paper
    assert b_cubed([1, 2, 2, 2], ["a", "a", "b", "b"]) == pytest.approx((4 / 6, 3 / 4, 12 / 17))


def test_tellings_of_writers_nobody_tuned_to_are_grouped(likeness):
    precision, recall, f1 = measured(told(HELD_OUT), likeness)
    assert f1 >= 0.95 and precision >= 0.94 and recall >= 0.94
