"""What one pinned image consists of: the walk from its digest down to its layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import IntegrityError
from mirrorkit.oci.manifest import Index
from mirrorkit.oci.mediatypes import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.documents.pins import PinnedImage
    from mirrorkit.flows.manifests import Manifests
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor, Document, Manifest
    from mirrorkit.oci.platform import Platform

_DEPTH_MAX: Final = 4


@dataclass
class Needs:
    """Everything one image needs, by digest, as far as its manifests are held."""

    manifests: dict[Digest, Descriptor] = field(default_factory=dict)
    """Held manifests and indexes, the root first."""
    blobs: dict[Digest, Descriptor] = field(default_factory=dict)
    """Configs and layers that the held manifests name."""
    missing: list[Digest] = field(default_factory=list)
    """Manifests that are not held: below them nothing is known yet."""
    corrupt: list[Digest] = field(default_factory=list)
    """Manifests whose file holds other bytes."""
    offered: set[Platform] = field(default_factory=set)
    """Platforms that the indexes have children for; empty where there is no index."""

    @property
    def root(self) -> Descriptor:
        """What the image's name stands for; to be asked when `is_known`."""
        return next(iter(self.manifests.values()))

    def lacks(self, image: PinnedImage) -> list[Platform]:
        """Return the platforms wanted of an index that it does not have."""
        return sorted((image.platforms or set()) - self.offered) if self.offered else []

    def is_fit(self, image: PinnedImage) -> bool:
        """Say whether it has what it must: each platform asked of it, or any the class asks."""
        lacking = set(self.lacks(image))
        has_any = not lacking or lacking < (image.platforms or frozenset())
        return has_any and not lacking & image.required

    @property
    def is_known(self) -> bool:
        """Say whether every manifest is held."""
        return not self.missing and not self.corrupt


def needs_of(image: PinnedImage, manifests: Manifests) -> Needs:
    """Walk an image down from its digest; nothing is fetched."""
    return walk(image.digest, image.platforms, manifests)


def walk(root: Digest, platforms: frozenset[Platform] | None, manifests: Manifests) -> Needs:
    """Walk down from any manifest, for some platforms or for all."""
    needs = Needs()
    pending = [(root, _DEPTH_MAX)]
    while pending:
        digest, depth = pending.pop()
        if digest in needs.manifests or digest in needs.missing:
            continue
        try:
            held = manifests.get(digest)
        except IntegrityError:
            needs.corrupt.append(digest)
            continue
        if held is None:
            needs.missing.append(digest)
            continue
        needs.manifests[digest] = held.descriptor
        needs.offered.update(_offered(held.document))
        for child in children(held.document, platforms):
            if child.media_type in DOCUMENTS and depth:
                pending.append((child.digest, depth - 1))
            else:
                needs.blobs[child.digest] = child
    return needs


def children(document: Document, platforms: frozenset[Platform] | None) -> Iterator[Descriptor]:
    """Yield what a document needs to be complete for the platforms asked."""
    if isinstance(document, Index):
        yield from _chosen(document, platforms)
    else:
        yield from _parts(document)


def _chosen(index: Index, platforms: frozenset[Platform] | None) -> Iterator[Descriptor]:
    """Choose children by platform; one that names no platform belongs to every choice."""
    for child in index.manifests:
        if platforms is None or child.runs_on is None or child.runs_on in platforms:
            yield child


def _offered(document: Document) -> Iterator[Platform]:
    for child in document.manifests if isinstance(document, Index) else ():
        if child.runs_on is not None:
            yield child.runs_on


def _parts(manifest: Manifest) -> Iterator[Descriptor]:
    """Yield config and layers, without what its owner forbids to hand on (image-spec, layer.md)."""
    for part in (manifest.config, *manifest.layers):
        is_foreign = bool(part.urls) and "foreign" in part.media_type
        if not is_foreign and "nondistributable" not in part.media_type:
            yield part
