"""Finding who sent wrong bytes, when a blob has all its bytes and they are not right together."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.errors import IntegrityError, UnreachableError, UpstreamError
from mirrorkit.events import BytesArrived, BytesDropped
from mirrorkit.flows.attempts import each
from mirrorkit.spans import Part, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.content import Source
    from mirrorkit.events import Listener
    from mirrorkit.flows.download import Download

_STEP: Final = 4 << 20
_AT_ONCE: Final = 4
_TRIES: Final = 3
_BLOCK: Final = 64 * 1024
_DIFFERENT_MOST: Final = 32 << 20
_UNKNOWN: Final = frozenset({""})
"""Who sent what a resumed journal does not say of."""


class Block(NamedTuple):
    """Bytes at a place of a blob, and who sent them."""

    start: int
    data: bytes
    source: str


class Verdict(NamedTuple):
    """Who sent wrong bytes, and whether the blob is published without them."""

    liars: frozenset[str]
    is_published: bool


async def blame(download: Download, report: Listener) -> Verdict:
    """Find out who sent wrong bytes, and put right ones in their place where that can be.

    Each source in turn is trusted: what the others sent is asked of it again, what differs takes
    the other's place, and the whole is hashed again. So at most the blob's size is fetched once
    more, whoever lied. Where that does not help, all that came is given up; nobody is named then
    unless all came from one.
    """
    ingest = download.ingest
    parts = [part for part in ingest.parts if part.start < part.stop]
    names = frozenset(part.source for part in parts)
    for source in download.willing() if len(names) > 1 else ():
        if source.name in names:
            liars = await _trust(download, source, parts, report)
            if liars is not None:
                return Verdict(liars, is_published=True)
    report(BytesDropped(str(download.blob.digest), ingest.parts.count))
    await ingest.restart()
    return Verdict(names - _UNKNOWN if len(names) == 1 else frozenset(), is_published=False)


async def _trust(
    download: Download, source: Source, parts: Iterable[Part], report: Listener
) -> frozenset[str] | None:
    """Take a source's word for what others sent; return who lied if that makes the blob right."""
    contrast = Contrast(download, source, report)
    others = [part for part in parts if part.source != source.name]
    if not await contrast.look(others) or not contrast.theirs:
        return None
    await _put(download, contrast.theirs)
    try:
        await download.ingest.publish()
    except IntegrityError:
        await _put(download, contrast.ours)
        return None
    return frozenset(block.source for block in contrast.ours) - _UNKNOWN


async def _put(download: Download, blocks: Iterable[Block]) -> None:
    for block in blocks:
        await download.ingest.forget(Span(block.start, block.start + len(block.data)))
        async with download.ingest.writer(block.start, block.source) as writer:
            await writer.write(block.data)


@dataclass
class Contrast:
    """What one source has where others' bytes are, and where that is not the same."""

    download: Download
    source: Source
    report: Listener
    theirs: list[Block] = field(default_factory=list)
    ours: list[Block] = field(default_factory=list)

    async def look(self, parts: Iterable[Part]) -> bool:
        """Ask for every part again; say whether all could be had and little enough differs."""
        steps = (step for part in parts for step in _steps(part))
        try:
            await each(steps, self._compare, jobs=_AT_ONCE)
        except (UpstreamError, IntegrityError):
            return False
        return True

    async def _compare(self, part: Part) -> None:
        theirs = await self._fetch(Span(part.start, part.stop))
        ours = await self.download.ingest.read(Span(part.start, part.stop))
        for at in range(0, len(ours), _BLOCK):
            here, there = ours[at : at + _BLOCK], theirs[at : at + _BLOCK]
            if here != there:
                self.ours.append(Block(part.start + at, here, part.source))
                self.theirs.append(Block(part.start + at, bytes(there), self.source.name))
        if len(self.ours) * _BLOCK > _DIFFERENT_MOST:
            raise IntegrityError(f"{self.source.name} has other bytes all over")

    async def _fetch(self, span: Span) -> bytearray:
        for _ in range(_TRIES - 1):
            with suppress(UnreachableError):
                return await self._fetch_once(span)
        return await self._fetch_once(span)

    async def _fetch_once(self, span: Span) -> bytearray:
        data, digest = bytearray(), str(self.download.blob.digest)
        async with self.source.open(self.download.blob, span) as body:
            skip = span.start - body.start
            async for piece in body.pieces:
                self.report(BytesArrived(self.source.name, digest, len(piece)))
                self.report(BytesDropped(digest, len(piece)))
                data += piece[skip:] if skip else piece
                skip = max(skip - len(piece), 0)
                if len(data) >= span.length:
                    del data[span.length :]
                    return data
        raise UnreachableError(f"{self.source.name} ended {digest} early")


def _steps(part: Part) -> Iterator[Part]:
    return (
        Part(at, min(at + _STEP, part.stop), part.source)
        for at in range(part.start, part.stop, _STEP)
    )
