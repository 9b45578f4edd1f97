from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from mirrorkit.errors import IntegrityError
from mirrorkit.flows.manifests import Manifests
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import DOCUMENT_MAX, Index, Manifest
from mirrorkit.oci.mediatypes import OCI_INDEX
from mirrorkit.store.memory import MemoryStore
from tests.lab.images import OCI, Made, image, index

MADE = image([])
DIGEST = Digest(MADE.digest)


def shelf_of(*documents: bytes) -> MemoryStore:
    shelf = MemoryStore()
    shelf.blobs = {Digest.of(data): data for data in documents}
    return shelf


def large_index(number: int) -> bytes:
    """Make an index nearly as large as they may be."""
    note = {"number": str(number), "filler": "x" * (DOCUMENT_MAX - 1000)}
    whole = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": note}
    return json.dumps(whole).encode()


@pytest.mark.parametrize("made, kind", [(MADE, Manifest), (index([MADE]), Index)])
def test_a_manifest_is_read_with_its_bytes_and_what_points_at_it(made: Made, kind: type) -> None:
    held = Manifests(shelf_of(made.data)).get(Digest(made.digest))
    assert held is not None
    assert held.data == made.data
    assert isinstance(held.document, kind)
    descriptor = held.descriptor
    assert descriptor.media_type == made.media_type
    assert (descriptor.digest, descriptor.size) == (made.digest, len(made.data))


def test_a_manifest_is_parsed_once() -> None:
    manifests = Manifests(shelf_of(MADE.data))
    assert manifests.get(DIGEST) is manifests.get(DIGEST)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\x1f\x8b\x00", MADE.data[:-1], b"[" * 100_000, b" " * (DOCUMENT_MAX + 1)],
    ids=["empty", "no document", "layer", "cut", "deep", "too large"],
)
def test_a_blob_that_is_no_manifest_is_none(data: bytes) -> None:
    assert Manifests(shelf_of(data)).get(Digest.of(data)) is None


def test_what_is_not_held_is_none_until_it_is_and_after_it_was() -> None:
    shelf = shelf_of()
    manifests = Manifests(shelf)
    assert manifests.get(DIGEST) is None
    shelf.blobs[DIGEST] = MADE.data
    assert manifests.get(DIGEST) is not None
    del shelf.blobs[DIGEST]
    assert manifests.get(DIGEST) is None


@pytest.mark.parametrize(
    "data",
    [MADE.data[:-1] + b" ", MADE.data.replace(b"sha256:", b"sha256;"), MADE.data + b"\n", b""],
    ids=["last byte", "same size", "longer", "empty"],
)
def test_other_bytes_than_the_digest_s_are_found_out_when_they_are_first_read(data: bytes) -> None:
    shelf = shelf_of()
    shelf.blobs[DIGEST] = data
    manifests = Manifests(shelf)
    for _ in range(2):
        with pytest.raises(IntegrityError, match=DIGEST):
            manifests.get(DIGEST)
    shelf.blobs[DIGEST] = MADE.data
    assert manifests.get(DIGEST) is not None


@pytest.mark.parametrize("data", [b"", MADE.data[:-1], MADE.data + b"\n"])
def test_a_file_cut_short_or_grown_behind_our_back_is_noticed_though_it_was_read_before(
    data: bytes,
) -> None:
    shelf = shelf_of(MADE.data)
    manifests = Manifests(shelf)
    assert manifests.get(DIGEST) is not None
    shelf.blobs[DIGEST] = data
    with pytest.raises(IntegrityError, match=DIGEST):
        manifests.get(DIGEST)
    shelf.blobs[DIGEST] = MADE.data
    held = manifests.get(DIGEST)
    assert held is not None
    assert held.data == MADE.data


def test_what_was_not_asked_for_lately_is_forgotten_and_read_again() -> None:
    documents = [large_index(number) for number in range(9)]
    manifests = Manifests(shelf_of(*documents))
    digests = [Digest.of(data) for data in documents]
    first = {digest: manifests.get(digest) for digest in digests[:8]}
    assert manifests.get(digests[0]) is first[digests[0]]
    assert manifests.get(digests[8]) is not None
    assert manifests.get(digests[0]) is first[digests[0]]
    again = manifests.get(digests[1])
    assert again == first[digests[1]]
    assert again is not first[digests[1]]


def test_many_threads_get_what_they_ask_for() -> None:
    made = [image([], label=str(number), kind=OCI) for number in range(8)]
    manifests = Manifests(shelf_of(*(one.data for one in made)))
    asked = [made[number % 8] for number in range(800)]
    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(manifests.get, [Digest(one.digest) for one in asked]))
    assert [one.data for one in held if one] == [one.data for one in asked]
