"""The first gate of the cascade: a document that names no material holds no event, and is read no further."""

from __future__ import annotations

from spacy.tokens import Doc

_BRIEF = 80  # tokens; so short a text is read whole: a flash may leave its material to the headline before it


def shut(doc: Doc, material: bool) -> bool:
    """Whether a text of some length names no material, not even within another name ("Franceville Manganese").

    What comes after the names (figures, dates, the encoder) has nothing to tell then.
    """
    return len(doc) > _BRIEF and not material
