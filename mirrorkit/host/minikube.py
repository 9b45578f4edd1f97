"""The minikube that is installed here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

_VERSION: Final = re.compile(r"v\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[0-9A-Za-z.]+)?", re.ASCII)
_PATIENCE_SECONDS: Final = 20


class Installed(NamedTuple):
    """A minikube, and the release it says it is; None where it says nothing."""

    path: Path
    release: str | None


def installed_minikube(own: Path | None = None) -> Installed | None:
    """Find minikube in a folder of ours, else on PATH, and ask it for its release."""
    found = own / "minikube" if own is not None and (own / "minikube").exists() else None
    on_path = shutil.which("minikube")
    path = found or (Path(on_path) if on_path else None)
    return Installed(path, _release(path)) if path is not None else None


def _release(path: Path) -> str | None:
    """Ask for the version, without a network and without a folder made in the home."""
    argv = (str(path), "version", "--short")
    try:
        done = subprocess.run(  # noqa: S603 - the program that is about to be started anyway
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stdout[:1000])
    return match[0] if match else None
