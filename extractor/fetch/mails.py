"""Saved mails: the text and the attached documents of one message. Runs in the parser process."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import UTC
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, cast

from extractor.draft import Unreadable
from extractor.encoding import decode

_MOST_ATTACHED = 50  # documents of one mail
_LONGEST_TITLE = 1000
_LONGEST_NAME = 200
_LONGEST_ID = 500
_LONGEST_HEADER = 10_000  # characters; the library's time grows with their square
_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_TEXT_TYPES = ("text/html", "text/plain")


def parse(content: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """{"id", "title", "published", "parts": [{"number", "name", "content_type", "content"}], "faults": [lines]}.

    `id` is the Message-ID without its brackets, `published` the ISO day (UTC) of its Date; "" where it has none that can
    be read. The part with the number 0 is the message's own text, the others are attached documents, by their place in
    the mail; `content` is Base64. `faults` say what is wrong with the message. Raises Unreadable.
    """
    message = cast(EmailMessage, message_from_bytes(content, policy=_Patient()))
    if not message.keys():
        raise Unreadable("no mail: it has no headers; check how it was saved")
    parts = list(_parts(message))
    faults = list(dict.fromkeys(_faults(message)))
    if not parts:
        reason = f" ({', '.join(faults)})" if faults else ""
        raise Unreadable(f"holds no text, HTML or PDF{reason}; check how it was saved")
    if len(parts) > _MOST_ATTACHED + 1:
        faults.append(f"more than {_MOST_ATTACHED} attached documents, of which the first are read")
    return {
        "id": _id(message),
        "title": _header(message, "subject")[:_LONGEST_TITLE],
        "published": _day(message),
        "parts": parts[: _MOST_ATTACHED + 1],
        "faults": faults,
    }


class _Patient(EmailPolicy):
    """The library's usual policy, but for headers without end."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value[:_LONGEST_HEADER])


def _parts(message: EmailMessage) -> Iterator[dict[str, Any]]:
    leaves = [part for part in message.walk() if not part.is_multipart()]
    body = _body(message, leaves)
    if body is not None and (text := _text(body)).strip():
        yield _part(0, "", f"{body.get_content_type()}; charset=utf-8", text.encode("utf-8", "replace"))
    for number, leaf in enumerate(leaves, start=1):
        name, content = _file_name(leaf), _payload(leaf)
        if leaf is body or not content.strip():
            continue
        if content.lstrip()[:5] == b"%PDF-":
            yield _part(number, name, "application/pdf", content)
        elif leaf.get_content_type() == "text/html" and (name or leaf.get_content_disposition() == "attachment"):
            yield _part(number, name, "text/html; charset=utf-8", _text(leaf).encode("utf-8", "replace"))


def _body(message: EmailMessage, leaves: list[Any]) -> Any:
    """The part that is the message's own text, HTML rather than plain; None where it has none."""
    try:
        body = message.get_body(preferencelist=("html", "plain"))
    except Exception:  # the library stumbles over some broken headers
        body = None
    if body is not None and not body.is_multipart():
        return body
    return next((leaf for kind in _TEXT_TYPES for leaf in leaves if leaf.get_content_type() == kind), None)


def _part(number: int, name: str, content_type: str, content: bytes) -> dict[str, Any]:
    encoded = base64.b64encode(content).decode("ascii")
    return {"number": number, "name": name, "content_type": content_type, "content": encoded}


def _payload(part: Any) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # as above
        return b""
    return payload if isinstance(payload, bytes) else b""


def _text(part: Any) -> str:
    try:
        charset = part.get_content_charset() or ""
    except Exception:  # as above
        charset = ""
    return decode(_payload(part), charset)[0]


def _file_name(part: Any) -> str:
    """What the sender calls the file: for reading only, without folders."""
    try:
        name = part.get_filename() or ""
    except Exception:  # as above
        return ""
    return _clean(re.split(r"[/\\]", name)[-1])[-_LONGEST_NAME:]


def _header(message: EmailMessage, name: str) -> str:
    try:
        return _clean(str(message[name] or ""))
    except Exception:  # as above
        return ""


def _id(message: EmailMessage) -> str:
    stated = _header(message, "message-id")
    found = _ID.search(stated)
    id = found[1] if found else stated
    return id if "@" in id and " " not in id and len(id) <= _LONGEST_ID else ""


def _day(message: EmailMessage) -> str:
    try:
        moment = message["date"].datetime
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).date().isoformat()
    except Exception:  # no date, or none that the library can read
        return ""


def _faults(message: EmailMessage) -> Iterator[str]:
    for part in message.walk():
        for defect in part.defects:
            yield type(defect).__name__.removesuffix("Defect")


def _clean(text: str) -> str:
    return " ".join(_UNSEEN.sub(" ", text).split())
