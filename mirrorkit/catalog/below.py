"""What a path below minikube's `--image-repository` means, held or not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mirrorkit.catalog.needs import control_plane, images_for
from mirrorkit.catalog.releases import addons, kubernetes_versions, releases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mirrorkit.catalog.images import Image


def meant_below(path: str, tag: str | None) -> str | None:
    """Return the canonical repository that a release means by a path, the newest where they differ.

    None for a path that no release asks for.
    """
    meant = _table().get(path, {})
    return meant.get(tag) or meant.get(None)


def learn_below() -> None:
    """Work out what `meant_below` answers, a fifth of a second of work, before anybody asks."""
    _table()


@cache
def _table() -> Mapping[str, Mapping[str | None, str]]:
    """Map each path and tag to its canonical repository; without a tag the newest release's."""
    found: dict[str, dict[str | None, str]] = {}
    for image in _images():
        for path in image.below:
            tags = found.setdefault(path, {})
            tags[None] = tags[image.name.tag] = image.name.name
    return found


def _images() -> Iterator[Image]:
    """Yield every image that follows `--image-repository`, the oldest release's first."""
    for version in kubernetes_versions():
        yield from control_plane(version)
    for release in (one.version for one in releases()):
        yield from images_for(release, nodes=2, addons=addons(release))
        yield from images_for(release, cni="calico")
