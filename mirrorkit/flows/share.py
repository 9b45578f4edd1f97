"""Share: what one student's machine pulls of a class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.flows.check import check

if TYPE_CHECKING:
    from mirrorkit.content import Shelf
    from mirrorkit.documents.pins import Lock, PinnedFile, PinnedImage
    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.manifests import Manifests
    from mirrorkit.oci.platform import Platform


class Look(NamedTuple):
    """One look at the store: what is held of a lock, and what each student pulls (bytes)."""

    completeness: Completeness
    bytes_each: int | None


def student_bytes(lock: Lock, shelf: Shelf, manifests: Manifests) -> int | None:
    """Return the bytes that a machine of the largest platform pulls; None while not known.

    Of the images, for their sizes are known and their pulls make the class wait; files are for a
    platform by their path.
    """
    each = [
        check(_for(lock, platform), shelf, manifests).bytes()["needed"]
        for platform in lock.platforms or (None,)
    ]
    known = [one for one in each if one is not None]
    return max(known) if len(known) == len(each) else None


def _for(lock: Lock, platform: Platform | None) -> Lock:
    if platform is None:
        return replace(lock, unpinned=())
    others = [str(other) for other in lock.platforms if other != platform]
    return replace(
        lock,
        images=tuple(_image_for(image, platform) for image in lock.images),
        files=tuple(file for file in lock.files if file.size and not _is_for(file, others)),
        unpinned=(),
    )


def _image_for(image: PinnedImage, platform: Platform) -> PinnedImage:
    """Take one platform of an image where it is held for that one."""
    is_held = image.platforms is None or platform in image.platforms
    return replace(image, platforms=frozenset({platform})) if is_held else image


def _is_for(file: PinnedFile, platforms: list[str]) -> bool:
    """Tell by its path, as `bin/linux/arm64/kubectl` or `minikube-linux-arm64`."""
    return any(name in file.path or name.replace("/", "-") in file.path for name in platforms)
