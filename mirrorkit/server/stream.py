"""One span of a file on its way into one socket."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from asyncio import Future, Transport

    from mirrorkit.spans import Span

STEP_BYTES: Final = 2 << 20
_LOOK_BYTES: Final = 1 << 19  # the kernel reads on by less than that
_AHEAD_BYTES: Final = 8 << 20
_NOWAIT: Final = getattr(os, "RWF_NOWAIT", None)  # Linux alone can tell what is in memory


class Stream:
    """What is left of a span: `left` bytes from `offset` on; `close` gives its descriptor back."""

    def __init__(self, transport: Transport, file: BinaryIO, span: Span) -> None:
        self.transport = transport
        # A descriptor of our own: the transport closes its one when it pleases.
        self.socket = os.dup(transport.get_extra_info("socket").fileno())
        self.offset = span.start
        self.left = span.length
        self.pause: Future[None] | None = None
        self._file = file.fileno()
        self._warm_until = 0
        self._seen_at = 0.0
        self._seen_where = (-1, -1)

    def close(self) -> None:
        """Send no more."""
        os.close(self.socket)

    def step(self) -> int:
        """Send what the socket takes of one step and return how many bytes.

        BlockingIOError when it takes none, ConnectionError when nobody reads any more, EOFError
        when the file is shorter than the span, OSError when it cannot be read.
        """
        sent = os.sendfile(self.socket, self._file, self.offset, min(STEP_BYTES, self.left))
        if sent == 0:
            raise EOFError("the file ended early")
        self.offset += sent
        self.left -= sent
        return sent

    def is_cold(self) -> bool:
        """Say whether the next step would have to wait for the disk, where one can tell."""
        if self.offset < self._warm_until:
            return False
        end = self.offset + min(STEP_BYTES, self.left)
        places = (*range(self.offset, end, _LOOK_BYTES), end - 1)
        return not all(_is_in_memory(self._file, place) for place in places)

    def warm(self) -> None:
        """Read the next step into the page cache, and let the kernel read on; for a thread."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._file, self.offset, _AHEAD_BYTES, os.POSIX_FADV_WILLNEED)
        os.pread(self._file, min(STEP_BYTES, self.left), self.offset)
        # Where the kernel says cold whatever was read, it is not asked twice.
        self._warm_until = self.offset + 1

    def stood_still(self, now: float) -> float:
        """Return for how many seconds the reader took nothing, as far as was looked."""
        where = (self.offset, _unacknowledged(self.socket))
        if where != self._seen_where:
            self._seen_at, self._seen_where = now, where
        return now - self._seen_at


def _is_in_memory(file: int, offset: int) -> bool:
    if _NOWAIT is None:
        return True
    try:
        os.preadv(file, [bytearray(1)], offset, _NOWAIT)
    except BlockingIOError:
        return False
    except OSError:  # a file system that cannot tell, or an error that sendfile meets again
        return True
    return True


def _unacknowledged(socket: int) -> int:
    """Return the bytes the kernel holds for the reader; zero where it does not say (macOS)."""
    try:
        return int(struct.unpack("i", fcntl.ioctl(socket, termios.TIOCOUTQ, b"\0" * 4))[0])
    except OSError:
        return 0
