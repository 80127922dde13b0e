"""Joins what the rules found and what the reader read."""

from __future__ import annotations

from extractor.events.page import Draft


def joined(told: list[Draft], read: list[Draft]) -> list[Draft]:
    return told or read
