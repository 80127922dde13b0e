"""The learned reader through the pipeline: light to load, the same answer every time, a tree for every sentence."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from spacy.tokens import DocBin

from extractor import batch
from extractor.schema import Document

TEXT = (
    "Beijing put gallium and germanium under licence on 1 August 2023. Since then, shipments of unwrought gallium have "
    "sunk to 3.2 tonnes a month, traders said. Hollin Metals, which recycles gallium in Ohio, halted its furnaces in "
    "March. If the rules were lifted, prices could halve, an analyst said."
)
TITLE = "Gallium leaves China by the spoonful"


def documents(count: int) -> list[Document]:
    return [Document(f"d{n}", f"{TEXT} The reporter of page {n} added nothing.", title=TITLE, published="2024-05-03")
            for n in range(count)]


@pytest.fixture(scope="module")
def doc(nlp):
    doc = nlp.make_doc(f"{TITLE}\n\n{TEXT}")
    doc.user_data.update(published="2024-05-03", title_end=len(TITLE), kind="article")
    for _, pipe in nlp.pipeline:
        doc = pipe(doc)
    return doc


def test_the_pipeline_reads_without_torch():
    script = ("import sys; sys.modules |= dict.fromkeys(('torch', 'transformers', 'sklearn')); "  # None: not to be had
              f"from extractor import model; doc = model.load()({TEXT!r}); print(doc[0].pos_)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "PROPN"


def test_what_is_read_does_not_depend_on_what_else_is_read(nlp):
    def told(results):
        return {r.document.id: json.dumps(r.to_json(), sort_keys=True) for r in results}

    given = documents(6)
    together = told(batch.extract(given, nlp))
    alone = {name: line for document in given for name, line in told(batch.extract([document], nlp)).items()}
    assert together == alone
    assert told(batch.extract(given, nlp, n_process=2)) == together


def test_every_sentence_is_one_tree_with_tags(doc):
    for sentence in doc.sents:
        words = [token for token in sentence if not token.is_space]
        assert sum(token.head == token for token in sentence) == 1
        assert all(token.head in sentence for token in sentence)
        assert all(token.pos_ and token.tag_ and token.dep_ for token in words)


def test_the_parse_knows_who_does_what(nlp):
    doc = nlp("Hollin Metals halted its gallium furnaces in Ohio in March.")
    halted = next(token for token in doc if token.text == "halted")
    assert halted.pos_ == "VERB"
    assert "Metals" in {token.text for token in halted.children if token.dep_ == "nsubj"}
    assert "furnaces" in {token.text for token in halted.children if token.dep_ == "obj"}


def test_names_that_the_vocabulary_lacks(doc):
    assert "Hollin Metals" in doc._.companies
    assert "Beijing" in {span.text for span in doc.spans["names"] if span.label_ == "LOC"}


def test_stated_is_told_and_hypothetical_is_not(doc):
    told = {(event["type"], event.get("measure") or event.get("action")) for event in doc._.events}
    assert ("control_measure", "export_licence") in told
    assert ("production", "halted") in told
    assert not any(event["type"] == "price" for event in doc._.events)


def test_a_confidence_is_a_probability(doc):
    assert doc._.events
    assert all(0 < event["confidence"] < 1 for event in doc._.events)


def test_events_survive_a_docbin(nlp, doc):
    restored = next(iter(DocBin(store_user_data=True, docs=[doc]).get_docs(nlp.vocab)))
    assert restored._.events == doc._.events
    assert [token.head.i for token in restored] == [token.head.i for token in doc]
