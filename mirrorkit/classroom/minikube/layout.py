"""Where a release keeps what it would otherwise download, below its `.minikube`.

From minikube's own code (facts minikube.md §4): pkg/minikube/detect/detect.go, download/image.go,
download/binary.go and download/preload.go. Up to v1.25.1 there is no folder for the architecture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.versions import minor, rank
from mirrorkit.oci.reference import KUBERNETES, KUBERNETES_OLD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.catalog.releases import Release
    from mirrorkit.oci.reference import Reference

FOLDER: Final = ".minikube"
PRELOADS: Final = PurePosixPath("cache/preloaded-tarball")

_CACHE: Final = PurePosixPath("cache")
_BINARY: Final = re.compile(
    r"k8s-release/(?P<version>[^/]+)/bin/(?P<os>[^/]+)/(?P<arch>[^/]+)/(?P<name>[^/]+)\Z"
)
_PRELOAD: Final = re.compile(r"minikube/preload/(?P<name>[^/]+)\Z")
_ISO: Final = re.compile(r"minikube/iso/(?P<name>[^/]+)\Z")
_MIXED_FROM, _NEW_FROM = rank("v1.27.0"), rank("v1.30.0")
_FIRST_NEW_KUBERNETES: Final = (1, 25)


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

    def file(self, path: str) -> PurePosixPath | None:
        """Return where a file of a lock belongs, by its path there; None for any other file."""
        if match := _BINARY.match(path):
            return self.binary(match["os"], match["arch"], match["version"]) / match["name"]
        if match := _PRELOAD.match(path):
            return PRELOADS / match["name"]
        if match := _ISO.match(path):
            return self._below("iso") / match["name"]
        return None

    def binary(self, system: str, architecture: str, kubernetes: str) -> PurePosixPath:
        """Return the folder of Kubernetes' programs for a system."""
        has_folder = Quirk.BINARY_CACHE_HAS_ARCH_SUBDIR in self.release.quirks
        below = _CACHE / system / architecture if has_folder else _CACHE / system
        return below / kubernetes

    def _below(self, kind: str) -> PurePosixPath:
        has_folder = Quirk.CACHE_HAS_ARCH_SUBDIR in self.release.quirks
        return _CACHE / kind / self.architecture if has_folder else _CACHE / kind


def cached_name(name: Reference, release: Release, kubernetes: str) -> Reference:
    """Return how a release itself calls an image of the cluster, without `--image-repository`.

    It says k8s.gcr.io up to v1.26.1, registry.k8s.io from v1.30.0 on, and between them by the
    version of Kubernetes (minikube #14768, #16029).
    """
    if name.registry not in {KUBERNETES, KUBERNETES_OLD}:
        return name
    here = rank(release.version)
    is_mixed = _MIXED_FROM <= here < _NEW_FROM
    is_new = here >= _NEW_FROM or (is_mixed and minor(kubernetes) >= _FIRST_NEW_KUBERNETES)
    return name.on(KUBERNETES if is_new else KUBERNETES_OLD)
