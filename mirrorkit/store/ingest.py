"""One blob on its way into the store: written in parts, hashed, journalled, published."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import IntegrityError, SurroundingsError
from mirrorkit.spans import Part, Parts, Span
from mirrorkit.store.durable import (
    file_size,
    in_thread,
    is_same_file,
    lock_fd,
    publish,
    settled,
    storage_errors,
    write_all_at,
)
from mirrorkit.store.journal import Journal, Line, believed, hash_of, read_span
from mirrorkit.store.writer import WRITE_SIZE, DiskWriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from mirrorkit.oci.manifest import Descriptor
    from mirrorkit.store.writer import Backlog

_HASH_STEP: Final = 4 << 20
_KEPT_SECONDS: Final = 180 * 86_400


class DiskIngest:
    """The partial file of one blob, with its journal; any number of writers at once.

    The beginning is hashed along: what a writer appends to it while it is in memory, what others
    wrote beyond it by reading it back. So a blob has its digest when its last part is written, and
    the journal vouches for the beginning by a digest that costs nothing.
    """

    def __init__(
        self, fd: int, partial: Path, final: Path, descriptor: Descriptor, backlog: Backlog
    ) -> None:
        self._fd = fd
        self._backlog = backlog
        self._partial = partial
        self._final = final
        self._root = partial.parent.parent
        self._descriptor = descriptor
        self._journal = Journal(journal_of(partial))
        self._hasher = descriptor.digest.hasher()
        self._hashed = 0
        """How far the beginning is hashed."""
        self._hashing: asyncio.Task[None] | None = None
        self._is_appending = False
        self._is_overwritten = False
        """Something was written over that is hashed already."""
        self._is_published = False
        self._noted = Parts()
        self.parts = Parts()

    async def is_done(self) -> bool:
        """Say whether another writer published the blob; then nothing partial is left."""
        with storage_errors(self._root):
            is_held = file_size(self._final) == self._descriptor.size
            if is_held:
                await in_thread(self._partial.unlink)
                self._journal.clear()
            return is_held

    async def resume(self) -> None:
        """Take over what an interrupted run left and its journal vouches for, hashed again."""
        size, hashing = self._descriptor.size, self._descriptor.digest.hasher
        with storage_errors(self._root):
            self.parts = await in_thread(believed, self._journal, self._fd, size, hashing)
            for part in self.parts:
                self._noted.add(Span(part.start, part.stop), "")
            if not self.parts.count:
                await self.restart()

    @asynccontextmanager
    async def writer(self, start: int, source: str) -> AsyncIterator[DiskWriter]:
        """Begin writing at byte `start` what a source sends; the end of it writes everything."""
        writer = DiskWriter(self, start, source, self._backlog)
        try:
            yield writer
        finally:
            # By a task of its own: a second cancellation would leave out what is gathered.
            await settled(asyncio.create_task(writer.close()))

    async def put(self, start: int, pieces: list[bytes], source: str) -> int:
        """Write bytes at their place, and hash them where they follow the hashed beginning.

        Returns how many; IntegrityError when they go beyond the blob's size.
        """
        span = Span(start, start + sum(map(len, pieces)))
        if span.stop > self._descriptor.size:
            raise IntegrityError(
                f"{self._descriptor.digest}: longer than its {self._descriptor.size} bytes"
            )
        follows = start == self._hashed and self._hashing is None and not self._is_appending
        self._is_appending = self._is_appending or follows
        try:
            with storage_errors(self._root):
                await in_thread(self._write, span, pieces, source, follows)
            self._is_overwritten = self._is_overwritten or bool(self.parts.within(span))
            self.parts.add(span, source)
            self._hashed = span.stop if follows else self._hashed
        finally:
            self._is_appending = self._is_appending and not follows
        self._hash_on()
        return span.length

    def _write(self, span: Span, pieces: list[bytes], source: str, follows: bool) -> None:  # noqa: FBT001
        write_all_at(self._fd, pieces, span.start)
        for data in pieces if follows else ():
            self._hasher.update(data)
        if follows:
            self._vouch(span.stop, [Part(*span, source)])

    def _vouch(self, stop: int, parts: Iterable[Part]) -> None:
        """Note what the beginning up to `stop` hashes to, and whose these parts of it are."""
        if self._descriptor.size <= WRITE_SIZE:
            return  # it is published next
        lines = [Line(part.start, part.stop, source=part.source) for part in parts]
        self._journal.append([*lines, Line(0, stop, hash=self._hasher.hexdigest())])
        self._noted.add(Span(0, stop), "")

    def _hash_on(self) -> None:
        """Hash beside receiving what now follows the hashed beginning."""
        is_free = self._hashing is None and not self._is_appending
        if is_free and self.parts.reach(self._hashed) > self._hashed:
            self._hashing = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        try:
            while (stop := self.parts.reach(self._hashed)) > self._hashed:
                span = Span(self._hashed, min(stop, self._hashed + _HASH_STEP))
                with storage_errors(self._root):
                    await in_thread(self._hash, span, self.parts.within(span))
                self._hashed = span.stop
        finally:
            self._hashing = None

    def _hash(self, span: Span, parts: list[Part]) -> None:
        for data in read_span(self._fd, span):
            self._hasher.update(data)
        self._vouch(span.stop, parts)

    async def note(self, span: Span, source: str) -> None:
        """Journal what bytes hash to and who sent them, where nothing vouches for them yet."""
        for gap in self._noted.gaps(span):
            with storage_errors(self._root):
                await in_thread(self._note, gap, source)
            self._noted.add(gap, "")

    def _note(self, span: Span, source: str) -> None:
        text = hash_of(self._fd, span, self._descriptor.digest.hasher)
        self._journal.append([Line(*span, hash=text, source=source)])

    async def close(self) -> None:
        """Leave a partial blob so that the next run can believe all of it."""
        try:
            if not self._is_published:
                await self._settle()
        finally:
            self._journal.close()

    async def _settle(self) -> None:
        """Journal everything written that no line vouches for yet."""
        await self._hash_to_end()
        for part in list(self.parts):
            await self.note(Span(part.start, part.stop), part.source)

    async def read(self, span: Span) -> bytes:
        """Return bytes written before."""
        with storage_errors(self._root):
            return b"".join(await in_thread(list, read_span(self._fd, span)))

    async def forget(self, span: Span) -> None:
        """Give up bytes; they are missing again."""
        await self._hash_to_end()
        self.parts.remove(span)
        self._noted.remove(span)
        if span.start < self._hashed:
            self._hash_anew()

    async def restart(self) -> None:
        """Forget all bytes written so far."""
        await self._hash_to_end()
        self.parts, self._noted = Parts(), Parts()
        self._hash_anew()
        with storage_errors(self._root):
            os.ftruncate(self._fd, 0)
            self._journal.clear()
            if self._descriptor.size > WRITE_SIZE:
                self._journal.begin()

    def _hash_anew(self) -> None:
        self._hashed, self._hasher = 0, self._descriptor.digest.hasher()
        self._is_overwritten = False

    async def _hash_to_end(self) -> None:
        """Wait until all that follows the beginning is hashed."""
        self._hash_on()
        while self._hashing is not None:
            await settled(self._hashing)

    async def publish(self) -> None:
        """Check size and digest, then make the blob durable and visible; IntegrityError if wrong.

        Wrong bytes stay, so that whoever knows where they came from can replace some of them.
        """
        await self._hash_to_end()
        digest, size = self._descriptor.digest, self._descriptor.size
        if self._is_overwritten:
            self._hash_anew()
            await self._hash_to_end()
        if self.parts.gaps(Span(0, size)):
            raise IntegrityError(f"{digest}: got {self.parts.count} bytes instead of {size}")
        if self._hasher.hexdigest() != digest.hex:
            raise IntegrityError(f"{digest}: got other bytes")
        with storage_errors(self._root):
            os.ftruncate(self._fd, size)  # what an older partial file had beyond it
            await in_thread(publish, self._fd, self._partial, self._final)
            self._is_published = True
            self._journal.clear()


def journal_of(partial: Path) -> Path:
    """Return where the journal of a partial file is."""
    return partial.with_name(f"{partial.name}.journal")


def forget_old(folder: Path, *, seconds: float = _KEPT_SECONDS) -> None:
    """Remove partial blobs that nobody has gone on with for months, unless somebody does now.

    A lock that changed leaves them behind; a class that pauses for a term still finds its own.
    """
    for partial in folder.glob("sha*-*[0-9a-f]"):
        with suppress(FileNotFoundError, BlockingIOError), partial.open("rb") as file:
            if time.time() - os.fstat(file.fileno()).st_mtime < seconds:
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            partial.unlink()
            journal_of(partial).unlink(missing_ok=True)
    # What a crash between publishing and clearing left.
    for journal in folder.glob("sha*-*.journal*"):
        if not journal.with_name(journal.name.partition(".")[0]).exists():
            journal.unlink(missing_ok=True)


@asynccontextmanager
async def open_ingest(
    partial: Path, final: Path, descriptor: Descriptor, backlog: Backlog
) -> AsyncIterator[DiskIngest | None]:
    """Open a blob's partial file, alone; None when another writer finished it meanwhile.

    The partial file is its own lock: whoever publishes renames it away, so a writer that waited
    sees that the file it has locked is no longer the one at that path. What is not published
    stays for the next run.
    """
    with storage_errors(partial.parent.parent):
        fd = await _open_alone(partial)
    try:
        ingest = DiskIngest(fd, partial, final, descriptor, backlog)
        if await ingest.is_done():
            yield None
            return
        await ingest.resume()
        try:
            yield ingest
        finally:
            with suppress(SurroundingsError):
                await ingest.close()
    finally:
        os.close(fd)


async def _open_alone(partial: Path) -> int:
    while True:
        fd = os.open(partial, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            await lock_fd(fd)
            if is_same_file(fd, partial):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
