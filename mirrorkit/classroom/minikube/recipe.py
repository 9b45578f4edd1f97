"""From what is wanted and where the mirror is to everything a start needs (design §7)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirrorkit.classroom.minikube.parts import Placed, Recipe, Seed, Setting
from mirrorkit.classroom.minikube.start import CONTAINER_DRIVERS, USUAL_PROFILE, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.documents.pins import Lock

__all__ = ["Placed", "Recipe", "Seed", "Setting", "recipe"]


def recipe(start: Start, mirror: Mirror, lock: Lock | None = None) -> Recipe:  # noqa: ARG001
    """Return what a start needs; RefusedStartError where it is known to fail."""
    kicbase = replace(start.release.kicbase, digest=None)
    return Recipe(
        start=start,
        mode=Mode.MIRROR,
        environment=(_repository(mirror),),
        flags=(*_wanted(start), *_mirrored(start, mirror)),
        load=kicbase if start.driver in CONTAINER_DRIVERS else None,
    )


def _repository(mirror: Mirror) -> Setting:
    why = "every image of the cluster comes from here; as a variable no release misreads it"
    return Setting("MINIKUBE_IMAGE_REPOSITORY", f"{mirror.address}/k8s", why)


def _wanted(start: Start) -> Iterator[Setting]:
    if start.profile != USUAL_PROFILE:
        yield Setting("--profile", start.profile, "a cluster of its own, beside any other")
    yield Setting("--driver", start.driver, "where the node runs")
    yield Setting("--kubernetes-version", start.kubernetes, "the version the mirror holds")
    yield Setting("--container-runtime", start.runtime, "what runs the containers")


def _mirrored(start: Start, mirror: Mirror) -> Iterator[Setting]:
    kicbase = replace(start.release.kicbase, digest=None)
    yield Setting("--base-image", str(kicbase), "by its tag, so that the loaded one is found")
    yield Setting("--preload", "false", "the preloaded images have other names")
    yield Setting("--cache-images", "false", "the nodes pull for themselves")
    yield Setting("--binary-mirror", f"http://{mirror.local}/k8s-release", "kubelet, kubeadm")
    yield Setting("--insecure-registry", mirror.address, "the node may pull by plain HTTP")
    yield Setting("--registry-mirror", f"http://{mirror.address}", "Docker Hub's images")
