"""Plain text, and what every text goes through before it becomes a document's."""

from __future__ import annotations

import re

from extractor.draft import Draft, Unreadable
from extractor.encoding import decode, is_binary

_LONGEST_TITLE = 300  # characters; a longer first line is a paragraph
_HEADING = re.compile(r"#{1,6}\s+")
_GAP = re.compile(r"\n{3,}")

# One character for one, so that offsets into a text given to us stay true.
_IN_PLACE: dict[int, str] = {
    **dict.fromkeys((*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)), " "),
    **dict.fromkeys((0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n"),
    **dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 0xFEFF), " "),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF))


def in_place(text: str) -> str:
    """The text with every control character, odd space and lone surrogate replaced, of the same length."""
    if "\r" in text:
        text = text.replace("\r\n", " \n").replace("\r", "\n")
    return text if text.isascii() and text.isprintable() else text.translate(_IN_PLACE)


def tidy(text: str) -> str:
    """The text with plain line ends, no invisible characters and no more than one blank line in a row."""
    text = in_place(text.replace("\r\n", "\n").translate(_INVISIBLE))
    return _GAP.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def parse_text(content: bytes, declared: str = "") -> Draft:
    """A draft of a plain text file: its first line is the title, if more follows. Raises Unreadable."""
    text, warning = decode(content, declared)
    if is_binary(text):
        raise Unreadable("holds binary data, not text; give it the ending of what it is, or convert it")
    warnings = [warning] if warning else []
    if "\0" in text:
        warnings.append(f"{text.count(chr(0)):,} NUL characters were dropped; check how it was saved")
        text = text.replace("\0", "")
    title, body = split_title(tidy(text))
    return Draft(body, title, warnings=warnings)


def split_title(text: str) -> tuple[str, str]:
    """Title and body: the first line and the rest, or "" and everything where the first line is all or too long."""
    first, _, rest = text.partition("\n")
    title = _HEADING.sub("", first, count=1).strip() if _HEADING.match(first) else first.strip()
    if not rest.strip() or not title or len(title) > _LONGEST_TITLE:
        return "", text
    return title, rest.strip()
