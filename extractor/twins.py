"""Near-duplicates: texts that tell nearly the same in nearly the same words, found by MinHash (Broder 1997)."""

from __future__ import annotations

import re

import numpy as np
from datasketch import MinHash

LEAST_SIMILAR = 0.7  # Jaccard similarity of the texts' shingles, from which on they count as one another's copies
_WORDS_A_SHINGLE = 4
_FEWEST_WORDS = 40  # a shorter text says too little to tell
_MOST_WORDS = 20_000  # of a long text the beginning is compared
_PERMUTATIONS = 128
_BANDS = 32  # of 4 values each: at a similarity of 0.7 two texts share a band with probability 0.9998
_WORD = re.compile(r"\w+|[぀-ヿ㐀-䶿一-鿿]")

Signature = bytes  # _PERMUTATIONS 32-bit numbers


def signature(text: str) -> Signature | None:
    """The MinHash of a text; None where it is too short to be compared."""
    words = _WORD.findall(text.lower())[:_MOST_WORDS]
    if len(words) < _FEWEST_WORDS:
        return None
    sketch = MinHash(num_perm=_PERMUTATIONS, seed=1, scheme="affine32")
    sketch.update_batch(
        " ".join(words[start : start + _WORDS_A_SHINGLE]).encode() for start in range(len(words) - _WORDS_A_SHINGLE + 1)
    )
    return sketch.hashvalues.astype("<u4").tobytes()


def bands(signature: Signature) -> list[int]:
    """One number a band: texts that are similar share at least one of them, at the same place."""
    width = len(signature) // _BANDS
    return [
        int.from_bytes(signature[start : start + width][:8], "little", signed=True)
        ^ int.from_bytes(signature[start + 8 : start + width], "little", signed=True)
        for start in range(0, len(signature), width)
    ]


def similarity(one: Signature, other: Signature) -> float:
    """Estimated Jaccard similarity of two texts, 0.0 to 1.0; its standard error is 0.04 at 0.7."""
    return float(np.mean(np.frombuffer(one, "<u4") == np.frombuffer(other, "<u4")))
