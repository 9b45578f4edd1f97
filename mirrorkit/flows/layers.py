"""Layers that were packed anew: brought into the store, and held against the config's diff_ids."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import IntegrityError
from mirrorkit.events import Planned
from mirrorkit.flows.attempts import each
from mirrorkit.flows.documents import blob_beside
from mirrorkit.flows.fetch import Fetcher
from mirrorkit.flows.plan import put, refuse_full_disk
from mirrorkit.oci.config import CONFIG_MAX, diff_ids
from mirrorkit.oci.diffid import LayerCheck
from mirrorkit.oci.mediatypes import IMAGE_CONFIGS, LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirrorkit.content import Source, Store
    from mirrorkit.flows.run import Run
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor, Manifest

# One check may hold a window of 128 MiB, and keeps a core busy.
_CHECKS_AT_ONCE: Final = 2


async def take_layers(manifest: Manifest, source: Source, run: Run, *, what: str) -> None:
    """Bring config and layers of a manifest from a source, each layer checked by its diff_id.

    IntegrityError when any layer is not what the config names: of the layers that were brought only
    those found right stay then, for another source's copy may share them. Else what
    `Fetcher.fetch` raises, and DiskFullError before the first byte when there is no room.
    """
    _refuse_unfit(manifest)
    unpacked = _unpacked(await _config(manifest.config, source, run, what))
    if len(unpacked) != len(manifest.layers):
        raise IntegrityError(f"it has {len(manifest.layers)} layers, the config {len(unpacked)}")
    _announce(manifest.layers, run)
    checks = asyncio.Semaphore(_CHECKS_AT_ONCE)
    doubtful = {one.digest for one in manifest.layers if not await run.store.holds(one)}

    async def one(pair: tuple[Descriptor, Digest]) -> None:
        layer, diff_id = pair
        await fetcher.fetch(layer, [source], what=what)
        try:
            async with checks:
                await _check(layer, diff_id, run.store)
        except ValueError as error:
            raise IntegrityError(f"of its layer {layer.digest[:19]}…, {error}") from error
        doubtful.discard(layer.digest)

    try:
        async with Fetcher(run.store, run.report, jobs=run.jobs, hosts=run.hosts) as fetcher:
            await each(zip(manifest.layers, unpacked, strict=True), one, jobs=run.jobs)
    except IntegrityError:
        for layer, diff_id in zip(manifest.layers, unpacked, strict=True):
            if layer.digest in doubtful and not await _is_right(layer, diff_id, run.store):
                await run.store.discard(layer.digest)
        raise


def _refuse_unfit(manifest: Manifest) -> None:
    """Refuse what two clients could read differently, whatever its layers unpack to.

    An annotation may hold what eStargz and zstd:chunked clients build files from instead of the
    tar; no diff_id covers that.
    """
    if manifest.config.media_type not in IMAGE_CONFIGS or manifest.config.size > CONFIG_MAX:
        raise IntegrityError("it has no image's config")
    for layer in manifest.layers:
        if layer.urls:
            raise IntegrityError(f"its layer {layer.digest[:19]}… lies elsewhere (`urls`)")
        if layer.annotations:
            raise IntegrityError(f"its layer {layer.digest[:19]}… has annotations")
        if layer.media_type not in LAYERS:
            raise IntegrityError(f"its layer {layer.digest[:19]}… is of a kind that is not copied")


async def _config(config: Descriptor, source: Source, run: Run, what: str) -> bytes:
    """Bring a config, and return it; a copy that a disk spoiled does not stay in its place."""
    held = run.store.read(config.digest) if run.store.size(config.digest) is not None else b""
    if not config.digest.matches(held):
        await run.store.discard(config.digest)
    data = blob_beside(config, run)
    if data is not None:
        await put(run.store, config.digest, data)
    async with Fetcher(run.store, run.report, jobs=run.jobs, hosts=run.hosts) as fetcher:
        await fetcher.fetch(config, [source], what=what)
    return run.store.read(config.digest)


def _unpacked(config: bytes) -> list[Digest]:
    try:
        return diff_ids(config)
    except ValueError as error:
        raise IntegrityError(str(error)) from error


def _announce(layers: Iterable[Descriptor], run: Run) -> None:
    store = run.store
    sizes = {layer.digest: layer.size for layer in layers}
    missing = {key: size for key, size in sizes.items() if store.size(key) != size}
    needed = sum(sizes.values())
    run.report(Planned(1, needed, needed - sum(missing.values())))
    refuse_full_disk(store, sum(max(size - store.partial(key), 0) for key, size in missing.items()))


async def _is_right(layer: Descriptor, diff_id: Digest, store: Store) -> bool:
    """Say whether a layer is held that unpacks to what its config names."""
    if not await store.holds(layer):
        return False
    try:
        await _check(layer, diff_id, store)
    except ValueError:
        return False
    return True


async def _check(layer: Descriptor, diff_id: Digest, store: Store) -> None:
    """Unpack a layer in threads, a piece at a time, so that Ctrl-C need not wait for all of it."""
    check = LayerCheck(layer.media_type, layer.size, diff_id)
    pieces = store.pieces(layer.digest)

    def step() -> bool:
        piece = next(pieces, b"")
        check.take(piece)
        return bool(piece)

    while await asyncio.to_thread(step):
        pass
    await asyncio.to_thread(check.finish)
