"""Reading blobs again; a file that holds other bytes is moved out of sight, and never deleted."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import IntegrityError, StoreError, SurroundingsError
from mirrorkit.store.durable import in_thread, is_same_file, sync_directory, try_lock_fd

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from hashlib import _Hash as Hash
    from pathlib import Path

    from mirrorkit.oci.digest import Digest

_PIECE: Final = 1 << 20
# A thread reads so many pieces before Ctrl-C is looked for.
_PIECES: Final = 8
# What a disk or a file system says of bytes it lost; anything else is about rights or room.
_LOST: Final = frozenset({errno.EIO, errno.EBADMSG, errno.ENODATA, getattr(errno, "EUCLEAN", 0)})


@asynccontextmanager
async def opened(path: Path, digest: Digest) -> AsyncIterator[int | None]:
    """Open a blob's file to read it; None when it is not there, StoreError when it cannot be."""
    try:
        # Without waiting for a writer, should a pipe lie there.
        fd = await in_thread(os.open, path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise _unreadable(digest, error) from error
    try:
        yield fd
    finally:
        os.close(fd)


async def fault_of(fd: int, digest: Digest, told: Callable[[int], None]) -> str | None:
    """Hash an open file in a thread; say what is wrong with it, or None.

    `told` hears the bytes of each step. StoreError when something else than damage is in the way.
    """
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return "is no file"
    with suppress(AttributeError, OSError):  # macOS has no such advice
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    hasher, buffer = digest.hasher(), memoryview(bytearray(_PIECE))
    try:
        while count := await in_thread(_hash_some, fd, hasher, buffer):
            told(count)
    except OSError as error:
        if error.errno in _LOST:
            return f"cannot be read: {error.strerror}"
        raise _unreadable(digest, error) from error
    return None if hasher.hexdigest() == digest.hex else "holds other bytes"


def set_aside(fd: int, path: Path, partial: Path, folder: Path) -> bool:
    """Move an open blob's file into a folder, named by digest and time.

    False when another file lies at its path by now. The blob's lock is held meanwhile, so that a
    sync which publishes it anew comes before or after; StoreError when one is at it right now.
    """
    with _alone_at_once(partial):
        if not is_same_file(fd, path):
            return False
        folder.mkdir(exist_ok=True)
        path.rename(folder / f"{partial.name}.{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        for changed in (folder, folder.parent, path.parent):
            sync_directory(changed)
    return True


@contextmanager
def unmovable(digest: Digest, fault: str) -> Iterator[None]:
    """Say of which file, and what is wrong with it, where a move is hindered: IntegrityError."""
    try:
        yield
    except (OSError, SurroundingsError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message
        raise IntegrityError(
            f"the store's file of {digest} {fault} and is still there: {reason}",
            hint="see that the store can be written, then verify again",
        ) from error


@contextmanager
def _alone_at_once(partial: Path) -> Iterator[None]:
    """Hold a blob's lock, which is its partial file; what an interrupted sync left there stays."""
    fd = os.open(partial, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not try_lock_fd(fd) or not is_same_file(fd, partial):
            raise StoreError("a sync is fetching it again right now")
        yield
        if not os.fstat(fd).st_size:
            partial.unlink()
    finally:
        os.close(fd)


def _hash_some(fd: int, hasher: Hash, buffer: memoryview) -> int:
    """Hash the next few pieces; return their bytes, 0 at the end."""
    total = 0
    for _ in range(_PIECES):
        count = os.readv(fd, [buffer])
        hasher.update(buffer[:count])
        total += count
        if not count:
            break
    return total


def _unreadable(digest: Digest, error: OSError) -> StoreError:
    return StoreError(
        f"the store's file of {digest} cannot be read: {error.strerror}",
        hint="check the file's owner and rights, and the disk",
    )
