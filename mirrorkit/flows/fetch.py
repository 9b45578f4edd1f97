"""Fetch: blobs from many sources over many connections, each verified, each resumable.

Every blob is cut into pieces as connections become free; the blob with the fewest connections is
served next, those of a lower rank first. When no work is left a free connection takes the second
half of the slowest piece.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from mirrorkit.errors import IntegrityError, UnreachableError, UpstreamError
from mirrorkit.events import (
    BlobBegun,
    BlobEnded,
    BytesArrived,
    BytesDropped,
    ConnectionsChanged,
    SourceFailed,
    SourcePaused,
)
from mirrorkit.flows.blame import blame
from mirrorkit.flows.download import Download, Piece
from mirrorkit.flows.hosts import Host
from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from mirrorkit.content import Sink, Source
    from mirrorkit.events import Listener
    from mirrorkit.oci.manifest import Descriptor

_LOOK_SECONDS: Final = 0.5
_JOIN_SECONDS: Final = 1.0
"""A blob that takes longer is worth a second source's connections."""
_PROGRESS: Final = 1 << 20


class Fetcher:
    """What one run's blobs share: connections, and what is known of hosts and sources.

    While `is_held` says that the operator's limit is what slows them, more connections would bring
    nothing, and one that waits its turn does not stall. What `hosts` says of them outlives it.
    """

    def __init__(
        self,
        sink: Sink,
        report: Listener,
        *,
        jobs: int,
        is_held: Callable[[], bool] = lambda: False,
        hosts: dict[str, Host] | None = None,
    ) -> None:
        self._sink = sink
        self._report = report
        self._jobs = jobs
        self._is_held = is_held
        self._hosts = {} if hosts is None else hosts
        self._downloads: list[Download] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._liars: set[str] = set()
        self._clock = asyncio.get_running_loop().time
        self._looking = asyncio.create_task(self._look())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in (self._looking, *self._lanes):
            task.cancel()
        await asyncio.gather(self._looking, *self._lanes, return_exceptions=True)

    async def fetch(
        self,
        blob: Descriptor,
        sources: Sequence[Source],
        *,
        what: str,
        rank: int = 0,
    ) -> None:
        """Bring one blob into the sink; blobs of a lower rank are served first.

        What an interrupted run left is kept and only the rest is fetched. Raises what says most
        when no source has it, IntegrityError when all that came are other bytes.
        """
        async with self._sink.ingest(blob) as ingest:
            if ingest is None:
                return
            self._report(BlobBegun(what, str(blob.digest), blob.size))
            if resumed := ingest.parts.count:
                self._report(BytesArrived("", str(blob.digest), resumed, is_resumed=True))
            honest = [source for source in sources if source.name not in self._liars]
            download = Download(blob, honest or sources, what, rank, ingest, self._clock())
            await self._complete(download)

    async def _complete(self, download: Download) -> None:
        self._downloads.append(download)
        self._downloads.sort(key=lambda one: one.rank)
        self._do_without_away(download)
        try:
            while True:
                download.settle()
                self._dispatch()
                await download.filled()
                try:
                    await download.ingest.publish()
                except IntegrityError as error:
                    verdict = await blame(download, self._report)
                    for name in verdict.liars:
                        self._accuse(name, download, error.message)
                    if verdict.is_published:
                        return
                    download.is_single = True  # so that whoever lies next is alone
                    download.look_again()
                else:
                    return
        finally:
            self._downloads.remove(download)
            await self._stop(download)
            self._report(BlobEnded(str(download.blob.digest)))

    async def _stop(self, download: Download) -> None:
        tasks = [piece.task for piece in download.pieces if piece.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accuse(self, name: str, wronged: Download, message: str) -> None:
        """Ask a source that lied for nothing more in this run, as long as another has it."""
        error = IntegrityError(f"{name} sent wrong bytes: {message}")
        self._report(SourceFailed.of(wronged.what, name, error))
        self._liars.add(name)
        for download in self._downloads:
            others = [one for one in download.willing() if one.name not in self._liars]
            for source in download.willing() if others or download is wronged else ():
                if source.name == name:
                    download.refuse(source, error)

    def _do_without_away(self, download: Download) -> None:
        """Ask for nothing where a host wants a pause that is longer than anybody waits."""
        for source in download.willing():
            if (error := self._host(source).blobs.away(self._clock())) is not None:
                download.refusals[source] = error
        download.settle()

    def _host(self, source: Source) -> Host:
        return self._hosts.setdefault(source.host, Host(self._jobs))

    def _count(self, source: Source, change: int) -> None:
        host = self._host(source)
        host.active += change
        self._report(ConnectionsChanged(source.host, host.active))

    # Who does what next

    def _dispatch(self) -> None:
        """Put every free connection to work."""
        now = self._clock()
        while (work := self._next(now) or self._half(now)) is not None:
            download, piece = work
            self._count(piece.source, 1)
            piece.task = asyncio.create_task(self._lane(download, piece))
            self._lanes.add(piece.task)
            piece.task.add_done_callback(self._lanes.discard)

    def _next(self, now: float) -> tuple[Download, Piece] | None:
        # Bytes that follow each other are hashed in memory: to each connection its own blob.
        for download in sorted(self._downloads, key=lambda one: (one.rank, len(one.pieces))):
            for source in self._ready(download, now) if download.todo else ():
                piece = download.take(self._host(source).piece_size(), source, now)
                if piece is not None:
                    return download, piece
        return None

    def _ready(self, download: Download, now: float) -> list[Source]:
        """Return the sources that may open a connection for a blob now.

        The second and later ones join only where the first is left alone, or too slow.
        """
        willing = download.willing()[: 1 if download.is_single else None]
        is_slow = now - download.began > _JOIN_SECONDS and not self._is_held()
        ready: list[Source] = []
        for source in willing:
            host = self._host(source)
            is_away = download.is_paused(source, now) or host.blobs.until > now
            if not is_away:
                if host.is_free(now) and not download.reads_whole(source):
                    ready.append(source)
                if not is_slow:
                    break
        return ready

    def _half(self, now: float) -> tuple[Download, Piece] | None:
        """Take the second half of the piece that will take longest."""
        if self._is_held():
            return None
        slow = [
            (piece.seconds_left(now), number, piece)
            for number, download in enumerate(self._downloads)
            for piece in download.pieces
            if piece.is_slow(now)
        ]
        for _, number, piece in sorted(slow, key=lambda one: -one[0]):
            download = self._downloads[number]
            for source in self._ready(download, now):
                return download, download.split(piece, source, now)
        return None

    async def _look(self) -> None:
        """Every half second: more connections where they help, new ones for those that stall."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for host in self._hosts.values():
                host.look(_LOOK_SECONDS, self._clock())
            for download in self._downloads:
                for piece in download.pieces:
                    lately = piece.look(_LOOK_SECONDS)
                    if self._host(piece.source).is_stall(lately) and not self._is_held():
                        piece.end_stalled()
            self._dispatch()

    # One connection

    async def _lane(self, download: Download, piece: Piece) -> None:
        host, source = self._host(piece.source), piece.source
        try:
            await self._receive(download, piece)
            host.finished(piece.got, self._clock() - piece.began)
        except asyncio.CancelledError:
            if piece.is_stalled:
                stall = UnreachableError(f"{source.name} stalled; another connection goes on")
                self._strike(download, piece, stall)
        except UnreachableError as error:
            if piece.got < _PROGRESS:
                host.complained(piece.began, self._clock())
            self._pause(source, error)
            self._strike(download, piece, error)
        except (UpstreamError, IntegrityError) as error:
            self._report(SourceFailed.of(download.what, source.name, error))
            download.refuse(source, error)
        except BaseException as error:  # noqa: BLE001 - whoever waits for the blob is told
            download.fail(error)
        finally:
            self._count(source, -1)
            download.end(piece)
            download.settle()
            self._dispatch()

    def _pause(self, source: Source, error: UnreachableError) -> None:
        """Leave a host alone for as long as it asked."""
        if error.retry_after:
            self._host(source).blobs.begin(error, self._clock())
            self._report(SourcePaused(source.host, error.retry_after))
            for download in self._downloads:
                self._do_without_away(download)

    def _strike(self, download: Download, piece: Piece, error: UnreachableError) -> None:
        self._report(SourceFailed.of(str(download.blob.digest), piece.source.name, error))
        pause = download.strike(piece, error, self._clock())
        asyncio.get_running_loop().call_later(pause, self._dispatch)

    async def _receive(self, download: Download, piece: Piece) -> None:
        """Receive a piece, until its end or until another took over the rest."""
        source, digest = piece.source, str(download.blob.digest)
        host = self._host(source)
        asked = Span(piece.at, piece.stop)
        async with source.open(download.blob, asked) as body:
            if not download.suits(piece, body, asked):
                return
            skip = piece.at - body.start
            async with download.ingest.writer(piece.at, source.name) as writer:
                async for data in body.pieces:
                    fresh = data[skip:] if skip else data
                    skip = max(skip - len(data), 0)
                    if piece.at + len(fresh) > body.stop:
                        raise IntegrityError(f"{source.name} sent more of {digest} than it is")
                    used = fresh[: piece.left]
                    # Before they are written: who takes the rest over meanwhile takes no more.
                    piece.at += len(used)
                    piece.got += len(used)
                    host.arrived(len(data))
                    self._report(BytesArrived(source.name, digest, len(data)))
                    if len(used) < len(data):
                        self._report(BytesDropped(digest, len(data) - len(used)))
                    await writer.write(used)
                    if not piece.left:
                        return
        if piece.left:
            raise UnreachableError(
                f"{source.name} ended {digest} after {piece.at} of {piece.stop} bytes"
            )
