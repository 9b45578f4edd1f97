"""Copy: blobs from sources into a sink, each verified, each resumable."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import IntegrityError, MisannouncedError, UnreachableError
from mirrorkit.events import BytesArrived, BytesDropped, SourceFailed
from mirrorkit.flows.attempts import from_any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirrorkit.content import Ingest, Sink, Source
    from mirrorkit.events import Listener
    from mirrorkit.oci.manifest import Descriptor

_ATTEMPTS_WITHOUT_PROGRESS: Final = 4
_PAUSE_FIRST: Final = 0.2
_PAUSE_MOST: Final = 10.0


async def copy_blob(
    descriptor: Descriptor, sources: Sequence[Source], sink: Sink, *, what: str, report: Listener
) -> None:
    """Bring one blob into a sink from the first source that has its bytes.

    What an interrupted run left is kept and only the rest is fetched. Raises what `from_any`
    raises when no source can, IntegrityError included.
    """
    async with sink.ingest(descriptor) as ingest:
        if ingest is None:
            return
        if ingest.offset:
            report(BytesArrived("", str(descriptor.digest), ingest.offset, is_resumed=True))

        async def attempt(source: Source) -> None:
            await _copy_from(source, descriptor, ingest, report)

        await from_any(sources, attempt, what=what, report=report)


async def _copy_from(
    source: Source, descriptor: Descriptor, ingest: Ingest, report: Listener
) -> None:
    """Take a blob from one source; once more, whole, where older bytes may be the wrong ones."""
    for is_whole in (not ingest.offset, True):
        try:
            await _fill(source, descriptor, ingest, report)
            await ingest.publish()
        except MisannouncedError:
            raise  # the source is to blame, not what is here
        except IntegrityError as error:
            # Publishing forgets wrong bytes by itself; then it was the whole blob.
            report(BytesDropped(str(descriptor.digest), ingest.offset or descriptor.size))
            await ingest.restart()
            if is_whole:
                raise IntegrityError(f"{source.name} sent wrong bytes: {error.message}") from error
        else:
            return


async def _fill(source: Source, descriptor: Descriptor, ingest: Ingest, report: Listener) -> None:
    """Receive until the size is reached; every progress renews the patience."""
    idle = 0
    while ingest.offset < descriptor.size:
        before = ingest.offset
        try:
            await _receive(source, descriptor, ingest, report)
        except UnreachableError as error:
            idle = 0 if ingest.offset > before else idle + 1
            if idle >= _ATTEMPTS_WITHOUT_PROGRESS:
                raise
            report(SourceFailed(str(descriptor.digest), source.name, error.message))
            await asyncio.sleep(error.retry_after or _pause(idle))


async def _receive(
    source: Source, descriptor: Descriptor, ingest: Ingest, report: Listener
) -> None:
    """Receive over one connection, from where the last one ended."""
    digest, offset = str(descriptor.digest), ingest.offset
    async with source.open(descriptor, offset) as body:
        skip = offset - body.start  # a source without ranges begins anew; we do not
        async for piece in body.pieces:
            fresh = piece[skip:] if skip else piece
            skip = max(skip - len(piece), 0)
            await ingest.write(fresh)
            report(BytesArrived(source.name, digest, len(piece)))
            if len(fresh) < len(piece):
                report(BytesDropped(digest, len(piece) - len(fresh)))
        if ingest.offset < descriptor.size:
            raise UnreachableError(
                f"{source.name} ended {digest} after {ingest.offset} of {descriptor.size} bytes"
            )


def _pause(idle: int) -> float:
    """Wait longer each time, by chance a little more or less, so that forty do not ask at once."""
    longest: float = min(_PAUSE_FIRST * 2.0**idle, _PAUSE_MOST)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - chance, not secrecy
