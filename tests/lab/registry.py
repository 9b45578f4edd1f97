"""Debian's docker-registry, playing an upstream or a school's registry."""

from __future__ import annotations

import itertools
import json
import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tests.lab.classroom import split_name
from tests.lab.htpasswd import htpasswd_line
from tests.lab.process import LOOPBACK, free_port, listening, running, wait_until
from tests.lab.push import AGENT, Pusher, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.lab.images import Made

# A line in Apache's combined format: the request, status, size, referrer, agent.
REQUEST = re.compile(r'"(?P<line>[A-Z]+ \S+) HTTP/[\d.]+" \d+ \d+ "[^"]*" "(?P<agent>[^"]*)"$')


class DockerRegistry:
    """A registry while it runs; stop and start it to play a bad evening."""

    def __init__(self, root: Path, credentials: tuple[str, str] | None, host: str) -> None:
        """Write its configuration."""
        self.root = root
        self.credentials = credentials
        self.port = free_port()
        self.address = f"{host}:{self.port}"
        self.storage = root / "storage"
        self._log = root / "log"
        self._marks = itertools.count()
        self._life = ExitStack()
        root.mkdir(parents=True, exist_ok=True)
        self._configure()

    def start(self, prefix: tuple[str, ...] = ()) -> None:
        """Start the process and wait until it answers; a prefix may enter a namespace."""
        argv = (*prefix, "docker-registry", "serve", str(self.root / "config.yml"))
        # From another namespace its port cannot be seen, so there the log has to tell.
        ready = self._announced if prefix else lambda: listening(self.port)
        self.pid = self._life.enter_context(running(argv, log=self._log, ready=ready)).pid

    def stop(self) -> None:
        """End the process; what it stores stays."""
        self._life.close()

    def push(self, repository: str, tag: str, made: Made) -> None:
        """Push one image."""
        pusher = Pusher(self.address, self.credentials)
        pusher.push(repository, tag, made)
        pusher.close()

    def push_all(self, images: Mapping[str, Made]) -> None:
        """Push images under the repositories of their canonical names, without the host."""
        for name, made in images.items():
            _, repository, tag = split_name(name)
            self.push(repository, tag, made)

    def requests(self) -> list[str]:
        """Return what others asked so far, as `GET /v2/…`; the lab's own requests are left out."""
        # A line is written after its answer: once a mark of ours is there, so is what was before.
        mark = f"/v2/?mark={next(self._marks)}"
        if listening(self.port):
            status_of(self.address, mark)
            wait_until(lambda: f"GET {mark} " in self._log.read_text(), 5, "access log")
        found = map(REQUEST.search, self._log.read_text().splitlines())
        return [line["line"] for line in found if line and line["agent"] != AGENT]

    def _announced(self) -> bool:
        return "listening on" in self._log.read_text()

    def _configure(self) -> None:
        storage = {
            "filesystem": {"rootdirectory": str(self.storage)},
            "delete": {"enabled": True},
            "cache": {"blobdescriptor": "inmemory"},
        }
        http = {"addr": self.address, "secret": "lab"}
        config: dict[str, Any] = {"version": 0.1, "storage": storage, "http": http}
        if self.credentials:
            passwords = self.root / "htpasswd"
            passwords.write_text(htpasswd_line(*self.credentials))
            config["auth"] = {"htpasswd": {"realm": "lab", "path": str(passwords)}}
        # YAML reads JSON.
        (self.root / "config.yml").write_text(json.dumps(config))


@contextmanager
def docker_registry(
    root: Path,
    *,
    htpasswd: tuple[str, str] | None = None,
    host: str = LOOPBACK,
    prefix: tuple[str, ...] = (),
) -> Iterator[DockerRegistry]:
    """Run a registry while the block lasts."""
    registry = DockerRegistry(root, htpasswd, host)
    try:
        registry.start(prefix)
        yield registry
    finally:
        registry.stop()
