"""Rows of a table: what the caption and the header say of every cell, applied to each figure."""

from __future__ import annotations

from collections.abc import Iterator

from extractor.events.page import Draft, Page


def find(page: Page) -> Iterator[Draft]:
    yield from ()
