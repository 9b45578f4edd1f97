"""How many connections a host is good for: more while that helps, fewer when it complains."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mirrorkit.errors import UnreachableError

CONNECTIONS_FIRST: Final = 4
_CONNECTIONS_MORE: Final = 2
_GROWTH: Final = 1.05
"""What more connections must have brought before there are more of them."""
_PIECE_FIRST: Final = 4 << 20
_PIECE_LEAST: Final = 1 << 20
_PIECE_MOST: Final = 64 << 20
_PIECE_SECONDS: Final = 10.0
PAUSE_MOST: Final = 300.0
"""Seconds that are waited for a host; one that asks for more is done without."""
_STALL_SHARE: Final = 8
LOOKS: Final = 8
"""So many looks back, half a second each, is lately."""
_CALM_SECONDS: Final = 3.0
"""After a complaint there are no more connections for so long."""
_TELLING: Final = 256 * 1024


@dataclass
class Pause:
    """How long a host wants to be left alone, and what it said; times in seconds of one clock."""

    until: float = 0.0
    _error: UnreachableError | None = None

    def begin(self, error: UnreachableError, now: float) -> None:
        """Leave it alone for as long as it asked."""
        self.until = max(self.until, now + (error.retry_after or 0.0))
        self._error = error

    def away(self, now: float) -> UnreachableError | None:
        """Return why it is done without, while it wants a pause longer than anybody waits."""
        return self._error if self.until - now > PAUSE_MOST else None


@dataclass
class Host:
    """One host's connections, and what they have brought; times in seconds of one clock."""

    most: int
    limit: int = CONNECTIONS_FIRST
    active: int = 0
    blobs: Pause = field(default_factory=Pause)
    manifests: Pause = field(default_factory=Pause)
    """Apart: Docker Hub counts manifests, and gives blobs to whoever has used them up."""
    connection_rate: float = 0.0
    """Bytes a second that one connection brought, from its beginning to its end."""
    _arrived: int = 0
    _was_full: bool = False
    _best_rate: float = 0.0
    _lately: deque[float] = field(default_factory=lambda: deque(maxlen=LOOKS))
    """Bytes a second of one connection, at each of the last looks."""
    _complained_at: float = -math.inf

    def __post_init__(self) -> None:
        self.limit = min(self.limit, self.most)

    def is_free(self, now: float) -> bool:
        """Say whether one more connection may be opened."""
        self._was_full = self._was_full or self.active >= self.limit
        return self.active < self.limit and self.blobs.until <= now

    def arrived(self, count: int) -> None:
        """Count bytes."""
        self._arrived += count

    def finished(self, count: int, seconds: float) -> None:
        """Learn from a connection that brought `count` bytes in `seconds`, if they are enough."""
        if count < _TELLING:
            return  # the time was the round trip's
        rate = count / max(seconds, 1e-3)
        self.connection_rate = (self.connection_rate + rate) / 2 if self.connection_rate else rate

    def piece_size(self) -> int:
        """Return how many bytes to ask for at once: some ten seconds' worth."""
        if not self.connection_rate:
            return _PIECE_FIRST
        return int(min(max(self.connection_rate * _PIECE_SECONDS, _PIECE_LEAST), _PIECE_MOST))

    def is_stall(self, rate: float | None) -> bool:
        """Say whether a connection is so slow, while others are not, that a new one is better.

        Held against what all of them bring now: on a line that became slow none of them stalls.
        """
        if rate is None or not self._lately:
            return False
        return rate * _STALL_SHARE < sorted(self._lately)[len(self._lately) // 2]

    def look(self, seconds: float, now: float) -> None:
        """Open more connections as long as that brought more; once every `seconds`."""
        rate, self._arrived = self._arrived / seconds, 0
        if self.active:
            self._lately.append(rate / self.active)
        is_calm = now - self._complained_at >= _CALM_SECONDS
        if self._was_full and is_calm and rate > self._best_rate * _GROWTH:
            self.limit = min(self.limit + _CONNECTIONS_MORE, self.most)
            self._best_rate = rate
        self._was_full = False

    def complained(self, began: float, now: float) -> None:
        """Halve the connections: it said that we are too many, or broke one at once.

        One that began before the last complaint says nothing new: a line that broke all of them
        is one complaint.
        """
        if began < self._complained_at:
            return
        self.limit = max(self.limit // 2, 1)
        self._best_rate, self._complained_at = 0.0, now
