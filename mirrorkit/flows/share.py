"""Share: what one student's machine pulls of a class."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.flows.check import check

if TYPE_CHECKING:
    from mirrorkit.content import Shelf
    from mirrorkit.documents.pins import Lock, PinnedFile, PinnedImage
    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.manifests import Manifests
    from mirrorkit.oci.platform import Platform

_PLATFORM: Final = re.compile(r"\b(linux|darwin|windows)[/-](\w+)")


class Look(NamedTuple):
    """One look at the store: what is held of a lock, and what each student pulls (bytes)."""

    completeness: Completeness
    bytes_each: int | None


def student_bytes(lock: Lock, shelf: Shelf, manifests: Manifests) -> int | None:
    """Return the bytes that a machine of the largest platform pulls; None while not known.

    A file whose size nobody knows yet is left out; one for another system is not pulled.
    """
    each = [
        check(_for(lock, platform, shelf), shelf, manifests).bytes()["needed"]
        for platform in lock.platforms or (None,)
    ]
    known = [one for one in each if one is not None]
    return max(known) if len(known) == len(each) else None


def _for(lock: Lock, platform: Platform | None, shelf: Shelf) -> Lock:
    sized = (file for file in lock.files if file.size or shelf.size(file.digest))
    files = tuple(file for file in sized if _is_for(file, platform))
    images = tuple(_image_for(image, platform) for image in lock.images)
    return replace(lock, images=images, files=files, unpinned=())


def _image_for(image: PinnedImage, platform: Platform | None) -> PinnedImage:
    """Take one platform of an image where it is held for that one."""
    is_held = image.platforms is None or platform in image.platforms
    if platform is None or not is_held:
        return image
    children = {key: child for key, child in image.children.items() if key == platform}
    return replace(image, platforms=frozenset({platform}), children=children)


def _is_for(file: PinnedFile, platform: Platform | None) -> bool:
    """Tell by its path, as `bin/linux/arm64/kubectl` or `minikube-linux-arm64`."""
    named = _PLATFORM.search(file.path)
    return named is None or platform is None or f"{named[1]}/{named[2]}" == str(platform)
