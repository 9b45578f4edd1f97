"""A bad line: a TCP proxy in a process of its own that is slow, resets, or falls silent."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import termios
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.process import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ctypes import Array, c_longlong

PIECE = 64 * 1024
WORDS = struct.Struct("i")
BY_RESET = struct.pack("ii", 1, 0)
"""What SO_LINGER takes to end a connection at once."""
BACKLOG = 512
UNLIMITED = 1 << 62
CONNECTIONS, DRAINED, RESETS = range(3)


class Rules(NamedTuple):
    """What is wrong with a line; zero is nothing."""

    reset_after: int = 0
    """Each connection ends by RST after so many bytes to the client."""
    silent_every: int = 0
    """Of so many connections the last is accepted, and nothing ever comes back."""
    rate: float = 0.0
    """Bytes a second of each connection to the client."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line while it lasts."""

    address: str
    _counts: Array[c_longlong]

    @property
    def connections(self) -> int:
        """Connections accepted so far."""
        return self._counts[CONNECTIONS]

    @property
    def drained(self) -> int:
        """Bytes that reached the clients' machines so far."""
        return self._counts[DRAINED]

    @property
    def resets(self) -> int:
        """Connections that the line has reset so far."""
        return self._counts[RESETS]


@contextmanager
def bad_line(
    upstream: str, *, reset_after: int = 0, silent_every: int = 0, rate: float = 0.0
) -> Iterator[Line]:
    """Lead to an upstream, host:port, while the block lasts."""
    context = get_context("spawn")
    # Only the other process writes; whoever reads a word sees it whole.
    counts = context.RawArray("q", 3)
    with socket.create_server((LOOPBACK, 0), backlog=BACKLOG) as listener:
        rules = Rules(reset_after, silent_every, rate)
        process = context.Process(target=serve, args=(listener, upstream, rules, counts))
        process.start()
        try:
            yield Line(f"{LOOPBACK}:{listener.getsockname()[1]}", counts)
        finally:
            process.kill()
            process.join()
            process.close()


def serve(listener: socket.socket, upstream: str, rules: Rules, counts: Array[c_longlong]) -> None:
    """Accept until the process is killed."""
    lock = Lock()
    while True:
        client, _ = listener.accept()
        counts[CONNECTIONS] += 1
        is_silent = bool(rules.silent_every) and counts[CONNECTIONS] % rules.silent_every == 0
        lane = Lane(client, upstream, rules, counts, lock)
        Thread(target=lane.hold if is_silent else lane.relay, daemon=True).start()


@dataclass(frozen=True, slots=True)
class Lane:
    """One connection through the line."""

    client: socket.socket
    upstream: str
    rules: Rules
    counts: Array[c_longlong]
    lock: Lock

    def hold(self) -> None:
        """Take what the client says, and say nothing, until it goes away."""
        with suppress(OSError), self.client:
            while self.client.recv(PIECE):
                pass

    def relay(self) -> None:
        """Lead both ways until either end is done, or the rules say so."""
        host, _, port = self.upstream.rpartition(":")
        with suppress(OSError), self.client, socket.create_connection((host, int(port))) as server:
            Thread(target=self._ask, args=(server,), daemon=True).start()
            with suppress(OSError):
                self._answer(server)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
            self.client.shutdown(socket.SHUT_RDWR)

    def _ask(self, server: socket.socket) -> None:
        with suppress(OSError):
            while data := self.client.recv(PIECE):
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RD)  # whoever waits there has nobody to give it to

    def _answer(self, server: socket.socket) -> None:
        """Move bytes to the client without copying them, for the processors are the client's."""
        left, began, sent = self.rules.reset_after or UNLIMITED, time.monotonic(), 0
        with ExitStack() as life:
            out, into = os.pipe()
            life.callback(os.close, out)
            life.callback(os.close, into)
            while count := os.splice(server.fileno(), into, min(PIECE, left)):
                self._pass_on(out, count)
                left, sent = left - count, sent + count
                if not left:
                    self._reset()
                    return
                if self.rules.rate:
                    began = self._keep_pace(began, sent)

    def _keep_pace(self, began: float, sent: int) -> float:
        """Wait until `sent` bytes are due; time without any is not made up for."""
        late = time.monotonic() - began - sent / self.rules.rate
        if late > 1:
            return began + late
        time.sleep(max(-late, 0))
        return began

    def _pass_on(self, out: int, count: int) -> None:
        while count:
            moved = os.splice(out, self.client.fileno(), count)
            count -= moved
            self._count(DRAINED, moved)

    def _reset(self) -> None:
        """Reset once the client's machine has said that it has everything, or a second later."""
        until = time.monotonic() + 1
        while (unseen := self._unseen()) and time.monotonic() < until:
            time.sleep(0.001)
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
        # Who still waits in `recv` would keep it open.
        self.client.shutdown(socket.SHUT_RD)
        self.client.close()
        self._count(DRAINED, -unseen)
        self._count(RESETS, 1)

    def _unseen(self) -> int:
        found: int = WORDS.unpack(fcntl.ioctl(self.client, termios.TIOCOUTQ, WORDS.pack(0)))[0]
        return found

    def _count(self, what: int, more: int) -> None:
        with self.lock:
            self.counts[what] += more
