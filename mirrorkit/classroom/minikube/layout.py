"""Where a release keeps what it would otherwise download, below its `.minikube`.

From minikube's own code (facts minikube.md §4): pkg/minikube/detect/detect.go, download/image.go,
download/binary.go and download/preload.go. Up to v1.25.1 there is no folder for the architecture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.quirks import Quirk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.catalog.releases import Release
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.reference import Reference

FOLDER: Final = ".minikube"
PRELOADS: Final = PurePosixPath("cache/preloaded-tarball")

_CACHE: Final = PurePosixPath("cache")


def minikube_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Return the folder that minikube works in (pkg/minikube/localpath, `MiniPath`)."""
    named = environment.get("MINIKUBE_HOME", "")
    if not named:
        return home / FOLDER
    return Path(named) if Path(named).name == FOLDER else Path(named) / FOLDER


@dataclass(frozen=True, slots=True)
class Layout:
    """One release's cache for nodes of one architecture; paths are relative to `.minikube`."""

    release: Release
    architecture: str

    def kicbase(self, name: Reference) -> PurePosixPath:
        """Return where the base image lies, as a tar that names exactly this tag."""
        return self._below("kic") / f"{name.repository.rpartition('/')[2]}_{name.tag}.tar"

    def image(self, name: Reference) -> PurePosixPath:
        """Return where one of the cluster's images lies, as a tar; `:` is written `_`."""
        return self._below("images") / str(name).replace(":", "_")

    def preload(self, path: str) -> PurePosixPath:
        """Return where a preload belongs, by any path that ends with its name."""
        return PRELOADS / path.rpartition("/")[2]

    def iso(self, path: str) -> PurePosixPath:
        """Return where the disk of a virtual machine belongs, by any path."""
        return self._below("iso") / path.rpartition("/")[2]

    def binaries(self, system: Platform, kubernetes: str) -> PurePosixPath:
        """Return the folder of Kubernetes' programs for a system: a node's or the host's."""
        has_folder = Quirk.BINARY_CACHE_HAS_ARCH_SUBDIR in self.release.quirks
        below = _CACHE / system.os
        return (below / system.architecture if has_folder else below) / kubernetes

    def _below(self, kind: str) -> PurePosixPath:
        has_folder = Quirk.CACHE_HAS_ARCH_SUBDIR in self.release.quirks
        return _CACHE / kind / self.architecture if has_folder else _CACHE / kind


def layout_of(start: Start) -> Layout:
    """Return the layout that a start looks at."""
    return Layout(start.release, start.platform.architecture)
