"""Documents of a hundred pages: read in parts, told as one."""

from __future__ import annotations

import json

FILLER = ("The committee then adjourned for the day and nothing else was recorded in the minutes. " * 10).strip()
TITLE = "Tungsten exports of Japan"


def line(tonnes: int) -> str:
    return f"Japan exported {tonnes} tonnes of tungsten to Germany in May 2025."


def test_offsets_point_into_the_whole_document(tmp_path, extractor):
    paragraphs = [f"{FILLER}\n\n{line(1000 + number)}" for number in range(300)]
    (tmp_path / "long.txt").write_text(f"{TITLE}\n\n" + "\n\n".join(paragraphs), "utf-8")
    result = extractor("extract", tmp_path / "long.txt", "--published", "2025-07-01")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    content = f"{TITLE}\n\n" + "\n\n".join(paragraphs)
    told = {event["quantity"]["tonnes"]: event for event in found["events"] if event.get("quantity")}
    assert set(range(1000, 1300)) <= told.keys()
    for tonnes in (1000, 1150, 1299):
        start, end = told[tonnes]["evidence"]["quantity"][0]
        assert content[start:end] == f"{tonnes} tonnes"
    assert all(content[m["start"] : m["end"]] == "Germany" for m in found["mentions"] if m["id"] == "DE")
    assert len(found["quantities"]) == 300


def test_what_every_part_tells_is_told_once(tmp_path, extractor):
    paragraphs = [f"{FILLER}\n\n{line(500)}" for _ in range(300)]
    (tmp_path / "long.txt").write_text(f"{TITLE}\n\n" + "\n\n".join(paragraphs), "utf-8")
    found = json.loads(extractor("extract", tmp_path / "long.txt", "--published", "2025-07-01").stdout)
    assert [event["quantity"] for event in found["events"]] == [{"tonnes": 500.0}]
    assert found["quantities"] == [{"tonnes": 500.0}]
