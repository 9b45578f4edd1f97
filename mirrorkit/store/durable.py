"""Writing so that a power cut leaves the old bytes or the new, never half of them."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from mirrorkit.errors import DiskFullError, MirrorkitError, StoreError, SurroundingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

T = TypeVar("T")

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# The least that every system takes at once (IOV_MAX of POSIX is 16, of Linux and macOS 1024).
_PIECES_MOST: Final = 1024
_LOCK_POLL_FIRST: Final = 0.01
_LOCK_POLL_MOST: Final = 0.5


async def settled(job: asyncio.Future[T]) -> T:
    """Wait for work in a thread; when cancelled, only after it has ended.

    A thread cannot be cancelled: whoever gave up a lock or a file before would let two write. What
    it failed with is raised even then: nobody else hears of it, and goes on as if all were written.
    """
    cancelled: asyncio.CancelledError | None = None
    while not job.done():
        try:
            await asyncio.wait({job})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None and job.exception() is None:
        raise cancelled
    return job.result()


async def in_thread(call: Callable[..., T], *arguments: object) -> T:
    """Run blocking work in a thread; a cancellation waits for its end."""
    return await settled(asyncio.get_running_loop().run_in_executor(None, call, *arguments))


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the system says about a path into our errors."""
    try:
        yield
    except MirrorkitError:
        raise
    except OSError as error:
        raise storage_error(path, error) from error


def storage_error(path: Path, error: OSError) -> SurroundingsError:
    """Say what an error of the system means for the store at a path."""
    if error.errno in _FULL:
        return DiskFullError(
            f"no room left on the disk of {path}",
            hint="free some space, or choose another disk with --store; what is held is kept",
        )
    reason = error.strerror or str(error)
    return StoreError(
        f"the store {path} cannot be used: {reason}",
        hint="check its owner and rights, or choose another folder with --store",
    )


def sync_directory(path: Path) -> None:
    """Make a rename inside a directory survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def publish(fd: int, temporary: Path, final: Path) -> None:
    """Write, fsync, rename, fsync of the directory: in this order and no other."""
    os.fsync(fd)
    temporary.rename(final)
    sync_directory(final.parent)


def write_file(path: Path, data: bytes) -> None:
    """Replace a small file as one step; the caller holds the lock that makes it the only one."""
    temporary = path.with_name(f".{path.name}.new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        write_all(fd, data)
        publish(fd, temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte; a full disk may take only some of them at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_all_at(fd: int, pieces: Sequence[bytes], offset: int) -> None:
    """Write every byte at its place in a file, the pieces after one another."""
    views = [memoryview(data) for data in pieces]
    while views:
        count = os.pwritev(fd, views[:_PIECES_MOST], offset)
        offset += count
        while views and count >= len(views[0]):
            count -= len(views.pop(0))
        if views:
            views[0] = views[0][count:]


def file_size(path: Path) -> int | None:
    """Return a file's size in bytes, or None when it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def is_same_file(fd: int, path: Path) -> bool:
    """Say whether an open file is the one that a path leads to now."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def locked_at_once(path: Path) -> Iterator[None]:
    """Hold the flock of a lock file, waiting for it in place: for milliseconds, at creation."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


async def lock_fd(fd: int, *, shared: bool = False) -> None:
    """Take a flock, asking again rather than blocking: a blocked thread cannot be cancelled."""
    pause = _LOCK_POLL_FIRST
    while not try_lock_fd(fd, shared=shared):
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LOCK_POLL_MOST)


def try_lock_fd(fd: int, *, shared: bool = False) -> bool:
    """Take a flock, or say that somebody else has it."""
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def locked(path: Path, *, shared: bool = False) -> AsyncIterator[None]:
    """Hold the flock of a lock file, which stays where it is."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        await lock_fd(fd, shared=shared)
        yield
    finally:
        os.close(fd)
