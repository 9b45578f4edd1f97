"""One blob being fetched: what is missing, who is at work on it, who has refused it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import Trail
from mirrorkit.flows.attempts import telling
from mirrorkit.flows.hosts import LOOKS
from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirrorkit.content import Body, Ingest, Source
    from mirrorkit.errors import MirrorkitError, UnreachableError
    from mirrorkit.oci.manifest import Descriptor

_STRIKES_MOST: Final = 4
"""Tries of one source without progress."""
_PAUSE_FIRST: Final = 0.2
_PAUSE_MOST: Final = 10.0
_SMALL: Final = 1.5
_SLOW_SECONDS: Final = 1.0
_SILENT_SECONDS: Final = 4.0
_SPLIT_LEAST: Final = 256 * 1024


@dataclass(eq=False)
class Piece:
    """Bytes one connection is at work on; `stop` moves when another takes its second half."""

    at: int
    stop: int
    source: Source
    began: float
    task: asyncio.Task[None] | None = None
    got: int = 0
    is_whole: bool = False
    """The source sends the blob from its beginning, whatever it was asked for."""
    is_stalled: bool = False
    samples: list[int] = field(default_factory=list)
    """`got`, at the last looks."""
    rate: float | None = None
    """Bytes a second, lately, once that is known."""

    @property
    def left(self) -> int:
        """Bytes still to come."""
        return max(self.stop - self.at, 0)

    def seconds_left(self, now: float) -> float:
        """Return how long it will take at its pace of late, or so far."""
        if self.rate is not None:
            return self.left / max(self.rate, 1.0)
        return self.left * (now - self.began) / max(self.got, 1)

    def cancel(self) -> None:
        """End its connection."""
        if self.task is not None:
            self.task.cancel()

    def look(self, seconds: float) -> float | None:
        """Note what it brought, every `seconds`; return its rate of late, once that is known."""
        self.samples.append(self.got)
        if len(self.samples) > LOOKS:
            self.rate = (self.got - self.samples.pop(0)) / (LOOKS * seconds)
        return self.rate

    def end_stalled(self) -> None:
        """End its connection, for another one may do better."""
        self.is_stalled = True
        self.cancel()

    @property
    def is_silent(self) -> bool:
        """Say whether it brought something, and at the last looks nothing any more."""
        return len(self.samples) >= LOOKS and self.got == self.samples[0] > 0

    def is_slow(self, now: float) -> bool:
        """Say whether somebody with nothing else to do should take some of it over."""
        if self.is_silent:
            return self.left > 0
        patience = _SLOW_SECONDS if self.got else _SILENT_SECONDS
        is_worth_it = self.left >= _SPLIT_LEAST and self.seconds_left(now) > _SLOW_SECONDS
        return is_worth_it and now - self.began > patience


@dataclass(eq=False)
class Download:
    """The state of one blob's fetch."""

    blob: Descriptor
    sources: Sequence[Source]
    what: str
    rank: int
    ingest: Ingest
    began: float
    is_single: bool = False
    """Only one source at a time may bring its bytes."""
    todo: list[Span] = field(init=False)
    """What nobody is at work on, in order."""
    pieces: list[Piece] = field(default_factory=list)
    refusals: dict[Source, MirrorkitError] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    """Attempts in vain, by the source's name."""
    _strikes: dict[Source, int] = field(default_factory=dict)
    _struck: dict[Source, float] = field(default_factory=dict)
    _paused: dict[Source, float] = field(default_factory=dict)
    _filled: asyncio.Future[None] = field(init=False)

    def __post_init__(self) -> None:
        self.look_again()

    def look_again(self) -> None:
        """Find out what is missing; begin to wait for it."""
        self.todo = self.ingest.parts.gaps(Span(0, self.blob.size))
        self._filled = asyncio.get_running_loop().create_future()
        self.settle()

    async def filled(self) -> None:
        """Return when no byte is missing; raise what says most when no source is left."""
        await self._filled

    def willing(self) -> list[Source]:
        """Return the sources that have not refused, the first to ask first."""
        return [source for source in self.sources if source not in self.refusals]

    def is_paused(self, source: Source, now: float) -> bool:
        """Say whether a source is left alone for a while."""
        return self._paused.get(source, 0.0) > now

    def reads_whole(self, source: Source) -> bool:
        """Say whether one connection to a source without ranges is at work."""
        return any(piece.is_whole and piece.source is source for piece in self.pieces)

    def take(self, size: int, source: Source, now: float) -> Piece | None:
        """Put a source to work on the first missing bytes, about `size` of them."""
        if not self.todo:
            return None
        start, stop = self.todo.pop(0)
        cut = stop if stop - start <= size * _SMALL else start + size
        if cut < stop:
            self.todo.insert(0, Span(cut, stop))
        return self._begin(Span(start, cut), source, now)

    def split(self, piece: Piece, source: Source, now: float) -> Piece:
        """Put a source to work on the second half of what another is slow with.

        Of one that fell silent it takes all, for halves of halves would leave a rest to wait for.
        """
        stop = piece.stop
        piece.stop = piece.at if piece.is_silent else piece.at + piece.left // 2
        if not piece.left:
            piece.cancel()
        return self._begin(Span(piece.stop, stop), source, now)

    def _begin(self, span: Span, source: Source, now: float) -> Piece:
        piece = Piece(*span, source, now)
        self.pieces.append(piece)
        return piece

    def suits(self, piece: Piece, body: Body, asked: Span) -> bool:
        """Say whether an answer is of use; a source that sends all needs one connection only.

        It is held against what was asked: of the piece another may have taken the end since.
        """
        if body.start == asked.start and body.stop <= asked.stop:
            return True
        if self.reads_whole(piece.source):
            return False
        self._extend(piece)
        return True

    def _extend(self, piece: Piece) -> None:
        """Let a source that knows no ranges bring all around it that it has not begun to send."""
        piece.is_whole = True
        for one in self.pieces:
            if one is not piece and one.source is piece.source and one.left and not one.got:
                self.todo.append(Span(one.at, one.stop))
                one.stop = one.at
                one.cancel()
        while (near := next(self._beside(piece), None)) is not None:
            self.todo.remove(near)
            piece.at, piece.stop = min(piece.at, near.start), max(piece.stop, near.stop)
        self.todo.sort()

    def _beside(self, piece: Piece) -> Iterator[Span]:
        return (one for one in self.todo if one.start == piece.stop or one.stop == piece.at)

    def end(self, piece: Piece) -> None:
        """Take a piece back; what it did not bring is missing again."""
        self.pieces.remove(piece)
        if piece.left:
            self.todo = sorted([*self.todo, Span(piece.at, piece.stop)])
        if piece.got:
            self._strikes.pop(piece.source, None)

    def refuse(self, source: Source, error: MirrorkitError) -> None:
        """Ask a source for nothing more of this blob."""
        self._count(source)
        self.refusals[source] = error

    def _count(self, source: Source) -> None:
        self.attempts[source.name] = self.attempts.get(source.name, 0) + 1

    def strike(self, piece: Piece, error: UnreachableError, now: float) -> float:
        """Leave a source alone for the seconds returned; after four tries in vain, for good."""
        source, count = piece.source, self._strikes.get(piece.source, 0)
        self._count(source)
        if not piece.got and piece.began >= self._struck.get(source, 0.0):
            count += 1
            self._strikes[source], self._struck[source] = count, now
        if count >= _STRIKES_MOST:
            self.refusals[source] = error
        pause = error.retry_after or _pause(count)
        self._paused[source] = now + pause
        return pause

    def settle(self) -> None:
        """End the waiting when nothing is missing, or nobody is left to bring it."""
        if self._filled.done() or self.pieces:
            return
        if not self.todo:
            self._filled.set_result(None)
        elif not self.willing():
            error = telling(list(self.refusals.values()), self.what)
            error.trail = Trail("blob", str(self.blob.digest), dict(self.attempts))
            self._filled.set_exception(error)

    def fail(self, error: BaseException) -> None:
        """End the waiting with an error."""
        if not self._filled.done():
            self._filled.set_exception(error)


def _pause(count: int) -> float:
    """Wait longer each time, by chance a little more or less, so that forty do not ask at once."""
    longest: float = min(_PAUSE_FIRST * 2.0**count, _PAUSE_MOST)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - chance, not secrecy
