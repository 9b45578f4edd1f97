"""Clients without a daemon: podman and skopeo."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lab.layers import digest_of
from tests.lab.places import short_directory
from tests.lab.process import output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Podman:
    """A podman with a store of its own."""

    directory: Path

    def __call__(self, *arguments: str) -> str:
        """Run podman."""
        # The overlay driver leaves a mount behind when it ends; vfs has none.
        stores = ("--root", f"{self.directory}/root", "--runroot", f"{self.directory}/run")
        lasting = ("--tmpdir", f"{self.directory}/tmp", "--storage-driver", "vfs")
        return output(("podman", *stores, *lasting, *arguments))

    def pull(self, name: str) -> set[str]:
        """Pull an image; return the digests that it is known by, the index's among them."""
        self("pull", "--quiet", "--tls-verify=false", name)
        found = json.loads(self("image", "inspect", name))
        return {reference.partition("@")[2] for reference in found[0]["RepoDigests"]}

    def run(self, name: str, script: str) -> str:
        """Run a shell script in a container without network and return what it printed."""
        # The lab has no systemd, and may not raise limits.
        limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
        alone = ("--rm", "--network", "none", *limits)
        return self("--cgroup-manager", "cgroupfs", "run", *alone, name, "sh", "-c", script)


@contextmanager
def podman() -> Iterator[Podman]:
    """Give a podman that is forgotten after the block."""
    with short_directory() as directory:
        yield Podman(directory)


def skopeo_copy(source: str, target: str, *, whole: bool = True) -> None:
    """Copy an image, all of its platforms or this machine's, between any two transports."""
    which = ("--all",) if whole else ()
    plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
    output(("skopeo", "--insecure-policy", "copy", "--quiet", *which, *plain, source, target))


def skopeo_digest(source: str) -> str:
    """Return the digest of what a name stands for, be it an index or a manifest."""
    raw = output(("skopeo", "--insecure-policy", "inspect", *_plain(source), "--raw", source))
    return digest_of(raw.encode())


def skopeo_inspect(source: str) -> dict[str, Any]:
    """Return what skopeo says of an image of this machine's platform."""
    text = output(("skopeo", "--insecure-policy", "inspect", *_plain(source), source))
    found: dict[str, Any] = json.loads(text)
    return found


def _plain(source: str) -> tuple[str, ...]:
    return ("--tls-verify=false",) if source.startswith("docker://") else ()
