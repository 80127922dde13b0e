"""From bytes to characters: what was declared, else UTF-8, else what the bytes look like."""

from __future__ import annotations

import codecs
from contextlib import suppress

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What pages call their encoding → what they mean by it. Nothing else that is declared is believed: Python knows
# "encodings" that no page is written in, some of them slow.
_MEANT = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "x-gbk": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-2": "iso8859_2",
    "iso-8859-5": "iso8859_5",
    "iso-8859-9": "cp1254",
    "iso-8859-15": "iso8859_15",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "tis-620": "cp874",
    "windows-874": "cp874",
} | {f"windows-{page}": f"cp{page}" for page in range(1250, 1259)}
_ESCAPED = ("iso2022_jp", "hz")  # their bytes are ASCII, and so would pass for UTF-8
_LIKELY = ["cp1252", "cp1250", "cp1251", "koi8_r", "cp932", "euc_jp", "cp949", "big5hkscs", "gb18030"]
_SAMPLE_BYTES = 200_000
_BINARY_SHARE = 0.02
_SPARSE = 0.08  # share of bytes beyond ASCII, up to which it is a Western text with accents and quotation marks


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """The text, and a warning ("" if the reading is certain). Never fails; letters may be lost, which is a warning."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _replacing(data, name)
    meant = _MEANT.get(declared.strip().strip("\"'").lower(), "")
    for name in (meant if meant in _ESCAPED else "", _wide(data), "utf-8", meant):
        if name and (text := _strict(data, name)) is not None:
            return text, ""
    if _mostly_utf8(data):
        return _replacing(data, "utf-8")
    if _is_chinese(data) and (text := _strict(data, "gb18030")) is not None:
        return text, ""
    name = "cp1252"
    if sum(byte > 0x7F for byte in data[:_SAMPLE_BYTES]) > _SPARSE * len(data[:_SAMPLE_BYTES]):
        guess = from_bytes(data[:_SAMPLE_BYTES], cp_isolation=_LIKELY).best()
        name = guess.encoding if guess else name
    if (text := _strict(data, name)) is not None:
        return text, f"its encoding is not stated and was taken for {name}; save it as UTF-8 if letters are wrong"
    return _replacing(data, meant or "utf-8")


def is_binary(text: str) -> bool:
    """Whether decoded bytes are no text at all, judged by control and replacement characters near the start."""
    sample = text[:_SAMPLE_BYTES]
    odd = sum(
        (character < " " and character not in "\t\n\r\f\v\x1b\x00") or character in "\x7f\ufffd" for character in sample
    )
    return (odd > len(sample) * _BINARY_SHARE and odd > 8) or sample.count("\0") > len(sample) / 10


def _strict(data: bytes, name: str) -> str | None:
    with suppress(UnicodeError):
        return data.decode(name)
    return None


def _replacing(data: bytes, name: str) -> tuple[str, str]:
    text = data.decode(name, errors="replace")
    lost = 0 if _strict(data, name) is not None else text.count("\ufffd")
    return text, f"bytes that are no {name} were lost ({lost:,}); save it as UTF-8" if lost else ""


def _wide(data: bytes) -> str:
    """UTF-16 without a byte-order mark shows as a NUL in every other byte of Western text."""
    sample = data[:1000]
    if len(sample) < 8 or len(data) % 2:
        return ""
    if sample[1::2].count(0) > len(sample) * 0.4:
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) > len(sample) * 0.4 else ""


def _mostly_utf8(data: bytes) -> bool:
    """Whether it is UTF-8 in which a few bytes were damaged, rather than another encoding."""
    text = data.decode("utf-8", errors="replace")
    lost = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - lost > lost


def _is_chinese(data: bytes) -> bool:
    """Whether what is not ASCII reads as everyday Chinese characters, which hardly happens by chance."""
    text = data[:_SAMPLE_BYTES].decode("gb18030", errors="ignore")
    foreign = [character for character in text if character > "\x7f"]
    everyday = len("".join(foreign).encode("gb2312", errors="ignore")) / 2
    return len(foreign) >= 4 and everyday > len(foreign) * 0.95
