"""Sync: plan, copy, tag, check; whatever one image suffers, the others go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorkit.errors import DiskFullError, MirrorkitError, SurroundingsError
from mirrorkit.events import ImageCompleted, ImageFailed, Planned
from mirrorkit.flows.attempts import each
from mirrorkit.flows.check import Completeness, State, check
from mirrorkit.flows.copy import copy_blob
from mirrorkit.flows.plan import make_plan

if TYPE_CHECKING:
    from mirrorkit.documents.lock import Lock
    from mirrorkit.events import Listener
    from mirrorkit.flows.plan import BlobPlan, ImagePlan, Plan
    from mirrorkit.flows.run import Run


@dataclass(frozen=True)
class SyncReport:
    """How a sync ended: what is held now, and why the rest is not."""

    completeness: Completeness
    failures: dict[str, MirrorkitError]

    @property
    def exit_status(self) -> int:
        """0 when complete; else that of the worst failure: integrity, upstream, incomplete."""
        if self.completeness.is_complete:
            return 0
        return max((error.exit_status for error in self.failures.values()), default=1)


async def sync(lock: Lock, run: Run) -> SyncReport:
    """Bring everything a lock pins into the store; nothing is asked when all is held.

    Raises SurroundingsError when this machine is in the way; failures of sources are in the
    report.
    """
    before = check(lock, run.store, run.manifests)
    states = {item.name: item.state for item in before.items}
    todo = [image for image in lock.images if states[str(image.name)] is not State.COMPLETE]
    if not todo:
        return SyncReport(before, {})
    async with run.store.lease():
        plan = await make_plan(todo, run)
        _announce(plan, run)
        await _copy_all(plan, run)
    return SyncReport(check(lock, run.store, run.manifests), plan.failures)


def _announce(plan: Plan, run: Run) -> None:
    missing, free = plan.bytes_missing, run.store.free()
    run.report(Planned(len(plan.images), plan.bytes_needed, plan.bytes_needed - missing))
    if free is not None and missing > free:
        raise DiskFullError(
            f"the disk has {free} bytes free and {missing} are still to come",
            hint="free some space, or choose another disk with --store",
        )


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
