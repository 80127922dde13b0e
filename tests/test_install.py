"""The wheel: installed into a fresh environment it finds its vocabulary, pipeline and settings, wherever it runs."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
DOCUMENT = {"id": "a", "title": "Tungsten", "published": "2026-02-27",
            "text": "Japan imported 865 tonnes of tungsten from China in 2025."}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """The bin folder of an environment that holds the wheel, and sees the dependencies of the one that tests."""
    folder = tmp_path_factory.mktemp("fresh")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index",
                    "--disable-pip-version-check", str(wheel)], check=True)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())
    # Names a folder to search, whose own .pth files, such as that of an editable install, are not followed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return python.parent


def test_the_wheel_extracts_from_any_folder(fresh, tmp_path):
    where = subprocess.run([fresh / "python", "-c", "import extractor; print(extractor.__file__)"], cwd=tmp_path,
                           check=True, capture_output=True, text=True).stdout
    assert str(fresh.parent) in where
    done = subprocess.run([fresh / "extractor", "extract", "-"], cwd=tmp_path, input=json.dumps(DOCUMENT),
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    [event] = json.loads(done.stdout)["events"]
    assert event["quantity"] == {"tonnes": 865}


def test_the_wheel_runs_and_checks_itself(fresh, tmp_path):
    done = subprocess.run([fresh / "extractor", "run", "-", "--db", "e.db"], cwd=tmp_path, input=json.dumps(DOCUMENT),
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "e.db").exists()
    assert subprocess.run([fresh / "extractor", "check"], cwd=tmp_path, capture_output=True).returncode == 0


def test_any_spacy_user_loads_the_pipeline(fresh, tmp_path):
    script = ("import spacy; from extractor.resources import resource; "
              "nlp = spacy.load(resource('models') / 'en_critical_minerals'); "
              "print(nlp('Japan imported 865 tonnes of tungsten from China in 2025.')._.events[0]['type'])")
    done = subprocess.run([fresh / "python", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("trade_flow", "")
