"""Progress as a fold over events: what every display shows."""

from __future__ import annotations

from dataclasses import dataclass

from mirrorkit.events import BytesArrived, BytesDropped, LoadPlanned, Planned

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


@dataclass
class Tally:
    """Bytes of one sync, so far."""

    needed: int = 0
    held_before: int = 0
    fetched: int = 0
    """Bytes received in this run, useless ones included."""
    resumed: int = 0
    """Bytes taken over from an interrupted run."""
    dropped: int = 0
    fetched_in_all: int = 0
    """Bytes received over all plans so far: a sync that tries again makes several."""
    resumed_in_all: int = 0

    def add(self, event: object) -> None:
        """Take in one event."""
        match event:
            case Planned(bytes_needed=needed, bytes_held=held):
                self.needed, self.held_before = needed, held
                self.fetched = self.resumed = self.dropped = 0
            case LoadPlanned(bytes_needed=needed):
                self.needed = needed
            case BytesArrived(count=count, is_resumed=True):
                self.resumed += count
                self.resumed_in_all += count
            case BytesArrived(count=count):
                self.fetched += count
                self.fetched_in_all += count
            case BytesDropped(count=count):
                self.dropped += count
            case _:
                pass

    @property
    def done(self) -> int:
        """Bytes that need no more fetching."""
        return max(self.held_before + self.fetched + self.resumed - self.dropped, 0)


def counted(count: int, noun: str) -> str:
    """Write how many of something, for people."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def readable(count: float) -> str:
    """Write bytes for people, in the decimal units of links and disks."""
    value, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    digits = 0 if unit == "B" or value >= 100 else 1  # noqa: PLR2004
    return f"{value:.{digits}f} {unit}"
