"""The wheelhouse, made as people make it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.lab.process import output

ROOT = Path(__file__).parents[2]


def make_wheelhouse(folder: Path) -> Path:
    """Run `make wheelhouse` with the environment that runs this test; return its folder."""
    wheelhouse = folder / "wheelhouse"
    # `-o setup`: the environment is there, and is not to be touched by a test.
    variables = (f"VENV={sys.prefix}", f"WHEELHOUSE={wheelhouse}", f"FOR={_debian()}")
    output(("make", "-C", str(ROOT), "-o", "setup", "wheelhouse", *variables), seconds=280)
    return wheelhouse


def _debian() -> str:
    """Ask for wheels of Debian's own Python, which pipx and the container use."""
    version = "import sys; print('%d.%d' % sys.version_info[:2])"
    return f"--python-version {output(('/usr/bin/python3', '-c', version)).strip()}"


def offline_environment(home: Path, **extra: str) -> dict[str, str]:
    """Return an environment in which neither pip nor Python knows this checkout or an index."""
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "LANG", "LC_ALL"}}
    return kept | {"HOME": str(home)} | extra
