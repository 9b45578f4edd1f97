"""Keep: fill a store while it is served, however often the sources are away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import SurroundingsError, UnreachableError
from mirrorkit.events import SourcesSilent, TryingAgain
from mirrorkit.flows.check import check
from mirrorkit.flows.sync import SyncReport, sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from mirrorkit.content import Source
    from mirrorkit.documents.pins import Lock
    from mirrorkit.flows.run import Run

ANSWER_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 10.0
RETRY_SECONDS_MOST: Final = 300.0
LOOK_SECONDS: Final = 2.0
_SILENT: Final = "no source answers"


@dataclass(frozen=True)
class Told:
    """Who hears how each try ended, unless it ended as the one before."""

    report: Callable[[SyncReport], None]
    trouble: Callable[[SurroundingsError], None]


async def keep_filled(
    current_lock: Callable[[], Lock],
    open_run: Callable[[], AbstractAsyncContextManager[Run]],
    told: Told,
    *,
    retry_seconds: float = RETRY_SECONDS,
) -> Lock:
    """Sync until the lock, as it then is, is complete; return that lock.

    While no source answers nothing is begun: that is said as an event, and tried again after
    `retry_seconds`. After a try that failed, this machine's troubles included, the pause doubles
    each time; a changed lock ends it.
    """
    pause, said = retry_seconds, ""
    while True:
        lock = current_lock()
        async with open_run() as run:
            said, is_done = await _try_once(lock, run, told, said)
            if is_done:
                return lock
            is_silent = said == _SILENT
            pause = retry_seconds if is_silent else min(pause * 2, RETRY_SECONDS_MOST)
            run.report(SourcesSilent(pause) if is_silent else TryingAgain(pause))
        if await _changed(lock, current_lock, pause):
            pause, said = retry_seconds, ""


async def _try_once(lock: Lock, run: Run, told: Told, said: str) -> tuple[str, bool]:
    """Sync once; return what was said of it, and whether there is nothing left to do."""
    try:
        before = check(lock, run.store, run.manifests)
        is_up_to_us = any(item.digest is not None for item in before.missing_items)
        if is_up_to_us and not await any_answers(lock, run):
            return _SILENT, False
        report = await sync(lock, run)
    except SurroundingsError as error:
        if error.message != said:
            told.trouble(error)
        return error.message, False
    is_done = report.completeness.is_complete or not is_up_to_us
    words = "; ".join(f"{name}: {error.message}" for name, error in report.failures.items())
    if is_done or words != said:
        told.report(report)
    return words, is_done


async def _changed(lock: Lock, current_lock: Callable[[], Lock], seconds: float) -> bool:
    """Wait, but not longer than until somebody changes the lock."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, LOOK_SECONDS))
        if current_lock() is not lock:
            return True
    return False


async def any_answers(lock: Lock, run: Run, *, seconds: float = ANSWER_SECONDS) -> bool:
    """Ask one source of each host, all at once, and say whether any answers in time."""
    every = [source for image in lock.images for source in run.sources_of(image)]
    every += [source for file in lock.files for source in run.files_of(file)]
    sources = {source.name: source for source in every}
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


async def _answers(source: Source) -> bool:
    try:
        await source.ping()
    except UnreachableError:
        return False
    return True
