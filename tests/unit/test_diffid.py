"""A layer is what its diff_id names, however it is packed; anything else is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.oci.diffid import LayerCheck, unpacked_most
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.mediatypes import GZIP_LAYERS, LAYERS, TAR_LAYERS, ZSTD_LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
TAR = "application/vnd.oci.image.layer.v1.tar"
SKIPPABLE = (0x184D2A53).to_bytes(4, "little") + (7).to_bytes(4, "little") + b"a table"


def tar_of(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zstd(data: bytes, level: int = 3) -> bytes:
    return zstandard.ZstdCompressor(level=level).compress(data)


def check(
    media_type: str,
    packed: bytes,
    content: bytes,
    *,
    step: int = 1 << 18,
    algorithm: str = "sha256",
) -> None:
    """Check a layer as the flow does: piece by piece, to its end."""
    one = LayerCheck(media_type, len(packed), Digest.of(content, algorithm))
    for start in range(0, len(packed), step):
        one.take(packed[start : start + step])
    one.finish()


CONTENT = tar_of(hashlib.shake_128(b"content").digest(9000) + bytes(5000))
HALF = len(CONTENT) // 2
PACKED = {
    "gzip": (GZIP, gzip.compress(CONTENT)),
    "gzip -1": (GZIP, gzip.compress(CONTENT, 1)),
    "gzip of several members": (
        GZIP,
        gzip.compress(CONTENT[:HALF]) + gzip.compress(b"") + gzip.compress(CONTENT[HALF:], 9),
    ),
    "zstd": (ZSTD, zstd(CONTENT)),
    "zstd of several frames": (ZSTD, zstd(CONTENT[:HALF]) + zstd(b"") + zstd(CONTENT[HALF:], 19)),
    "zstd with a table": (ZSTD, SKIPPABLE + zstd(CONTENT) + SKIPPABLE),
    "tar": (TAR, CONTENT),
}


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 18])
@pytest.mark.parametrize("how", PACKED)
def test_the_same_tar_packed_in_any_way_is_the_same_layer(
    how: str, step: int, algorithm: str
) -> None:
    check(*PACKED[how], CONTENT, step=step, algorithm=algorithm)


@pytest.mark.parametrize("media_type", sorted(LAYERS))
def test_docker_s_media_types_and_oci_s_are_known(media_type: str) -> None:
    packers: dict[frozenset[str], Callable[[bytes], bytes]] = {
        GZIP_LAYERS: gzip.compress,
        ZSTD_LAYERS: zstd,
        TAR_LAYERS: bytes,
    }
    (pack,) = (pack for kinds, pack in packers.items() if media_type in kinds)
    check(media_type, pack(CONTENT), CONTENT)


@pytest.mark.parametrize("how", PACKED)
def test_other_bytes_are_found_out(how: str) -> None:
    with pytest.raises(ValueError, match="unpacks to other bytes"):
        check(*PACKED[how], CONTENT + b"x")


@pytest.mark.parametrize("how", [how for how in PACKED if how not in ("tar", "zstd with a table")])
def test_a_layer_cut_short_is_refused_wherever_it_is_cut(how: str) -> None:
    media_type, packed = PACKED[how]
    for end in (0, 1, 9, len(packed) // 2, len(packed) - 1):
        with pytest.raises(ValueError, match="cut short"):
            check(media_type, packed[:end], CONTENT)


@pytest.mark.parametrize("garbage", [b"x", b"\0", b"\0" * 512, b"garbage" * 9, CONTENT])
@pytest.mark.parametrize("how", ["gzip", "gzip of several members", "zstd"])
def test_what_follows_the_end_is_refused(how: str, garbage: bytes) -> None:
    media_type, packed = PACKED[how]
    with pytest.raises(ValueError, match=r"not packed as|cut short"):
        check(media_type, packed + garbage, CONTENT)


@pytest.mark.parametrize("said", [GZIP, ZSTD, TAR])
@pytest.mark.parametrize("how", PACKED)
def test_a_media_type_that_does_not_fit_the_bytes_is_refused(said: str, how: str) -> None:
    media_type, packed = PACKED[how]
    if said == media_type:
        return
    with pytest.raises(ValueError, match="not packed as its media type says"):
        # Even where the packed bytes themselves are what is named.
        check(said, packed, packed)


def test_zlib_and_raw_deflate_are_no_gzip() -> None:
    for packed in (zlib.compress(CONTENT), zlib.compress(CONTENT, wbits=-15)):
        with pytest.raises(ValueError, match="not packed"):
            check(GZIP, packed, CONTENT)


@pytest.mark.parametrize("bit", [0, 1, 2])
def test_a_wrong_checksum_at_the_end_of_a_member_is_refused(bit: int) -> None:
    packed = bytearray(gzip.compress(CONTENT))
    packed[-5 - bit] ^= 1
    with pytest.raises(ValueError, match="not packed"):
        check(GZIP, bytes(packed), CONTENT)


def test_an_empty_tar_is_a_layer() -> None:
    check(TAR, bytes(1024), bytes(1024))


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "application/octet-stream",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.in-toto+json",
    ],
)
def test_what_is_no_layer_or_may_not_be_handed_on_is_refused(media_type: str) -> None:
    with pytest.raises(ValueError, match="is not a layer"):
        check(media_type, CONTENT, CONTENT)


def test_what_a_layer_may_unpack_to_follows_from_its_own_size() -> None:
    assert unpacked_most(0) == 1 << 30
    assert unpacked_most(1 << 20) == (1 << 30) + (128 << 20)
    assert unpacked_most(1 << 50) == 32 << 30


def bomb(media_type: str) -> bytes:
    """Pack 1.5 GiB of zeros: 1.5 MB of gzip, 50 KB of zstd."""
    if media_type == ZSTD:
        packer = zstandard.ZstdCompressor(level=1).compressobj()
        packed = [packer.compress(bytes(1 << 24)) for _ in range(96)]
        return b"".join(packed) + packer.flush()
    member = gzip.compress(bytes(1 << 26), 9)
    return member * 24


@pytest.mark.parametrize("media_type", [GZIP, ZSTD])
def test_a_bomb_is_given_up_when_it_has_unpacked_to_too_much(media_type: str) -> None:
    packed = bomb(media_type)
    with pytest.raises(ValueError, match="more than a layer of its size may"):
        check(media_type, packed, b"never reached")


def test_a_zstd_frame_that_wants_a_huge_window_is_refused() -> None:
    # Magic, a descriptor without content size, and a window of 2**31 bytes.
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes(((31 - 10) << 3,)) + b"\x01\x00\x00"
    with pytest.raises(ValueError, match="not packed"):
        check(ZSTD, frame, b"")


@given(
    parts=st.lists(st.binary(max_size=3000).map(lambda data: data * 50), min_size=1, max_size=4),
    step=st.integers(1, 5000),
    level=st.integers(1, 9),
    is_zstd=st.booleans(),
)
def test_any_content_in_any_members_and_pieces(
    parts: list[bytes], step: int, level: int, *, is_zstd: bool
) -> None:
    if is_zstd:
        packed = b"".join(zstd(part, level) for part in parts)
    else:
        packed = b"".join(gzip.compress(part, level) for part in parts)
    check(ZSTD if is_zstd else GZIP, packed, b"".join(parts), step=step)
