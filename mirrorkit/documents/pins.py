"""A lock's values: what is pinned, by which digest, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.reference import Reference

PROVEN: Final = "proven"
"""The bytes of a digest were seen."""
EXPECTED: Final = "expected"
"""A digest was published, and its bytes were not yet seen."""

FIRST_SIGHT: Final = "first-sight"
"""Nobody published a file's digest: what was seen first was pinned."""

_NONE: Final[Mapping[str, PinnedSource]] = MappingProxyType({})
_NO_CHILDREN: Final[Mapping[Platform, PinnedChild]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PinnedChild:
    """One platform of an image: its manifest, its config (the image id), its bytes in all."""

    digest: Digest | None = None
    image_id: Digest | None = None
    size: int | None = None
    known: str | None = None


@dataclass(frozen=True, slots=True)
class PinnedSource:
    """Where a source has an image; another digest means other bytes than those pinned."""

    name: Reference
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class PinnedImage:
    """One image: its canonical name, the digest served byte for byte, and what is known of it."""

    name: Reference
    digest: Digest
    platforms: frozenset[Platform] | None = None
    """Platforms held of an index; None means all of them."""
    required: frozenset[Platform] = frozenset()
    """Platforms this image itself must have; one that only the class would like may be absent."""
    also: tuple[Reference, ...] = ()
    """Other names the class may ask for it under."""
    origins: tuple[Reference, ...] = ()
    """Names it can be fetched by, in the order they are asked."""
    children: Mapping[Platform, PinnedChild] = field(default_factory=lambda: _NO_CHILDREN)
    sources: Mapping[str, PinnedSource] = field(default_factory=lambda: _NONE)
    """Where each source has it, by the source's name."""
    needed_by: tuple[str, ...] = ()
    known: str | None = None
    """PROVEN, EXPECTED, or None where the lock does not say."""

    @property
    def size(self) -> int | None:
        """Bytes of all it needs, where the lock says it for every platform."""
        sizes = [child.size for child in self.children.values()]
        known = [size for size in sizes if size is not None]
        return sum(known) if known and len(known) == len(sizes) else None


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One plain file: where it is served, its hash, and where it can be fetched."""

    path: str
    digest: Digest
    size: int | None
    urls: tuple[str, ...]
    needed_by: tuple[str, ...] = ()
    known: str | None = None
    """PROVEN, EXPECTED, FIRST_SIGHT, or None where the lock does not say."""


@dataclass(frozen=True, slots=True)
class Unpinned:
    """Something wanted that nobody has published a digest for."""

    name: str
    is_file: bool
    reason: str
    urls: tuple[str, ...] = ()
    needed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """A whole lock."""

    images: tuple[PinnedImage, ...]
    files: tuple[PinnedFile, ...] = ()
    unpinned: tuple[Unpinned, ...] = ()
    platforms: tuple[Platform, ...] = ()
    """Platforms the class would like; none named means all that there are."""
    lessons: tuple[str, ...] = ()
    """The lessons' names in their order."""
    wish: Digest | None = None
    """Of the images.yaml it was made from."""
    text: bytes = field(default=b"", compare=False, repr=False)
    """What was read, for the copy that the store keeps."""
