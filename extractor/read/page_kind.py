"""What a text is, as far as reading has to know: its language, whether it is an official notice, whether it is whole.

The words that give a notice or a paywall away are data: `data/page_cues.csv`.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from extractor.resources import resource

_LANGUAGES = ["en", "zh", "ja", "ko", "fr", "de", "es", "pt", "it", "nl", "pl", "ru", "uk", "tr", "id", "vi", "ar"]
_SAMPLE_CHARACTERS = 2000
_LEAST_BYTES = 30  # of letters, before a text is called foreign
_LEAST_CONFIDENCE = 0.8
# A text in which so many words are these is English; nearly all are, and need no further look.
_ENGLISH = frozenset(("the", "and", "of", "to", "for", "that", "with", "has"))
_ENGLISH_SHARE = 0.1
_WORD = re.compile(r"[^\W\d_]+")

_NOTICE_ENDS = 1500  # characters, at the top and at the bottom, in which a notice shows itself
_NOTICE_LINES = 2  # different lines that begin like a notice's, to make one
_STUB_CHARACTERS = 2500  # a text that asks to subscribe and is shorter than this is the beginning of a longer one


def language(text: str) -> str:
    """ISO 639-1 code of the text's language; "" where the text is too short or too mixed to say."""
    sample = text[:_SAMPLE_CHARACTERS]
    words = _WORD.findall(sample)
    common = sum(word.lower() in _ENGLISH for word in words)
    if words and common >= 2 and common / len(words) >= _ENGLISH_SHARE:
        return "en"
    code, confidence = _identifier().classify(sample)
    if code == "en":
        return "en" if words else ""
    certain = confidence >= _LEAST_CONFIDENCE and len("".join(words).encode()) >= _LEAST_BYTES
    return code if certain else ""


def kind(title: str, text: str, url: str) -> str:
    """notice, where the title, the site or the lines near the top are an official body's; else article."""
    host = urlsplit(url).hostname or ""
    if any(host == site or host.endswith("." + site) for site in _cues("notice_host")):
        return "notice"
    heading = title.lower()
    if any(cue in heading for cue in _cues("notice_title")):
        return "notice"
    lines = (text[:_NOTICE_ENDS] + "\n" + text[-_NOTICE_ENDS:]).lower().split("\n")
    begun = {cue for cue in _cues("notice_line") if any(line.startswith(cue) for line in lines)}
    return "notice" if len(begun) >= _NOTICE_LINES else "article"


def is_stub(text: str, page: str, *, closed: bool) -> bool:
    """Whether `text` is the beginning of an article whose rest is for subscribers.

    `page` is all that the page shows; `closed`: the page's own metadata say that it is not free to read.
    """
    if len(text) > _STUB_CHARACTERS:
        return False
    shown = page.lower()
    return closed or any(cue in shown for cue in _cues("paywall"))


@cache
def _cues(cue: str) -> tuple[str, ...]:
    with (resource("data") / "page_cues.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["cue"] == cue:
                return tuple(name.strip().lower() for name in row["names"].split("|") if name.strip())
    return ()


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier
