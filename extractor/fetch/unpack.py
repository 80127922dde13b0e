"""Packed bytes unpacked, to a bound: what swells beyond it is refused."""

from __future__ import annotations

import gzip
import io
import zlib

from extractor.draft import Unreadable

GZIP = b"\x1f\x8b\x08"  # a gzip member begins so


def gunzip(content: bytes, most: int) -> bytes:
    """What gzip bytes hold, at most `most` bytes of it. Raises Unreadable."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return _bounded(file.read(most + 1), most)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"damaged gzip ({error}); fetch it again") from error


def inflate(content: bytes, most: int) -> bytes:
    """As `gunzip`, of what servers call deflate: with a zlib header or, by an old mistake, without one."""
    for wbits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        unpacker = zlib.decompressobj(wbits)
        try:
            unpacked = _bounded(unpacker.decompress(content, most + 1), most)
        except zlib.error:
            continue
        if unpacker.eof:
            return unpacked
    raise Unreadable("damaged deflate data; fetch it again")


def _bounded(unpacked: bytes, most: int) -> bytes:
    if len(unpacked) > most:
        raise Unreadable(f"unpacks to more than {most:,} bytes; raise --max-bytes to read it")
    return unpacked
