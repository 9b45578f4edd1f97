from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.tarball import StoredBlob, length, tar_parts

NAMES = st.text("abc0", min_size=1, max_size=120).map("blobs/{}".format)
CONTENTS = st.dictionaries(NAMES, st.tuples(st.binary(max_size=1100), st.booleans()), max_size=8)


def by_the_library(members: dict[str, bytes]) -> bytes:
    """Write the same with tarfile, which fills up its last record."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@given(CONTENTS)
def test_parts_make_the_tar_that_the_library_makes(
    contents: dict[str, tuple[bytes, bool]],
) -> None:
    blobs = {Digest.of(data): data for data, _ in contents.values()}
    members = {
        name: StoredBlob(Digest.of(data), len(data)) if is_stored else data
        for name, (data, is_stored) in contents.items()
    }
    parts = list(tar_parts(members))
    made = b"".join(part if isinstance(part, bytes) else blobs[part.digest] for part in parts)
    expected = by_the_library({name: data for name, (data, _) in contents.items()})
    assert sum(map(length, parts)) == len(made)
    assert made + bytes(len(expected) - len(made)) == expected
    assert made.endswith(bytes(1024))


@given(CONTENTS)
def test_two_parts_that_are_written_never_meet(contents: dict[str, tuple[bytes, bool]]) -> None:
    stored = {name: StoredBlob(Digest.of(data), len(data)) for name, (data, _) in contents.items()}
    kinds = [isinstance(part, bytes) for part in tar_parts(stored)]
    assert kinds == [True, False] * len(stored) + [True]


def test_a_blob_larger_than_a_plain_header_can_say_is_said_by_pax() -> None:
    huge = StoredBlob(Digest(f"sha256:{'0' * 64}"), 9 << 30)
    head = next(iter(tar_parts({"blobs/sha256/x": huge})))
    assert isinstance(head, bytes)
    info = tarfile.TarInfo.frombuf(head[-512:], "utf-8", "strict")
    assert info.name == "blobs/sha256/x"
    assert b"size=9663676416\n" in head
