"""Where the files that ship with the package lie: inside it when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """Path of `models`, `metadata.yml` or a folder of the package such as `data`.

    Raises FileNotFoundError when the installation lacks it.
    """
    for folder in (_PACKAGE, _PACKAGE.parent):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"{name}: not found beside the installed package; reinstall mineral-extractor")
