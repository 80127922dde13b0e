"""The room for work that can hang, crash or swell: one helper process that parses HTML, PDF and feeds.

It is started at the first need, serves one document after another, is killed when one takes too long, and is replaced
after that or after a crash. Both sides speak length-prefixed JSON over pipes. When its parent is gone it ends: it sees
the pipe close while idle, and the kernel's alarm ends it in the middle of a document.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from extractor.draft import Unreadable
from extractor.limits import Limits

# Format → the module whose parse(content: bytes, context: dict) gives JSON-plain values or raises Unreadable.
_PARSERS = {
    "html": "extractor.read.html",
    "pdf": "extractor.read.pdf",
    "feed": "extractor.fetch.feeds",
    "listing": "extractor.fetch.listings",
    "sitemap": "extractor.fetch.sitemaps",
    "mail": "extractor.fetch.mails",
}
_START_SECONDS = 60
_GRACE_SECONDS = 2  # between the time that a document has and the alarm, should nobody be left to kill the process
_MOST_DOCUMENTS = 2000  # then a fresh process, whatever the libraries have hoarded
_LENGTH_BYTES = 8


class _Gone(Exception):
    """The process ended before it answered."""


class _Helper:
    """The parent's end of one helper process."""

    def __init__(self) -> None:
        # -P and -c keep the working directory, which may hold anything, out of the import path.
        start = "import sys; sys.path.append(sys.argv[1]); from extractor.parser_process import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", start, str(Path(__file__).parent.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
        self.documents = 0
        self.formats: set[str] = set()  # whose parsers it has loaded
        self.timed_out = False
        self._within(_START_SECONDS, b"")

    def ask(self, header: dict[str, Any], content: bytes, seconds: float) -> Any:
        """The answer to one document. Raises _Gone."""
        if header["format"] not in self.formats:  # libraries are slow to load, and that is not the document's fault
            self._within(_START_SECONDS, _framed(json.dumps({"load": header["format"]}).encode()) + _framed(b""))
            self.formats.add(header["format"])
        self.documents += 1
        return json.loads(self._within(seconds, _framed(json.dumps(header).encode()) + _framed(content)))

    def _within(self, seconds: float, message: bytes) -> bytes:
        assert self.process.stdin and self.process.stdout
        timer = threading.Timer(seconds, self._kill_late)
        timer.start()
        try:
            self.process.stdin.write(message)
            self.process.stdin.flush()
            return _read_frame(self.process.stdout)
        except (OSError, EOFError) as error:
            raise _Gone from error
        finally:
            timer.cancel()

    def _kill_late(self) -> None:
        self.timed_out = True
        self.process.kill()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                assert pipe
                pipe.close()


_helper: _Helper | None = None
_lock = threading.Lock()


def run(format: str, content: bytes, context: dict[str, Any], limits: Limits) -> Any:
    """What the format's parser makes of the bytes, within `limits.max_seconds` and `limits.max_memory`.

    Raises Unreadable, also for what hangs, crashes or outgrows the process; the next document finds a fresh one.
    """
    header = {"format": format, "context": context, "seconds": limits.max_seconds, "memory": limits.max_memory}
    with _lock:
        answer = _ask(header, content, limits)
    if "unreadable" in answer:
        raise Unreadable(answer["unreadable"])
    return answer["value"]


def _ask(header: dict[str, Any], content: bytes, limits: Limits) -> Any:
    while True:
        helper = _running()
        try:
            answer = helper.ask(header, content, limits.max_seconds)
        except _Gone:
            end()
            if helper.timed_out:
                raise Unreadable(
                    f"takes longer than {limits.max_seconds:g} seconds to parse; raise --max-seconds to read it"
                ) from None
            if helper.documents > 1:
                continue  # perhaps an earlier document's doing: try once more in a fresh process
            raise Unreadable("crashes the parser; save it anew or as plain text") from None
        except BaseException:
            end()  # an interrupted question's answer must not become the next one's
            raise
        if answer.get("spent") or helper.documents >= _MOST_DOCUMENTS:
            end()
        return answer


def _running() -> _Helper:
    global _helper
    if _helper is None:
        try:
            _helper = _Helper()
        except _Gone:
            raise Unreadable("the parser process does not start; reinstall mineral-extractor") from None
    return _helper


def end() -> None:
    """End the helper process, if one runs. The next document starts another."""
    global _helper
    if _helper is not None:
        _helper.end()
        _helper = None


def _forget() -> None:
    global _helper, _lock
    _helper, _lock = None, threading.Lock()


atexit.register(end)
os.register_at_fork(after_in_child=_forget)  # the helper belongs to the parent; a fork starts its own


# ---- the helper's side -------------------------------------------------------------------------------------------


def main() -> None:
    """Serve documents from standard input until it closes."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nowhere:  # what libraries print or ask must not enter the conversation
        os.dup2(nowhere.fileno(), 0)
        os.dup2(nowhere.fileno(), 1)
    parsers: dict[str, Any] = {}
    _send(answers, {})
    parent = os.getppid()
    while _question_waits(questions, parent):
        try:
            header, content = json.loads(_read_frame(questions)), _read_frame(questions)
        except EOFError:
            return
        if "load" in header:
            parsers[header["load"]] = importlib.import_module(_PARSERS[header["load"]]).parse
            _send(answers, {})
            continue
        signal.setitimer(signal.ITIMER_REAL, header["seconds"] + _GRACE_SECONDS)  # by default, the alarm ends us
        _bound_memory(header["memory"])
        answer = _answer(parsers[header["format"]], content, header)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, answer)


def _question_waits(questions: IO[bytes], parent: int) -> bool:
    """Whether to read on. Forks of the parent may hold the pipe open after its death, so its id is watched too."""
    while not select.select([questions], [], [], 5)[0]:
        if os.getppid() != parent:
            return False
    return True


def _answer(parse: Any, content: bytes, header: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": parse(content, header["context"])}
    except Unreadable as error:
        return {"unreadable": str(error)}
    except MemoryError:
        megabytes = header["memory"] // 1_000_000
        return {
            "unreadable": f"needs more than {megabytes:,} MB of memory to parse; split it or save its text alone",
            "spent": True,
        }
    except Exception as error:  # whatever a library makes of a broken file
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return {"unreadable": f"cannot be parsed ({reason}); save it anew or as plain text"}


def _bound_memory(extra: int) -> None:
    """Let the process take `extra` bytes beyond what it has, where the system can say and hold that."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra, most))


def _send(pipe: IO[bytes], value: dict[str, Any]) -> None:
    pipe.write(_framed(json.dumps(value).encode()))
    pipe.flush()


def _framed(message: bytes) -> bytes:
    return len(message).to_bytes(_LENGTH_BYTES, "big") + message


def _read_frame(pipe: IO[bytes]) -> bytes:
    """The next message. Raises EOFError when the other side has closed."""
    length = _read(pipe, _LENGTH_BYTES)
    return _read(pipe, int.from_bytes(length, "big"))


def _read(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data
