"""The program for a student's machine: `/setup.sh`, put together from the parts in `setup/`."""

from __future__ import annotations

import re
import shlex
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTS: Final = (
    *("words", "placed", "fetch", "report"),
    *("machine", "engine", "network", "profile"),
    *("relay", "nodes"),
    *("recipe", "install", "docker", "static", "start", "uninstall", "main"),
)
"""The parts in the order they stand in: functions first; the last line of the last part calls
`main`, so that a script cut off on its way runs nothing."""

_DOCKER: Final = re.compile(r"[A-Za-z0-9._/-]*\bdocker-[0-9][0-9.]*\.tgz")
"""Docker's static binaries, as download.docker.com names them."""
_HEAD: Final = """\
#!/bin/sh
# mirrorkit: everything for this machine, from the mirror of the class. POSIX sh; see --help.
"""


def setup_script(address: str, paths: Iterable[str] = (), *, is_made_up: bool = False) -> str:
    """Return the script that uses the mirror at `HOST:PORT`; `paths` are those of its files.

    Of a class that is made up it says so, and does nothing.
    """
    engines = shlex.quote(" ".join(path for path in sorted(paths) if _DOCKER.fullmatch(path)))
    made_up = "1" if is_made_up else ""
    known = f"MIRROR={shlex.quote(address)}\nDOCKER_FILES={engines}\nMADE_UP={made_up}\n"
    return f"{_HEAD}{known}{_functions()}"


def setup_line(address: str) -> str:
    """Return what a student types to get and run it, from the mirror at `HOST:PORT`."""
    return f"curl {shlex.quote(address)} | sh"


@cache
def _functions() -> str:
    folder = files(__package__) / "setup"
    return "".join((folder / f"{part}.sh").read_text("utf-8") for part in PARTS)
