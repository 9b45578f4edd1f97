"""A firewall that is surely on: the one command that lets students in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

_SMALL: Final = 1 << 20
_UFW: Final = Path("/etc/ufw")
_FIREWALLD: Final = "firewalld"


def firewall_command(port: int, *, ufw: Path = _UFW, proc: Path = Path("/proc")) -> str | None:
    """Return what opens a port in ufw or firewalld, where one is known to be on.

    ufw says so in a file everybody may read; its rules only root may. firewalld is known by its
    process.
    """
    if "ENABLED=yes" in _read(ufw / "ufw.conf"):
        is_open = any(f"--dport {port} " in _read(ufw / f"user{six}.rules") for six in ("", "6"))
        return None if is_open else f"sudo ufw allow {port}/tcp"
    if any(_read(name).strip() == _FIREWALLD for name in proc.glob("[0-9]*/comm")):
        return f"sudo firewall-cmd --add-port={port}/tcp"
    return None


def _read(path: Path) -> str:
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_SMALL)
    return ""
