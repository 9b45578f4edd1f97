"""The images a start asks for, and under which names its nodes ask."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.images import merged
from mirrorkit.catalog.needs import images_for
from mirrorkit.catalog.releases import kubernetes_versions
from mirrorkit.catalog.versions import minor, rank
from mirrorkit.classroom.minikube.start import Mode
from mirrorkit.classroom.minikube.ways import mode_of, redirect_of
from mirrorkit.oci.reference import KUBERNETES, KUBERNETES_OLD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.catalog.images import Image
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.oci.reference import Reference

KICBASE: Final = "k8s-minikube/kicbase"
RELAY: Final = "relay"
"""The need of what runs beside the nodes and leads them to the mirror."""
_CRI_DOCKERD_PAUSE: Final = f"{KUBERNETES_OLD}/pause:3.6"
_COMPONENT: Final = "kube-"
_KNOWS_NEW_REGISTRY: Final = "v1.27.0"
_ALWAYS_NEW_REGISTRY: Final = "v1.30.0"
_FIRST_NEW_KUBERNETES: Final = (1, 25)


@lru_cache(maxsize=64)
def images_of(start: Start) -> tuple[Image, ...]:
    """Return every image of a start; of a Kubernetes that is not listed, by its neighbours."""
    known = kubernetes_versions(start.release.version)
    is_listed = start.kubernetes in known
    version = start.kubernetes if is_listed else start.release.default_kubernetes
    found = images_for(
        start.release.version,
        version,
        runtime=start.runtime,
        nodes=start.nodes,
        addons=start.addons,
        cni=start.cni,
    )
    return found if is_listed else merged(_retagged(image, start) for image in found)


def _retagged(image: Image, start: Start) -> Image:
    """Give Kubernetes' own images the tag of a version that nobody lists."""
    if not image.name.repository.startswith(_COMPONENT):
        return image
    also = tuple(replace(name, tag=start.kubernetes) for name in image.also)
    return replace(
        image, name=replace(image.name, tag=start.kubernetes), digest=None, children=(), also=also
    )


def in_cluster(start: Start) -> tuple[Image, ...]:
    """Return the images that nodes pull: all but their own, and what runs on the host."""
    images = (image for image in images_of(start) if image.name.repository != KICBASE)
    return tuple(image for image in images if set(image.needed_by) != {RELAY})


def literal(start: Start) -> tuple[Image, ...]:
    """Return what nodes ask under its own name after the seed or past `--image-repository`."""
    images = in_cluster(start)
    mode = mode_of(start)
    if mode is Mode.TRANSPARENT:
        return images
    if mode is Mode.MIRROR:
        return tuple(image for image in images if not image.below)
    return tuple(image for image in images if not is_seeded(image, start))


def past_the_mirror(start: Start) -> tuple[Image, ...]:
    """Return those of `literal` that the runtime would ask the internet for."""
    redirect = redirect_of(start)
    return tuple(image for image in literal(start) if not redirect.takes(image.name.registry))


def is_seeded(image: Image, start: Start) -> bool:
    """Say whether a start finds an image in its cache: all but networks and enabled addons."""
    is_addon = any(need.startswith("addon ") for need in image.needed_by)
    if image.by_digest and is_addon:  # what was loaded has lost its digest (#12918)
        return False
    has_kindnet = "kindnetd" in image.name.repository and start.runtime != "docker"
    return is_cached(image) or has_kindnet


def is_cached(image: Image) -> bool:
    """Say whether minikube itself caches an image for a start: not networks and addons."""
    return any(need.startswith(("minikube ", "kubernetes ")) for need in image.needed_by)


def is_only_cached(image: Image) -> bool:
    """Say whether minikube caches it for an addon that nobody enabled: no node asks for it."""
    return image.by_digest and all(need.startswith("minikube ") for need in image.needed_by)


def is_cri_dockerd_pause(image: Image, start: Start) -> bool:
    """Say whether cri-dockerd asks for it by a name of its own (#14624)."""
    pause = f"minikube {start.release.version}" in image.needed_by
    return pause and _CRI_DOCKERD_PAUSE in map(str, (image.name, *image.also))


def default_name(image: Image, start: Start) -> Reference:
    """Return the name minikube gives an image without `--image-repository` (minikube.md §9).

    v1.27.0 names registry.k8s.io from Kubernetes v1.25 on, v1.30.0 always.
    """
    release = rank(start.release.version)
    knows = release >= rank(_KNOWS_NEW_REGISTRY)
    is_new = knows and minor(start.kubernetes) >= _FIRST_NEW_KUBERNETES
    if image.name.registry != KUBERNETES or is_new or release >= rank(_ALWAYS_NEW_REGISTRY):
        return image.name
    return image.name.on(KUBERNETES_OLD)


def needed_registries(start: Start) -> Iterator[str]:
    """Yield the registries that a start's images are named after."""
    for image in in_cluster(start):
        yield from (name.registry for name in (image.name, *image.also))
