"""The real command line in a teacher's folder, and what must hold of the store after any of it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.integration.lesson import lock_text
from tests.lab.layers import digest_of
from tests.lab.process import end, environment, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.lab.images import Made

MIRRORKIT = (sys.executable, "-m", "mirrorkit")
OLD_AND_NEW = ("registry.k8s.io", "k8s.gcr.io")


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    def lines(self, word: str) -> list[str]:
        """Return what stands after `word: ` on each line of stderr that begins so."""
        head = f"{word}: "
        lines = self.err.splitlines()
        return [line.removeprefix(head) for line in lines if line.startswith(head)]

    def events(self) -> list[dict[str, Any]]:
        """Read stdout as one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with a lock, settings and a store."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def prepare(
        self, images: Mapping[str, Made], endpoint: str, hosts: tuple[str, ...] = ("one.test",)
    ) -> None:
        """Write the lock, and settings that ask every host at one endpoint."""
        (self.folder / "images.lock.yaml").write_text(lock_text(images))
        asked = {host: {"url": endpoint} for host in hosts}
        settings = {
            "store": str(self.store),
            "endpoints": asked,
            "source_order": {"*": ["upstream"]},  # nothing but loopback is asked
        }
        (self.folder / "mirrorkit.yaml").write_text(json.dumps(settings))

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            (*MIRRORKIT, *arguments),
            cwd=self.folder,
            env=environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def running(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command while the block lasts; what it prints stands in `out` and `err`."""
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            process = subprocess.Popen(
                (*MIRRORKIT, *arguments),
                cwd=self.folder,
                env=environment(**(env or {})),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            end(process)

    def printed(self, status: int) -> Done:
        """Return what a command that was `running` has printed."""
        out, err = ((self.folder / name).read_text() for name in ("out", "err"))
        return Done(status, out, err)

    def names(self) -> set[str]:
        """Return the names in the store's index, after a look at every byte below them."""
        return check_store(self.store)


def check_store(store: Path) -> set[str]:
    """Check that every visible blob is what its name says, and that names have all they need."""
    for blob in (store / "blobs").glob("*/*"):
        assert digest_of(blob.read_bytes()) == f"{blob.parent.name}:{blob.name}"
    if not store.is_dir() or not (store / "index.json").exists():
        return set()
    roots = json.loads((store / "index.json").read_bytes())["manifests"]
    for root in roots:
        document = json.loads(_blob(store, root["digest"]).read_bytes())
        parts = [document["config"], *document["layers"]] if "config" in document else []
        assert all(_blob(store, part["digest"]).stat().st_size == part["size"] for part in parts)
    return {root["annotations"]["org.opencontainers.image.ref.name"] for root in roots}


def told(done: Done, status: int, error: str, hint: str = "") -> None:
    """Assert one clear sentence, its hint, and the exit status; nothing else that looks broken."""
    assert done.status == status, done
    assert len(done.lines("error")) == 1, done.err
    assert error in done.lines("error")[0]
    assert "Traceback" not in done.err
    assert "Warning" not in done.err
    assert [hint in line for line in done.lines("hint")] == ([True] if hint else []), done.err


def closed_url() -> str:
    """Return a URL where nothing listens."""
    return f"http://127.0.0.1:{free_port()}"


def _blob(store: Path, digest: str) -> Path:
    return store / "blobs" / digest.replace(":", "/")
