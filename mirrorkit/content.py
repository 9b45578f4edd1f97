"""The shapes every transfer is made of: bytes come from a Source, go to a Sink, lie on a Shelf.

Verbs and the server know only these. `store` and `remote` hold the places that fit them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from mirrorkit.documents.layout import LayoutIndex
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.reference import Reference
    from mirrorkit.spans import Parts, Span

LOOK: Final = "Mirrorkit-Look"
"""The header of a request that only looks whether a name is held: no mirror counts it as a miss."""


class Body(NamedTuple):
    """Bytes on their way: which of the blob's they are, as announced, and the pieces in order."""

    start: int
    stop: int
    pieces: AsyncIterator[bytes]


class Whole(NamedTuple):
    """All bytes of a file on their way, and their number where that is announced."""

    size: int | None
    pieces: AsyncIterator[bytes]


class Source(Protocol):
    """Where the bytes of one repository come from."""

    @property
    def name(self) -> str:
        """What to call it when it is to blame."""
        ...

    @property
    def host(self) -> str:
        """Whose connections it uses."""
        ...

    async def ping(self) -> None:
        """Return when it answers at all; UnreachableError when it does not."""
        ...

    async def resolve(self, tag: str) -> Digest:
        """Return the digest that a tag stands for there, as it says; the caller checks."""
        ...

    async def manifest(self, digest: Digest) -> bytes:
        """Return a manifest's bytes, as sent; the caller checks them."""
        ...

    def open(
        self, descriptor: Descriptor, span: Span | None = None
    ) -> AbstractAsyncContextManager[Body]:
        """Open a blob, or some bytes of it; a source without ranges sends all, and says so."""
        ...


class SizedSource(Source, Protocol):
    """Where the bytes of one plain file come from."""

    async def size(self) -> int:
        """Return the file's size in bytes, as announced; nothing of it is proven."""
        ...

    def whole(self) -> AbstractAsyncContextManager[Whole]:
        """Open the file, whose digest nobody knows yet, from its first byte to its last."""
        ...


class Writer(Protocol):
    """Takes bytes that follow each other in a blob."""

    async def write(self, data: bytes) -> None:
        """Append bytes; IntegrityError when they go beyond the blob's size."""
        ...


class Ingest(Protocol):
    """One blob being written, in any order; it becomes visible by `publish` or not at all."""

    @property
    def parts(self) -> Parts:
        """Which bytes are here and from whom, those of an interrupted earlier run included."""
        ...

    def writer(self, start: int, source: str) -> AbstractAsyncContextManager[Writer]:
        """Begin writing at byte `start` what a source sends; any number at once, side by side."""
        ...

    async def read(self, span: Span) -> bytes:
        """Return bytes written before."""
        ...

    async def forget(self, span: Span) -> None:
        """Give up bytes; they are missing again."""
        ...

    async def restart(self) -> None:
        """Forget all bytes written so far."""
        ...

    async def publish(self) -> None:
        """Check size and digest and make the blob durable and visible, or raise IntegrityError.

        Wrong bytes stay: who knows where they came from may replace some and publish again.
        """
        ...


class Spool(Protocol):
    """One blob being written whose digest nobody knows yet; without `publish` nothing stays."""

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        ...

    async def publish(self) -> Descriptor:
        """Make the blob durable and visible under the sha256 of its bytes; return what it is."""
        ...


class Sink(Protocol):
    """Where bytes go."""

    async def holds(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there with the right size."""
        ...

    def ingest(self, descriptor: Descriptor) -> AbstractAsyncContextManager[Ingest | None]:
        """Begin or go on writing a blob; None when another writer just finished it."""
        ...

    def spool(self) -> AbstractAsyncContextManager[Spool]:
        """Begin to write a blob whose digest nobody knows yet."""
        ...

    async def tag(
        self, name: Reference, descriptor: Descriptor, stands_for: Digest | None = None
    ) -> None:
        """Name what is now complete; always the last step.

        `stands_for` is the digest that was pinned, where this is the same image in other bytes.
        """
        ...

    async def discard(self, digest: Digest) -> None:
        """Remove a blob that turned out to hold other bytes."""
        ...

    async def verify(self, digest: Digest, told: Callable[[int], None]) -> str | None:
        """Read a blob again and say what is wrong with it; None when nothing is, or nothing held.

        What is wrong is moved out of sight, so that it is not held any more, and never deleted.
        `told` hears the bytes of each step. IntegrityError when what is wrong cannot be moved,
        StoreError when it cannot be known.
        """
        ...


class Shelf(Protocol):
    """Where bytes lie, ready to be read by any number of readers without a lock."""

    def index(self) -> LayoutIndex:
        """Return what is named, as it is now; the same object as long as nothing changed."""
        ...

    def size(self, digest: Digest) -> int | None:
        """Return a blob's size in bytes, or None when it is not held."""
        ...

    def read(self, digest: Digest) -> bytes:
        """Return a small blob's bytes, unchecked; FileNotFoundError when it is not held."""
        ...

    def pieces(self, digest: Digest) -> Iterator[bytes]:
        """Yield any blob's bytes, unchecked, at most 1 MiB at a time; FileNotFoundError too."""
        ...

    def digests(self) -> Iterator[Digest]:
        """Yield every blob that is held, whatever its bytes are."""
        ...

    def verified_at(self, lock: Digest) -> str | None:
        """Return when all a lock needs was last found whole and right (ISO 8601), or None."""
        ...


class FileShelf(Shelf, Protocol):
    """A shelf whose blobs are files, so that the kernel can send them."""

    def path(self, digest: Digest) -> Path:
        """Return where a blob's file is, or would be."""
        ...


class Store(Sink, Shelf, Protocol):
    """A place that is filled over time and served from."""

    def free(self) -> int | None:
        """Return the bytes there is room for, or None where nothing limits them."""
        ...

    def partial(self, digest: Digest) -> int:
        """Return the bytes of a blob that an interrupted run left."""
        ...

    def lease(self) -> AbstractAsyncContextManager[None]:
        """Keep pruning away while something is being written."""
        ...

    async def keep_lock(self, data: bytes) -> None:
        """Leave a copy of a lock, so that pruning knows what this store is for."""
        ...

    async def keep_verified(self, lock: Digest, at: str) -> None:
        """Note when all that the lock of this text needs was found whole and right."""
        ...


class EngineImage(NamedTuple):
    """An image in an engine: its id there (config, manifest or index), and what it runs on."""

    id: str
    platform: Platform


class Engine(Protocol):
    """A container engine on this machine, which takes images in as tars; its calls block."""

    def platform(self) -> Platform:
        """Return what its containers run on."""
        ...

    def image(self, name: str) -> EngineImage | None:
        """Return what a name stands for there, or None."""
        ...

    def load(self, pieces: Iterable[bytes]) -> None:
        """Take one archive in; EngineError when it refuses."""
        ...
