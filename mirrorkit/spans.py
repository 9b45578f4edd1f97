"""Stretches of bytes: which of a blob's are here, whose they are, which are missing."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Span(NamedTuple):
    """Bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start


class Part(NamedTuple):
    """Bytes that came from one source."""

    start: int
    stop: int
    source: str


class Parts:
    """The parts of one blob, in order, none overlapping; what is added last wins."""

    def __init__(self) -> None:
        self._parts: list[Part] = []

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts)

    @property
    def count(self) -> int:
        """Bytes in all."""
        return sum(part.stop - part.start for part in self._parts)

    @property
    def sources(self) -> frozenset[str]:
        """Everybody some bytes came from."""
        return frozenset(part.source for part in self._parts)

    def add(self, span: Span, source: str) -> None:
        """Take in bytes of a source, in the place of what was there."""
        if span.start >= span.stop:
            return
        self.remove(span)
        at = bisect_left(self._parts, (span.start,))
        start, stop = span
        if at < len(self._parts) and self._parts[at][::2] == (stop, source):
            stop = self._parts.pop(at).stop
        if at and self._parts[at - 1][1:] == (start, source):
            at -= 1
            start = self._parts.pop(at).start
        self._parts.insert(at, Part(start, stop, source))

    def remove(self, span: Span) -> None:
        """Forget bytes."""
        if span.start >= span.stop:
            return
        kept: list[Part] = []
        for part in self._parts:
            before = Part(part.start, min(part.stop, span.start), part.source)
            after = Part(max(part.start, span.stop), part.stop, part.source)
            kept += [one for one in (before, after) if one.start < one.stop]
        self._parts = kept

    def within(self, span: Span) -> list[Part]:
        """Return the parts of a span, cut to it."""
        cut = [Part(max(p.start, span.start), min(p.stop, span.stop), p.source) for p in self]
        return [part for part in cut if part.start < part.stop]

    def reach(self, start: int) -> int:
        """Return how far bytes go on from `start` without a gap."""
        for part in self._parts:
            if part.start > start:
                break
            start = max(start, part.stop)
        return start

    def gaps(self, span: Span) -> list[Span]:
        """Return what is missing of a span, in order."""
        found: list[Span] = []
        at = span.start
        for part in self._parts:
            if part.start >= span.stop:
                break
            if at < part.start:
                found.append(Span(at, part.start))
            at = max(at, part.stop)
        if at < span.stop:
            found.append(Span(at, span.stop))
        return found
