"""The data files as values: read on first use, strictly, and kept.

They are built from facts by `scripts/build_catalog.py`; what a field means is said here once.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TypeVar

import msgspec

from mirrorkit.oci.digest import Digest

T = TypeVar("T")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One object of a data file; a misspelled key is an error, not a default."""


class ReleaseRow(Row, frozen=True):
    """What one minikube release says of itself."""

    released: str
    kicbase: str
    kicbase_also: tuple[str, ...]
    default_kubernetes: str
    oldest_kubernetes: str
    newest_kubernetes: str
    storage_provisioner: str
    preload: tuple[str, ...]
    iso: tuple[str, ...]


class LimitsRow(Row, frozen=True):
    """What a release demands of the machine."""

    cpus: int
    memory_mib: int
    recommended_memory_mib: int
    disk_mb: int
    default_disk_mb: int


class AddonImage(Row, frozen=True):
    """One image of an addon as minikube joins it: {registry}/{image}."""

    image: str
    registry: str = ""
    literal: bool = False
    """Whether the addon's manifest names it outright: `--image-repository` does not change it."""


Addon = dict[str, AddonImage]
"""An addon's images by the key that `addons enable --images=KEY=…` takes."""


class Minikube(Row, frozen=True):
    """minikube.json. A table of changes holds a value under the release it is true from."""

    releases: dict[str, ReleaseRow]
    limits: dict[str, LimitsRow]
    default_memory_mib: dict[str, tuple[int, int]]
    cached_addons: dict[str, tuple[str, ...]]
    """Addons whose images a start fetches although nobody enabled them."""
    quirks: dict[str, dict[str, bool | tuple[str, ...]]]
    networks: dict[str, dict[str, tuple[str, ...] | None]]
    addons: dict[str, dict[str, Addon | None]]
    flags: dict[str, dict[str, bool]]


class KubernetesRow(Row, frozen=True):
    """The images kubeadm of one version has built in."""

    coredns: str
    etcd: str
    pause: str
    minikube: str | None
    """The first release that lists it among exact versions."""
    k8s_gcr_io: bool
    """Whether it was published in Kubernetes' old registry too."""


class Kubernetes(Row, frozen=True):
    """kubernetes.json."""

    versions: dict[str, KubernetesRow]
    networks: dict[str, tuple[str, ...]]
    """What the course's manifests of flannel and calico pull in a kubeadm room."""


class ChildRow(Row, frozen=True):
    """An index's published manifest for one platform; the size is of everything it needs."""

    digest: Digest
    size: int | None = None


class PublishedRow(Row, frozen=True):
    """One published digest of a name."""

    digest: Digest
    presets: tuple[str, ...]
    platforms: dict[str, ChildRow] = {}
    moving: bool = False


class Binaries(Row, frozen=True):
    """binaries.json: sha256 in hex, by version and platform."""

    urls: dict[str, tuple[str, ...]]
    minikube: dict[str, dict[str, str]]
    kubernetes: dict[str, dict[str, dict[str, str]]]


def _read(name: str, kind: type[T]) -> T:
    return msgspec.json.decode(
        (files(__package__) / "data" / name).read_bytes(), type=kind, dec_hook=_decode
    )


def _decode(_kind: type, value: object) -> Digest:
    """Let msgspec make a Digest, the only type here that it does not know."""
    return Digest(str(value))


@cache
def minikube() -> Minikube:
    """Read minikube.json."""
    return _read("minikube.json", Minikube)


@cache
def kubernetes() -> Kubernetes:
    """Read kubernetes.json."""
    return _read("kubernetes.json", Kubernetes)


@cache
def images() -> dict[str, tuple[PublishedRow, ...]]:
    """Read images.json: published digests by canonical name."""
    return _read("images.json", dict[str, tuple[PublishedRow, ...]])


@cache
def binaries() -> Binaries:
    """Read binaries.json."""
    return _read("binaries.json", Binaries)
