"""The seal of a lock that mirrorkit wrote: whoever edits it breaks it, and it is theirs then."""

from __future__ import annotations

from typing import Final

from mirrorkit.oci.digest import Digest

_MARK: Final = b"# sealed "


def sealed(text: bytes) -> bytes:
    """Return a lock with its seal as the last line: the digest of all that stands above."""
    return text + _MARK + str(Digest.of(text)).encode() + b"\n"


def is_sealed(text: bytes) -> bool:
    """Say whether a lock is byte for byte as mirrorkit wrote it."""
    body, mark, _ = text.rpartition(_MARK)
    return bool(mark) and text == sealed(body)
