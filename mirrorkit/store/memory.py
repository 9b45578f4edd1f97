"""The store's double in memory: the same promises, proven by the same contract suite."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from mirrorkit.documents.layout import EMPTY
from mirrorkit.errors import IntegrityError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.spans import Parts, Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from mirrorkit.documents.layout import LayoutIndex
    from mirrorkit.oci.reference import Reference

_PIECE: Final = 1 << 20


class MemoryWriter:
    """Bytes that follow each other, on their way to memory."""

    def __init__(self, ingest: MemoryIngest, start: int, source: str) -> None:
        self._ingest = ingest
        self._end = start
        self._source = source

    async def write(self, data: bytes) -> None:
        """Append bytes; IntegrityError when they go beyond the blob's size."""
        self._ingest.put(self._end, data, self._source)
        self._end += len(data)


class MemoryIngest:
    """One blob being written to memory."""

    def __init__(self, store: MemoryStore, descriptor: Descriptor) -> None:
        self._store = store
        self._descriptor = descriptor
        self._data, self.parts = store.partials.setdefault(
            descriptor.digest, (bytearray(), Parts())
        )

    @asynccontextmanager
    async def writer(self, start: int, source: str) -> AsyncIterator[MemoryWriter]:
        """Begin writing at byte `start` what a source sends."""
        yield MemoryWriter(self, start, source)

    def put(self, start: int, data: bytes, source: str) -> None:
        """Write bytes at their place."""
        stop = start + len(data)
        if stop > self._descriptor.size:
            raise IntegrityError(f"{self._descriptor.digest}: longer than its size")
        self._data.extend(bytes(max(stop - len(self._data), 0)))
        self._data[start:stop] = data
        self.parts.add(Span(start, stop), source)

    async def read(self, span: Span) -> bytes:
        """Return bytes written before."""
        return bytes(self._data[span.start : span.stop])

    async def forget(self, span: Span) -> None:
        """Give up bytes; they are missing again."""
        self.parts.remove(span)

    async def restart(self) -> None:
        """Forget all bytes written so far."""
        self.parts.remove(Span(0, self._descriptor.size))

    async def publish(self) -> None:
        """Check size and digest and make the blob visible."""
        digest, size = self._descriptor.digest, self._descriptor.size
        data = bytes(self._data[:size])
        if self.parts.gaps(Span(0, size)) or not digest.matches(data):
            raise IntegrityError(f"{digest}: got other bytes")
        self._store.partials.pop(digest)
        self._store.blobs[digest] = data


class MemorySpool:
    """One blob being written to memory whose digest nobody knows yet."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._data = bytearray()

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        self._data += data

    async def publish(self) -> Descriptor:
        """Make the blob visible under the sha256 of its bytes; return what it is."""
        data = bytes(self._data)
        digest = Digest.of(data)
        self._store.blobs[digest] = data
        return Descriptor("application/octet-stream", digest, len(data))


class MemoryStore:
    """Sink and Shelf in memory."""

    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}
        self.partials: dict[Digest, tuple[bytearray, Parts]] = {}
        self.locks: set[bytes] = set()
        self.aside: list[bytes] = []
        self._verified: dict[Digest, str] = {}
        self._index = EMPTY
        self._writing: dict[Digest, asyncio.Lock] = {}

    def index(self) -> LayoutIndex:
        """Return what is named."""
        return self._index

    def size(self, digest: Digest) -> int | None:
        """Return a blob's size in bytes, or None when it is not held."""
        return len(self.blobs[digest]) if digest in self.blobs else None

    def read(self, digest: Digest) -> bytes:
        """Return a blob's bytes; FileNotFoundError when it is not held."""
        if digest not in self.blobs:
            raise FileNotFoundError(str(digest))
        return self.blobs[digest]

    def pieces(self, digest: Digest) -> Iterator[bytes]:
        """Yield a blob's bytes, at most 1 MiB at a time; FileNotFoundError when it is not held."""
        data = self.read(digest)
        for start in range(0, len(data), _PIECE):
            yield data[start : start + _PIECE]

    def digests(self) -> Iterator[Digest]:
        """Yield every blob that is held."""
        yield from self.blobs

    def verified_at(self, lock: Digest) -> str | None:
        """Return when all a lock needs was last found whole and right, or None."""
        return self._verified.get(lock)

    async def holds(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there with the right size."""
        return self.size(descriptor.digest) == descriptor.size

    @asynccontextmanager
    async def ingest(self, descriptor: Descriptor) -> AsyncIterator[MemoryIngest | None]:
        """Begin or go on writing a blob, alone; None when another writer finished it."""
        async with self._writing.setdefault(descriptor.digest, asyncio.Lock()):
            is_held = await self.holds(descriptor)
            yield None if is_held else MemoryIngest(self, descriptor)

    @asynccontextmanager
    async def spool(self) -> AsyncIterator[MemorySpool]:
        """Begin to write a blob whose digest nobody knows yet."""
        yield MemorySpool(self)

    async def tag(
        self, name: Reference, descriptor: Descriptor, stands_for: Digest | None = None
    ) -> None:
        """Name what is now complete."""
        self._index = self._index.tagged(name, descriptor, stands_for)

    async def discard(self, digest: Digest) -> None:
        """Remove a blob that turned out to hold other bytes."""
        self.blobs.pop(digest, None)

    async def verify(self, digest: Digest, told: Callable[[int], None]) -> str | None:
        """Read a blob again; what is wrong is put aside and said."""
        data = self.blobs.get(digest)
        if data is None:
            return None
        told(len(data))
        if digest.matches(data):
            return None
        self.aside.append(self.blobs.pop(digest))
        return "holds other bytes"

    def free(self) -> int | None:
        """Return None: nothing limits it."""
        return None

    def partial(self, digest: Digest) -> int:
        """Return the bytes of a blob that an interrupted run left."""
        return self.partials[digest][1].count if digest in self.partials else 0

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[None]:
        """Keep pruning away, of which there is none here."""
        yield

    async def keep_lock(self, data: bytes) -> None:
        """Leave a copy of a lock."""
        self.locks.add(data)

    async def keep_verified(self, lock: Digest, at: str) -> None:
        """Note when all that a lock needs was found whole and right."""
        self._verified[lock] = at
