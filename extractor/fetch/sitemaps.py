"""XML sitemaps (sitemaps.org), with Google's news extension: what they list. Runs in the parser process."""

from __future__ import annotations

from typing import Any


def parse(content: bytes, context: dict[str, Any]) -> dict[str, Any]:
    raise NotImplementedError
