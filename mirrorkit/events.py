"""What happens during long work, as values: the same for bars, JSON lines and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from mirrorkit.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.errors import MirrorkitError


def _kebab(name: str) -> str:
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in name).lstrip("-")


class _Event(msgspec.Struct, frozen=True, tag_field="event", tag=_kebab):
    """The root of events; its JSON names the kind under `event`."""


class Planned(_Event, frozen=True):
    """The work is known: how much is needed, how much of it is held already (bytes, unique)."""

    images: int
    bytes_needed: int
    bytes_held: int
    files: int = 0
    bytes_shared: int = 0
    """What would be fetched besides if images did not share their blobs."""


class LoadPlanned(_Event, frozen=True):
    """What a container engine is about to be given: images, those it has already, bytes."""

    images: int
    already: int
    bytes_needed: int


class SeedPlanned(_Event, frozen=True):
    """What is about to be copied out of the store: files, those that are there already, bytes."""

    files: int
    already: int
    bytes_needed: int


class FilePlaced(_Event, frozen=True):
    """A file was copied out of the store, whole and right."""

    path: str


class VerifyPlanned(_Event, frozen=True):
    """What is about to be read again and held against its digests: blobs, bytes."""

    blobs: int
    bytes_needed: int


class BytesVerified(_Event, frozen=True):
    """Bytes of a blob of the store were read again."""

    digest: str
    count: int


class BlobWrong(_Event, frozen=True):
    """A blob of the store is not what its digest says; it was moved out of sight."""

    digest: str
    reason: str
    needed_by: tuple[str, ...]
    """Images and files of the locks."""


class BlobBegun(_Event, frozen=True):
    """A blob is under way: the image or file it is first needed for, and its size in bytes."""

    what: str
    digest: str
    size: int


class BlobEnded(_Event, frozen=True):
    """A blob is under way no more, whether it is held now or not."""

    digest: str


class ConnectionsChanged(_Event, frozen=True):
    """So many connections to a host bring blobs now."""

    host: str
    count: int


class BytesArrived(_Event, frozen=True):
    """Bytes of a blob were received from a source, or taken over from an interrupted run."""

    source: str
    digest: str
    count: int
    is_resumed: bool = False


class BytesDropped(_Event, frozen=True):
    """Bytes received before turned out useless and were dropped."""

    digest: str
    count: int


class SourceFailed(_Event, frozen=True):
    """A source failed for one image or blob; another attempt or source may follow."""

    name: str
    source: str
    reason: str
    is_unreached: bool = False
    """Whether there was not even a connection, which the reason says of the whole host."""

    @classmethod
    def of(cls, name: str, source: str, error: MirrorkitError) -> SourceFailed:
        """Tell what an image or blob met at a source."""
        is_unreached = isinstance(error, UnreachableError) and error.is_unreached
        return cls(name, source, error.message, is_unreached)


class SourcePaused(_Event, frozen=True):
    """A host asked to be left alone, and is for so many seconds; others bring its part."""

    host: str
    retry_in: float


class ImageCompleted(_Event, frozen=True):
    """An image has all its bytes and its name."""

    name: str


class ImageLoaded(_Event, frozen=True):
    """A container engine has taken an image in."""

    name: str


class ImageSubstituted(_Event, frozen=True):
    """Of an image a source has the same in other bytes, for some platforms; none named means all.

    It is held under its tag, not under its pinned digest. Layers of zstd (`is_zstd`) cannot be
    unpacked by Docker 20.10.
    """

    name: str
    source: str
    platforms: list[str]
    is_zstd: bool = False


class ImageFailed(_Event, frozen=True):
    """An image could not be completed in this run."""

    name: str
    reason: str


class FileCompleted(_Event, frozen=True):
    """A plain file has all its bytes."""

    path: str


class FileFailed(_Event, frozen=True):
    """A plain file could not be had in this run."""

    path: str
    reason: str


class PlatformMissing(_Event, frozen=True):
    """An image does not exist for a platform that the class would like."""

    name: str
    platform: str


class DocumentIgnored(_Event, frozen=True):
    """A file beside the lock is not the document that its name promises."""

    digest: str
    reason: str


class QuotaSeen(_Event, frozen=True):
    """A source says how many pulls it allows in a window of seconds, and how many are left."""

    source: str
    limit: int
    remaining: int
    window: int
    is_account: bool = False
    """It counts an account's pulls, not an address's."""


class TryingAgain(_Event, frozen=True):
    """What failed for want of an answer is tried again in some seconds."""

    retry_in: float


class SourcesSilent(_Event, frozen=True):
    """No source answered at all; the next try is in some seconds."""

    retry_in: float


Event: TypeAlias = (
    Planned
    | BlobWrong
    | BlobBegun
    | BlobEnded
    | ConnectionsChanged
    | BytesArrived
    | BytesDropped
    | BytesVerified
    | DocumentIgnored
    | SourceFailed
    | ImageCompleted
    | ImageSubstituted
    | ImageFailed
    | ImageLoaded
    | LoadPlanned
    | FileCompleted
    | FileFailed
    | FilePlaced
    | PlatformMissing
    | QuotaSeen
    | SeedPlanned
    | SourcePaused
    | SourcesSilent
    | TryingAgain
    | VerifyPlanned
)
Listener: TypeAlias = "Callable[[Event], None]"
