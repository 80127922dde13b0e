"""The F1 that each figure must not fall below, by folder of gold, bound to what the folder held when it was measured.

The file: {"<folder's name>": {"corpus": "<sha256>", "floors": {"<figure>": 0.6}}}.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from extractor.schema import EVENT_TYPES
from extractor.score import HEADLINES

REMEDY = "measure again and record them with --raise-floors"
# Slots are left to who cares for one: with a floor under each of sixty, hardly a change could pass.
RECORDED = (*HEADLINES, *(f"event.{kind}" for kind in EVENT_TYPES))
_NOISE = 1e-9  # of floating point


class FloorsError(Exception):
    """A file of floors that cannot be read or written; the message names it and ends in the remedy."""


class Floors:
    """What `file` records of one gold folder; a file that does not exist yet records nothing. Raises FloorsError."""

    def __init__(self, file: Path, folder: Path):
        self.file, self.name, self.corpus = file, folder.resolve().name, fingerprint(folder)
        self._all = _read(file)
        self.entry: Mapping[str, Any] = self._all.get(self.name, {"corpus": "", "floors": {}})

    def faults(self, measured: Mapping[str, float]) -> Iterator[str]:
        """One line a figure below its floor; one line alone where there are no floors that could be compared."""
        if self.name not in self._all:
            yield f"{self.file}: no floors of {self.name!r}; {REMEDY}"
        elif self.entry["corpus"] != self.corpus:
            yield f"{self.file}: the documents of {self.name!r} are others than those its floors stand for; {REMEDY}"
        else:
            for figure, floor in self.entry["floors"].items():
                if figure not in measured:
                    yield f"{figure}: has a floor of {floor:.2f} but is not measured; correct its name in {self.file}"
                elif measured[figure] + _NOISE < floor:
                    yield f"{figure}: {measured[figure]:.3f} is below its floor of {floor:.2f}"

    def raise_to(self, measured: Mapping[str, float]) -> Iterator[str]:
        """Record floors at the measured figures, rounded down to two decimals, and tell what changed, a line each.

        None is lowered, but where the documents have changed: then all are recorded anew. Raises FloorsError.
        """
        anew = self.entry["corpus"] != self.corpus
        before: dict[str, float] = self.entry["floors"]
        after = {} if anew else dict(before)
        for figure in dict.fromkeys((*RECORDED, *before)):
            if figure in measured:
                reached = math.floor(measured[figure] * 100 + _NOISE) / 100
                after[figure] = max(reached, after.get(figure, 0.0))
        if anew:
            yield f"{self.name}: {'other documents' if before else 'no floors before'}, floors recorded anew"
        for figure in dict.fromkeys((*after, *before)):
            if before.get(figure) != after.get(figure):
                yield f"{figure}: floor {_shown(before.get(figure))} → {_shown(after.get(figure))}"
        self.entry = {"corpus": self.corpus, "floors": after}
        self._all[self.name] = self.entry
        _write(self.file, self._all)


def fingerprint(folder: Path) -> str:
    """sha256 of the folder's .txt and .json files, names and contents. Raises FloorsError."""
    digest = hashlib.sha256()
    try:
        for file in sorted(file for file in folder.iterdir() if file.suffix in (".txt", ".json")):
            content = file.read_bytes()
            digest.update(f"{file.name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    except OSError as error:
        raise FloorsError(f"{error.filename}: cannot be read ({error.strerror}); give a folder of gold") from error
    return digest.hexdigest()


def _read(file: Path) -> dict[str, Any]:
    try:
        recorded = json.loads(file.read_text("utf-8"))
        for entry in recorded.values():
            if not isinstance(entry["corpus"], str):
                raise ValueError("a corpus is no text")
            if not all(isinstance(floor, int | float) for floor in entry["floors"].values()):
                raise ValueError("a floor is no number")
        return recorded
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FloorsError(f"{file}: cannot be read ({error.strerror}); name a file of floors") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FloorsError(f"{file}: holds no floors ({error!r}); restore it, or remove it and record anew") from error


def _write(file: Path, recorded: Mapping[str, Any]) -> None:
    beside = file.with_name(file.name + ".new")
    try:
        beside.write_text(json.dumps(recorded, ensure_ascii=False, indent=2) + "\n", "utf-8")
        os.replace(beside, file)
    except OSError as error:
        raise FloorsError(f"{file}: cannot be written ({error.strerror}); name a place that can") from error


def _shown(floor: float | None) -> str:
    return "none" if floor is None else f"{floor:.2f}"
