"""Keep: fill a store while it is served, however often the sources are away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.documents.pins import PinnedFile, PinnedImage
from mirrorkit.errors import SurroundingsError, UnreachableError
from mirrorkit.events import SourcesSilent, TryingAgain
from mirrorkit.flows.check import check
from mirrorkit.flows.sync import SyncReport, sync
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    from mirrorkit.content import Source
    from mirrorkit.documents.pins import Lock
    from mirrorkit.flows.renew import Renewal
    from mirrorkit.flows.run import Run

    Stamp: TypeAlias = tuple[Lock, object]

ANSWER_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 10.0
RETRY_SECONDS_MOST: Final = 300.0
LOOK_SECONDS: Final = 2.0
_SILENT: Final = "no source answers"
_UNKNOWN: Final = Digest.of(b"")


@dataclass(frozen=True)
class Told:
    """Who hears how each try ended, unless it ended as the one before."""

    report: Callable[[SyncReport], None]
    trouble: Callable[[SurroundingsError], None]


@dataclass(frozen=True)
class Wished:
    """The lock as it is now, and what keeps it in step with images.yaml, if anything does."""

    lock: Callable[[], Lock]
    renewal: Renewal | None = None

    def stamp(self) -> Stamp:
        """Return a value that differs when somebody changed the lock or what is wanted."""
        return self.lock(), self.renewal.stamp() if self.renewal else None


async def keep_filled(
    wished: Wished,
    open_run: Callable[[], AbstractAsyncContextManager[Run]],
    told: Told,
    *,
    retry_seconds: float = RETRY_SECONDS,
) -> Stamp:
    """Sync until the lock, as it then is, is complete; return the stamp of what was done.

    While no source answers nothing is begun: that is said as an event, and tried again after
    `retry_seconds`. After a try that failed, this machine's troubles included, the pause doubles
    each time; a changed lock or images.yaml ends it.
    """
    pause, said = retry_seconds, ""
    while True:
        async with open_run() as run:
            said, is_done, stamp = await _try_once(wished, run, told, said)
            if is_done:
                return stamp
            is_silent = said == _SILENT
            pause = retry_seconds if is_silent else min(pause * 2, RETRY_SECONDS_MOST)
            run.report(SourcesSilent(pause) if is_silent else TryingAgain(pause))
        if await changed(wished, stamp, pause):
            pause, said = retry_seconds, ""


async def _try_once(wished: Wished, run: Run, told: Told, said: str) -> tuple[str, bool, Stamp]:
    """Sync once; return what was said of it, whether nothing is left to do, and its stamp."""
    stamp = wished.stamp()
    try:
        answers = await _renew(wished, run)
        stamp = (wished.lock(), stamp[1])
        return *await _sync_once(stamp[0], run, told, said, answers=answers), stamp
    except SurroundingsError as error:
        if error.message != said:
            told.trouble(error)
        return error.message, False, stamp


async def _renew(wished: Wished, run: Run) -> bool | None:
    """Make the lock anew where that is due; return whether a source answers, if that was asked."""
    lock = wished.lock()
    if wished.renewal is None:
        return None
    before = check(lock, run.store, run.manifests)
    if not wished.renewal.is_due(lock, is_complete=before.is_complete):
        return None
    answers = await any_answers(lock, run)
    await wished.renewal(is_online=answers)
    return answers


async def _sync_once(
    lock: Lock, run: Run, told: Told, said: str, *, answers: bool | None
) -> tuple[str, bool]:
    before = check(lock, run.store, run.manifests)
    is_open = any(item.digest is not None for item in before.missing_items)
    is_open |= answers is not None and bool(lock.unpinned)  # a renewal may pin more of it
    if is_open and answers is None:
        answers = await any_answers(lock, run)
    if is_open and not answers:
        return _SILENT, False
    report = await sync(lock, run)
    is_done = report.completeness.is_complete or not is_open
    failures = [f"{name}: {error.message}" for name, error in report.failures.items()]
    words = "; ".join([*failures, *(entry.name for entry in lock.unpinned)])
    if is_done or words != said:
        told.report(report)
    return words, is_done


async def changed(wished: Wished, stamp: Stamp, seconds: float) -> bool:
    """Wait, but not longer than until somebody changes the lock or images.yaml."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, LOOK_SECONDS))
        if wished.stamp() != stamp:
            return True
    return False


async def any_answers(lock: Lock, run: Run, *, seconds: float = ANSWER_SECONDS) -> bool:
    """Ask one source of each host, all at once, and say whether any answers in time."""
    sources = {source.host: source for source in _sources(lock, run)}
    tasks = [asyncio.create_task(_answers(source)) for source in sources.values()]
    try:
        for task in asyncio.as_completed(tasks, timeout=seconds):
            if await task:
                return True
    except TimeoutError:
        pass
    finally:
        for pending in tasks:
            pending.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return False


def _sources(lock: Lock, run: Run) -> Iterator[Source]:
    """Yield whom a lock may be asked of; what is not pinned yet has its sources too."""
    for image in lock.images:
        yield from run.sources_of(image)
    for file in lock.files:
        yield from run.files_of(file)
    for entry in lock.unpinned:
        if entry.is_file:
            yield from run.files_of(PinnedFile(entry.name, _UNKNOWN, None, entry.urls))
        else:
            name = Reference.parse(entry.name)
            yield from run.sources_of(PinnedImage(name, _UNKNOWN, origins=(name,)))


async def _answers(source: Source) -> bool:
    try:
        await source.ping()
    except UnreachableError:
        return False
    return True
