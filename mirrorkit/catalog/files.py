"""Plain files a class needs: binaries, preload, ISO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog import data
from mirrorkit.catalog.needs import RUNTIMES, checked
from mirrorkit.catalog.releases import listed_kubernetes, release
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

_NODES: Final = (Platform("linux", "amd64"), Platform("linux", "arm64"))
_HOSTS: Final = (
    *_NODES,
    Platform("darwin", "amd64"),
    Platform("darwin", "arm64"),
    Platform("windows", "amd64"),
)


@dataclass(frozen=True, slots=True)
class File:
    """One plain file: the path it is served under, its hash where published, its addresses."""

    kind: str
    """minikube, kubectl, kubeadm, kubelet, preload or iso."""
    path: str
    platform: Platform
    digest: Digest | None
    urls: tuple[str, ...]
    needed_by: tuple[str, ...]


def files_for(
    minikube: str, kubernetes: str | None = None, *, runtime: str = "docker"
) -> tuple[File, ...]:
    """Return every file of a minikube room, for all platforms; the caller chooses.

    The preload serves the seed mode and the ISO virtual machines only: each replaces what the
    images are otherwise needed for.
    """
    chosen = release(minikube)
    version = listed_kubernetes(kubernetes or chosen.default_kubernetes, chosen.version)
    return (
        *_minikube(chosen.version),
        *_kubernetes(version),
        *_preload(chosen.version, version, checked(runtime, RUNTIMES, "container runtime")),
        *_iso(chosen.version),
    )


def node_architectures() -> tuple[str, ...]:
    """Return the architectures that any listed release has a program of minikube's for, sorted."""
    texts = {text for hashes in data.binaries().minikube.values() for text in hashes}
    known = {Platform.parse(text) for text in texts} | set(_NODES)
    return tuple(sorted({one.architecture for one in known if one.os == "linux"}))


def kubeadm_files(kubernetes: str) -> tuple[File, ...]:
    """Return kubeadm, kubelet and kubectl for a room of kubeadm machines."""
    return tuple(_kubernetes(listed_kubernetes(kubernetes)))


def _minikube(version: str) -> Iterator[File]:
    table = data.binaries()
    hashes = {Platform.parse(text): value for text, value in table.minikube[version].items()}
    for platform in dict.fromkeys((*_HOSTS, *hashes)):
        name = f"minikube-{platform.os}-{platform.architecture}{_suffix(platform)}"
        yield File(
            kind="minikube",
            path=f"minikube/{version}/{name}",
            platform=platform,
            digest=_digest(hashes.get(platform)),
            urls=tuple(url.format(version=version, name=name) for url in table.urls["minikube"]),
            needed_by=(f"minikube {version}",),
        )


def _kubernetes(version: str) -> Iterator[File]:
    """Yield what a node runs, and kubectl for every host; in the layout of `--binary-mirror`."""
    table = data.binaries()
    wanted = [(name, node) for node in _NODES for name in ("kubeadm", "kubectl", "kubelet")]
    for kind, platform in (*wanted, *(("kubectl", host) for host in _HOSTS[len(_NODES) :])):
        name, place = f"{kind}{_suffix(platform)}", f"{platform.os}/{platform.architecture}"
        urls = table.urls["kubernetes"]
        yield File(
            kind=kind,
            path=f"k8s-release/{version}/bin/{place}/{name}",
            platform=platform,
            digest=_digest(table.kubernetes.get(version, {}).get(place, {}).get(kind)),
            urls=tuple(url.format(version=version, platform=place, name=name) for url in urls),
            needed_by=(f"kubernetes {version}",),
        )


def _preload(minikube: str, kubernetes: str, runtime: str) -> Iterator[File]:
    """Yield the tarballs of a runtime's images; nobody publishes their sha256."""
    storage = "overlay" if runtime == "cri-o" else "overlay2"
    for node in _NODES:
        words = {
            "k8s": kubernetes,
            "runtime": runtime,
            "storage": storage,
            "arch": node.architecture,
        }
        templates = data.minikube().releases[minikube].preload
        yield _unpinned("preload", tuple(url.format(**words) for url in templates), node, minikube)


def _iso(minikube: str) -> Iterator[File]:
    """Yield the disks of the VM drivers; up to v1.25.2 there is one, for amd64.

    v1.26 still lists that spelling, as a fallback; it is left out, being no file of its own.
    """
    templates = data.minikube().releases[minikube].iso
    by_architecture = tuple(url for url in templates if "{arch}" in url)
    for node in _NODES if by_architecture else _NODES[:1]:
        urls = tuple(url.format(arch=node.architecture) for url in by_architecture or templates)
        yield _unpinned("iso", urls, node, minikube)


def _unpinned(kind: str, urls: tuple[str, ...], platform: Platform, minikube: str) -> File:
    name = urls[0].rpartition("/")[2]
    return File(kind, f"minikube/{kind}/{name}", platform, None, urls, (f"minikube {minikube}",))


def _suffix(platform: Platform) -> str:
    return ".exe" if platform.os == "windows" else ""


def _digest(sha256: str | None) -> Digest | None:
    return Digest(f"sha256:{sha256}") if sha256 else None
