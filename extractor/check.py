"""Lints what people edit: the vocabulary, the sources, and the configuration of the pipeline and of the site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from extractor import model, vocabulary
from extractor.fetch import sources
from extractor.resources import resource


def faults(folder: Path | None = None) -> Iterator[str]:
    """One line a fault, `file:line: what, remedy`. `folder` holds the vocabulary and perhaps sources.yml; by default the
    package's own."""
    yield from vocabulary.check(folder)
    own = folder / sources.OWN_FILE if folder else None
    yield from sources.faults(own if own and own.exists() else sources.shipped())
    yield from _site()
    yield from _pipeline()


def _site() -> Iterator[str]:
    try:
        path = resource("metadata.yml")
    except FileNotFoundError as error:
        yield str(error)
        return
    try:
        settings = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        yield f"{path}:{line}: no YAML ({getattr(error, 'problem', None) or error}), correct the line"
    else:
        if not isinstance(settings, dict):
            yield f"{path}:1: holds no settings, write them as `name: value`"


def _pipeline() -> Iterator[str]:
    try:
        model.load()
    except model.ModelError as error:
        yield str(error)
