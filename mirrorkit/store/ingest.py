"""One blob on its way into the store: gathered, hashed, written, published."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import IntegrityError, SurroundingsError
from mirrorkit.store.durable import (
    file_size,
    in_thread,
    lock_fd,
    publish,
    settled,
    storage_errors,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirrorkit.oci.manifest import Descriptor

# perf.md: read in 64 KiB, so a reset loses little; write in 1 MiB, so threads change hands rarely.
_WRITE_SIZE: Final = 1 << 20


class DiskIngest:
    """Writes one blob to its partial file; hashing and writing run beside receiving."""

    def __init__(self, fd: int, partial: Path, final: Path, descriptor: Descriptor) -> None:
        self._fd = fd
        self._partial = partial
        self._final = final
        self._root = partial.parent.parent
        self._descriptor = descriptor
        self._hasher = descriptor.digest.hasher()
        self._gathered: list[bytes] = []
        self._waiting = 0
        self._job: asyncio.Future[None] | None = None
        self.offset = 0

    async def is_done(self) -> bool:
        """Say whether another writer published the blob; then nothing partial is left."""
        with storage_errors(self._root):
            is_held = file_size(self._final) == self._descriptor.size
            if is_held:
                await in_thread(self._partial.unlink)
            return is_held

    async def resume(self) -> None:
        """Take over what an interrupted run left, hashed again so that it can be trusted."""
        if os.fstat(self._fd).st_size > self._descriptor.size:
            await self.restart()
        with storage_errors(self._root):
            self.offset = await in_thread(self._rehash)

    async def write(self, data: bytes) -> None:
        """Append bytes; IntegrityError when they are more than the descriptor's size."""
        if self.offset + len(data) > self._descriptor.size:
            raise IntegrityError(
                f"{self._descriptor.digest}: longer than its {self._descriptor.size} bytes"
            )
        self.offset += len(data)
        self._gathered.append(data)
        self._waiting += len(data)
        if self._waiting >= _WRITE_SIZE:
            await self._finish_job()
            self._start_job()

    async def restart(self) -> None:
        """Forget all bytes written so far."""
        await self._finish_job()
        self._forget_gathered()
        self.offset = 0
        self._hasher = self._descriptor.digest.hasher()
        with storage_errors(self._root):
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)

    async def publish(self) -> None:
        """Check size and digest, then make the blob durable and visible."""
        await self.flush()
        digest = self._descriptor.digest
        if self.offset != self._descriptor.size or self._hasher.hexdigest() != digest.hex:
            size, got = self._descriptor.size, self.offset
            await self.restart()
            what = "other bytes" if got == size else f"{got} bytes instead of {size}"
            raise IntegrityError(f"{digest}: got {what}")
        with storage_errors(self._root):
            await in_thread(publish, self._fd, self._partial, self._final)

    def _forget_gathered(self) -> None:
        self._gathered.clear()
        self._waiting = 0

    async def flush(self) -> None:
        """Write what is gathered and wait for it."""
        await self._finish_job()
        self._start_job()
        await self._finish_job()

    def _start_job(self) -> None:
        pieces = self._gathered
        self._gathered = []
        self._waiting = 0
        if pieces:
            self._job = asyncio.get_running_loop().run_in_executor(None, self._append, pieces)

    async def _finish_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            try:
                with storage_errors(self._root):
                    await settled(job)
            finally:
                if job.exception() is not None:
                    # What is gathered would stand behind a hole; what was written stays.
                    self._forget_gathered()

    def _append(self, pieces: list[bytes]) -> None:
        data = b"".join(pieces)
        self._hasher.update(data)
        write_all(self._fd, data)

    def _rehash(self) -> int:
        count = 0
        while data := os.read(self._fd, _WRITE_SIZE):
            self._hasher.update(data)
            count += len(data)
        return count


@asynccontextmanager
async def open_ingest(
    partial: Path, final: Path, descriptor: Descriptor
) -> AsyncIterator[DiskIngest | None]:
    """Open a blob's partial file, alone; None when another writer finished it meanwhile.

    The partial file is its own lock: whoever publishes renames it away, so a writer that waited
    sees that the file it has locked is no longer the one at that path. What is not published
    stays for the next run.
    """
    with storage_errors(partial.parent.parent):
        fd = await _open_alone(partial)
    try:
        ingest = DiskIngest(fd, partial, final, descriptor)
        if await ingest.is_done():
            yield None
            return
        await ingest.resume()
        try:
            yield ingest
        finally:
            with suppress(SurroundingsError):
                await ingest.flush()
    finally:
        os.close(fd)


async def _open_alone(partial: Path) -> int:
    while True:
        fd = os.open(partial, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            await lock_fd(fd)
            if _is_same_file(fd, partial):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _is_same_file(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False
