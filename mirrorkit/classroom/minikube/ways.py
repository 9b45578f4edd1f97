"""What a runtime can be told, and which mode follows from it (facts: minikube.md §5)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.versions import minor
from mirrorkit.classroom.minikube.start import CONTAINER_DRIVERS, MACHINE_DRIVERS, Mode
from mirrorkit.oci.reference import DOCKER_HUB

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.start import Start

_BROKEN_CONTAINERD: Final = (1, 26)


class Redirect(StrEnum):
    """Which names a node's runtime asks the mirror for, when told so before its start."""

    ALL = "all"
    """containerd from v1.27.0 by hosts.toml, cri-o by registries.conf."""
    HUB = "docker.io"
    """Docker, whose --registry-mirror is for Docker Hub alone."""
    NONE = "none"
    """containerd before v1.27.0 (#18361), and runtimes that minikube does not configure."""

    def takes(self, registry: str) -> bool:
        """Say whether an image of that registry comes from the mirror under its own name."""
        return self is Redirect.ALL or (self is Redirect.HUB and registry == DOCKER_HUB)


def redirect_of(start: Start) -> Redirect:
    """Return what the runtime of a start's nodes redirects."""
    if not has_own_nodes(start):
        return Redirect.NONE
    if start.runtime == "docker":
        return Redirect.HUB
    reads = start.runtime == "cri-o" or Quirk.CONTAINERD_HOSTS_TOML in start.release.quirks
    return Redirect.ALL if reads else Redirect.NONE


def has_own_nodes(start: Start) -> bool:
    """Say whether minikube makes and configures the nodes: no with the drivers none and ssh."""
    return start.driver in (*CONTAINER_DRIVERS, *MACHINE_DRIVERS)


def pulls_plain_http(start: Start) -> bool:
    """Say whether `--insecure-registry` works: containerd of v1.26 does not read it (#14482)."""
    is_broken = minor(start.release.version) == _BROKEN_CONTAINERD
    return not (start.runtime == "containerd" and is_broken)


def mode_of(start: Start) -> Mode:
    """Return the mode asked for, else mirror; for containerd from v1.27.0 transparent."""
    if start.mode is not None:
        return start.mode
    is_containerd = start.runtime == "containerd"
    is_clear = is_containerd and redirect_of(start) is Redirect.ALL
    return Mode.TRANSPARENT if is_clear else Mode.MIRROR


def uses_preload(start: Start) -> bool:
    """Say whether a preload is taken: not on every storage driver of Docker's on the host."""
    known = start.release.preload_storage_drivers
    return start.driver != "docker" or (start.storage_driver or known[0]) in known
