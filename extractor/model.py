"""Loads the pipeline, and says which pipeline it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from extractor import __version__
from extractor.resources import resource
from extractor.schema import Document

NAME = "en_critical_minerals"

# What decides a pipeline's output besides its own folder: the code of its components, and the vocabulary.
_PACKAGE = Path(__file__).parent
_PARTS = ("schema.py", "vocabulary.py", "data", "pipes", "events")


class ModelError(Exception):
    """The pipeline cannot be loaded; the message ends in the remedy."""


def load(path: Path | None = None) -> Language:
    """The pipeline in the folder `path`; by default the one that ships with the package.

    Raises ModelError where there is none, or one that this installation cannot read.
    """
    try:
        folder = path or resource("models") / NAME
    except FileNotFoundError as error:
        raise ModelError(str(error)) from error
    if not (folder / "config.cfg").exists():
        raise ModelError(f"{folder}: no pipeline here; build it with 'make model', or reinstall mineral-extractor")
    try:
        nlp = spacy.load(folder)
    except Exception as error:  # spaCy raises whatever a component's own loader raises
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{folder}: the pipeline does not load ({type(error).__name__}: {reason}); "
            "rebuild it with 'make model', or reinstall mineral-extractor"
        ) from error
    # spaCy's limit guards the memory of its parser; how much text is too much is the reader's to say (`Limits`).
    nlp.max_length = 2**30 - 1
    return nlp


def doc_of(nlp: Language, document: Document) -> Doc:
    """A document as the pipeline takes it: tokens, and what its components ask of it besides its text."""
    doc = nlp.make_doc(document.content)
    doc.user_data.update(published=document.published, title_end=len(document.title), kind=document.kind)
    return doc


def assemble(config: Path, folder: Path) -> Language:
    """Build the pipeline that a config describes and write it to `folder`; the vocabulary stays in the package.

    What was trained before and lies in `folder` (the reader, the judge) is kept. Raises ValueError, with spaCy's own
    words, when the config does not describe a pipeline.
    """
    nlp = spacy.util.load_model_from_config(spacy.util.load_config(config), auto_fill=True)
    for name, component in nlp.pipeline:
        if hasattr(component, "from_disk") and (folder / name).exists():
            component.from_disk(folder / name)
    nlp.meta.update(
        name=NAME.removeprefix("en_"),
        version=__version__,
        license="CC-BY-SA-4.0",
        description="Events on critical-mineral supply and export control, by vocabulary, rule and a learned reader.",
    )
    nlp.to_disk(folder)
    return nlp


def identity(nlp: Language) -> str:
    """Name, version and fingerprint of a pipeline: two that differ in code, vocabulary or weights differ here.

    The store keeps it with every document, so that a changed pipeline re-extracts what an older one has read.
    """
    files = [file for part in _PARTS for file in _files(_PACKAGE / part) if file.name != "sources.yml"]
    if nlp.path is not None:
        files += _files(Path(nlp.path))
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']} {digest.hexdigest()[:12]}"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return [path] if path.exists() else []
