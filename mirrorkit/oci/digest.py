"""Digests: the names of bytes."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

# Registered algorithms of the image-spec, "Digests"; hex is lower case there and nowhere else.
_GRAMMAR: Final = re.compile(r"sha256:[0-9a-f]{64}\Z|sha512:[0-9a-f]{128}\Z")


class Digest(str):
    """An algorithm and the hash it gave: `sha256:…` or `sha512:…`, in lower-case hex.

    Text that is anything else cannot become a Digest: ValueError. So a Digest may stand in a path
    or a URL as it is.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check the strict grammar."""
        if not _GRAMMAR.match(text):
            raise ValueError(f"{text[:150]!r} is not a digest (sha256:… or sha512:… in lower case)")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Digest:
        """Hash some bytes."""
        return cls(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")

    @property
    def algorithm(self) -> str:
        """`sha256` or `sha512`."""
        return self[:6]

    @property
    def hex(self) -> str:
        """The hash in lower-case hex."""
        return self[7:]

    def hasher(self) -> Hash:
        """Return a fresh hash object of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    def matches(self, data: bytes) -> bool:
        """Say whether these are the bytes the digest names."""
        return Digest.of(data, self.algorithm) == self
