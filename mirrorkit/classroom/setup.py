"""The program for a student's machine: `/setup.sh`, put together from the parts in `setup/`."""

from __future__ import annotations

import shlex
from functools import cache
from importlib.resources import files
from typing import Final

PARTS: Final = ("words", "fetch", "relay", "nodes", "main")
"""The parts in the order they stand in: functions first; the last line of the last part calls
`main`, so that a script cut off on its way runs nothing."""

_HEAD: Final = """\
#!/bin/sh
# mirrorkit: everything for this machine, from the mirror of the class. POSIX sh; see --help.
"""


def setup_script(address: str) -> str:
    """Return the script that uses the mirror at `HOST:PORT`."""
    return f"{_HEAD}MIRROR={shlex.quote(address)}\n{_functions()}"


@cache
def _functions() -> str:
    folder = files(__package__) / "setup"
    return "".join((folder / f"{part}.sh").read_text("utf-8") for part in PARTS)
