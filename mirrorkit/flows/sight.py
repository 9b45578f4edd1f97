"""Seeing an image at a source: its manifests and configs, each proven by its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mirrorkit.documents.pins import PROVEN, PinnedChild
from mirrorkit.errors import IntegrityError
from mirrorkit.flows.identity import document_at
from mirrorkit.oci.config import CONFIG_MAX, platform_of
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Collection

    from mirrorkit.content import Source
    from mirrorkit.oci.manifest import Descriptor, Document
    from mirrorkit.oci.platform import Platform


@dataclass
class Sight:
    """What was seen of one image."""

    digest: Digest
    children: dict[Platform, PinnedChild] = field(default_factory=dict)
    documents: dict[Digest, bytes] = field(default_factory=dict)
    """Indexes, manifests and configs, each with the bytes of its digest."""


async def see(source: Source, wanted: str, platforms: Collection[Platform]) -> Sight:
    """Look at an image by digest or by tag, for some platforms.

    Raises what the source raises, and IntegrityError for bytes that are not what they are named.
    """
    digest = wanted if isinstance(wanted, Digest) else await source.resolve(wanted)
    sight = Sight(digest)
    document = await _document(source, digest, sight)
    if isinstance(document, Manifest):
        await _add(source, digest, document, None, sight)
        return sight
    for child in document.manifests:
        if child.runs_on in platforms:
            manifest = await _document(source, child.digest, sight)
            if isinstance(manifest, Manifest):
                await _add(source, child.digest, manifest, child.runs_on, sight)
    return sight


async def _add(
    source: Source, digest: Digest, manifest: Manifest, platform: Platform | None, sight: Sight
) -> None:
    """Note one platform's image: its config is the image id, its parts make the size."""
    config = await _config(source, manifest.config, sight)
    parts = (manifest.config, *manifest.layers)
    size = len(sight.documents[digest]) + sum(part.size for part in parts)
    runs_on = platform or platform_of(config)
    if runs_on is not None:
        sight.children[runs_on] = PinnedChild(digest, manifest.config.digest, size, PROVEN)


async def _document(source: Source, digest: Digest, sight: Sight) -> Document:
    found = await document_at(source, digest)
    sight.documents[digest] = found.data
    return found.document


async def _config(source: Source, descriptor: Descriptor, sight: Sight) -> bytes:
    if descriptor.size > CONFIG_MAX:
        raise IntegrityError(f"{source.name} names a config of {descriptor.size} bytes")
    data = bytearray()
    async with source.open(descriptor) as body:
        async for piece in body.pieces:
            data += piece
            if len(data) > descriptor.size:
                break
    if not descriptor.digest.matches(bytes(data)):
        raise IntegrityError(f"{source.name} sent other bytes than {descriptor.digest}")
    sight.documents[descriptor.digest] = bytes(data)
    return bytes(data)
