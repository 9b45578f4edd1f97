"""Plain files as OCI artifacts, so that a store, a sync and a prune need no second kind."""

from __future__ import annotations

import json
from typing import Final

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.mediatypes import OCI_MANIFEST
from mirrorkit.oci.reference import DOCKER_HUB, Reference

EMPTY: Final = b"{}"
"""The config of an artifact that has none (image-spec, "Guidance for an Empty Descriptor")."""
EMPTY_DIGEST: Final = Digest.of(EMPTY)
FILE_TYPE: Final = "application/vnd.mirrorkit.file"

_EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
_BYTES_TYPE: Final = "application/octet-stream"


def file_manifest(digest: Digest, size: int) -> bytes:
    """Return the manifest of a file: the same bytes for the same hash and size, always."""
    return json.dumps(
        {
            "artifactType": FILE_TYPE,
            "config": {"digest": EMPTY_DIGEST, "mediaType": _EMPTY_TYPE, "size": len(EMPTY)},
            "layers": [{"digest": digest, "mediaType": _BYTES_TYPE, "size": size}],
            "mediaType": OCI_MANIFEST,
            "schemaVersion": 2,
        },
        separators=(",", ":"),
    ).encode()


def file_reference(digest: Digest) -> Reference:
    """Return the name a file has in the store; its path stands in the lock alone."""
    return Reference(DOCKER_HUB, "mirrorkit/files", f"{digest.algorithm}-{digest.hex}")


def file_descriptor(digest: Digest, size: int) -> Descriptor:
    """Return what points at a file's bytes."""
    return Descriptor(_BYTES_TYPE, digest, size)
