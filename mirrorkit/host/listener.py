"""Which program listens on a port: as far as this user may see."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirrorkit.host.macos import said

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTENS: Final = "0A"  # TCP_LISTEN, net/tcp_states.h
_SMALL: Final = 1 << 22
_PYTHON: Final = re.compile(r"python[\d.]*")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that listens: its name and process id."""

    name: str
    pid: int

    @property
    def is_mirrorkit(self) -> bool:
        """Say whether it is one of us."""
        return self.name == "mirrorkit"

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def program_on(port: int) -> Program | None:
    """Return who listens on a TCP port; None where nobody does or it is another user's."""
    if sys.platform == "darwin":
        return parse_lsof(said("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"))
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    holder = next(_holders(sockets), None) if sockets else None
    return Program(_name(holder), int(holder.name)) if holder is not None else None


def parse_lsof(text: str) -> Program | None:
    """Read what `lsof -Fpc` prints: a field a line, its letter first."""
    fields = {line[0]: line[1:] for line in reversed(text.splitlines()) if line}
    if not fields.get("p", "").isdigit():
        return None
    return Program(fields.get("c", "a program"), int(fields["p"]))


def _inodes(port: int) -> Iterator[str]:
    """Read the sockets that listen there (proc(5), /proc/net/tcp)."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _read(Path(table)).splitlines()[1:]:
            words = line.split()
            if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                yield words[9]


def _holders(sockets: set[str]) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(str(file.readlink()) in sockets for file in (process / "fd").iterdir()):
                yield process


def _name(process: Path) -> str:
    """Name a process as people know it: a Python program by its script or module."""
    words = _read(process / "cmdline").split("\0")
    name = Path(words[0]).name
    if not _PYTHON.fullmatch(name):
        return _read(process / "comm").strip() or "a program"
    script = words[2] if words[1:2] == ["-m"] and len(words) > 2 else words[1]  # noqa: PLR2004
    return Path(script).name or name


def _read(path: Path) -> str:
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_SMALL)
    return ""
