"""Reading this machine, whichever it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mirrorkit.host.linux import read_linux
from mirrorkit.host.macos import read_macos

if TYPE_CHECKING:
    from mirrorkit.host.machine import Machine


def read_machine() -> Machine:
    """Read this machine's network now; it may block for a few seconds."""
    return read_macos() if sys.platform == "darwin" else read_linux()
