"""What is under way in a sync: blobs, connections and rates as rows, from values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.cli.output import printable
from mirrorkit.events import (
    BlobBegun,
    BlobEnded,
    BytesArrived,
    BytesDropped,
    ConnectionsChanged,
    SourcePaused,
)
from mirrorkit.progress import Rate, Tally, about, counted, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.events import Event

_BLOBS_MOST: Final = 6
_HOSTS_MOST: Final = 4
_WHOLE: Final = 100


class Row(NamedTuple):
    """One row: a name that may be shortened, words that may not, and a share if known."""

    name: str
    words: str = ""
    share: float | None = None

    @property
    def percent(self) -> str:
        """The share in whole percents; 100 only when all is done."""
        return "" if self.share is None else f"{int(self.share * _WHOLE)} %"


@dataclass
class Blob:
    """A blob under way; sizes in bytes."""

    what: str
    size: int
    done: int = 0


@dataclass
class Host:
    """A host's connections now, and the bytes it brought so far."""

    count: int | None = None
    """None where it never had any: what an engine takes in comes from no host."""
    arrived: int = 0
    rate: Rate = field(default_factory=Rate)
    pause: float = 0.0
    """Seconds it asked to be left alone, not looked at yet."""
    paused_until: float = 0.0


@dataclass
class Underway:
    """A fold over a sync's events.

    A blob keeps its row until it ends, and rows once there stay: nothing jumps.
    """

    tally: Tally
    rate: Rate = field(default_factory=Rate)
    blobs: dict[str, Blob] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    _now: float = 0.0
    _places: list[str | None] = field(default_factory=list)
    """Whose row it is, by digest."""

    def add(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case BlobBegun(what=what, digest=digest, size=size):
                self.blobs[digest] = Blob(what, size)
            case BlobEnded(digest=digest):
                self.blobs.pop(digest, None)
            case BytesArrived(source=source, digest=digest, count=count):
                self._move(digest, count)
                if not event.is_resumed:
                    self._host(source).arrived += count
            case BytesDropped(digest=digest, count=count):
                self._move(digest, -count)
            case ConnectionsChanged(host=host, count=count):
                self._host(host).count = count
            case SourcePaused(host=host, retry_in=pause):
                self._host(host).pause = pause
            case _:
                pass

    def look(self, now: float) -> None:
        """Take the rates, and give free rows to the blobs that have none."""
        self._now = now
        self.rate.add(self.tally.fetched_in_all + self.tally.verified, now)
        for host in self.hosts.values():
            host.rate.add(host.arrived, now)
            if host.pause:
                host.pause, host.paused_until = 0.0, now + host.pause
        self._places = [one if one in self.blobs else None for one in self._places]
        for digest in self.blobs:
            if digest not in self._places:
                self._seat(digest)

    def total(self) -> Row:
        """Return the row of everything: bytes, rate, time left."""
        done, needed = self.tally.done, self.tally.needed
        words, speed = f"{readable(done)} of {readable(needed)}", self.rate.per_second
        if needed > done:
            words += f", {readable(speed)}/s"
        if needed > done and speed > 0:
            words += f", {about((needed - done) / speed)}"
        return Row("", words, _share(done, needed))

    def rows(self) -> list[Row]:
        """Return a row for each blob shown and each host, never fewer than before."""
        return [*(_blob_row(self.blobs, digest) for digest in self._places), *self.host_rows()]

    def host_rows(self) -> list[Row]:
        """Return a row for each host that had connections, the busiest few."""
        hosts = [(name, host) for name, host in self.hosts.items() if host.count is not None]
        busiest = sorted(hosts, key=lambda pair: -pair[1].arrived)[:_HOSTS_MOST]
        return [self._host_row(*pair) for pair in sorted(busiest, key=itemgetter(0))]

    def _host_row(self, name: str, host: Host) -> Row:
        words = f"{counted(host.count or 0, 'connection')}, {readable(host.rate.per_second)}/s"
        if not host.count and host.paused_until > self._now:
            words = f"pauses, {about(host.paused_until - self._now)}"
        return Row(printable(name), words)

    def _move(self, digest: str, count: int) -> None:
        if (blob := self.blobs.get(digest)) is not None:
            blob.done = max(blob.done + count, 0)

    def _host(self, source: str) -> Host:
        """Return the host of a source: a registry's name is it, a file's begins with it."""
        return self.hosts.setdefault(source.partition("/")[0], Host())

    def _seat(self, digest: str) -> None:
        if None in self._places:
            self._places[self._places.index(None)] = digest
        elif len(self._places) < _BLOBS_MOST:
            self._places.append(digest)


def _blob_row(blobs: Mapping[str, Blob], digest: str | None) -> Row:
    blob = blobs.get(digest or "")
    if blob is None:
        return Row("")
    words = f"{readable(blob.done)} of {readable(blob.size)}"
    return Row(short(blob.what), words, _share(blob.done, blob.size))


def _share(done: int, whole: int) -> float:
    return min(done / whole, 1.0) if whole else 1.0


def short(name: str) -> str:
    """Return what tells an image or file from others: the last part of its path."""
    return printable(name.rpartition("/")[2])


def saved(tally: Tally) -> str:
    """Say what a sync had not to fetch; empty where it saved nothing."""
    kinds = (
        (tally.resumed_in_all, "resumed"),
        (tally.shared, "shared"),
        (tally.held_at_first, "already here"),
    )
    said = [f"{readable(count)} {word}" for count, word in kinds if count]
    return f"saved: {', '.join(said)}" if said else ""
