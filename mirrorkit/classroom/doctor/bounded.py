"""Reading a small file that anything may have written."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_text(path: Path, most: int) -> str | None:
    """Return a file's text; None where it is no file, cannot be read, or has more bytes."""
    try:
        # Not blocking: a pipe by this name would wait for somebody to write.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        try:
            data = file.read(most + 1)
        except OSError:
            return None
    return data.decode("utf-8", "replace") if len(data) <= most else None
