# make run    set up, read the demo documents, serve the site (SERVE=0 stops after the job)
# make test   set up, run every test
PYTHON ?= python3
BIN := .venv/bin
DB ?= events.db
PORT ?= 8001
SERVE ?= 1

.PHONY: run test lint types model train bench clean

run: .venv/installed
	$(BIN)/extractor run corpus/demo --db $(DB)
ifneq ($(SERVE),0)
	$(BIN)/extractor serve --db $(DB) --port $(PORT)
endif

test: .venv/installed-dev
	$(BIN)/python -m pytest

lint: .venv/installed-dev
	$(BIN)/ruff check .

types: .venv/installed-dev
	$(BIN)/mypy

model: .venv/installed-dev
	$(BIN)/python -c "from pathlib import Path; from extractor.model import assemble; assemble(Path('models/config.cfg'), Path('models/en_critical_minerals'))"

# The learned parts: TREEBANK is a folder of the treebanks that models/README.md names. About two hours on two cores.
train: .venv/installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[train]"
	$(BIN)/python -m extractor.learning.train --treebank $(TREEBANK)
	$(BIN)/python -m extractor.learning.judging corpus/dev --test corpus/test --plot docs/reliability.png
	$(BIN)/python -m extractor.learning.linking corpus/incidents/dev --test corpus/incidents/test
	$(MAKE) model

bench: .venv/installed-dev
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/fetch.py

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

clean:
	rm -rf .venv build dist *.egg-info $(DB) $(DB)-wal $(DB)-shm $(DB)-archive
