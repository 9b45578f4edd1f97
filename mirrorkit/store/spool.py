"""One blob on its way into the store whose digest nobody knows before its last byte."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.store.durable import in_thread, is_same_file, publish, storage_errors, write_all

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_WRITE_SIZE: Final = 1 << 20
_PREFIX: Final = "spool-"


class DiskSpool:
    """Writes and hashes one blob; its name follows from its bytes."""

    def __init__(self, fd: int, temporary: Path, blobs: Path) -> None:
        self._fd = fd
        self._temporary = temporary
        self._blobs = blobs
        self._hasher = hashlib.sha256()
        self._gathered: list[bytes] = []
        self._waiting = 0
        self._size = 0

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        self._gathered.append(data)
        self._waiting += len(data)
        self._size += len(data)
        if self._waiting >= _WRITE_SIZE:
            await self._flush()

    async def publish(self) -> Descriptor:
        """Make the blob durable and visible under the sha256 of its bytes; return what it is."""
        await self._flush()
        digest = Digest(f"sha256:{self._hasher.hexdigest()}")
        final = self._blobs / digest.algorithm / digest.hex
        with storage_errors(self._blobs.parent):
            await in_thread(publish, self._fd, self._temporary, final)
        return Descriptor("application/octet-stream", digest, self._size)

    async def _flush(self) -> None:
        pieces, self._gathered, self._waiting = self._gathered, [], 0
        with storage_errors(self._blobs.parent):
            await in_thread(self._append, pieces)

    def _append(self, pieces: list[bytes]) -> None:
        data = b"".join(pieces)
        self._hasher.update(data)
        write_all(self._fd, data)


@asynccontextmanager
async def open_spool(folder: Path, blobs: Path) -> AsyncIterator[DiskSpool]:
    """Open a new file in a folder; without `publish` nothing of it stays.

    What a killed process left there is removed: a file under way is locked by who writes it.
    """
    with storage_errors(blobs.parent):
        _remove_left(folder)
        fd, temporary = _open_alone(folder)
    try:
        yield DiskSpool(fd, temporary, blobs)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(fd)


def _open_alone(folder: Path) -> tuple[int, Path]:
    """Make a file and lock it; another process may have taken it for one that was left."""
    while True:
        path = folder / f"{_PREFIX}{secrets.token_hex(8)}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if is_same_file(fd, path):
            return fd, path
        os.close(fd)


def _remove_left(folder: Path) -> None:
    for path in folder.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
