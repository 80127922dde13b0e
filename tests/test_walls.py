"""The walls of the house: which module may import which, and that every command is explained."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from extractor.cli import main

PACKAGE = Path(__file__).parent.parent / "extractor"
README = PACKAGE.parent / "README.md"

# Rooms from the ground up: one may import from those in its row, and from its own room.
MAY_IMPORT = {
    "schema": set(),
    "resources": set(),
    "limits": set(),
    "agreement": set(),
    "vocabulary": {"schema", "resources"},
    "events": {"schema", "vocabulary"},
    "pipes": {"schema", "vocabulary", "events", "resources"},
    "model": {"schema", "vocabulary", "events", "pipes", "resources"},
    "parts": {"schema"},
    "batch": {"schema", "model", "parts"},
    "export": {"schema"},
    "score": {"schema", "agreement"},
    "causes": {"schema", "agreement", "score"},
    "floors": {"schema", "score"},
    "score_page": {"causes", "schema", "score", "wording"},
    "incidents": {"schema", "agreement"},
    "encoding": set(),
    "annotation": {"schema", "agreement", "model"},
    "learning": {"schema", "vocabulary", "events", "pipes", "model", "agreement", "score", "incidents"},
    "check": {"vocabulary", "model", "resources", "fetch"},
}
FORBIDDEN = {  # room → what it must never import, however it grows
    "fetch": {"vocabulary", "events", "pipes", "model", "batch", "store", "read", "web", "cli", "spacy"},
    "read": {"vocabulary", "events", "pipes", "model", "batch", "store", "web", "cli", "spacy"},
    "store": {"vocabulary", "events", "pipes", "model", "batch", "read", "fetch", "web", "cli", "spacy"},
    "web": {"vocabulary", "events", "pipes", "model", "batch", "read", "fetch", "cli", "spacy"},
    "export": {"spacy", "store", "web"},
}
# spaCy imports every registered factory for everyone in the environment: one that is heavy or missing hurts them all.
# srsly comes with spaCy; the reader imports onnxruntime when it reads its first document.
FACTORIES_MAY_IMPORT = {"spacy", "srsly", "numpy", "onnxruntime", "extractor"} | sys.stdlib_module_names
NETWORK = {"httpx", "requests", "urllib3", "socket", "aiohttp"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> set[str]:
    """Full names of what a module imports anywhere in it, functions too, but for those of type checking alone."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_imported(path: Path) -> set[str]:
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("extractor.")}
    return rooms - {room(path), "__version__"}


def libraries_imported(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    here = room(path)
    assert rooms_imported(path) <= MAY_IMPORT.get(here, rooms_imported(path))
    assert not (rooms_imported(path) | libraries_imported(path)) & FORBIDDEN.get(here.split("_")[0], set())
    if here not in ("cli", "terminal", "options"):
        assert not rooms_imported(path) & {"cli", "terminal", "options"}


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) in ("pipes", "events", "vocabulary")],
                         ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_spacy_loads_for_everyone_is_light(path):
    assert libraries_imported(path) <= FACTORIES_MAY_IMPORT


def test_only_fetch_touches_the_network():
    elsewhere = {str(path.relative_to(PACKAGE)) for path in MODULES
                 if libraries_imported(path) & NETWORK and room(path) not in ("fetch", "web")}
    assert not elsewhere


def test_only_the_command_line_prints():
    for path in MODULES:
        if room(path) not in ("cli", "terminal", "learning"):  # training is a command line of its own
            calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
            assert not [call for call in calls if ast.unparse(call.func) in ("print", "click.echo")], path


def test_nothing_is_pickled():
    for path in MODULES:
        assert not libraries_imported(path) & {"pickle", "joblib", "dill", "shelve", "marshal"}, path


@pytest.mark.parametrize("name", list(main.commands))
def test_every_command_is_explained(name, extractor):
    command = main.commands[name]
    shown = extractor(name, "--help")
    assert shown.exit_code == 0
    assert re.search(rf"Example:\n\s+extractor {name}\b", shown.stdout)
    assert command.short_help
    assert command.short_help in extractor("--help").stdout
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.opts


@pytest.mark.parametrize("name", list(main.commands))
def test_the_readme_shows_every_command(name):
    assert f"extractor {name}" in README.read_text("utf-8")


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in main.commands)],
                         ids=lambda arguments: " ".join(arguments))
def test_help_imports_nothing_heavy(arguments):
    script = ("import sys; from extractor.cli import main\n"
              "try: main(sys.argv[1:])\n"
              "except SystemExit: pass\n"
              "print('\\n'.join(name for name in sys.modules if '.' not in name), file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    heavy = {"spacy", "numpy", "scipy", "pyarrow", "datasette", "trafilatura", "pdfplumber", "httpx", "rich",
             "sqlite_utils", "lxml"}
    assert not heavy & set(done.stderr.split())
