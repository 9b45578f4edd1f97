"""Substitutes: what a store holds in place of a pinned digest, the same image in other bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mirrorkit.errors import IntegrityError
from mirrorkit.flows.needs import walk
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor, Index, PlatformFields, encode
from mirrorkit.oci.mediatypes import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.content import Shelf
    from mirrorkit.documents.pins import PinnedImage
    from mirrorkit.flows.manifests import Manifests
    from mirrorkit.flows.needs import Needs
    from mirrorkit.oci.platform import Platform


def parts_of(substitute: Descriptor, manifests: Manifests) -> Mapping[Platform | None, Descriptor]:
    """Return the manifests of a substitute by platform; under None the one that serves for any."""
    try:
        held = manifests.get(substitute.digest)
    except IntegrityError:
        return {}
    if held is None:
        return {}
    if isinstance(held.document, Index):
        return {child.runs_on: child for child in held.document.manifests}
    return {substitute.runs_on: substitute}


def is_whole(part: Descriptor, shelf: Shelf, manifests: Manifests) -> bool:
    """Say whether a manifest is held with everything below it."""
    needs = walk(part.digest, None, manifests)
    sizes = {digest: blob.size for digest, blob in needs.blobs.items()}
    return needs.is_known and all(shelf.size(digest) == sizes[digest] for digest in sizes)


def covers(substitute: Descriptor, image: PinnedImage, pinned: Needs, manifests: Manifests) -> bool:
    """Say whether a substitute has every platform that is wanted of an image.

    `pinned` is the walk down from the pinned digest, which says what platforms there are.
    """
    parts = parts_of(substitute, manifests)
    offered = {platform for platform in pinned.offered if platform.os != "unknown"}
    wanted = offered if image.platforms is None else image.platforms & (offered or image.platforms)
    return None in parts or wanted <= set(parts)


def on_platform(manifest: Descriptor, platform: Platform | None) -> Descriptor:
    """Say in a descriptor what platform its manifest is for."""
    if platform is None:
        return manifest
    fields = PlatformFields(platform.os, platform.architecture, platform.variant)
    return msgspec.structs.replace(manifest, platform=fields)


def joined(parts: Mapping[Platform | None, Descriptor]) -> tuple[Descriptor, bytes]:
    """Make the index of some platforms' manifests: the same bytes for the same, always."""
    children = sorted(parts.values(), key=lambda child: str(child.runs_on))
    is_docker = all(child.media_type == DOCKER_MANIFEST for child in children)
    media_type = DOCKER_LIST if is_docker else OCI_INDEX
    data = encode({"schemaVersion": 2, "mediaType": media_type, "manifests": children})
    return Descriptor(media_type, Digest.of(data), len(data)), data
