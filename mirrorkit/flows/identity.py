"""What a lock knows of each platform of an image: its manifest, and its config, the image id."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.errors import IntegrityError
from mirrorkit.flows.documents import manifest_beside
from mirrorkit.flows.manifests import HeldManifest
from mirrorkit.oci.manifest import Index, Manifest, parse_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.content import Source
    from mirrorkit.documents.pins import PinnedImage
    from mirrorkit.flows.run import Run
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Document
    from mirrorkit.oci.platform import Platform


class Known(NamedTuple):
    """One platform of a pinned image, as far as it is known."""

    manifest: Digest | None
    image_id: Digest | None


def known_platforms(image: PinnedImage, run: Run) -> Mapping[Platform | None, Known]:
    """Return what is known, of the platforms wanted; nothing is fetched.

    The locked documents say it, in the store or beside the lock; where they are not to be had, the
    lock itself. Under None stands an image without an index, which has one platform, whichever.
    """
    document = _document(image.digest, run)
    if isinstance(document, Manifest):
        return {None: Known(image.digest, document.config.digest)}
    found: dict[Platform | None, Known] = {
        platform: Known(child.digest, child.image_id) for platform, child in image.children.items()
    }
    for child in document.manifests if isinstance(document, Index) else ():
        platform = child.runs_on
        if platform is not None and _is_wanted(platform, image):
            manifest = _document(child.digest, run)
            pinned = found.get(platform)
            fallback = pinned.image_id if pinned and pinned.manifest == child.digest else None
            image_id = manifest.config.digest if isinstance(manifest, Manifest) else fallback
            found[platform] = Known(child.digest, image_id)
    return found


async def document_at(source: Source, digest: Digest) -> HeldManifest:
    """Fetch a manifest that a source has, whatever the lock says; IntegrityError if it is none."""
    data = await source.manifest(digest)
    if not digest.matches(data):
        raise IntegrityError(f"{source.name} sent other bytes than {digest}")
    try:
        return HeldManifest(data, parse_document(data), digest)
    except ValueError as error:
        raise IntegrityError(f"{source.name} sent {digest}, {error}") from error


def _is_wanted(platform: Platform, image: PinnedImage) -> bool:
    """Say whether a platform is to be held; what is no platform (an attestation) never is."""
    if image.platforms is not None:
        return platform in image.platforms
    return platform.os != "unknown"


def _document(digest: Digest, run: Run) -> Document | None:
    try:
        held = run.manifests.get(digest)
    except IntegrityError:
        held = None
    if held is not None:
        return held.document
    data = manifest_beside(digest, run)
    return parse_document(data) if data is not None else None
