"""Which minikube this machine has."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from typing import Final

_SECONDS: Final = 10.0
_BYTES: Final = 4096
_VERSION: Final = re.compile(rb"(?:\A|\s)(v\d{1,4}\.\d{1,4}\.\d{1,4})(?:\s|\Z)")


def installed_minikube(seconds: float = _SECONDS) -> str | None:
    """Return the release on PATH, as v1.25.2; None where there is none, or it does not say.

    It gets some seconds, and no more than 4 KiB of what it prints are read.
    """
    program = shutil.which("minikube")
    if program is None:
        return None
    try:
        running = subprocess.Popen(  # noqa: S603 - what the user would run himself
            (program, "version", "--short"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None
    try:
        found = _VERSION.search(_read(running, time.monotonic() + seconds))
    finally:
        _end(running)
    return found[1].decode() if found else None


def _read(running: subprocess.Popen[bytes], until: float) -> bytes:
    """Read what it prints, to its end, the limit or the deadline."""
    said = b""
    if running.stdout is None:
        return said
    descriptor = running.stdout.fileno()
    while len(said) < _BYTES:
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            break
        part = os.read(descriptor, _BYTES)
        if not part:
            break
        said += part
    return said


def _end(running: subprocess.Popen[bytes]) -> None:
    """End it and what it started; where it has ended by itself nothing is left to do."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)
    if running.stdout is not None:
        running.stdout.close()
    running.wait()
