"""What a person should know of a start that no flag, file or refusal says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.releases import kubernetes_versions
from mirrorkit.catalog.versions import minor
from mirrorkit.classroom.minikube.iso import iso_of
from mirrorkit.classroom.minikube.seeds import preload_of
from mirrorkit.classroom.minikube.start import MACHINE_DRIVERS, Mode
from mirrorkit.classroom.minikube.wanted import images_of
from mirrorkit.classroom.minikube.ways import uses_preload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.documents.pins import Lock
    from mirrorkit.oci.reference import Reference

_DOWNLOADED_DRIVERS: Final = ("kvm2", "hyperkit")
_NO_DOCKERSHIM: Final = (1, 24)
_FETCH_MORE: Final = {"ambassador", "inaccel", "istio-provisioner", "kubevirt", "olm"}
"""Operators and installers: what they bring up is decided while they run."""
_NAMED: Final = 3


def notes(
    start: Start, mode: Mode, mirror: Mirror, lock: Lock | None, planted: tuple[Reference, ...]
) -> Iterator[str]:
    """Yield the notes of a start, what may stop it first."""
    yield from _missing(start, lock)
    yield from _of_kubernetes(start)
    yield from _of_driver(start, lock)
    if mode is Mode.SEED:
        yield from _of_seed(start, lock)
    for addon in sorted(_FETCH_MORE.intersection(start.addons)):
        yield f"the addon {addon} fetches more while it runs than the images known of it"
    yield (
        f"a profile keeps the mirror of its first start: where {start.profile} exists already, name"
        f" another with --profile; `minikube delete -p {start.profile}` is the second choice and"
        " loses all that runs in it, its volumes and its loaded images"
    )
    if mode is Mode.MIRROR:
        yield (
            f"minikube may warn that it cannot connect to https://{mirror.address}: it only tries"
            " https, and the nodes pull by plain HTTP; nothing is wrong"
        )
    if planted:
        yield (
            f"{len(planted)} images are put into the nodes after the start; a manifest that names"
            " one by digest, or with imagePullPolicy Always, still asks the internet for it"
        )


def _missing(start: Start, lock: Lock | None) -> Iterator[str]:
    """Say what the lock lacks of a start's images."""
    if lock is None:
        return
    held = {name.canonical for image in lock.images for name in (image.name, *image.also)}
    lacks = [str(image.name) for image in images_of(start) if image.name not in held]
    if lacks:
        more = f" and {len(lacks) - _NAMED} more" if len(lacks) > _NAMED else ""
        yield (
            f"the lock lacks {', '.join(lacks[:_NAMED])}{more}, which this start asks for: say in"
            f" images.yaml that minikube is {start.release.version} and Kubernetes"
            f" {start.kubernetes}, then run `mirrorkit lock` and `mirrorkit sync`"
        )


def _of_kubernetes(start: Start) -> Iterator[str]:
    if start.kubernetes not in kubernetes_versions(start.release.version):
        yield (
            f"minikube {start.release.version} does not list Kubernetes {start.kubernetes}: it asks"
            " the internet which images belong to it, and those named here are a guess"
        )


def _of_driver(start: Start, lock: Lock | None) -> Iterator[str]:
    if start.driver == "none":
        yield (
            f"the driver none uses this machine's own {start.runtime}, which minikube does not"
            f" configure: `mirrorkit client {start.runtime}` does; it needs root, and conntrack"
        )
        if start.runtime == "docker" and minor(start.kubernetes) >= _NO_DOCKERSHIM:
            yield f"Kubernetes {start.kubernetes} needs cri-dockerd and crictl on this machine"
    if start.driver == "ssh":
        yield "the driver ssh uses the other machine's own runtime: point it at the mirror there"
    if start.driver in MACHINE_DRIVERS and iso_of(start, lock) is None:
        yield "the lock has not this release's ISO: add it to `files` in images.yaml"
    if start.driver in _DOWNLOADED_DRIVERS:
        yield f"minikube fetches the driver {start.driver} from GitHub: install it beforehand"
    if start.driver == "podman":
        yield "minikube calls the driver podman experimental (#8426); docker is the tried one"
    if start.runtime == "cri-o":
        yield "cri-o was not tried with a real minikube; docker and containerd were"


def _of_seed(start: Start, lock: Lock | None) -> Iterator[str]:
    if not uses_preload(start):
        yield (
            f"minikube {start.release.version} takes no preload where Docker's storage driver is"
            f" {start.storage_driver}, so every image is seeded by itself"
        )
    elif preload_of(start, lock) is None:
        yield "the lock has no preload for this start, so every image is seeded by itself"
