"""What a parser hands back before the document is dated, named and judged."""

from __future__ import annotations

from dataclasses import dataclass, field


class Unreadable(Exception):
    """A document that is lost. The message is one line: what is wrong, then the remedy."""


@dataclass(slots=True)
class Draft:
    """A parsed document. Dates are ISO days, "" where unknown."""

    text: str
    title: str = ""
    id: str = ""  # as its supplier named it; "" where it has to be derived
    url: str = ""
    source: str = ""
    author: str = ""
    kind: str = ""
    published: str = ""  # as the document's own metadata states it
    created: str = ""  # when its file was made: a weaker witness
    warnings: list[str] = field(default_factory=list)
