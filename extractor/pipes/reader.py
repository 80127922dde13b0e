"""The learned reader: a small encoder (ONNX) over windows of the documents that may hold an event.

Per window it gives every word a tag, a head and a name label, finds company names that the vocabulary lacks, and marks
*anchors*: words at which an event is told, with its type, its choices and the mentions that fill its slots. What it
read is left in `doc.user_data["readings"]` for the `events` component; it decides nothing itself.

Runs one window at a time: int8 results depend on what else is in a batch, and the same document must always give the
same events.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from extractor.pipes import tasks
from extractor.pipes.windows import Window, windows
from extractor.pipes.wordpiece import WordPiece
from extractor.vocabulary import Vocabulary

Array = NDArray[np.float32]
_FAINT = 0.05  # anchors less probable than this are not looked at


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
        self._wordpiece: WordPiece | None = None

    @property
    def wordpiece(self) -> WordPiece:
        if self._wordpiece is None:
            self._wordpiece = WordPiece(self.pieces.split("\n"))
        return self._wordpiece

    @property
    def session(self) -> Any:
        """Made at the first use, as a session must not cross a fork."""
        if self._session is None:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(self.encoder, options, providers=["CPUExecutionProvider"])
        return self._session

    def __call__(self, doc: Doc) -> Doc:
        mentions = doc.user_data["mentions"]
        readings: list[dict[str, Any]] = []
        if self.encoder and any(m["label"] == "MATERIAL" for m in mentions):
            for window in document_windows(doc, self.wordpiece):
                readings += self.read(doc, window)
        doc.user_data["readings"] = readings
        return doc

    def read(self, doc: Doc, window: Window) -> Iterator[dict[str, Any]]:
        """The anchors of a window."""
        words, company, anchors, _ = self.session.run(
            ["words", "company", "anchors", "relevance"],
            {
                "pieces": np.array([window.pieces], dtype=np.int64),
                "shapes": np.array([window.shapes], dtype=np.int64),
                "first": np.array([window.first], dtype=np.int64),
                "sentence": np.array([window.sentences], dtype=np.int64),
            },
        )
        doc.user_data["mentions"] = self._with_companies(doc, window, company[0])
        shown = list(_shown(doc, window))
        linked = self._linked(words[0], shown)
        probable = _softmax(anchors[0])
        for i in range(window.own, len(window.tokens)):
            if 1 - probable[i, 0] >= _FAINT:
                yield self._anchor(doc, window, i, probable[i], words[0], shown, linked)

    def _with_companies(self, doc: Doc, window: Window, scores: Array) -> list[dict[str, Any]]:
        return doc.user_data["mentions"]

    def _linked(self, words: Array, shown: list[tuple[int, int, int]]) -> Array:
        if not shown:
            return np.zeros((0, 0), dtype=np.float32)
        labels = _LABELS_AT
        rows = np.stack([(words[a] + words[b]) / 2 for a, b, _ in shown])
        del labels
        return rows

    def _anchor(self, doc, window, i, probable, words, shown, linked) -> dict[str, Any]:
        mentions = doc.user_data["mentions"]
        token = doc[window.tokens[i]]
        kind = int(probable[1:].argmax()) + 1
        anchor = words[i] + self.heads["type_embedding"][kind]
        chosen = self._side("choosing", anchor)
        factual = _softmax(self._out("factuality", self._side("choosing", words[i])))
        choices = {}
        for name, values in tasks.CHOICES.items():
            if name.split(".")[0] == tasks.ANCHORS[kind]:
                p = _softmax(self._out("choices." + name, chosen))
                choices[name.split(".")[1]] = {
                    v: round(float(x), 4) for v, x in zip(values, p, strict=True) if x > 0.02
                }
        roles: dict[str, dict[int, float]] = {}
        if len(linked):
            labels = self.heads["label_embedding"][[tasks.LABELS.index(mentions[m]["label"]) for _, _, m in shown]]
            right = self._side("linked", linked + labels)
            left = self._side("linking", anchor)
            right = np.concatenate([right, np.ones_like(right[:, :1])], 1)
            left = np.concatenate([left, np.ones(1, dtype=np.float32)])
            scores = _sigmoid(np.einsum("d,rdk,mk->rm", left, self.heads["role"], right, optimize=True))
            names = {slot.name for slot in tasks.EVENT_TYPES[tasks.ANCHORS[kind]]}
            for r, role in enumerate(tasks.ROLES):
                if role in names:
                    found = {
                        m: round(float(scores[r, j]), 4)
                        for j, (_, _, m) in enumerate(shown)
                        if scores[r, j] > 0.05 and mentions[m]["label"] in tasks.ROLES[role]
                    }
                    if found:
                        roles[role] = found
        return {
            "start": token.idx,
            "end": token.idx + len(token),
            "type": tasks.ANCHORS[kind],
            "p": round(float(probable[kind]), 4),
            "not_told": round(float(sum(factual[tasks.FACTUALITY.index(f)] for f in tasks.NO_EVENT)), 4),
            "choices": choices,
            "roles": roles,
        }

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


_LABELS_AT: Mapping[str, int] = {label: i for i, label in enumerate(tasks.LABELS)}


def document_windows(doc: Doc, wordpiece: WordPiece) -> Iterator[Window]:
    """The windows over a document's sentences."""
    title_end = doc.user_data.get("title_end", 0)
    sentences, title = [], []
    for number, sentence in enumerate(doc.sents):
        words = [(t.i, number, t.text) for t in sentence if not t.is_space]
        if words:
            sentences.append(words)
            if sentence.start_char < title_end:
                title += words
    return windows(sentences, title, wordpiece)


def _shown(doc: Doc, window: Window) -> Iterator[tuple[int, int, int]]:
    """Mentions that stand in a window: first and last word, and place in the document's mentions."""
    word_at = {token: i for i, token in enumerate(window.tokens)}
    at_char = {doc[t].idx: i for t, i in word_at.items()}
    ends = {doc[t].idx + len(doc[t]): i for t, i in word_at.items()}
    low, high = min(at_char, default=0), max(ends, default=0)
    for m, mention in enumerate(doc.user_data["mentions"]):
        if mention["label"] in _LABELS_AT and low <= mention["start"] < high:
            first = at_char.get(mention["start"])
            last = ends.get(mention["end"])
            if first is None or last is None:
                span = doc.char_span(mention["start"], mention["end"], alignment_mode="expand")
                inside = [word_at[t.i] for t in span if t.i in word_at] if span is not None else []
                if not inside:
                    continue
                first, last = inside[0], inside[-1]
            yield first, last, m


def _softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def _sigmoid(logits: Array) -> Array:
    return 1 / (1 + np.exp(-logits))
