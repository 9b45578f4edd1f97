"""Whose turn it is when more blobs are wanted than are sent at a time."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import suppress


def most(total: int) -> int:
    """Return how many blobs are sent at a time at most, those of small takers included."""
    return total + total // 2


class Places:
    """Lets blobs start while any of `total` places is free; then each address has a share.

    The rule: a blob starts when fewer than `total` are sent, whoever asked. When as many are sent,
    one whose address has fewer than `share` starts all the same, up to half of `total` beyond it
    (`most`); the others wait in line until fewer are sent. So nobody is refused, a room behind one
    address is bound by its share only while others are served too, and an address that takes all
    it can get, at a byte a second, still has others begin at once: three addresses that do so
    together are needed to fill `most`.
    """

    def __init__(self, total: int, share: int) -> None:
        self._total = total
        self._most = most(total)
        self._share = share
        self._taken: Counter[str] = Counter()
        self._line: deque[tuple[str, asyncio.Future[None]]] = deque()
        self.active = 0

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return sum(not turn.done() for _, turn in self._line)

    async def take(self, address: str) -> None:
        """Wait for a place; `leave` gives it back."""
        if self._may_start(address):
            self._start(address)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((address, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given a place in the very same moment
                self.leave(address)
            raise
        finally:
            with suppress(ValueError):
                self._line.remove((address, turn))

    def leave(self, address: str) -> None:
        """Give a place back, and let in whoever may start now."""
        self.active -= 1
        self._taken[address] -= 1
        if not self._taken[address]:
            del self._taken[address]
        for waiting, turn in self._line:
            if not turn.done() and self._may_start(waiting):
                self._start(waiting)
                turn.set_result(None)

    def _may_start(self, address: str) -> bool:
        if self.active < self._total:
            return True
        return self.active < self._most and self._taken[address] < self._share

    def _start(self, address: str) -> None:
        self.active += 1
        self._taken[address] += 1
