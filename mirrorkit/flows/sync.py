"""Sync: plan, copy, tag, check; whatever one image suffers, the others go on."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.errors import MirrorkitError, StoreError, SurroundingsError, UnreachableError
from mirrorkit.events import ImageCompleted, ImageFailed, Planned, TryingAgain
from mirrorkit.flows.attempts import each, wanted_pause
from mirrorkit.flows.check import Completeness, Level, State, check
from mirrorkit.flows.fetch import Fetcher
from mirrorkit.flows.files import plan_files, sync_file
from mirrorkit.flows.hosts import PAUSE_MOST
from mirrorkit.flows.plan import make_plan, refuse_full_disk
from mirrorkit.flows.priority import rank
from mirrorkit.flows.sameimage import take_same_images
from mirrorkit.progress import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from mirrorkit.documents.pins import Lock, PinnedFile, PinnedImage
    from mirrorkit.events import Event
    from mirrorkit.flows.files import FilePlan
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
        wanted = list(_wanted_pauses(report))
        pause = next(pauses, None) if wanted else None
        if pause is None:
            return await _substitute(lock, report, run)
        pause = max(pause, min(wanted))
        run.report(TryingAgain(pause))
        await asyncio.sleep(pause)


def _wanted_pauses(report: SyncReport) -> Iterator[float]:
    """Yield how long to wait before each failure that may pass is tried again, in seconds."""
    for error in report.failures.values():
        if isinstance(error, UnreachableError) and wanted_pause(error) <= PAUSE_MOST:
            yield wanted_pause(error)


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
    todo, files = unfinished(lock, before, wants_exact=wants_exact)
    if not todo and not files:
        with suppress(StoreError):  # a stick that cannot be written is complete, and never pruned
            await run.store.keep_lock(lock.text)
        return SyncReport(before, {})
    told = replace(run, report=listen)
    async with run.store.lease():
        await run.store.keep_lock(lock.text)
        plan = await make_plan(todo, told)
        file_plans = await plan_files(files, told, plan.failures)
        _announce(plan, file_plans, told)
        async with Fetcher(
            run.store, listen, jobs=run.jobs, is_held=run.is_held, hosts=run.hosts
        ) as fetcher:
            await Pass(lock, told, plan, fetcher).fetch_all(file_plans)
    return SyncReport(check(lock, run.store, run.manifests), plan.failures)


def unfinished(
    lock: Lock, held: Completeness, *, wants_exact: bool
) -> tuple[list[PinnedImage], list[PinnedFile]]:
    """Return the images and files of a lock that a sync has to do with."""
    done = {
        item.name
        for item in held.items
        if item.state is State.COMPLETE and not (wants_exact and item.level is Level.SAME_IMAGE)
    }
    images = [image for image in lock.images if str(image.name) not in done]
    return images, [file for file in lock.files if file.path not in done]


def _announce(plan: Plan, files: Sequence[FilePlan], run: Run) -> None:
    sizes = {one.descriptor.digest: one.descriptor.size for one in files}
    needed, held = plan.bytes_needed + sum(sizes.values()), plan.bytes_held
    run.report(Planned(len(plan.images), needed, held, len(files), plan.bytes_shared))
    # Of files only what the lock says: a size that a host announces must not end a sync.
    known = {one.file.digest: one.file.size or 0 for one in files}
    partial = sum(min(run.store.partial(digest), size) for digest, size in known.items())
    refuse_full_disk(run.store, plan.bytes_missing(run.store) + sum(known.values()) - partial)


class Work(NamedTuple):
    """One blob or file to fetch; the lowest rank first, and in one rank the largest."""

    rank: int
    size: int
    do: Callable[[], Awaitable[None]]


@dataclass
class Pass:
    """One go through what is missing."""

    lock: Lock
    run: Run
    plan: Plan
    fetcher: Fetcher

    async def fetch_all(self, files: Sequence[FilePlan]) -> None:
        """Fetch everything by its rank; in one rank the largest first, so that none ends alone."""
        for image_plan in self.plan.images:
            await self._tag_when_complete(image_plan)
        every = [*map(self._blob, self.plan.blobs.values()), *map(self._file, files)]
        every.sort(key=lambda work: (work.rank, -work.size))
        await each(every, lambda work: work.do(), jobs=self.run.jobs)

    def _blob(self, blob: BlobPlan) -> Work:
        first = min(rank(self.lock, one.image) for one in blob.images)
        return Work(first, blob.descriptor.size, lambda: self._fetch_blob(blob, first))

    def _file(self, plan: FilePlan) -> Work:
        first, failures = rank(self.lock, plan.file), self.plan.failures
        do = lambda: sync_file(plan, first, self.run, self.fetcher, failures)  # noqa: E731
        return Work(first, plan.descriptor.size, do)

    async def _fetch_blob(self, blob: BlobPlan, first: int) -> None:
        what = str(blob.images[0].image.name)
        try:
            await self.fetcher.fetch(blob.descriptor, blob.sources, what=what, rank=first)
        except SurroundingsError:
            raise
        except MirrorkitError as error:
            for image_plan in blob.images:
                self._fail(image_plan, error)
        else:
            for image_plan in blob.images:
                image_plan.outstanding.discard(blob.descriptor.digest)
                await self._tag_when_complete(image_plan)

    def _fail(self, image_plan: ImagePlan, error: MirrorkitError) -> None:
        name = str(image_plan.image.name)
        if name not in self.plan.failures:
            self.plan.failures[name] = error
            self.run.report(ImageFailed(name, error.message))

    async def _tag_when_complete(self, image_plan: ImagePlan) -> None:
        """Name an image once nothing of it is outstanding: tags last."""
        image = image_plan.image
        if image_plan.outstanding or str(image.name) in self.plan.failures:
            return
        await self.run.store.tag(image.name, image_plan.needs.root)
        self.run.report(ImageCompleted(str(image.name)))
