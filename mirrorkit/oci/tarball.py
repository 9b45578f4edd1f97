"""Tars in parts: what is written, and between it stored blobs that nobody copies."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mirrorkit.oci.digest import Digest

_END: Final = bytes(2 * tarfile.BLOCKSIZE)


class StoredBlob(NamedTuple):
    """Bytes that are sent from where they lie; the size is in bytes."""

    digest: Digest
    size: int


Part: TypeAlias = bytes | StoredBlob


def tar_parts(members: Mapping[str, Part]) -> Iterator[Part]:
    """Yield a tar of these files (POSIX pax); what lies between two blobs comes in one piece.

    No clock, user or order of a disk is in it, so the same members are the same bytes.
    """
    written = b""
    for path, content in members.items():
        written += _header(path, length(content))
        if isinstance(content, bytes):
            written += content
        else:
            yield written
            yield content
            written = b""
        written += bytes(-length(content) % tarfile.BLOCKSIZE)
    yield written + _END


def length(part: Part) -> int:
    """Return a part's bytes."""
    return len(part) if isinstance(part, bytes) else part.size


def _header(path: str, size: int) -> bytes:
    info = tarfile.TarInfo(path)
    info.size = size
    return info.tobuf(tarfile.PAX_FORMAT)
