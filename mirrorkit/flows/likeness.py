"""Likeness: does a lock pin what upstream published, or what one source made of it?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mirrorkit.documents.pins import PinnedChild, PinnedImage
from mirrorkit.flows.identity import Known, known_platforms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.documents.pins import Lock
    from mirrorkit.flows.run import Run
    from mirrorkit.flows.wanted import Wanted, WantedImage
    from mirrorkit.oci.digest import Digest


class Likeness(StrEnum):
    """How a pin compares with what upstream published."""

    SAME = "same"
    """The same digest."""
    SAME_IMAGE = "same-image"
    """Another digest, but on every platform the same manifest or the same config."""
    OTHER = "other"
    """Another config: another image."""
    UNKNOWN = "unknown"
    """Nobody published one, or its documents were never seen."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One pin, and what it was held against."""

    name: str
    pinned: Digest
    published: Digest | None
    likeness: Likeness


def compared(want: Wanted, lock: Lock, before: Lock | None, run: Run) -> Iterator[Comparison]:
    """Hold every pin against what the catalog has, or else the lock before; nothing is fetched.

    The documents beside the lock tell one image from another, where they are there.
    """
    wished = {image.name: image for image in want.images}
    earlier = {image.name: image for image in (before.images if before else ())}
    for pin in lock.images:
        published = _published(wished[pin.name], earlier.get(pin.name))
        likeness = _likeness(pin, published, run) if published else Likeness.UNKNOWN
        digest = published.digest if published else None
        yield Comparison(str(pin.name), pin.digest, digest, likeness)


def _published(image: WantedImage, before: PinnedImage | None) -> PinnedImage | None:
    """Return what upstream published under a name, with what is known of its platforms."""
    if image.digest is None:
        return before
    if before is not None and before.digest == image.digest:
        return before
    children = {child.platform: PinnedChild(child.digest) for child in image.children}
    return PinnedImage(image.name, image.digest, children=children)


def _likeness(pin: PinnedImage, published: PinnedImage, run: Run) -> Likeness:
    if pin.digest == published.digest:
        return Likeness.SAME
    known = known_platforms(replace(published, platforms=None), run)
    found = {
        _of_platform(child, known.get(platform) or known.get(None))
        for platform, child in pin.children.items()
    }
    if Likeness.OTHER in found:
        return Likeness.OTHER
    return Likeness.SAME_IMAGE if found == {Likeness.SAME_IMAGE} else Likeness.UNKNOWN


def _of_platform(child: PinnedChild, known: Known | None) -> Likeness:
    if known is None:
        return Likeness.UNKNOWN
    if child.digest is not None and child.digest == known.manifest:
        return Likeness.SAME_IMAGE
    if child.image_id is None or known.image_id is None:
        return Likeness.UNKNOWN
    return Likeness.SAME_IMAGE if child.image_id == known.image_id else Likeness.OTHER
