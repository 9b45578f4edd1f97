"""Which program listens on a port: as far as this user may see."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirrorkit.host.program import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LISTENS: Final = "0A"  # TCP_LISTEN, net/tcp_states.h
_SMALL: Final = 1 << 22
_PYTHON: Final = re.compile(r"[Pp]ython[\d.]*")


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
        found = parse_lsof(said("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"))
        command = said("ps", "-o", "command=", "-p", str(found.pid)).split() if found else []
        return Program(name_of(command) or found.name, found.pid) if found else None
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    holder = next(_holders(sockets), None) if sockets else None
    if holder is None:
        return None
    words = _read(holder / "cmdline").split("\0")
    name = name_of(words) or _read(holder / "comm").strip()
    return Program(name or "a program", int(holder.name))


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


def name_of(command: Sequence[str]) -> str:
    """Name a program as people know it, by its command line: one of Python by script or module."""
    name = Path(command[0]).name if command else ""
    if not _PYTHON.fullmatch(name):
        return name
    module = command[2:3] if command[1:2] == ["-m"] else command[1:2]
    return Path(module[0]).name if module else name


def _read(path: Path) -> str:
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_SMALL)
    return ""
