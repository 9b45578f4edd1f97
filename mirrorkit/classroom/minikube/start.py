"""What somebody wants started, and where the mirror answers; checked when made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.needs import NETWORKS, RUNTIMES, checked
from mirrorkit.catalog.releases import addon_images, listed_kubernetes
from mirrorkit.catalog.versions import rank
from mirrorkit.errors import UsageError
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import is_host
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from mirrorkit.catalog.releases import Release

CONTAINER_DRIVERS: Final = ("docker", "podman")
"""Drivers whose node is a container of kicbase."""
MACHINE_DRIVERS: Final = (
    "hyperkit",
    "hyperv",
    "krunkit",
    "kvm2",
    "parallels",
    "qemu2",
    "vfkit",
    "virtualbox",
    "vmware",
)
"""Drivers whose node is a virtual machine, booted from an ISO."""
DRIVERS: Final = (*CONTAINER_DRIVERS, "none", "ssh", *MACHINE_DRIVERS)
USUAL_PROFILE: Final = "minikube"
AMD64: Final = Platform("linux", "amd64")
NODES_MOST: Final = 20
_RELAY_GATEWAY: Final = "192.168.230.1"
"""Of the network that the relay gets, unless that is in the way (setup/relay.sh, RELAY_NETS)."""
_RELAY_PORT: Final = 5080
_PROFILE: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,62}\Z")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}\Z")
_PORT_MOST: Final = 65535


class Mode(StrEnum):
    """How a node gets its images (design §7); never two at once."""

    SEED = "seed"
    """From tarballs put into minikube's cache; the names stay as they are."""
    MIRROR = "mirror"
    """From below `--image-repository`."""
    TRANSPARENT = "transparent"
    """From the mirror under their own names, by containerd's hosts.toml."""


@dataclass(frozen=True, slots=True)
class Start:
    """One `minikube start`; UsageError where its words are none of the release's."""

    release: Release
    kubernetes: str
    """As v1.23.3, listed for the release (unless `force`)."""
    driver: str = "docker"
    runtime: str = "docker"
    nodes: int = 1
    addons: tuple[str, ...] = ()
    cni: str = "auto"
    platform: Platform = AMD64
    """Of the nodes."""
    profile: str = USUAL_PROFILE
    mode: Mode | None = None
    """None: what the release and the runtime do best."""
    force: bool = False
    """Overrules refusals."""
    storage_driver: str | None = None
    """Docker's on the host, where known."""
    as_root: bool = False
    rootless: bool = False
    """Whether Docker on the host runs without root."""
    ha: bool = False
    """Whether it has several control planes, behind kube-vip."""

    def __post_init__(self) -> None:
        """Check every word."""
        checked(self.driver, DRIVERS, Sentence("driver of minikube"))
        checked(self.runtime, RUNTIMES, Sentence("container runtime"))
        checked(self.cni, NETWORKS, Sentence("network"))
        if not 1 <= self.nodes <= NODES_MOST:
            hint = Sentence("from 1 to {n}", n=NODES_MOST)
            raise UsageError(Sentence("a cluster of {n} nodes", n=self.nodes), hint=hint)
        if not _PROFILE.match(self.profile):
            hint = Sentence("letters, digits and hyphens, a letter or digit first")
            told = Sentence("{name!r} is no profile's name", name=self.profile[:60])
            raise UsageError(told, hint=hint)
        if self.storage_driver is not None and not _WORD.match(self.storage_driver):
            told = Sentence("{name!r} is no storage driver", name=self.storage_driver[:60])
            raise UsageError(told, hint=Sentence("as overlay2"))
        if self.platform.os != "linux":
            told = Sentence("no node runs on {platform}", platform=self.platform)
            raise UsageError(told, hint=Sentence("linux/amd64 or linux/arm64"))
        for addon in self.addons:
            addon_images(addon, self.release.version)
        if self.force:
            rank(self.kubernetes)
        else:
            listed_kubernetes(self.kubernetes, self.release.version)


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where the mirror answers, each as HOST:PORT; UsageError where it is not that."""

    address: str
    """For nodes, and for what a profile keeps: the relay's gateway, or the mirror's own."""
    local: str
    """For what the host downloads itself: localhost:5080 with the relay, else `address`."""
    origin: str | None = None
    """With the relay, where the mirror itself answers and the relay is had; None: not known."""

    def __post_init__(self) -> None:
        """Check both."""
        _check_address(self.address)
        _check_address(self.local)

    @classmethod
    def at(cls, address: str) -> Mirror:
        """Return a mirror that host and nodes reach alike."""
        return cls(address, address)

    @classmethod
    def relayed(cls, gateway: str = _RELAY_GATEWAY, origin: str | None = None) -> Mirror:
        """Return the relay at the gateway of its network, as nodes and host reach it."""
        return cls(f"{gateway}:{_RELAY_PORT}", f"localhost:{_RELAY_PORT}", origin)

    @property
    def has_relay(self) -> bool:
        """Say whether the relay stands between, for then host and nodes have each an address."""
        return self.address != self.local


def _check_address(text: str) -> None:
    """Refuse what minikube would misread: a scheme, a path, an absent port."""
    name, _, port = text.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 0 < int(port[:6]) <= _PORT_MOST
    if not (name and is_port and is_host(text)):
        hint = Sentence("as 192.168.230.1:5080, with its port and nothing else")
        told = Sentence("{address!r} is not the mirror's HOST:PORT", address=text[:60])
        raise UsageError(told, hint=hint)
