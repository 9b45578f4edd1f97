"""Made-up images: valid by every rule of the specification, and nothing of anybody's in them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import encode
from mirrorkit.oci.mediatypes import OCI_INDEX, OCI_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.oci.platform import Platform

_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_BLOB: Final = "application/octet-stream"
_LABEL: Final = "made up by mirrorkit demo"
_FILE: Final = "made-up-by-mirrorkit-demo"
_BASE_BYTES: Final = 150_000
_OWN_BYTES: Final = 50_000


class Part(NamedTuple):
    """Some bytes as a registry hands them out."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> Digest:
        """The bytes' own name."""
        return Digest.of(self.data)

    @property
    def descriptor(self) -> dict[str, object]:
        """What another document says of it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


class MadeImage(NamedTuple):
    """An index (the root), and everything below it."""

    root: Part
    manifests: tuple[Part, ...]
    blobs: tuple[Part, ...]


def made_image(name: str, platforms: Iterable[Platform]) -> MadeImage:
    """Make an image for some platforms; those of one platform share their first layer."""
    manifests, blobs, listed = [], [], []
    for platform in platforms:
        *parts, manifest = _platform_image(name, platform)
        manifests.append(manifest)
        blobs += parts
        runs_on = {"os": platform.os, "architecture": platform.architecture}
        listed.append({**manifest.descriptor, "platform": runs_on})
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
    return MadeImage(Part(OCI_INDEX, encode(index)), tuple(manifests), tuple(blobs))


def made_program(name: str) -> Part:
    """Make a file that says, when it is run, what it is."""
    return Part(_BLOB, f"#!/bin/sh\necho 'this {name} was {_LABEL}; it does nothing'\n".encode())


def _platform_image(name: str, platform: Platform) -> Iterator[Part]:
    """Yield layers and config, then the manifest (image-spec 1.1)."""
    tars = [_tar(str(platform), _BASE_BYTES), _tar(f"{name} {platform}", _OWN_BYTES)]
    layers = [Part(_LAYER, gzip.compress(tar, compresslevel=1, mtime=0)) for tar in tars]
    config = {
        "os": platform.os,
        "architecture": platform.architecture,
        "config": {"Labels": {"org.opencontainers.image.description": _LABEL}},
        "rootfs": {"type": "layers", "diff_ids": [Digest.of(tar) for tar in tars]},
    }
    about = Part(_CONFIG, json.dumps(config).encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": about.descriptor,
        "layers": [layer.descriptor for layer in layers],
    }
    yield from (*layers, about, Part(OCI_MANIFEST, encode(manifest)))


def _tar(seed: str, size: int) -> bytes:
    """Make a layer of one file: bytes that follow from the seed and do not compress."""
    data = hashlib.shake_256(seed.encode()).digest(size)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        entry = tarfile.TarInfo(f"{_FILE}/{hashlib.sha256(seed.encode()).hexdigest()[:12]}")
        entry.size = size
        tar.addfile(entry, io.BytesIO(data))
    return file.getvalue()
