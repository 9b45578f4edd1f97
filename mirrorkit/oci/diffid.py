"""Diff ids: does a layer, however it is packed, hold the bytes that an image's config names?

The diff_id of a layer is the digest of its tar, unpacked (image-spec, config.md). Two layers with
one diff_id give a container the same files, whatever their own digests are.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

import zstandard

from mirrorkit.oci.mediatypes import GZIP_LAYERS, TAR_LAYERS, ZSTD_LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.oci.digest import Digest

# Four bytes of zstd may become 128 KiB, and its decoder returns all that a call gave at once: fed
# 1 KiB at a time it never holds more than 32 MiB. Gzip stops where it is told to, but what follows
# a member is copied for each of them: small members in a large piece would cost its square.
_ZSTD_STEP: Final = 1 << 10
_GZIP_STEP: Final = 1 << 12
_PIECE: Final = 1 << 20
# Only the size of what really came counts; what a manifest declares costs a liar nothing. Layers
# shrink to a half or a tenth, and gzip cannot do better than 1032 times: 128 leaves room for files
# of zeros, 1 GiB for a small layer of nothing else. No layer a class can hold has 32 GiB.
_FREE: Final = 1 << 30
_RATIO: Final = 128
_MOST: Final = 32 << 30
_BLOCK: Final = 512
_USTAR: Final = slice(257, 262)
_OTHERWISE: Final = "it is not packed as its media type says"


def unpacked_most(size: int) -> int:
    """Return how many bytes a layer of some bytes may unpack to."""
    return min(_FREE + _RATIO * size, _MOST)


class _Packing(Protocol):
    """One way of packing a tar."""

    step: int
    """Packed bytes it is given at once."""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """Yield what some more packed bytes unpack to."""
        ...

    @property
    def is_whole(self) -> bool:
        """Say whether all that began has ended."""
        ...


class LayerCheck:
    """Takes a layer as it lies in the store, piece by piece, and holds it against its diff_id.

    `size` is the layer's own, in bytes: it bounds what the layer may unpack to.
    """

    def __init__(self, media_type: str, size: int, diff_id: Digest) -> None:
        self._packing = _packing(media_type)
        self._diff_id = diff_id
        self._hasher = diff_id.hasher()
        self._left = unpacked_most(size)

    def take(self, data: bytes) -> None:
        """Take the next bytes; ValueError when they are not packed as the media type says."""
        step = self._packing.step
        for start in range(0, len(data), step):
            try:
                for piece in self._packing.unpack(data[start : start + step]):
                    self._add(piece)
            except (zlib.error, zstandard.ZstdError) as error:
                raise ValueError(_OTHERWISE) from error

    def finish(self) -> None:
        """Say that this was all; ValueError when it is cut short or unpacks to other bytes."""
        if not self._packing.is_whole:
            raise ValueError("it is cut short")
        if self._hasher.hexdigest() != self._diff_id.hex:
            raise ValueError("it unpacks to other bytes")

    def _add(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise ValueError("it unpacks to more than a layer of its size may")
        self._hasher.update(piece)


def _packing(media_type: str) -> _Packing:
    for kinds, packing in ((GZIP_LAYERS, _Gzip), (ZSTD_LAYERS, _Zstd), (TAR_LAYERS, _Tar)):
        if media_type in kinds:
            return packing()
    raise ValueError(f"{media_type[:100]!r} is not a layer")


class _Gzip:
    """Members one after the other, as RFC 1952 §2.2 has it; what follows the last is a member."""

    step = _GZIP_STEP

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None
        self.is_whole = False

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while data:
            member = self._member or zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield member.decompress(data, _PIECE)
            self.is_whole = member.eof
            self._member = None if member.eof else member
            data = member.unused_data if member.eof else member.unconsumed_tail


class _Zstd:
    """Frames one after the other, skippable ones included (RFC 8878 §3.1)."""

    step = _ZSTD_STEP

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor()  # refuses windows above 128 MiB
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self.is_whole = False

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while data:
            frame = self._frame or self._decompressor.decompressobj()
            yield frame.decompress(data)
            self.is_whole = frame.eof
            self._frame = None if frame.eof else frame
            data = frame.unused_data if frame.eof else b""


class _Tar:
    """No packing. Clients go by the first bytes, so these must be a tar's: ustar, or its end."""

    step = _PIECE

    def __init__(self) -> None:
        self._head = b""

    @property
    def is_whole(self) -> bool:
        return len(self._head) == _BLOCK

    def unpack(self, data: bytes) -> Iterator[bytes]:
        if not self.is_whole:
            self._head += data[: _BLOCK - len(self._head)]
            if self.is_whole and self._head[_USTAR] != b"ustar" and any(self._head):
                raise ValueError(_OTHERWISE)
        yield data
