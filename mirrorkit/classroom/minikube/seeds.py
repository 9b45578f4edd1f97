"""Downloads into minikube's cache, in each release's layout (minikube.md §4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.files import files_for
from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.releases import kubernetes_versions
from mirrorkit.classroom.minikube.layout import layout_of
from mirrorkit.classroom.minikube.parts import Seed
from mirrorkit.classroom.minikube.start import CONTAINER_DRIVERS, Mode
from mirrorkit.classroom.minikube.wanted import (
    default_name,
    in_cluster,
    is_cached,
    is_cri_dockerd_pause,
)
from mirrorkit.classroom.minikube.ways import uses_preload
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock
    from mirrorkit.oci.reference import Reference

PROGRAMS: Final = ("kubelet", "kubeadm", "kubectl")
"""What of Kubernetes itself runs in a node."""


def loaded(start: Start) -> Reference | None:
    """Return what the container engine on the host loads: kicbase, unless minikube never looks."""
    if start.driver not in CONTAINER_DRIVERS or _ignores_daemon(start):
        return None
    return replace(start.release.kicbase, digest=None)


def _ignores_daemon(start: Start) -> bool:
    is_docker = start.driver == "docker"
    return is_docker and Quirk.DAEMON_IMAGE_ALWAYS_WRONG_ARCH in start.release.quirks


def seeds(start: Start, mode: Mode, lock: Lock | None) -> Iterator[Seed]:
    """Yield what goes into the cache before a start."""
    if start.driver == "podman" or _ignores_daemon(start):
        yield _kicbase(start)
    if mode is not Mode.SEED:
        if "binary-mirror" not in start.release.flags:
            why = Sentence("this release has no --binary-mirror")
            yield from _binaries(start, lock, PROGRAMS, why)
        return
    preload = preload_of(start, lock)
    if preload is not None:
        why = Sentence("the cluster's images and programs; what lies in the cache is not asked for")
        path = layout_of(start).preload(preload)
        yield Seed(str(path), f"/files/{preload}", why, _sha256(lock, preload))
        why = Sentence("for `minikube kubectl`")
        yield from _binaries(start, lock, ("kubectl",), why)
        return
    yield from _images(start)
    yield from _binaries(start, lock, PROGRAMS, Sentence("the programs of the node"))


def preload_of(start: Start, lock: Lock | None) -> str | None:
    """Return the preload's path in the lock; None where minikube takes none, or there is none."""
    if not uses_preload(start) or start.kubernetes not in kubernetes_versions(
        start.release.version
    ):
        return None
    version = start.release.version
    for file in files_for(version, start.kubernetes, runtime=start.runtime):
        if file.kind == "preload" and file.platform == start.platform:
            is_there = lock is None or file.path in {one.path for one in lock.files}
            return file.path if is_there else None
    return None


def _kicbase(start: Start) -> Seed:
    kicbase = replace(start.release.kicbase, digest=None)
    why = Sentence("minikube looks for the node's image here")
    if _ignores_daemon(start):
        why = Sentence(
            "{why}: {minikube} never finds it in Docker (#19661)",
            why=why,
            minikube=start.release.version,
        )
    path = layout_of(start).kicbase(kicbase)
    return Seed(str(path), archive_path(kicbase, start), why)


def _images(start: Start) -> Iterator[Seed]:
    """Yield what minikube itself would cache, under the names it has without a repository."""
    for image in in_cluster(start):
        if is_cached(image) and not is_cri_dockerd_pause(image, start):
            name = replace(default_name(image, start), digest=None)
            path = layout_of(start).image(name)
            yield Seed(str(path), archive_path(name, start), Sentence("an image of the cluster"))


def _binaries(
    start: Start, lock: Lock | None, names: tuple[str, ...], why: Sentence
) -> Iterator[Seed]:
    folder = layout_of(start).binaries(start.platform, start.kubernetes)
    for name in names:
        path = f"k8s-release/{start.kubernetes}/bin/{start.platform}/{name}"
        yield Seed(
            str(folder / name),
            f"/{path}",
            why,
            _sha256(lock, path),
            executable=True,
        )


def archive_path(name: Reference, start: Start) -> str:
    """Return where the mirror hands out an image as an archive."""
    return f"/archives/{name}.tar?platform={start.platform}"


def _sha256(lock: Lock | None, path: str) -> str | None:
    for file in lock.files if lock else ():
        if file.path == path:
            return file.digest.hex
    return None
