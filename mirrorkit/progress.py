"""Progress as a fold over events: what every display shows."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.events import (
    BytesArrived,
    BytesDropped,
    BytesVerified,
    LoadPlanned,
    Planned,
    SeedPlanned,
    VerifyPlanned,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000
_SHORT: Final = 90
_MINUTE: Final = 60
_HOUR: Final = 3600


@dataclass
class Tally:
    """Bytes of one sync, load or verify, so far."""

    needed: int = 0
    held_before: int = 0
    fetched: int = 0
    """Bytes received in this run, useless ones included."""
    resumed: int = 0
    """Bytes taken over from an interrupted run."""
    dropped: int = 0
    verified: int = 0
    """Bytes of the store read again."""
    fetched_in_all: int = 0
    """Bytes received over all plans so far: a sync that tries again makes several."""
    resumed_in_all: int = 0
    held_at_first: int = 0
    """Bytes of what was incomplete that were held before the first plan."""
    shared: int = 0
    """Bytes that sharing blobs saved, by the first plan."""
    _is_planned: bool = False

    def add(self, event: object) -> None:
        """Take in one event."""
        match event:
            case Planned(bytes_needed=needed, bytes_held=held):
                self._begin(needed, held)
                self._plan_first(event)
            case LoadPlanned() | SeedPlanned() | VerifyPlanned():
                self._begin(event.bytes_needed, 0)
            case BytesArrived(count=count, is_resumed=True):
                self.resumed += count
                self.resumed_in_all += count
            case BytesArrived(count=count):
                self.fetched += count
                self.fetched_in_all += count
            case BytesVerified(count=count):
                self.verified += count
            case BytesDropped(count=count):
                self.dropped += count
            case _:
                pass

    def _begin(self, needed: int, held: int) -> None:
        self.needed, self.held_before = needed, held
        self.fetched = self.resumed = self.dropped = self.verified = 0

    def _plan_first(self, plan: Planned) -> None:
        if not self._is_planned:
            self.held_at_first, self.shared = plan.bytes_held, plan.bytes_shared
        self._is_planned = True

    @property
    def done(self) -> int:
        """Bytes that need no more fetching, or reading."""
        got = self.fetched + self.resumed - self.dropped
        return max(self.held_before + got, 0) + self.verified


def counted(count: int, noun: str) -> str:
    """Write how many of something, for people."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Sequence[str], most: int) -> str:
    """Name a few in full; of more than `most` the first so many, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def readable(count: float) -> str:
    """Write bytes for people, in the decimal units of links and disks."""
    value, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    digits = 0 if unit == "B" or value >= 100 else 1  # noqa: PLR2004
    return f"{value:.{digits}f} {unit}"


class Rate:
    """Bytes per second over the last seconds, from a total that grows."""

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, total: int, now: float) -> None:
        """Note the total at a time, in seconds of any clock; a smaller total starts anew."""
        if self._seen and total < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, total))
        while self._seen[0][0] < now - self._seconds:
            self._seen.popleft()

    @property
    def per_second(self) -> float:
        """Bytes per second; 0 while nothing moves or nothing is known."""
        if not self._seen:
            return 0.0
        (began, first), (now, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now - began) if now > began else 0.0


def about(seconds: float) -> str:
    """Write a time that is an estimate, for people."""
    if seconds < _SHORT:
        return f"about {max(math.ceil(seconds), 1)} s"
    if seconds < 2 * _HOUR:
        return f"about {round(seconds / _MINUTE)} min"
    return f"about {seconds / _HOUR:.1f} h"


def lasting(seconds: int) -> str:
    """Write a span of time for people, in the largest unit it is a whole number of."""
    for length, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= length and seconds % length == 0:
            return counted(seconds // length, unit)
    return counted(seconds, "second")


def allowance(source: str, limit: int, window: int, *, is_account: bool) -> str:
    """Say how many pulls a source allows in a window of seconds."""
    whose = "to this account" if is_account else "from this address"
    return f"{source} allows {counted(limit, 'pull')} in {lasting(window)} {whose}"
