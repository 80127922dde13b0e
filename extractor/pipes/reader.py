"""The learned reader: a small encoder (ONNX) over windows of the documents that may hold an event.

Per window it gives every word a tag, a head and a name label, finds company names that the vocabulary lacks, and marks
*anchors*: words at which an event is told, with its type, its choices and the mentions that fill its slots. What it
read is left in `doc.user_data["readings"]` for the `events` component; it decides nothing itself.

Runs one window at a time: int8 results depend on what else is in a batch, and the same document must always give the
same events.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, Token

from extractor.events import tasks
from extractor.pipes.company_names import fullest
from extractor.pipes.geometry import geometry
from extractor.pipes.grammar import Grammar
from extractor.pipes.windows import Window, by_piece, windows
from extractor.pipes.wordpiece import WordPiece
from extractor.vocabulary import Vocabulary

Array = NDArray[np.float32]
_FAINT = 0.05  # anchors and links less probable than this are not looked at
_COMPANY = 0.6  # how probable a company name has to be that only the reader sees
_NO_COMPANY = 0.2  # below this a name that only looks like a company's is none

Shown = tuple[int, int, dict[str, Any]]  # first and last word of a mention in the window, and the mention


@Language.factory("minerals_reader")
def make_reader(nlp: Language, name: str) -> Reader:
    return Reader(Vocabulary())


class Reader:
    """Empty until `from_disk`; then without effect on documents that name no material."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.home = vocabulary.body_country | vocabulary.company_country
        self.encoder = b""
        self.labels: dict[str, list[str]] = {}
        self.pieces = ""
        self.heads: dict[str, Array] = {}
        self._session: Any = None
        self._process = 0
        self._wordpiece: WordPiece | None = None

    @property
    def wordpiece(self) -> WordPiece:
        if self._wordpiece is None:
            self._wordpiece = WordPiece(self.pieces.split("\n"))
        return self._wordpiece

    @property
    def session(self) -> Any:
        """Made at the first use in each process, as a session must not cross a fork."""
        if self._session is None or self._process != os.getpid():
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(self.encoder, options, providers=["CPUExecutionProvider"])
            self._process = os.getpid()
        return self._session

    def __call__(self, doc: Doc) -> Doc:
        readings: list[dict[str, Any]] = []
        doc.user_data["relevance"] = None
        if self.encoder and not doc.user_data["shut"]:
            grammar = Grammar(doc, self.labels)
            relevance, words = 0.0, 0
            for window in self.windows(doc):
                found, logit = self.read(doc, window, grammar)
                readings += found
                relevance += logit * (size := len(window.tokens) - window.own)
                words += size
            doc.user_data["relevance"] = round(float(_sigmoid(np.array([relevance / max(1, words)]))[0]), 4)
            doc.user_data["mentions"] = _one_company(doc.user_data["mentions"])
            doc = grammar.written()
        doc.user_data["readings"] = readings
        return doc

    def windows(self, doc: Doc) -> Iterator[Window]:
        """The windows over the sentences that may hold an event and their neighbours, each word with the mention and
        the cue that it is in."""
        cue_ids = {cue: i for i, cue in enumerate(self.labels["cues"], 1)}
        starts = [token.idx for token in doc]
        labels = _by_token(
            starts, ((m["start"], m["end"], 1 + _LABEL_AT.get(m["label"], -1)) for m in doc.user_data["mentions"])
        )
        cues = _by_token(starts, ((start, end, cue_ids.get(cue, 0)) for cue, start, end in doc.user_data["cues"]))
        named = _by_token(starts, ((m["start"], m["end"], 1) for m in doc.user_data["mentions"]))
        title_end = doc.user_data.get("title_end", 0)
        spoken, title = [], []
        for number, sentence in enumerate(doc.sents):
            words = [(t.i, number, t.text) for t in sentence if not t.is_space]
            if words:
                spoken.append((words, any(named[i] for i, _, _ in words)))
                if sentence.start_char < title_end:
                    title += words
        kept = [words for i, (words, _) in enumerate(spoken) if any(told for _, told in spoken[max(0, i - 1) : i + 2])]
        for window in windows(kept, title, self.wordpiece):
            window.labels = [labels[token] for token in window.tokens]
            window.cues = [cues[token] for token in window.tokens]
            yield window

    def read(self, doc: Doc, window: Window, grammar: Grammar) -> tuple[list[dict[str, Any]], float]:
        """The anchors of a window, and how relevant it is (logit); new company names go to the mentions, tags and
        heads to `grammar`."""
        out = dict(zip(_OUTPUTS, self.session.run(list(_OUTPUTS), _inputs(window)), strict=True))
        grammar.add(window, *(out[name][0] for name in ("upos", "xpos", "names", "arcs", "relations")))
        doc.user_data["mentions"] = _with_companies(doc, window, _softmax(out["company"][0]))
        words = out["words"][0]
        shown = list(_shown(doc, window))
        linked = self._linked(words, shown)
        probable = _softmax(out["anchors"][0])
        places = [i for i in range(window.own, len(window.tokens)) if 1 - probable[i, 0] >= _FAINT]
        where = self._where(places, window, shown)
        anchors = [
            self._anchor(doc[window.tokens[i]], words[i], probable[i], shown, linked, where[n])
            for n, i in enumerate(places)
        ]
        return anchors, float(out["relevance"][0, 0])

    def _linked(self, words: Array, shown: list[Shown]) -> Array:
        """What the links compare of every mention shown: [mentions, links + 1]."""
        if not shown:
            return np.zeros((0, 0), dtype=np.float32)
        middle = np.stack([(words[first] + words[last]) / 2 for first, last, _ in shown])
        labels = self.heads["label_embedding"][[_LABEL_AT[mention["label"]] for _, _, mention in shown]]
        return _with_one(self._side("linked", middle + labels))

    def _where(self, places: list[int], window: Window, shown: list[Shown]) -> Array:
        """What the places of anchors and mentions say of their links: [anchors, mentions, roles]."""
        if not places or not shown:
            return np.zeros((len(places), 0, 0), dtype=np.float32)
        marks = [(first, last, _LABEL_AT[mention["label"]]) for first, last, mention in shown]
        return self._out("geometry_out", self._side("geometry_in", geometry(places, window.sentences, marks)))

    def _anchor(
        self, token: Token, word: Array, probable: Array, shown: list[Shown], linked: Array, where: Array
    ) -> dict[str, Any]:
        index = int(probable[1:].argmax()) + 1
        kind = tasks.ANCHORS[index]
        anchor = word + self.heads["type_embedding"][index]
        factual = _softmax(self._out("factuality", self._side("choosing", word)))
        return {
            "start": token.idx,
            "end": token.idx + len(token),
            "type": kind,
            "p": round(float(probable[index]), 4),
            "not_told": round(float(sum(factual[tasks.FACTUALITY.index(f)] for f in tasks.NO_EVENT)), 4),
            "choices": self._choices(kind, self._side("choosing", anchor)),
            "roles": self._roles(kind, anchor, shown, linked, where) if len(linked) else {},
        }

    def _choices(self, kind: str, chosen: Array) -> dict[str, dict[str, float]]:
        """Slot → value → probability; "" is unstated."""
        found = {}
        for name, values in tasks.CHOICES.items():
            type_, slot = name.split(".")
            if type_ == kind:
                p = _softmax(self._out("choices." + name, chosen))
                found[slot] = {v: round(float(x), 4) for v, x in zip(values, p, strict=True) if x > 0.02}
        return found

    def _roles(
        self, kind: str, anchor: Array, shown: list[Shown], linked: Array, where: Array
    ) -> dict[str, list[list[float]]]:
        """Slot → the mentions that may fill it, as [start, end, probability]."""
        left = _with_one(self._side("linking", anchor))
        scores = _sigmoid((linked @ (left @ self.heads["role"]).T + where).T)
        slots = {slot.name for slot in tasks.EVENT_TYPES[kind]}
        found: dict[str, list[list[float]]] = {}
        for role, row in zip(tasks.ROLES, scores, strict=True):
            if role in slots:
                for (_, _, mention), p in zip(shown, row, strict=True):
                    if p > _FAINT and mention["label"] in tasks.ROLES[role]:
                        found.setdefault(role, []).append([mention["start"], mention["end"], round(float(p), 4)])
        return found

    def _side(self, name: str, rows: Array) -> Array:
        return np.maximum(rows @ self.heads[name + ".weight"].T + self.heads[name + ".bias"], 0)

    def _out(self, name: str, rows: Array) -> Array:
        return rows @ self.heads[name + ".weight"].T + self.heads[name + ".bias"]

    # spaCy's serialisation

    def to_disk(self, path: Path | str, exclude: Iterable[str] = ()) -> None:
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if self.encoder:
            (folder / "encoder.onnx").write_bytes(self.encoder)
            (folder / "vocab.txt").write_text(self.pieces, "utf-8")
            (folder / "labels.json").write_text(json.dumps(self.labels), "utf-8")
            np.savez(folder / "heads.npz", **self.heads)  # type: ignore[arg-type]

    def from_disk(self, path: Path | str, exclude: Iterable[str] = ()) -> Reader:
        folder = Path(path)
        if (folder / "encoder.onnx").exists():
            self.encoder = (folder / "encoder.onnx").read_bytes()
            self.pieces = (folder / "vocab.txt").read_text("utf-8")
            self.labels = json.loads((folder / "labels.json").read_text("utf-8"))
            with np.load(folder / "heads.npz", allow_pickle=False) as heads:
                self.heads = {name: heads[name].astype(np.float32) for name in heads.files}
        return self

    def to_bytes(self, exclude: Iterable[str] = ()) -> bytes:
        import srsly

        return srsly.msgpack_dumps(
            {
                "encoder": self.encoder,
                "pieces": self.pieces,
                "labels": self.labels,
                "heads": {name: [list(a.shape), a.astype(np.float32).tobytes()] for name, a in self.heads.items()},
            }
        )

    def from_bytes(self, data: bytes, exclude: Iterable[str] = ()) -> Reader:
        import srsly

        state = srsly.msgpack_loads(data)
        self.encoder, self.pieces, self.labels = state["encoder"], state["pieces"], state["labels"]
        self.heads = {n: np.frombuffer(b, dtype=np.float32).reshape(s) for n, (s, b) in state["heads"].items()}
        return self


_LABEL_AT: Mapping[str, int] = {label: i for i, label in enumerate(tasks.LABELS)}
_OUTPUTS = ("words", "upos", "xpos", "names", "arcs", "relations", "company", "anchors", "relevance")


def _inputs(window: Window) -> dict[str, NDArray[np.int64]]:
    return {
        "pieces": np.array([window.pieces], dtype=np.int64),
        "shapes": np.array([window.shapes], dtype=np.int64),
        "labels": np.array([by_piece(window, window.labels)], dtype=np.int64),
        "cues": np.array([by_piece(window, window.cues)], dtype=np.int64),
        "first": np.array([window.first], dtype=np.int64),
        "sentence": np.array([window.sentences], dtype=np.int64),
    }


def _by_token(starts: Sequence[int], spans: Iterable[tuple[int, int, int]]) -> list[int]:
    """The value of the first span that each token is in, 0 for none. `starts`: the tokens' offsets."""
    found = [0] * len(starts)
    for start, end, value in spans:
        first = bisect_right(starts, start) - 1
        for token in range(max(0, first), bisect_left(starts, end)):
            found[token] = found[token] or value
    return found


def _shown(doc: Doc, window: Window) -> Iterator[Shown]:
    """Mentions that stand in a window, with their first and last word in it."""
    begins = {doc[token].idx: i for i, token in enumerate(window.tokens)}
    ends = {doc[token].idx + len(doc[token]): i for i, token in enumerate(window.tokens)}
    at = {token: i for i, token in enumerate(window.tokens)}
    low, high = min(begins, default=0), max(ends, default=0)
    for mention in doc.user_data["mentions"]:
        if mention["label"] not in _LABEL_AT or not low <= mention["start"] < high:
            continue
        first, last = begins.get(mention["start"]), ends.get(mention["end"])
        if first is None or last is None:  # begins or ends within a token: "865t"
            span = doc.char_span(mention["start"], mention["end"], alignment_mode="expand")
            inside = [at[token.i] for token in span if token.i in at] if span is not None else []
            if not inside:
                continue
            first, last = inside[0], inside[-1]
        yield first, last, mention


def _with_companies(doc: Doc, window: Window, company: Array) -> list[dict[str, Any]]:
    """The mentions, with the company names that the reader sees and the vocabulary lacks, without those that only
    their form spoke for and that it does not believe."""
    mentions = doc.user_data["mentions"]
    shown = list(_shown(doc, window))
    gone = {
        id(mention)
        for first, last, mention in shown
        if mention["label"] == "COMPANY"
        and mention["value"]["as"] == "form"
        and first >= window.own
        and (1 - company[first : last + 1, 0]).max() < _NO_COMPANY
    }
    new = []
    for start, end, name in _named(doc, window, company):
        inside = [m for _, _, m in shown if m["start"] < end and start < m["end"]]
        names_other = any(
            m["label"] not in ("MATERIAL", "COUNTRY") or (m["start"], m["end"]) == (start, end) for m in inside
        )
        if not names_other and all(start <= m["start"] and m["end"] <= end for m in inside):
            gone |= {id(m) for m in inside}
            new.append({"label": "COMPANY", "id": name, "start": start, "end": end, "value": {"as": "read"}})
    if not gone and not new:
        return mentions
    return sorted([*(m for m in mentions if id(m) not in gone), *new], key=lambda m: (m["start"], m["end"]))


def _named(doc: Doc, window: Window, company: Array) -> Iterator[tuple[int, int, str]]:
    """Offsets and text of the company names among a window's own words, by their B and I labels."""
    labels = company.argmax(1)
    i = window.own
    while i < len(window.tokens):
        end = i + 1
        if labels[i] == 1:
            while end < len(labels) and labels[end] == 2 and window.tokens[end] == window.tokens[end - 1] + 1:
                end += 1
            first, last = doc[window.tokens[i]], doc[window.tokens[end - 1]]
            if company[i, 1] >= _COMPANY and first.text[:1].isupper():
                yield first.idx, last.idx + len(last), " ".join(doc[first.i : last.i + 1].text.split())
        i = end


def _one_company(mentions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mentions with the short form of a company filed under its fuller one."""
    fuller = fullest(m["id"] for m in mentions if m["label"] == "COMPANY")
    return [
        m | {"id": fuller[m["id"]]} if m["label"] == "COMPANY" and m["value"]["as"] in ("form", "read") else m
        for m in mentions
    ]


def _softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def _sigmoid(logits: Array) -> Array:
    return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)


def _with_one(rows: Array) -> Array:
    return np.concatenate([rows, np.ones_like(rows[..., :1])], -1)
