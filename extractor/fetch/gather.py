"""The door: what a source given on the command line stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from extractor.fetch import files
from extractor.fetch.raw import CONTENT_TYPES, STDIN, Raw, now
from extractor.limits import Limits
from extractor.schema import Problem

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def gather(source: str, limits: Limits, allow_private: bool = False) -> Iterator[Raw | Problem]:
    """Whatever `source` holds: a file, a folder, an http(s) address, the entries of a feed's address, or - for stdin.

    What cannot be had is a Problem that says why; the rest comes all the same. Nothing is raised.
    `allow_private` lets addresses lead into private and loopback networks.
    """
    if source == "-":
        yield Raw("stdin", "", CONTENT_TYPES["jsonl"], None, STDIN, now())
    elif _ADDRESS.match(source):
        from extractor.fetch import web  # here, so that reading files does not wait for an HTTP library

        yield from web.find(source, limits, allow_private)
    elif not source or "\0" in source:
        yield Problem("fetch", "error", "no path; name a file, a folder, an address or -", source=repr(source))
    else:
        yield from files.find(Path(source))
