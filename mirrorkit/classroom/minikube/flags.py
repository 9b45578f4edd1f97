"""The variables and flags of a start, each with its reason; the quirks are minikube.md §1's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.quirks import Quirk
from mirrorkit.classroom.minikube.iso import iso_of
from mirrorkit.classroom.minikube.parts import Setting
from mirrorkit.classroom.minikube.seeds import preload_of
from mirrorkit.classroom.minikube.start import (
    CONTAINER_DRIVERS,
    MACHINE_DRIVERS,
    USUAL_PROFILE,
    Mode,
)
from mirrorkit.classroom.minikube.ways import has_own_nodes
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.documents.pins import Lock

REPOSITORY: Final = "MINIKUBE_IMAGE_REPOSITORY"
_BINARY_MIRROR: Final = "binary-mirror"


def environment(start: Start, mode: Mode, mirror: Mirror) -> Iterator[Setting]:
    """Yield the variables; the repository is one because flags are checked, and wrongly."""
    if mode is not Mode.MIRROR:
        return
    why = Sentence("every image of the cluster comes from below it")
    if Quirk.IMAGE_REPOSITORY_FLAG_REJECTS_DIGIT_LABELS in start.release.quirks:
        why = Sentence(
            "{why}; {minikube} takes the flag with an address for `auto` (#17496)",
            why=why,
            minikube=start.release.version,
        )
    yield Setting(REPOSITORY, f"{mirror.address}/k8s", why)


def flags(start: Start, mode: Mode, mirror: Mirror, lock: Lock | None) -> Iterator[Setting]:
    """Yield the flags in the order they are told."""
    yield from _wanted(start)
    yield from _extras(start)
    yield from _nodes(start, mirror, lock)
    if mode is Mode.SEED:
        yield from _seeded(start, lock)
    else:
        yield from _downloads(start, mirror)
    yield from _runtime(start, mode, mirror)


def _wanted(start: Start) -> Iterator[Setting]:
    if start.profile != USUAL_PROFILE:
        yield Setting(
            "--profile", start.profile, Sentence("a cluster of its own, beside any other")
        )
    yield Setting("--driver", start.driver, Sentence("what the node runs on"))
    yield Setting("--kubernetes-version", start.kubernetes, Sentence("one that this release lists"))
    yield Setting(
        "--container-runtime", start.runtime, Sentence("what runs the containers in the node")
    )


def _extras(start: Start) -> Iterator[Setting]:
    if start.nodes > 1:
        yield Setting("--nodes", str(start.nodes), Sentence("nodes of the cluster"))
    if start.ha:
        yield Setting("--ha", None, Sentence("several control planes"))
    if start.cni != "auto":
        yield Setting("--cni", start.cni, Sentence("the network between pods"))
    for addon in start.addons:  # one by one: not every release splits at commas
        yield Setting("--addons", addon, Sentence("an addon to enable"))
    if start.as_root and start.driver in CONTAINER_DRIVERS:
        yield Setting("--force", None, Sentence("as root minikube stops without it"))


def _nodes(start: Start, mirror: Mirror, lock: Lock | None) -> Iterator[Setting]:
    """Yield where the node itself comes from."""
    if start.driver in CONTAINER_DRIVERS:
        kicbase = replace(start.release.kicbase, digest=None)
        yield Setting("--base-image", str(kicbase), _why_by_tag(start))
    if start.driver in MACHINE_DRIVERS and (iso := iso_of(start, lock)):
        yield Setting(
            "--iso-url", f"http://{mirror.local}/files/{iso}", Sentence("the node's disk")
        )


def _why_by_tag(start: Start) -> Sentence:
    quirks = start.release.quirks
    why = Sentence("the node's image by its tag alone, for so a loaded one is found")
    if Quirk.CACHED_KICBASE_STILL_NEEDS_DIGEST_PULL in quirks:
        return Sentence("{why}; by digest it would be pulled again (#13768)", why=why)
    if Quirk.KICBASE_BREAKS_WITH_REGISTRY_PORT in quirks:
        return Sentence(
            "{why}; {minikube} can't pull it from a registry with a port (#23227)",
            why=why,
            minikube=start.release.version,
        )
    return Sentence("{why} (#7472)", why=why)


def _seeded(start: Start, lock: Lock | None) -> Iterator[Setting]:
    if preload_of(start, lock) is None:
        why = Sentence("none is seeded, and Google would be asked for it")
        yield Setting("--preload", "false", why)


def _downloads(start: Start, mirror: Mirror) -> Iterator[Setting]:
    """Yield how the host gets what it puts into the node."""
    why = Sentence("preloaded images come from Google, under other names")
    yield Setting("--preload", "false", why)
    why = Sentence("nodes pull for themselves; the host asks no registry")
    yield Setting("--cache-images", "false", why)
    if _BINARY_MIRROR in start.release.flags:
        url = f"http://{mirror.local}/k8s-release"
        why = Sentence("kubelet, kubeadm and kubectl; the host fetches them")
        yield Setting("--binary-mirror", url, why)


def _runtime(start: Start, mode: Mode, mirror: Mirror) -> Iterator[Setting]:
    """Yield what the node's runtime is told; exact HOST:PORT, no network, no trailing slash."""
    if not has_own_nodes(start):
        return
    if start.runtime == "docker" or mode is Mode.MIRROR:
        why = Sentence("nodes may pull there by plain HTTP")
        yield Setting("--insecure-registry", mirror.address, why)
    if start.runtime == "docker":
        url = f"http://{mirror.address}"
        why = Sentence("Docker Hub's images come from the mirror too")
        yield Setting("--registry-mirror", url, why)
