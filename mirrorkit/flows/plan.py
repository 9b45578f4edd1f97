"""Plan: fetch manifests only, so that before the first blob moves all bytes are known."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import (
    DiskFullError,
    DocumentError,
    IntegrityError,
    MirrorkitError,
    SurroundingsError,
    Trail,
    UnreachableError,
    UpstreamError,
)
from mirrorkit.events import ImageFailed, PlatformMissing
from mirrorkit.flows.attempts import each, from_any
from mirrorkit.flows.documents import blob_beside, manifest_beside
from mirrorkit.flows.hosts import Host
from mirrorkit.flows.needs import needs_of
from mirrorkit.oci.manifest import Descriptor, parse_document
from mirrorkit.progress import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirrorkit.content import Sink, Source, Store
    from mirrorkit.documents.pins import PinnedImage
    from mirrorkit.flows.needs import Needs
    from mirrorkit.flows.run import Run
    from mirrorkit.oci.digest import Digest

_LEVELS_MAX: Final = 6


@dataclass
class ImagePlan:
    """One image that is not complete: what it needs and where that may come from."""

    image: PinnedImage
    sources: Sequence[Source]
    needs: Needs
    outstanding: set[Digest] = field(default_factory=set)
    """Blobs still to come."""


@dataclass
class BlobPlan:
    """One blob to fetch, once for all the images that need it."""

    descriptor: Descriptor
    images: list[ImagePlan] = field(default_factory=list)

    @property
    def sources(self) -> list[Source]:
        """Every source of every image that needs it, the first image's first."""
        return list(dict.fromkeys(source for plan in self.images for source in plan.sources))


@dataclass
class Plan:
    """What a sync will do."""

    images: list[ImagePlan] = field(default_factory=list)
    blobs: dict[Digest, BlobPlan] = field(default_factory=dict)
    failures: dict[str, MirrorkitError] = field(default_factory=dict)

    @property
    def bytes_needed(self) -> int:
        """Bytes of all blobs of these images, each once."""
        blobs = [blob for plan in self.images for blob in plan.needs.blobs.values()]
        return sum({blob.digest: blob.size for blob in blobs}.values())

    def bytes_missing(self, store: Store) -> int:
        """Bytes still to fetch: not those that an interrupted run left."""
        blobs = [blob.descriptor for blob in self.blobs.values()]
        return sum(max(blob.size - store.partial(blob.digest), 0) for blob in blobs)

    @property
    def bytes_shared(self) -> int:
        """Bytes that each image for itself would fetch once more."""
        return sum(blob.descriptor.size * (len(blob.images) - 1) for blob in self.blobs.values())

    @property
    def bytes_held(self) -> int:
        """Bytes of the blobs that are whole already."""
        return self.bytes_needed - sum(blob.descriptor.size for blob in self.blobs.values())


async def make_plan(images: Iterable[PinnedImage], run: Run) -> Plan:
    """Fetch the manifests of incomplete images and work out which blobs are missing.

    An image whose manifests cannot be had is a failure of the plan and stops no other. Errors of
    this machine (SurroundingsError) are raised.
    """
    plan = Plan()

    async def one(image: PinnedImage) -> None:
        try:
            sources = run.sources_of(image)
            needs = await _complete(image, sources, run)
        except SurroundingsError:
            raise
        except MirrorkitError as error:
            plan.failures[str(image.name)] = error
            run.report(ImageFailed(str(image.name), error.message))
        else:
            plan.images.append(ImagePlan(image, sources, needs))

    await each(images, one, jobs=run.jobs)
    for image_plan in plan.images:
        await _add_blobs(plan, image_plan, run)
    return plan


async def _add_blobs(plan: Plan, image_plan: ImagePlan, run: Run) -> None:
    for digest, descriptor in image_plan.needs.blobs.items():
        if await run.store.holds(descriptor):
            continue
        data = blob_beside(descriptor, run)
        if data is not None:
            await put(run.store, digest, data)
            continue
        blob = plan.blobs.setdefault(digest, BlobPlan(descriptor))
        if blob.descriptor.size != descriptor.size:
            # Two manifests that disagree on one digest: no bytes can be right for both.
            plan.failures[str(image_plan.image.name)] = IntegrityError(
                f"{digest} is {descriptor.size} bytes here and {blob.descriptor.size} elsewhere"
            )
            continue
        blob.images.append(image_plan)
        image_plan.outstanding.add(digest)


async def _complete(image: PinnedImage, sources: Sequence[Source], run: Run) -> Needs:
    """Fetch manifests level by level until every one of the image is held."""
    for _ in range(_LEVELS_MAX):
        needs = needs_of(image, run.manifests)
        if needs.is_known:
            if not needs.is_fit(image):
                raise _no_platform(image, needs)
            for platform in needs.lacks(image):
                run.report(PlatformMissing(str(image.name), str(platform)))
            return needs
        for digest in needs.corrupt:
            await run.store.discard(digest)
        for digest in (*needs.missing, *needs.corrupt):
            data = manifest_beside(digest, run)
            if data is None:
                data = await _fetch_manifest(digest, sources, str(image.name), run)
            await put(run.store, digest, data)
    raise IntegrityError(f"{image.name}: its indexes are nested too deeply")


async def _fetch_manifest(digest: Digest, sources: Sequence[Source], what: str, run: Run) -> bytes:
    async def attempt(source: Source) -> bytes:
        data = await _asked(source, digest, run)
        if not digest.matches(data):
            raise IntegrityError(
                f"{source.name} sent other bytes than the locked {digest}",
                hint="the source has another image under this name; try another source",
            )
        try:
            parse_document(data)
        except ValueError as error:
            raise IntegrityError(f"{source.name} sent {digest}, {error}") from error
        return data

    try:
        return await from_any(sources, attempt, what=what, report=run.report)
    except (UpstreamError, IntegrityError) as error:
        error.trail = Trail("manifest", str(digest), {})
        raise


async def _asked(source: Source, digest: Digest, run: Run) -> bytes:
    """Ask for a manifest, unless the host wants no such question for longer than anybody waits."""
    pause = run.hosts.setdefault(source.host, Host(run.jobs)).manifests
    clock = asyncio.get_running_loop().time
    if (error := pause.away(clock())) is not None:
        raise error
    try:
        return await source.manifest(digest)
    except UnreachableError as refusal:
        pause.begin(refusal, clock())
        raise


def refuse_full_disk(store: Store, missing: int) -> None:
    """Raise DiskFullError where there is no room for bytes still to come."""
    free = store.free()
    if free is not None and missing > free:
        raise DiskFullError(
            f"the disk has {readable(free)} free and {readable(missing)} are still to come",
            hint="free some space, or choose another disk with --store; what is held is kept",
        )


async def put(sink: Sink, digest: Digest, data: bytes) -> None:
    """Publish a small blob whole; its bytes were checked by the caller."""
    descriptor = Descriptor("application/octet-stream", digest, len(data))
    async with sink.ingest(descriptor) as ingest:
        if ingest is not None:
            await ingest.restart()
            async with ingest.writer(0, "") as writer:
                await writer.write(data)
            await ingest.publish()


def _no_platform(image: PinnedImage, needs: Needs) -> DocumentError:
    there = ", ".join(sorted(map(str, needs.offered)))
    lacking = ", ".join(map(str, needs.lacks(image)))
    return DocumentError(
        f"{image.name} has no {lacking}; it has {there}",
        hint="change `platforms` of this image in the lock",
    )
