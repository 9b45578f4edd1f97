"""The store on disk and its double in memory keep the same promises."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import IntegrityError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.memory import MemoryStore
from tests.lab.ingests import append, offset

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Store

# More than the disk writes at a time, and no multiple of it.
BODY = b"".join(number.to_bytes(4) for number in range(600_001))
OTHER = BODY[:-1] + b"!"
PIECE = 1 << 16
NAME = Reference.parse("registry.k8s.io/pause:3.6")
ALSO = Reference.parse("docker.io/library/pause:latest")


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return DiskStore(tmp_path / "store") if request.param == "disk" else MemoryStore()


def blob_of(data: bytes, algorithm: str = "sha256") -> Descriptor:
    return Descriptor("application/octet-stream", Digest.of(data, algorithm), len(data))


async def put(store: Store, blob: Descriptor, data: bytes) -> None:
    """Write a body from where the store goes on, in pieces, and publish it."""
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        for start in range(offset(ingest), len(data), PIECE):
            await append(ingest, data[start : start + PIECE])
        await ingest.publish()


async def leave(store: Store, blob: Descriptor, data: bytes) -> None:
    """Write some bytes and go away with an error, as an interrupted sync does."""
    with suppress(ConnectionError):
        async with store.ingest(blob) as ingest:
            assert ingest is not None
            await append(ingest, data)
            raise ConnectionError


async def offset_of(store: Store, blob: Descriptor) -> int | None:
    async with store.ingest(blob) as ingest:
        return None if ingest is None else offset(ingest)


async def is_absent(store: Store, blob: Descriptor) -> bool:
    try:
        store.read(blob.digest)
    except FileNotFoundError:
        return store.size(blob.digest) is None and not await store.holds(blob)
    return False


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("data", [b"", b"x", BODY], ids=["empty", "one byte", "large"])
async def test_what_is_published_is_held_with_its_bytes(
    store: Store, data: bytes, algorithm: str
) -> None:
    blob = blob_of(data, algorithm)
    assert await is_absent(store, blob)
    await put(store, blob, data)
    assert store.size(blob.digest) == len(data)
    assert store.read(blob.digest) == data
    assert await store.holds(blob)


async def test_nothing_is_visible_before_it_is_published(store: Store) -> None:
    blob = blob_of(BODY)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        assert await is_absent(store, blob)
        await append(ingest, BODY)
        assert offset(ingest) == len(BODY)
        assert await is_absent(store, blob)
    assert await is_absent(store, blob)


@pytest.mark.parametrize("extra", [b"!", BODY], ids=["one byte", "twice"])
async def test_a_body_longer_than_its_size_is_refused_as_soon_as_it_is(
    store: Store, extra: bytes
) -> None:
    blob = blob_of(BODY)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        await append(ingest, BODY)
        with pytest.raises(IntegrityError, match=blob.digest):
            await append(ingest, extra)
    assert await is_absent(store, blob)


@pytest.mark.parametrize(
    "data", [b"", BODY[:-1], OTHER, BODY[::-1]], ids=["nothing", "shorter", "last byte", "other"]
)
async def test_wrong_bytes_are_not_published_and_can_be_given_up(store: Store, data: bytes) -> None:
    blob = blob_of(BODY)
    with pytest.raises(IntegrityError, match=blob.digest):
        await put(store, blob, data)
    assert await is_absent(store, blob)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        assert offset(ingest) == len(data)
        await ingest.restart()
        assert offset(ingest) == 0
    await put(store, blob, BODY)
    assert store.read(blob.digest) == BODY


async def test_wrong_bytes_written_over_right_ones_are_found_out(store: Store) -> None:
    blob = blob_of(BODY)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        await append(ingest, BODY)
        async with ingest.writer(1, "two.test") as writer:
            await writer.write(bytes(byte ^ 1 for byte in BODY[1:4]))
        with pytest.raises(IntegrityError, match=blob.digest):
            await ingest.publish()
        async with ingest.writer(0, "one.test") as writer:
            await writer.write(BODY[:9])
        await ingest.publish()
    assert store.read(blob.digest) == BODY


@pytest.mark.parametrize("count", [0, 1, PIECE, len(BODY) - 1, len(BODY)])
async def test_an_interrupted_ingest_is_taken_over_where_it_ended(store: Store, count: int) -> None:
    blob = blob_of(BODY)
    await leave(store, blob, BODY[:count])
    assert await is_absent(store, blob)
    assert await offset_of(store, blob) == count
    await put(store, blob, BODY)
    assert store.read(blob.digest) == BODY


async def test_wrong_bytes_taken_over_from_an_interrupted_ingest_are_found_out(
    store: Store,
) -> None:
    blob = blob_of(BODY)
    await leave(store, blob, OTHER[-5:])
    with pytest.raises(IntegrityError):
        await put(store, blob, BODY)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        await ingest.restart()
    await put(store, blob, BODY)
    assert store.read(blob.digest) == BODY


async def test_two_interrupted_blobs_are_kept_apart(store: Store) -> None:
    one, two = blob_of(BODY), blob_of(OTHER)
    await leave(store, one, BODY[:PIECE])
    await leave(store, two, OTHER[:10])
    assert [await offset_of(store, blob) for blob in (one, two)] == [PIECE, 10]


async def test_restart_forgets_what_was_written(store: Store) -> None:
    blob = blob_of(BODY)
    await leave(store, blob, OTHER[-PIECE:])
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        await append(ingest, OTHER[: 3 * PIECE])
        await ingest.restart()
        assert offset(ingest) == 0
        await append(ingest, BODY)
        await ingest.publish()
    assert store.read(blob.digest) == BODY


async def test_what_is_held_needs_no_writing(store: Store) -> None:
    await put(store, blob_of(BODY), BODY)
    assert await offset_of(store, blob_of(BODY)) is None


async def test_a_blob_of_another_size_than_the_descriptor_s_is_not_the_one(store: Store) -> None:
    blob = blob_of(BODY)
    await put(store, blob, BODY)
    assert not await store.holds(Descriptor(blob.media_type, blob.digest, blob.size + 1))


async def test_what_is_discarded_is_gone_and_can_be_written_again(store: Store) -> None:
    blob, other = blob_of(BODY), blob_of(OTHER)
    await put(store, blob, BODY)
    await put(store, other, OTHER)
    await store.discard(blob.digest)
    assert await is_absent(store, blob)
    assert await store.holds(other)
    await store.discard(blob.digest)
    await put(store, blob, BODY)
    assert store.read(blob.digest) == BODY


@pytest.mark.parametrize("data", [b"", OTHER, BODY[:-1], BODY + b"!"])
async def test_a_blob_with_other_bytes_is_found_put_aside_and_can_be_written_again(
    store: Store, data: bytes
) -> None:
    blob, other = blob_of(BODY), blob_of(b"other")
    await put(store, other, b"other")
    await put(store, blob, BODY)
    await store.tag(NAME, blob)
    damage(store, blob.digest, data)
    assert await store.verify(blob.digest, ignored) == "holds other bytes"
    assert await is_absent(store, blob)
    assert aside(store) == [data]
    assert await store.holds(other)
    assert store.index().names[NAME].digest == blob.digest
    assert await store.verify(blob.digest, ignored) is None  # it is not held any more
    await put(store, blob, BODY)
    damage(store, blob.digest, data[:1])
    assert await store.verify(blob.digest, ignored)
    assert aside(store) == sorted([data, data[:1]])  # nothing takes another's place


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("data", [b"", b"x", BODY], ids=["empty", "one byte", "large"])
async def test_a_right_blob_is_read_to_its_end_and_stays(
    store: Store, data: bytes, algorithm: str
) -> None:
    blob = blob_of(data, algorithm)
    await put(store, blob, data)
    steps: list[int] = []
    assert await store.verify(blob.digest, steps.append) is None
    assert sum(steps) == len(data)
    assert store.read(blob.digest) == data
    assert not aside(store)


async def test_to_verify_what_is_not_held_finds_nothing_wrong(store: Store) -> None:
    assert await store.verify(blob_of(BODY).digest, ignored) is None
    assert not list(store.digests())


async def test_what_an_interrupted_ingest_left_is_no_business_of_verify(store: Store) -> None:
    blob = blob_of(BODY)
    await put(store, blob, BODY)
    damage(store, blob.digest, b"")
    await leave(store, blob, BODY[:PIECE])
    assert await store.verify(blob.digest, ignored)
    assert await offset_of(store, blob) == PIECE


async def test_every_blob_is_listed_whole_or_not(store: Store) -> None:
    blobs = [blob_of(BODY), blob_of(OTHER), blob_of(b"x", "sha512")]
    for blob, data in zip(blobs, (BODY, OTHER, b"x"), strict=True):
        await put(store, blob, data)
    await leave(store, blob_of(b"abc"), b"a")
    damage(store, blobs[0].digest, b"wrong")
    assert set(store.digests()) == {blob.digest for blob in blobs}


async def test_when_a_lock_was_verified_is_kept_for_that_lock_alone(store: Store) -> None:
    one, two = Digest.of(b"version: 1"), Digest.of(b"version: 1 ")
    await store.tag(NAME, blob_of(BODY))
    assert store.verified_at(one) is None
    for moment in ("2025-06-01T20:14:05+00:00", "2025-06-02T07:00:00+00:00"):
        await store.keep_verified(one, moment)
        assert store.verified_at(one) == moment
    assert store.verified_at(two) is None


async def test_a_name_resolves_to_what_it_was_given(store: Store) -> None:
    assert store.index().names == {}
    one, two = blob_of(BODY), blob_of(OTHER)
    await store.tag(NAME, one)
    await store.tag(ALSO, two)
    found = {name: (d.media_type, d.digest, d.size) for name, d in store.index().names.items()}
    assert found == {
        NAME: (one.media_type, one.digest, one.size),
        ALSO: (two.media_type, two.digest, two.size),
    }


async def test_one_root_may_have_two_names(store: Store) -> None:
    blob = blob_of(BODY)
    await store.tag(NAME, blob)
    await store.tag(ALSO, blob)
    assert {d.digest for d in store.index().names.values()} == {blob.digest}
    assert set(store.index().names) == {NAME, ALSO}


@pytest.mark.parametrize("data", [b"", b"x", BODY], ids=["empty", "one byte", "large"])
async def test_a_blob_of_unknown_digest_is_published_under_that_of_its_bytes(
    store: Store, data: bytes
) -> None:
    for _ in range(2):  # also where it is held already
        async with store.spool() as spool:
            for start in range(0, len(data), PIECE):
                await spool.write(data[start : start + PIECE])
            assert await spool.publish() == blob_of(data)
        assert store.read(blob_of(data).digest) == data
    assert leftovers(store) == []


async def test_of_a_spool_that_is_not_published_nothing_stays(store: Store) -> None:
    with suppress(ConnectionError):
        async with store.spool() as spool:
            await spool.write(BODY)
            raise ConnectionError
    assert await is_absent(store, blob_of(BODY))
    assert leftovers(store) == []


async def test_two_spools_are_kept_apart(store: Store) -> None:
    async with store.spool() as one, store.spool() as two:
        await one.write(BODY)
        await two.write(OTHER)
        assert [await one.publish(), await two.publish()] == [blob_of(BODY), blob_of(OTHER)]


def leftovers(store: Store) -> list[str]:
    """Return what lies on the disk beside blobs."""
    if isinstance(store, DiskStore):
        return [path.name for path in (store.root / "ingest").iterdir()]
    return []


@pytest.mark.parametrize("data", [b"", b"x", BODY], ids=["empty", "one byte", "large"])
async def test_a_blob_can_be_read_in_pieces(store: Store, data: bytes) -> None:
    await put(store, blob_of(data), data)
    pieces = list(store.pieces(blob_of(data).digest))
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= 1 << 20 for piece in pieces)


async def test_there_are_no_pieces_of_what_is_not_held(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        next(store.pieces(blob_of(BODY).digest))


async def test_what_stands_for_a_digest_is_named_and_found_by_that_digest(store: Store) -> None:
    pinned, other = blob_of(BODY), blob_of(OTHER)
    await store.tag(NAME, other, pinned.digest)
    index = store.index()
    assert {key: one.digest for key, one in index.substitutes.items()} == {
        pinned.digest: other.digest
    }
    assert index.names[NAME].digest == other.digest
    assert set(index.roots) == {other.digest}
    await store.tag(NAME, pinned)
    assert store.index().substitutes == {}
    assert set(store.index().roots) == {pinned.digest, other.digest}


async def test_a_name_given_anew_leaves_the_old_root_without_a_name(store: Store) -> None:
    old, new = blob_of(BODY), blob_of(OTHER)
    await store.tag(NAME, old)
    await store.tag(NAME, new)
    index = store.index()
    assert [d.digest for d in index.names.values()] == [new.digest]
    assert set(index.roots) == {old.digest, new.digest}
    assert not index.roots[old.digest].annotations


async def test_an_index_once_read_does_not_change_and_is_the_same_until_something_does(
    store: Store,
) -> None:
    await store.tag(NAME, blob_of(BODY))
    before = store.index()
    await put(store, blob_of(OTHER), OTHER)
    assert store.index() is before
    await store.tag(NAME, blob_of(OTHER))
    assert before.names[NAME].digest == blob_of(BODY).digest
    assert store.index() is not before
    assert store.index().names[NAME].digest == blob_of(OTHER).digest


async def test_writers_share_a_lease(store: Store) -> None:
    async with asyncio.timeout(20), store.lease(), store.lease():
        await put(store, blob_of(BODY), BODY)
        await store.tag(NAME, blob_of(BODY))
    assert store.index().names[NAME].digest == blob_of(BODY).digest


async def test_a_lock_is_kept_once_and_beside_what_is_named(store: Store) -> None:
    for text in (b"version: 1\n", b"version: 1\n", b"version: 1\nimages: []\n"):
        await store.keep_lock(text)
    assert kept_locks(store) == [b"version: 1\n", b"version: 1\nimages: []\n"]
    assert not store.index().manifests


async def test_there_is_room_or_no_limit(store: Store) -> None:
    free = store.free()
    assert free is None or free > len(BODY)


async def test_after_wrong_bytes_the_same_ingest_can_be_filled_again(store: Store) -> None:
    blob = blob_of(BODY)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        await append(ingest, OTHER)
        with pytest.raises(IntegrityError):
            await ingest.publish()
        await ingest.restart()
        await append(ingest, BODY)
        await ingest.publish()
    assert store.read(blob.digest) == BODY


async def test_of_two_writers_of_one_blob_the_second_waits_and_has_nothing_to_do(
    store: Store,
) -> None:
    blob = blob_of(BODY)
    async with asyncio.timeout(20):
        async with store.ingest(blob) as ingest:
            assert ingest is not None
            second = asyncio.create_task(offset_of(store, blob))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not second.done()
            await append(ingest, BODY)
            await ingest.publish()
        assert await second is None


async def test_the_index_of_a_store_that_names_nothing_is_the_same_each_time(store: Store) -> None:
    assert store.index() is store.index()


async def test_a_lock_may_be_kept_by_several_at_once(store: Store) -> None:
    for number in range(20):
        lock = b"version: 1 # %d" % number
        await asyncio.gather(*(store.keep_lock(lock) for _ in range(8)))
    assert len(kept_locks(store)) == 20


def ignored(_count: int) -> None:
    """Hear how far it is, and do nothing."""


def damage(store: Store, digest: Digest, data: bytes) -> None:
    """Put other bytes in a blob's place, as a bad disk does."""
    if isinstance(store, DiskStore):
        store.path(digest).write_bytes(data)
    else:
        assert isinstance(store, MemoryStore)
        store.blobs[digest] = data


def aside(store: Store) -> list[bytes]:
    if isinstance(store, DiskStore):
        return sorted(path.read_bytes() for path in (store.root / "quarantine").glob("*"))
    assert isinstance(store, MemoryStore)
    return sorted(store.aside)


def kept_locks(store: Store) -> list[bytes]:
    if isinstance(store, DiskStore):
        return sorted(path.read_bytes() for path in (store.root / "locks").iterdir())
    assert isinstance(store, MemoryStore)
    return sorted(store.locks)
