"""What the tests share: the command line called in this process, and the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from extractor.cli import main

Command = Callable[..., Result]


@pytest.fixture
def extractor() -> Command:
    """extractor("run", folder, "--db", path, stdin=b"…") → exit_code, stdout, stderr."""
    def call(*arguments: str | Path | int, stdin: bytes = b"") -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin, prog_name="extractor")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture(scope="session")
def nlp():
    """The pipeline that ships with the package."""
    from extractor import model

    return model.load()


@pytest.fixture(scope="session")
def rules():
    """The pipeline without its reader: what vocabulary and rules do by themselves."""
    import spacy

    from extractor import model
    from extractor.resources import resource

    return spacy.load(resource("models") / model.NAME, exclude=["reader"])
