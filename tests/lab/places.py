"""Directories that engines can live in, and leave clean."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import contextmanager, suppress
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
        with mounts_released(path), shims_ended(path):
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


@contextmanager
def shims_ended(directory: Path) -> Iterator[None]:
    """End afterwards the shims whose socket was below a directory, and their containers.

    They outlive containerd by design, and dockerd where that had to be killed.
    """
    try:
        yield
    finally:
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                said = command.read_bytes()
                if b"containerd-shim" in said and f"{directory}/".encode() in said:
                    _kill_tree(command.parent)


def _kill_tree(process: Path) -> None:
    below = [
        child for task in process.glob("task/*/children") for child in task.read_text().split()
    ]
    os.kill(int(process.name), signal.SIGKILL)
    for child in below:
        with suppress(OSError):
            _kill_tree(process.parent / child)
