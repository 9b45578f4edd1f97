"""Drive mirrorkit as a user does: a settings file, a lock, its commands."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.classroom import split_name
from tests.lab.process import LOOPBACK, LabError, free_port, listening, running
from tests.lab.push import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.lab.images import Made


@dataclass(frozen=True, slots=True)
class Served:
    """A mirrorkit that serves."""

    address: str
    pid: int


class Product:
    """One mirrorkit with the documents of one class."""

    def __init__(
        self, program: str, directory: Path, images: Mapping[str, Made], upstream: str
    ) -> None:
        """Write settings that send every registry to one address, and a lock of these images."""
        self.program = located(program)
        self._settings = directory / "mirrorkit.yaml"
        self._lock = directory / "images.lock.yaml"
        hosts = sorted({split_name(name)[0] for name in images})
        endpoints = {host: {"url": f"http://{upstream}"} for host in hosts}
        pins = [{"name": name, "digest": made.digest} for name, made in images.items()]
        # YAML reads JSON.
        self._settings.write_text(json.dumps({"endpoints": endpoints}))
        self._lock.write_text(json.dumps({"version": 1, "images": pins}, indent=1))

    def sync(self, store: Path) -> tuple[str, ...]:
        """Return the command that fills a store."""
        return (*self._command("sync", store), "--config", str(self._settings))

    @contextmanager
    def serving(self, store: Path, log: Path) -> Iterator[Served]:
        """Serve a store while the block lasts."""
        port = free_port()
        address = f"{LOOPBACK}:{port}"
        argv = (*self._command("serve", store), "--listen", address)
        ready = lambda: listening(port) and status_of(address, "/readyz") == 200  # noqa: E731, PLR2004
        with running(argv, log=log, ready=ready) as process:
            yield Served(address, process.pid)

    def _command(self, verb: str, store: Path) -> tuple[str, ...]:
        return (self.program, verb, "--lock", str(self._lock), "--store", str(store))


def located(program: str) -> str:
    """Return the path of a program, or say that there is none."""
    found = shutil.which(program)
    if found is None:
        raise LabError(f"no program {program!r}; give its path with --mirrorkit")
    return found
