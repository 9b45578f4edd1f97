"""A store on disk filled with made-up images, the lock that pins them, and a server for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.documents.lock import parse_lock
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from tests.lab.ingests import append
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mirrorkit.documents.pins import Lock
    from tests.lab.images import Made

BLOB = "application/octet-stream"


async def put(store: DiskStore, data: bytes, media_type: str = BLOB) -> Descriptor:
    """Write one blob the way a sync does."""
    descriptor = Descriptor(media_type, Digest.of(data), len(data))
    async with store.ingest(descriptor) as ingest:
        if ingest is not None:
            await append(ingest, data)
            await ingest.publish()
    return descriptor


async def put_image(store: DiskStore, made: Made) -> Descriptor:
    """Write everything of an image, leaves first, without naming it; return its root."""
    for data in made.all_blobs().values():
        await put(store, data)
    for manifest in made.manifests():
        root = await put(store, manifest.data, manifest.media_type)
    return root


async def fill(root: Path, images: Mapping[str, Made]) -> DiskStore:
    """Make a store that holds these images by their canonical names."""
    store = DiskStore(root)
    for name, made in images.items():
        await store.tag(Reference.parse(name), await put_image(store, made))
    return store


def lock_of(
    images: Mapping[str, Made],
    *,
    platforms: Iterable[str] = (),
    files: Mapping[str, bytes] | None = None,
    more: str = "",
) -> Lock:
    """Read the lock that pins these images and files; `more` is YAML to end it with."""
    lines = ["version: 1"]
    lines += [f"platforms: [{', '.join(platforms)}]"] if platforms else []
    lines += ["images:"] if images else []
    for name, made in images.items():
        lines += [f"  - name: {name}", f"    digest: {made.digest}"]
    lines += ["files:"] if files else []
    for path, data in (files or {}).items():
        lines += [f"  - path: {path}", f"    sha256: {Digest.of(data).hex}"]
        lines += [f"    size: {len(data)}"]
    return parse_lock("\n".join((*lines, more)).encode())


def path_of(store: DiskStore, digest: str) -> Path:
    """Return where a blob's file lies, for a test to damage it."""
    return store.path(Digest(digest))


async def blob_of_size(store: DiskStore, size: int) -> Digest:
    """Write a blob of random bytes that no image names; return its digest."""
    return (await put(store, random_layer("big", size).data)).digest
