"""The lock's own documents: with them a source is asked for nothing but blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.events import DocumentIgnored
from mirrorkit.oci.manifest import DOCUMENT_MAX, parse_document

if TYPE_CHECKING:
    from mirrorkit.flows.run import Run
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor


def manifest_beside(digest: Digest, run: Run) -> bytes | None:
    """Return a manifest that lies beside the lock, checked; a wrong one is told and left."""
    data = _checked(digest, run)
    if data is None:
        return None
    try:
        parse_document(data)
    except ValueError as error:
        run.report(DocumentIgnored(str(digest), str(error)))
        return None
    return data


def blob_beside(descriptor: Descriptor, run: Run) -> bytes | None:
    """Return a config that lies beside the lock, checked; a wrong one is told and left."""
    if descriptor.size > DOCUMENT_MAX:
        return None
    data = _checked(descriptor.digest, run)
    return data if data is not None and len(data) == descriptor.size else None


def _checked(digest: Digest, run: Run) -> bytes | None:
    data = run.documents(digest)
    if data is None or digest.matches(data):
        return data
    run.report(DocumentIgnored(str(digest), "it does not hold the bytes of its name"))
    return None
