"""The store on disk: an OCI image layout that any OCI tool can read."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mirrorkit.documents.layout import EMPTY, OCI_LAYOUT, LayoutIndex, parse_index
from mirrorkit.errors import StoreError
from mirrorkit.oci.digest import Digest
from mirrorkit.store.durable import (
    in_thread,
    locked,
    locked_at_once,
    storage_error,
    storage_errors,
    sync_directory,
    write_file,
)
from mirrorkit.store.ingest import forget_old, journal_of, open_ingest
from mirrorkit.store.journal import Journal, noted
from mirrorkit.store.quarantine import fault_of, opened, set_aside, unmovable
from mirrorkit.store.spool import open_spool
from mirrorkit.store.writer import Backlog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from mirrorkit.oci.manifest import Descriptor
    from mirrorkit.oci.reference import Reference
    from mirrorkit.store.ingest import DiskIngest
    from mirrorkit.store.spool import DiskSpool

_PIECE: Final = 256 << 10


class DiskStore:
    """Sink and Shelf in one folder; nothing is created before something is written.

    Blobs never change, so readers take no lock. Writers take three: `gc.lock`, shared for a whole
    sync so that pruning waits; a lock for each blob under way; `index.lock` for milliseconds.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / "blobs"
        self._folders = tuple(self._blobs / name for name in ("sha256", "sha512"))
        self._ingest = root / "ingest"
        self._index = root / "index.json"
        self._blobs_name, self._index_name = str(self._blobs), str(self._index)
        self._seen: tuple[tuple[int, int, int] | None, LayoutIndex] = (None, EMPTY)
        self._turn = asyncio.Lock()
        self._backlog = Backlog()

    # Shelf

    def index(self) -> LayoutIndex:
        """Return what is named; read again only when another process replaced the file."""
        # Asked for with each manifest: text and os.stat take a third of what Path takes.
        try:
            stat = os.stat(self._index_name)  # noqa: PTH116
        except FileNotFoundError:
            return EMPTY
        except OSError as error:
            raise storage_error(self.root, error) from error
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if stamp != self._seen[0]:
            with storage_errors(self.root):
                self._seen = (stamp, self._read_index())
        return self._seen[1]

    def size(self, digest: Digest) -> int | None:
        """Return a blob's size in bytes, or None when it is not held."""
        try:
            return os.stat(f"{self._blobs_name}/{digest.algorithm}/{digest.hex}").st_size  # noqa: PTH116
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(self.root, error) from error

    def path(self, digest: Digest) -> Path:
        """Return where a blob's file is."""
        return self._blobs / digest.algorithm / digest.hex

    def read(self, digest: Digest) -> bytes:
        """Return a small blob's bytes, unchecked; FileNotFoundError when it is not held."""
        with storage_errors(self.root), suppress(FileNotFoundError):
            return self.path(digest).read_bytes()
        raise FileNotFoundError(str(digest))

    def pieces(self, digest: Digest) -> Iterator[bytes]:
        """Yield a blob's bytes, at most 1 MiB at a time; FileNotFoundError when it is not held."""
        if self.size(digest) is None:
            raise FileNotFoundError(str(digest))
        with storage_errors(self.root), self.path(digest).open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def digests(self) -> Iterator[Digest]:
        """Yield every blob that is held, whatever its bytes are."""
        for folder in self._folders:
            with storage_errors(self.root), suppress(FileNotFoundError):
                for path in folder.iterdir():
                    with suppress(ValueError):  # what is no blob
                        yield Digest(f"{folder.name}:{path.name}")

    def verified_at(self, lock: Digest) -> str | None:
        """Return when all a lock needs was last found whole and right, or None."""
        try:
            with self._verified(lock).open(encoding="ascii") as file:
                return datetime.fromisoformat(file.read(40).strip()).isoformat()
        except (OSError, ValueError):  # a note, and no more: without one it was never verified
            return None

    # Sink

    async def holds(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there with the right size."""
        return self.size(descriptor.digest) == descriptor.size

    def ingest(self, descriptor: Descriptor) -> AbstractAsyncContextManager[DiskIngest | None]:
        """Begin or go on writing a blob; None when another writer just finished it."""
        self._create()
        return open_ingest(
            self._partial(descriptor.digest),
            self.path(descriptor.digest),
            descriptor,
            self._backlog,
        )

    def spool(self) -> AbstractAsyncContextManager[DiskSpool]:
        """Begin to write a blob whose digest nobody knows yet."""
        self._create()
        return open_spool(self._ingest, self._blobs)

    async def tag(
        self, name: Reference, descriptor: Descriptor, stands_for: Digest | None = None
    ) -> None:
        """Name what is now complete."""
        self._create()
        with storage_errors(self.root):
            async with self._alone():
                await in_thread(self._rewrite_index, name, descriptor, stands_for)

    async def discard(self, digest: Digest) -> None:
        """Remove a blob that turned out to hold other bytes."""
        with storage_errors(self.root):
            self.path(digest).unlink(missing_ok=True)

    async def verify(self, digest: Digest, told: Callable[[int], None]) -> str | None:
        """Read a blob again; what is wrong is moved to `quarantine/` and said, else None."""
        path = self.path(digest)
        async with opened(path, digest) as fd:
            fault = None if fd is None else await fault_of(fd, digest, told)
            if fault is None:
                return None
            with unmovable(digest, fault):
                async with self.lease():
                    aside = (self._partial(digest), self.root / "quarantine")
                    is_moved = await in_thread(set_aside, fd, path, *aside)
        return fault if is_moved else None

    # Store

    def free(self) -> int:
        """Return the bytes there is room for."""
        folder = self.root
        while not folder.exists():
            folder = folder.parent
        with storage_errors(self.root):
            return shutil.disk_usage(folder).free

    def partial(self, digest: Digest) -> int:
        """Return the bytes of a blob that an interrupted run left."""
        with storage_errors(self.root):
            return noted(Journal(journal_of(self._partial(digest))))

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[None]:
        """Keep pruning away while something is being written."""
        self._create()
        async with AsyncExitStack() as held:
            with storage_errors(self.root):
                await held.enter_async_context(locked(self.root / "gc.lock", shared=True))
                await in_thread(forget_old, self._ingest)
            yield

    async def keep_lock(self, data: bytes) -> None:
        """Leave a copy of a lock, so that pruning knows what this store is for."""
        path = self.root / "locks" / f"{Digest.of(data).hex}.yaml"
        with storage_errors(self.root):
            if path.exists():
                return
            self._create()
            async with self._alone():
                await in_thread(write_file, path, data)

    async def keep_verified(self, lock: Digest, at: str) -> None:
        """Note when all that a lock needs was found whole and right."""
        path = self._verified(lock)
        with storage_errors(self.root):
            path.parent.mkdir(exist_ok=True)
            async with self._alone():
                await in_thread(write_file, path, f"{at}\n".encode())

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Hold `index.lock`; tasks of this process queue, for a flock can only be asked again."""
        async with self._turn, locked(self.root / "index.lock"):
            yield

    def _verified(self, lock: Digest) -> Path:
        return self.root / "verified" / lock.hex

    def _partial(self, digest: Digest) -> Path:
        return self._ingest / f"{digest.algorithm}-{digest.hex}"

    def _create(self) -> None:
        with storage_errors(self.root):
            folders = (*self._folders, self._ingest, self.root / "locks")
            if self._index.exists() and all(folder.is_dir() for folder in folders):
                return  # a copy may lack those that were empty
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            for folder in (self._blobs, self.root, self.root.parent):
                sync_directory(folder)
            with locked_at_once(self.root / "index.lock"):
                if not self._index.exists():
                    write_file(self.root / "oci-layout", OCI_LAYOUT)
                    write_file(self._index, EMPTY.encode())  # last: all else is there now

    def _read_index(self) -> LayoutIndex:
        try:
            return parse_index(self._index.read_bytes())
        except ValueError as error:
            raise StoreError(
                f"{self._index} is not an OCI index: {error}",
                hint="restore it from a copy, or remove it and sync again: the blobs are kept",
            ) from error

    def _rewrite_index(
        self, name: Reference, descriptor: Descriptor, stands_for: Digest | None
    ) -> None:
        write_file(self._index, self._read_index().tagged(name, descriptor, stands_for).encode())
