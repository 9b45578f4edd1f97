"""Many files to many sockets by sendfile, a bounded number of bytes each turn of the loop."""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mirrorkit.server.stream import Stream

# aiohttp answers a manifest in three turns of the loop, so it waits for three times this at most,
# some milliseconds; a fraction of a MiB would wake readers for less, and cost up to a third more.
_TURN_BYTES: Final = 2 << 20
_DISK_THREADS: Final = 4
_LOOKS: Final = 5  # a reader that stopped is found within a fifth more than its time


class Sender:
    """Sends spans of files; where the disk would have to be waited for, a thread waits.

    The sockets stand in a selector of their own, whose descriptor the loop watches: that costs one
    callback a turn, where asyncio's sendfile costs a future and two registrations a step, and how
    much a turn sends is ours to say. `sent` counts bytes, `stuck` is in seconds.
    """

    def __init__(self, stuck: float) -> None:
        self.sent = 0
        self._stuck = stuck
        self._streams: set[Stream] = set()
        self._ready: deque[Stream] = deque()
        # Of its own, or cold blobs would hold up a sync's writing and /health.
        self._disk = ThreadPoolExecutor(_DISK_THREADS, "cold blobs")
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._selector, self._turn)
        self._look = self._loop.call_later(stuck / _LOOKS, self._look_for_stuck)

    async def send(self, stream: Stream) -> None:
        """Send a stream to its end.

        ConnectionError when the reader is gone or took nothing for too long, EOFError when the file
        is shorter than the span, OSError when it cannot be read.
        """
        while stream.left:
            if stream.is_cold():
                await self._warm(stream)
            await self._flow(stream)

    async def _warm(self, stream: Stream) -> None:
        """Let a thread read; when cancelled, wait for its end, for it uses the stream's file."""
        job = self._loop.run_in_executor(self._disk, stream.warm)
        try:
            await asyncio.shield(job)
        except asyncio.CancelledError:
            await asyncio.wait([job])
            raise

    async def _flow(self, stream: Stream) -> None:
        """Wait until a stream is through, or needs the disk."""
        stream.pause = self._loop.create_future()
        self._streams.add(stream)
        self._selector.register(stream.socket, selectors.EVENT_WRITE, stream)
        try:
            await stream.pause
        finally:
            self._selector.unregister(stream.socket)
            self._streams.discard(stream)

    def close(self) -> None:
        """Send no more; streams under way end as if their readers had gone."""
        self._look.cancel()
        for stream in self._streams:
            _resume(stream, ConnectionResetError("the server ends"))
        self._loop.remove_reader(self._selector)
        self._disk.shutdown(wait=False)

    def _turn(self) -> None:
        """Serve the sockets that are ready one after another until this turn's bytes are spent."""
        if not self._ready:
            self._ready.extend(key.data for key, _ in self._selector.select(0))
        limit = self.sent + _TURN_BYTES
        while self._ready and self.sent < limit:
            stream = self._ready.popleft()
            if stream.pause is not None and not stream.pause.done():
                self._serve(stream)

    def _serve(self, stream: Stream) -> None:
        if stream.transport.is_closing():
            _resume(stream, ConnectionResetError("the client went away"))
        elif stream.transport.get_write_buffer_size():
            return  # the loop still has bytes that go before ours
        elif stream.is_cold():
            _resume(stream)
        else:
            self._step(stream)

    def _step(self, stream: Stream) -> None:
        try:
            self.sent += stream.step()
        except BlockingIOError:
            return
        except (OSError, EOFError) as error:
            _resume(stream, error)
        else:
            if not stream.left:
                _resume(stream)

    def _look_for_stuck(self) -> None:
        now = self._loop.time()
        for stream in self._streams:
            if stream.stood_still(now) >= self._stuck:
                _resume(stream, ConnectionResetError("the reader takes nothing"))
        self._look = self._loop.call_later(self._stuck / _LOOKS, self._look_for_stuck)


def _resume(stream: Stream, error: Exception | None = None) -> None:
    if stream.pause is None or stream.pause.done():
        return
    if error is None:
        stream.pause.set_result(None)
    else:
        stream.pause.set_exception(error)
