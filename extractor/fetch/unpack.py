"""Packed bytes unpacked, to a bound: what swells beyond it is refused."""

from __future__ import annotations

import io
import zlib
from typing import IO

from extractor.draft import Unreadable

GZIP = b"\x1f\x8b\x08"  # a gzip member begins so
_PIECE = 16_384  # bytes; small, as some files are made of many small members


def gunzip(content: bytes, most: int) -> bytes:
    """What gzip bytes hold, without what may follow their last member. Raises Unreadable, also for more than `most`
    bytes."""
    file, unpacked = io.BytesIO(content), bytearray()
    while content.startswith(GZIP, file.tell()):
        unpacked += member(file, keep=most, most=most - len(unpacked))
    if not file.tell():
        raise Unreadable("damaged gzip (it does not begin as gzip does); fetch it again")
    return bytes(unpacked)


def inflate(content: bytes, most: int) -> bytes:
    """As `gunzip`, of what servers call deflate: with a zlib header or, by an old mistake, without one."""
    for wbits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        unpacker = zlib.decompressobj(wbits)
        try:
            unpacked = unpacker.decompress(content, most + 1)
        except zlib.error:
            continue
        if len(unpacked) > most:
            raise _too_large(most)
        if unpacker.eof:
            return unpacked
    raise Unreadable("damaged deflate data; fetch it again")


def member(file: IO[bytes], *, keep: int, most: int) -> bytes:
    """The next gzip member of a seekable file, which then stands behind it: its first `keep` bytes, unpacked.

    Raises Unreadable where it is damaged, cut short, or unpacks to more than `most` bytes.
    """
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    kept, size = bytearray(), 0
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail or file.read(_PIECE)
        try:
            piece = unpacker.decompress(packed, _PIECE)
        except zlib.error as error:
            raise Unreadable(f"damaged gzip ({error}); fetch it again") from error
        if not packed and not piece:
            raise Unreadable("cut short; fetch it again")
        size += len(piece)
        kept += piece[: max(0, keep - len(kept))]
        if size > most:
            raise _too_large(most)
    file.seek(-len(unpacker.unused_data), io.SEEK_CUR)
    return bytes(kept)


def _too_large(most: int) -> Unreadable:
    return Unreadable(f"unpacks to more than {most:,} bytes; raise --max-bytes to read it")
