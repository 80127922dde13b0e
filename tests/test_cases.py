"""Every sentence of `tests/cases/` is read as it must be by vocabulary and rules, without the reader. How to write one: `tests/cases/README.md`."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_language import Case, disagreements, read_cases

FILES = sorted((Path(__file__).parent / "cases").glob("*.toml"))
CASES = [pytest.param(case, id=f"{path.stem}: {case['name']}") for path in FILES for case in read_cases(path)]


@pytest.mark.parametrize("case", CASES)
def test_case(rules, case: Case) -> None:
    wrong = disagreements(rules, case)
    assert not wrong, "\n".join([case["text"], *wrong])


def test_names_are_unique() -> None:
    """A failing case is found by its name."""
    names = [param.id for param in CASES]
    assert len(names) == len(set(names))
