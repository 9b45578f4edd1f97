"""Directories that engines can live in, and leave clean."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.process import output

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def short_directory() -> Iterator[Path]:
    """Make a directory with a short path: a socket's may have 108 bytes, podman's runroot 50."""
    path = Path(tempfile.mkdtemp(prefix="lab-"))
    try:
        with mounts_released(path):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def mounts_released(directory: Path) -> Iterator[None]:
    """Unmount afterwards what an engine that was killed left below a directory."""
    try:
        yield
    finally:
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith(f"{directory}/"):
                output(("umount", "--lazy", mount))
