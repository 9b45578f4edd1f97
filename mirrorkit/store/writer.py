"""Bytes that follow each other in a blob, gathered and written beside receiving."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from mirrorkit.spans import Span
from mirrorkit.store.durable import settled

if TYPE_CHECKING:
    from mirrorkit.store.ingest import DiskIngest

# Threads change hands rarely; what a crash loses of a connection is little more than this.
WRITE_SIZE: Final = 1 << 20
# While a write is under way, so that neither the network nor the disk waits for the other at once.
_GATHERED_MOST: Final = 4 << 20
_QUICK_SECONDS: Final = 1.0


class DiskWriter:
    """Writes bytes that follow each other; what is written is the ingest's at once."""

    def __init__(self, ingest: DiskIngest, start: int, source: str) -> None:
        self._ingest = ingest
        self._source = source
        self._gathered: list[bytes] = []
        self._waiting = 0
        self._job: asyncio.Task[None] | None = None
        self._end = self._noted = start
        self._noted_at = time.monotonic()

    async def write(self, data: bytes) -> None:
        """Append bytes; IntegrityError when they go beyond the blob's size."""
        self._gathered.append(data)
        self._waiting += len(data)
        is_free = self._job is None or self._job.done()
        if self._waiting >= (WRITE_SIZE if is_free else _GATHERED_MOST):
            await self._finish_job()
            self._start_job()

    async def close(self) -> None:
        """Write what is gathered."""
        await self._finish_job()
        self._start_job()
        await self._finish_job()

    def _start_job(self) -> None:
        pieces, self._gathered, self._waiting = self._gathered, [], 0
        if pieces:
            self._job = asyncio.create_task(self._append(pieces))

    async def _append(self, pieces: list[bytes]) -> None:
        self._end += await self._ingest.put(self._end, pieces, self._source)
        now = time.monotonic()
        if now - self._noted_at >= _QUICK_SECONDS:
            # What came faster costs no more to fetch again than to hash for the journal.
            await self._ingest.note(Span(self._noted, self._end), self._source)
            self._noted, self._noted_at = self._end, now

    async def _finish_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            try:
                await settled(job)
            finally:
                if job.cancelled() or job.exception() is not None:
                    self._gathered, self._waiting = [], 0  # it would stand behind a hole
