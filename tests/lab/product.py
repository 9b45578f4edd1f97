"""mirrorkit itself, driven as a user does: a settings file, a lock, its commands."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.lab.classroom import split_name
from tests.lab.process import LOOPBACK, environment, free_port, listening, running
from tests.lab.push import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.lab.images import Made

PROGRAM = (sys.executable, "-m", "mirrorkit")


@dataclass(frozen=True, slots=True)
class Served:
    """A mirrorkit that serves."""

    address: str
    pid: int


@dataclass(frozen=True, slots=True)
class Product:
    """mirrorkit with the documents of one class in a folder; the store lies there too."""

    folder: Path
    program: Sequence[str] = PROGRAM
    store_name: str = "store"

    @property
    def store(self) -> Path:
        """Where the bytes are."""
        return self.folder / self.store_name

    def at(self, store_name: str) -> Product:
        """Return the same with another store."""
        return replace(self, store_name=store_name)

    @property
    def _lock(self) -> Path:
        return self.folder / "images.lock.yaml"

    @property
    def _settings(self) -> Path:
        return self.folder / "mirrorkit.yaml"

    def configure(self, endpoints: Mapping[str, str]) -> None:
        """Send registry hosts to addresses, by plain http."""
        urls = {host: {"url": f"http://{address}"} for host, address in endpoints.items()}
        order = {"*": ["upstream"]}  # nothing but the lab is asked
        # YAML reads JSON.
        self._settings.write_text(json.dumps({"endpoints": urls, "source_order": order}))

    def lock(
        self, images: Mapping[str, Made], platforms: Sequence[str] = (), *, mirror: str = ""
    ) -> None:
        """Write a lock of these images; a mirror is the host of a second source for each."""
        pins: list[dict[str, Any]] = [
            {"name": name, "digest": made.digest} for name, made in images.items()
        ]
        for pin in pins if mirror else ():
            there = f"{mirror}/{pin['name'].partition('/')[2]}"
            pin["sources"] = {"second": {"name": there}}
        head = {"platforms": list(platforms)} if platforms else {}
        self._lock.write_text(json.dumps({"version": 1, **head, "images": pins}, indent=1))

    @property
    def documents(self) -> tuple[str, ...]:
        """Return the options that name the class's lock and settings."""
        return ("--lock", str(self._lock), "--config", str(self._settings))

    def command(self, verb: str, *arguments: str) -> tuple[str, ...]:
        """Return a command line that works from any folder."""
        return (*self.program, verb, "--store", str(self.store), *self.documents, *arguments)

    def __call__(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(verb, *arguments),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def status(self) -> dict[str, Any]:
        """Return what `status --json` says."""
        found: dict[str, Any] = json.loads(self("status", "--json").stdout)
        return found

    @contextmanager
    def serving(self, verb: str = "serve", *arguments: str) -> Iterator[Served]:
        """Serve while the block lasts."""
        port = free_port()
        address = f"{LOOPBACK}:{port}"
        argv = self.command(verb, "--listen", address, *arguments)
        ready = lambda: listening(port) and status_of(address, "/readyz") == 200  # noqa: E731
        log = self.folder / f"{verb}.log"
        with running(argv, log=log, ready=ready) as process:
            yield Served(address, process.pid)


def product_for(
    folder: Path, images: Mapping[str, Made], upstream: str, program: Sequence[str] = PROGRAM
) -> Product:
    """Write the documents of a class whose registries are all at one address."""
    product = Product(folder, program)
    product.configure(dict.fromkeys(hosts_of(images), upstream))
    product.lock(images)
    return product


def hosts_of(images: Mapping[str, Made]) -> list[str]:
    """Return the registries that some canonical names belong to."""
    return sorted({split_name(name)[0] for name in images})
