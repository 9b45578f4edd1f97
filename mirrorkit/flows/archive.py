"""Archives: an image as one tar, put together from stored blobs that are not copied.

Every tar is two things at once. As an OCI layout its `index.json` points at the locked digest, so
an index stays an index, sparse or whole, and pins by digest hold where the engine keeps them
(containerd, podman, Docker's containerd store). As a docker archive its `manifest.json` names the
config and gzip layers of one platform (Docker's image spec v1.2, "Combined Image JSON + Filesystem
Changeset Format"), which is all that a Docker without that store reads.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from mirrorkit.documents.layout import OCI_LAYOUT, REF_NAME
from mirrorkit.errors import IncompleteError, IntegrityError, NoPlatformError, UsageError
from mirrorkit.flows.needs import walk
from mirrorkit.oci.config import CONFIG_MAX, platform_of
from mirrorkit.oci.manifest import Index, Manifest
from mirrorkit.oci.mediatypes import IMAGE_CONFIGS, MANIFESTS, OCI_INDEX, PLAIN_LAYERS
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.tarball import StoredBlob, length, tar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.content import Shelf
    from mirrorkit.flows.manifests import HeldManifest, Manifests
    from mirrorkit.flows.needs import Needs
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor
    from mirrorkit.oci.reference import Reference
    from mirrorkit.oci.tarball import Part

_CONTAINERD_NAME: Final = "io.containerd.image.name"
_USUAL: Final = Platform("linux", "amd64")
_NO_SYSTEM: Final = "unknown"  # what an attestation runs on


@dataclass(frozen=True)
class Archive:
    """One image as a tar: the same bytes for the same name, digest and platform, always."""

    name: Reference
    ids: frozenset[Digest]
    """What an engine may call the image once it has it: its config, its manifest or its index."""
    parts: tuple[Part, ...]

    @cached_property
    def size(self) -> int:
        """Bytes in all."""
        return sum(map(length, self.parts))

    @cached_property
    def etag(self) -> str:
        """A name for these bytes: the hash of all that is no blob, which names the blobs too."""
        written = b"".join(part for part in self.parts if isinstance(part, bytes))
        return hashlib.sha256(written).hexdigest()


class Composer:
    """Puts archives together from one shelf."""

    def __init__(self, shelf: Shelf, manifests: Manifests) -> None:
        self._shelf = shelf
        self._manifests = manifests

    def compose(
        self,
        name: Reference,
        root: Digest,
        platform: Platform | None = None,
        *,
        is_whole: bool = False,
    ) -> Archive:
        """Compose the archive of an image that is held; `name` is what it will be called.

        Without a platform it is linux/amd64's, or that of the only one held. With `is_whole` every
        platform held comes along. IncompleteError when it is not held, NoPlatformError when it does
        not exist for the platform, UsageError when there is a choice to make or Docker could not
        take it.
        """
        held = self._held(root, name)
        chosen = self._held(self._choose(held, platform, name), name)
        manifest = _image(chosen, name)
        needs = self._needs(chosen.digest, name)
        blobs = {root: held.descriptor, **needs.manifests, **needs.blobs}
        if is_whole:
            blobs |= self._others(held)
        members: dict[str, Part] = {
            "oci-layout": OCI_LAYOUT,
            "index.json": _layout_index(name, held.descriptor),
            "manifest.json": _docker_manifest(name, manifest),
        }
        for digest, blob in blobs.items():
            members[_path(digest)] = StoredBlob(digest, blob.size)
        ids = frozenset({root, chosen.digest, manifest.config.digest})
        return Archive(name, ids, tuple(tar_parts(members)))

    def _others(self, root: HeldManifest) -> dict[Digest, Descriptor]:
        """Return all that is held whole below an index."""
        found: dict[Digest, Descriptor] = {}
        for child in root.document.manifests if isinstance(root.document, Index) else ():
            needs = walk(child.digest, None, self._manifests)
            if self._has_all(needs):
                found |= {**needs.manifests, **needs.blobs}
        return found

    def _held(self, digest: Digest, name: Reference) -> HeldManifest:
        try:
            held = self._manifests.get(digest)
        except IntegrityError:
            held = None
        if held is None:
            raise _not_here(name)
        return held

    def _needs(self, digest: Digest, name: Reference) -> Needs:
        needs = walk(digest, None, self._manifests)
        if not self._has_all(needs):
            raise _not_here(name)
        return needs

    def _has_all(self, needs: Needs) -> bool:
        sizes = ((self._shelf.size(digest), blob.size) for digest, blob in needs.blobs.items())
        return needs.is_known and all(held == size for held, size in sizes)

    def _choose(self, root: HeldManifest, wanted: Platform | None, name: Reference) -> Digest:
        """Choose one platform's manifest."""
        offered = self._offered(root)
        if not offered:
            raise UsageError(f"{name} names no platform that could be loaded")
        if wanted is not None and wanted not in offered:
            there = ", ".join(sorted(map(str, offered))) or "no platform of its own"
            raise NoPlatformError(f"{name} does not exist for {wanted}", hint=f"it has {there}")
        if wanted is not None:
            return offered[wanted]
        # By its manifest, so that a layer that is lost does not make it another platform's archive.
        held = [one for one in offered if self._shelf.size(offered[one]) is not None]
        if not held:
            raise _not_here(name)
        if len(held) > 1 and _USUAL not in held:
            there = " and ".join(sorted(map(str, held)))
            raise UsageError(f"{name} is here for {there}", hint="choose one with `platform`")
        return offered[_USUAL if _USUAL in held else held[0]]

    def _offered(self, root: HeldManifest) -> Mapping[Platform, Digest]:
        """Return what an image runs on, each with its manifest; the first of several alike."""
        if isinstance(root.document, Manifest):
            return {self._runs_on(root.document.config): root.digest}
        offered: dict[Platform, Digest] = {}
        for child in root.document.manifests:
            runs_on = child.runs_on
            if child.media_type in MANIFESTS and runs_on and runs_on.os != _NO_SYSTEM:
                offered.setdefault(runs_on, child.digest)
        return offered

    def _runs_on(self, config: Descriptor) -> Platform:
        """Return what a lone image runs on, as its config says (image-spec, "Properties")."""
        size = self._shelf.size(config.digest)
        if size is None or size > CONFIG_MAX:
            return _USUAL
        try:
            return platform_of(self._shelf.read(config.digest)) or _USUAL
        except FileNotFoundError:
            return _USUAL


def _image(held: HeldManifest, name: Reference) -> Manifest:
    """Return a manifest that Docker can take; UsageError for any other."""
    document = held.document
    if isinstance(document, Index) or document.config.media_type not in IMAGE_CONFIGS:
        raise UsageError(f"{name} is not an image that could be loaded")
    if any(layer.media_type not in PLAIN_LAYERS for layer in document.layers):
        raise UsageError(
            f"{name} has layers that are not gzip, which `docker load` cannot read",
            hint="pull it instead, with containerd, podman or Docker 23 and later",
        )
    return document


def _layout_index(name: Reference, root: Descriptor) -> bytes:
    text = str(name)
    entry = {
        "mediaType": root.media_type,
        "digest": root.digest,
        "size": root.size,
        "annotations": {_CONTAINERD_NAME: text, REF_NAME: text},
    }
    return _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})


def _docker_manifest(name: Reference, manifest: Manifest) -> bytes:
    """Name config and layers; the full name, for skopeo compares it letter by letter."""
    entry = {
        "Config": _path(manifest.config.digest),
        "RepoTags": [str(name)] if name.digest is None else None,
        "Layers": [_path(layer.digest) for layer in manifest.layers],
    }
    return _json([entry])


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _path(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def _not_here(name: Reference) -> IncompleteError:
    return IncompleteError(f"{name} is not here whole yet", hint="run `mirrorkit sync`")
