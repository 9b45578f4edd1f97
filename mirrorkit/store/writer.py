"""Bytes that follow each other in a blob, gathered and written beside receiving."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.spans import Span
from mirrorkit.store.durable import settled

if TYPE_CHECKING:
    from mirrorkit.store.ingest import DiskIngest

# Threads change hands rarely; what a crash loses of a connection is little more than this.
WRITE_SIZE: Final = 1 << 20
# While a write is under way, so that neither the network nor the disk waits for the other at once.
_GATHERED_MOST: Final = 4 << 20
_BACKLOG_MOST: Final = 32 << 20
_QUICK_SECONDS: Final = 1.0


@dataclass
class Backlog:
    """Bytes in memory that all writers of a store have yet to write."""

    count: int = 0

    @property
    def is_full(self) -> bool:
        """Say whether everybody shall gather no more than the next write."""
        return self.count >= _BACKLOG_MOST


class DiskWriter:
    """Writes bytes that follow each other; what is written is the ingest's at once."""

    def __init__(self, ingest: DiskIngest, start: int, source: str, backlog: Backlog) -> None:
        self._ingest = ingest
        self._backlog = backlog
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
        self._backlog.count += len(data)
        is_next = self._job is None or self._job.done() or self._backlog.is_full
        if self._waiting >= (WRITE_SIZE if is_next else _GATHERED_MOST):
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
        try:
            self._end += await self._ingest.put(self._end, pieces, self._source)
        finally:
            self._backlog.count -= sum(map(len, pieces))
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
                    self._backlog.count -= self._waiting
                    self._gathered, self._waiting = [], 0  # it would stand behind a hole
