"""Keep: fill a store while it is served, however often the sources are away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import UnreachableError
from mirrorkit.events import SourcesSilent
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


async def keep_filled(
    current_lock: Callable[[], Lock],
    open_run: Callable[[], AbstractAsyncContextManager[Run]],
    tell: Callable[[SyncReport], None],
    *,
    retry_seconds: float = RETRY_SECONDS,
) -> None:
    """Sync until the lock, as it then is, is complete.

    `tell` hears how a sync ended, unless it ended as the one before.
    While no source answers nothing is begun: that is said as an event, and tried again after
    `retry_seconds`. After a sync that failed the pause doubles each time. SurroundingsError ends
    it.
    """
    pause, said = retry_seconds, None
    while True:
        async with open_run() as run:
            lock = current_lock()
            before = check(lock, run.store, run.manifests)
            is_up_to_us = any(item.kind == "image" for item in before.missing_items)
            if not is_up_to_us or await any_answers(lock, run):
                report = await sync(lock, run)
                failures = {name: error.message for name, error in report.failures.items()}
                if report.completeness.is_complete or failures != said:
                    tell(report)
                if report.completeness.is_complete or not is_up_to_us:
                    return
                pause, said = min(pause * 2, RETRY_SECONDS_MOST), failures
            else:
                pause = retry_seconds
                run.report(SourcesSilent(retry_seconds))
        await asyncio.sleep(pause)


async def any_answers(lock: Lock, run: Run, *, seconds: float = ANSWER_SECONDS) -> bool:
    """Ask one source of each registry, all at once, and say whether any answers in time."""
    sources = {source.name: source for image in lock.images for source in run.sources_of(image)}
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
