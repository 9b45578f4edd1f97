"""Sync: plan, copy, tag, check; whatever one image suffers, the others go on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mirrorkit.errors import MirrorkitError, SurroundingsError, UnreachableError
from mirrorkit.events import ImageCompleted, ImageFailed, Planned, TryingAgain
from mirrorkit.flows.attempts import each
from mirrorkit.flows.check import Completeness, Level, State, check
from mirrorkit.flows.copy import copy_blob
from mirrorkit.flows.files import sync_files
from mirrorkit.flows.plan import make_plan, refuse_full_disk
from mirrorkit.flows.sameimage import take_same_images
from mirrorkit.progress import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.documents.pins import Lock
    from mirrorkit.events import Event, Listener
    from mirrorkit.flows.plan import BlobPlan, ImagePlan, Plan
    from mirrorkit.flows.run import Run


@dataclass(frozen=True)
class SyncReport:
    """How a sync ended: what is held now, and why the rest is not."""

    completeness: Completeness
    failures: dict[str, MirrorkitError]

    @property
    def exit_status(self) -> int:
        """That of the worst failure: integrity, upstream; without one 0 or 1, as it is complete."""
        worst = 0 if self.completeness.is_complete else 1
        return max((error.exit_status for error in self.failures.values()), default=worst)


async def sync(lock: Lock, run: Run, *, wants_exact: bool = False) -> SyncReport:
    """Bring everything a lock pins into the store; nothing is asked when all is held.

    What failed for want of an answer is tried again after a pause, as long as something arrived
    since: a line that drops for some seconds loses nothing. What then is missing yet may be held
    as the same image in other bytes; such an image is complete, and left alone unless
    `wants_exact`. Raises SurroundingsError when this machine is in the way; failures of sources
    are in the report.
    """
    pauses: Iterator[float] = iter(())
    while True:
        tally = Tally()
        report = await _pass(lock, run, tally, wants_exact=wants_exact)
        if tally.fetched and tally.fetched + tally.resumed > tally.dropped:
            pauses = iter(run.pauses)
        is_hopeful = any(isinstance(one, UnreachableError) for one in report.failures.values())
        pause = next(pauses, None) if is_hopeful else None
        if pause is None:
            return await _substitute(lock, report, run)
        run.report(TryingAgain(pause))
        await asyncio.sleep(pause)


async def _substitute(lock: Lock, report: SyncReport, run: Run) -> SyncReport:
    """Take the same image in other bytes, where the pinned ones are not to be had."""
    if not report.failures:
        return report
    failures = dict(report.failures)
    done = {item.name for item in report.completeness.same_images}
    images = [image for image in lock.images if str(image.name) not in done]
    async with run.store.lease():
        await take_same_images(images, failures, run)
    return SyncReport(check(lock, run.store, run.manifests), failures)


async def _pass(lock: Lock, run: Run, tally: Tally, *, wants_exact: bool) -> SyncReport:
    """Go once through everything that is not complete."""

    def listen(event: Event) -> None:
        tally.add(event)
        run.report(event)

    before = check(lock, run.store, run.manifests)
    done = {
        item.name
        for item in before.items
        if item.state is State.COMPLETE and not (wants_exact and item.level is Level.SAME_IMAGE)
    }
    todo = [image for image in lock.images if str(image.name) not in done]
    files = [file for file in lock.files if file.path not in done]
    if not todo and not files:
        return SyncReport(before, {})
    told = replace(run, report=listen)
    async with run.store.lease():
        await run.store.keep_lock(lock.text)
        plan = await make_plan(todo, told)
        _announce(plan, told)
        await _copy_all(plan, told)
        if files:
            await sync_files(files, told, plan.failures)
    return SyncReport(check(lock, run.store, run.manifests), plan.failures)


def _announce(plan: Plan, run: Run) -> None:
    run.report(Planned(len(plan.images), plan.bytes_needed, plan.bytes_held))
    refuse_full_disk(run.store, plan.bytes_missing(run.store))


async def _copy_all(plan: Plan, run: Run) -> None:
    """Copy every blob, the largest first so that none is left to run alone at the end."""

    async def one(blob: BlobPlan) -> None:
        what = str(blob.images[0].image.name)
        try:
            await copy_blob(blob.descriptor, blob.sources, run.store, what=what, report=run.report)
        except SurroundingsError:
            raise
        except MirrorkitError as error:
            for image_plan in blob.images:
                _fail(plan, image_plan, error, run.report)
        else:
            for image_plan in blob.images:
                image_plan.outstanding.discard(blob.descriptor.digest)
                await _tag_when_complete(image_plan, plan, run)

    for image_plan in plan.images:
        await _tag_when_complete(image_plan, plan, run)
    largest_first = sorted(plan.blobs.values(), key=lambda blob: -blob.descriptor.size)
    await each(largest_first, one, jobs=run.jobs)


def _fail(plan: Plan, image_plan: ImagePlan, error: MirrorkitError, report: Listener) -> None:
    name = str(image_plan.image.name)
    if name not in plan.failures:
        plan.failures[name] = error
        report(ImageFailed(name, error.message))


async def _tag_when_complete(image_plan: ImagePlan, plan: Plan, run: Run) -> None:
    """Name an image once nothing of it is outstanding: tags last."""
    image = image_plan.image
    if image_plan.outstanding or str(image.name) in plan.failures:
        return
    await run.store.tag(image.name, image_plan.needs.root)
    run.report(ImageCompleted(str(image.name)))
