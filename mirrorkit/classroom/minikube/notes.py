"""What a person should know of a start that no flag, file or refusal says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.releases import kubernetes_versions
from mirrorkit.catalog.versions import minor
from mirrorkit.classroom.minikube.iso import iso_of
from mirrorkit.classroom.minikube.lacks import lacks
from mirrorkit.classroom.minikube.seeds import preload_of
from mirrorkit.classroom.minikube.start import MACHINE_DRIVERS, Mode
from mirrorkit.classroom.minikube.ways import uses_preload
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.documents.pins import Lock
    from mirrorkit.oci.reference import Reference

_DOWNLOADED_DRIVERS: Final = ("kvm2", "hyperkit")
_NO_DOCKERSHIM: Final = (1, 24)
_FETCH_MORE: Final = {"ambassador", "inaccel", "istio-provisioner", "kubevirt", "olm"}
"""Operators and installers: what they bring up is decided while they run."""

_TOPICS: Final = {
    "the lock lacks ": "lock",
    "a profile keeps ": "profile",
    "minikube may warn ": "https",
    "{n} images are put ": "plants",
}


def topic_of(note: Sentence) -> str:
    """Return what a note is about where not everybody needs it always; else nothing."""
    found = (word for begin, word in _TOPICS.items() if note.template.startswith(begin))
    return next(found, "")


def notes(
    start: Start, mode: Mode, mirror: Mirror, lock: Lock | None, planted: tuple[Reference, ...]
) -> Iterator[Sentence]:
    """Yield the notes of a start, what may stop it first."""
    if lock is not None:
        yield from lacks(start, lock)
    yield from _of_kubernetes(start)
    yield from _of_driver(start, lock)
    if mode is Mode.SEED:
        yield from _of_seed(start, lock)
    for addon in sorted(_FETCH_MORE.intersection(start.addons)):
        yield Sentence(
            "the addon {addon} fetches more while it runs than the images known of it", addon=addon
        )
    yield Sentence(
        "a profile keeps the mirror of its first start: where {profile} exists already, name"
        " another with --profile; `minikube delete -p {profile}` is the second choice and"
        " loses all that runs in it, its volumes and its loaded images",
        profile=start.profile,
    )
    if mode is Mode.MIRROR:
        yield Sentence(
            "minikube may warn that it cannot connect to https://{address}: it only tries"
            " https, and the nodes pull by plain HTTP; nothing is wrong",
            address=mirror.address,
        )
    if planted:
        yield Sentence(
            "{n} images are put into the nodes after the start; a manifest that names"
            " one by digest, or with imagePullPolicy Always, still asks the internet for it",
            n=len(planted),
        )


def _of_kubernetes(start: Start) -> Iterator[Sentence]:
    if start.kubernetes not in kubernetes_versions(start.release.version):
        yield Sentence(
            "minikube {minikube} does not list Kubernetes {kubernetes}: it asks"
            " the internet which images belong to it, and those named here are a guess",
            minikube=start.release.version,
            kubernetes=start.kubernetes,
        )


def _of_driver(start: Start, lock: Lock | None) -> Iterator[Sentence]:
    if start.driver == "none":
        yield Sentence(
            "the driver none uses this machine's own {runtime}, which minikube does not"
            " configure: `mirrorkit client {runtime}` does; it needs root, and conntrack",
            runtime=start.runtime,
        )
        if start.runtime == "docker" and minor(start.kubernetes) >= _NO_DOCKERSHIM:
            yield Sentence(
                "Kubernetes {kubernetes} needs cri-dockerd and crictl on this machine",
                kubernetes=start.kubernetes,
            )
    if start.driver == "ssh":
        yield Sentence(
            "the driver ssh uses the other machine's own runtime: point it at the mirror there"
        )
    if start.driver in MACHINE_DRIVERS and iso_of(start, lock) is None:
        yield Sentence("the lock has not this release's ISO: add it to `files` in images.yaml")
    if start.driver in _DOWNLOADED_DRIVERS:
        yield Sentence(
            "minikube fetches the driver {driver} from GitHub: install it beforehand",
            driver=start.driver,
        )
    if start.driver == "podman":
        yield Sentence(
            "minikube calls the driver podman experimental (#8426); docker is the tried one"
        )
    if start.runtime == "cri-o":
        yield Sentence("cri-o was not tried with a real minikube; docker and containerd were")


def _of_seed(start: Start, lock: Lock | None) -> Iterator[Sentence]:
    if not uses_preload(start):
        yield Sentence(
            "minikube {minikube} takes no preload where Docker's storage driver is"
            " {storage}, so every image is seeded by itself",
            minikube=start.release.version,
            storage=start.storage_driver,
        )
    elif preload_of(start, lock) is None:
        yield Sentence("the lock has no preload for this start, so every image is seeded by itself")
