"""Images to put into the nodes after a start: what their runtime would ask the internet for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.wanted import RELAY
from mirrorkit.classroom.minikube.ways import redirect_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock, PinnedImage
    from mirrorkit.oci.reference import Reference

_OF_MINIKUBE: Final = ("minikube ", "kubernetes ", "cni ", "addon ")
"""How needs begin that a start, or `minikube addons enable` after it, asks below the repository."""


def plants(start: Start, lock: Lock | None) -> tuple[Reference, ...]:
    """Return the lessons' images that the runtime does not redirect, in the lock's order."""
    redirect = redirect_of(start)
    images = lock.images if lock else ()
    return tuple(
        name
        for image in images
        if _is_taught(image)
        for name in _names(image)
        if not redirect.takes(name.registry)
    )


def _is_taught(image: PinnedImage) -> bool:
    """Say whether a lesson or the teacher names an image; one that nobody explains is taken for so.

    What is of minikube and of a lesson is planted too: the lesson's manifest names it outright.
    """
    needs = [need for need in image.needed_by if need != RELAY]
    return not image.needed_by or any(not need.startswith(_OF_MINIKUBE) for need in needs)


def _names(image: PinnedImage) -> Iterator[Reference]:
    yield image.name
    yield from image.also
