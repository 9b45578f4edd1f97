"""The store on disk is one for other programs and other processes too."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import StoreError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.reference import Reference
from mirrorkit.spans import Part, Span
from mirrorkit.store import durable
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.ingest import DiskIngest, journal_of
from mirrorkit.store.journal import Journal
from tests.integration.watched import blob_of, files_below, put, write_all
from tests.lab.clients import skopeo_copy, skopeo_digest, skopeo_inspect
from tests.lab.images import DOCKER, OCI, Format, Made, image, index
from tests.lab.ingests import append, offset
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Ingest

MIB = 1 << 20
BODY = random_layer("disk store", 3 << 20).data
NAME = "registry.k8s.io/pause:3.6"


async def put_image(store: DiskStore, name: str, made: Made) -> None:
    """Write an image, blobs before manifests, and name it."""
    for data in (*made.all_blobs().values(), *(one.data for one in made.manifests())):
        await put(store, data)
    root = Descriptor(made.media_type, Digest(made.digest), len(made.data))
    await store.tag(Reference.parse(name), root)


def small_index(kind: Format, label: str) -> Made:
    platforms = ("linux/amd64", "linux/arm64")
    layers = {platform: random_layer(f"{label} {platform}", 2000) for platform in platforms}
    return index([image([layers[p]], p, kind=kind) for p in platforms], kind=kind)


async def test_skopeo_reads_what_was_tagged(tmp_path: Path) -> None:
    made, store = small_index(OCI, "a"), DiskStore(tmp_path / "store")
    # skopeo 1.9 passes over roots of Docker's media types, but they must not disturb it.
    await put_image(store, "registry.k8s.io/etcd:3.5.1-0", small_index(DOCKER, "b"))
    await put_image(store, NAME, made)
    ours = f"oci:{store.root}:{NAME}"
    assert skopeo_digest(ours) == made.digest
    assert skopeo_inspect(ours)["Layers"] == list(made.for_platform("linux/amd64").blobs)[1:]
    skopeo_copy(ours, f"dir:{tmp_path}/copy")
    assert (tmp_path / "copy" / "manifest.json").read_bytes() == made.data
    assert {digest[7:] for digest in made.all_blobs()} <= files_below(tmp_path / "copy")


async def test_what_skopeo_adds_is_read_and_what_it_named_stays(tmp_path: Path) -> None:
    ours, theirs = small_index(OCI, "ours"), small_index(OCI, "theirs")
    for folder, made in (("a", ours), ("b", theirs)):
        await put_image(DiskStore(tmp_path / folder), NAME, made)
    store = DiskStore(tmp_path / "a")
    for name in ("mine", "docker.io/library/theirs:1"):
        skopeo_copy(f"oci:{tmp_path}/b:{NAME}", f"oci:{store.root}:{name}")
    assert {str(name) for name in store.index().names} == {NAME, "docker.io/library/theirs:1"}
    assert store.read(Digest(theirs.digest)) == theirs.data
    await store.tag(Reference.parse("again"), store.index().names[Reference.parse(NAME)])
    assert skopeo_digest(f"oci:{store.root}:mine") == theirs.digest
    assert skopeo_digest(f"oci:{store.root}:{NAME}") == ours.digest


async def test_tags_given_at_once_queue_for_the_index_and_ask_for_it_once_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, asked, really = DiskStore(tmp_path), [], durable.try_lock_fd
    await put(store, b"a manifest")

    def ask(fd: int, *, shared: bool = False) -> bool:
        asked.append(fd)
        return really(fd, shared=shared)

    monkeypatch.setattr(durable, "try_lock_fd", ask)
    names = [Reference.parse(f"registry.k8s.io/pause:{number}") for number in range(9)]
    await asyncio.gather(*[store.tag(name, blob_of(b"a manifest")) for name in names])
    assert set(store.index().names) == set(names)
    assert len(asked) == len(names)


async def test_a_source_goes_on_beside_a_slow_disk_until_four_mebibytes_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_quick, jobs, accepted, really = asyncio.Event(), [], [], DiskIngest.put

    async def put_slowly(ingest: DiskIngest, start: int, pieces: list[bytes], source: str) -> int:
        jobs.append(len(pieces))
        await is_quick.wait()
        return await really(ingest, start, pieces, source)

    monkeypatch.setattr(DiskIngest, "put", put_slowly)
    pieces = [b"%d" % number * MIB for number in range(6)]
    blob = blob_of(b"".join(pieces))

    async def send(ingest: Ingest) -> None:
        async with ingest.writer(0, "one.test") as writer:
            for piece in pieces:
                await writer.write(piece)
                accepted.append(piece)

    async with DiskStore(tmp_path).ingest(blob) as ingest:
        assert ingest is not None
        sending = asyncio.create_task(send(ingest))
        for _ in range(100):
            await asyncio.sleep(0)
        assert accepted == pieces[:4]
        is_quick.set()
        await sending
        await ingest.publish()
    assert jobs == [1, 4, 1]


async def test_many_connections_beside_a_slow_disk_keep_within_a_bound_for_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_quick, accepted, really, lanes, each = asyncio.Event(), [], DiskIngest.put, 24, 6
    piece = bytes(MIB)

    async def put_slowly(ingest: DiskIngest, start: int, pieces: list[bytes], source: str) -> int:
        await is_quick.wait()
        return await really(ingest, start, pieces, source)

    monkeypatch.setattr(DiskIngest, "put", put_slowly)

    async def send(ingest: Ingest, lane: int) -> None:
        async with ingest.writer(lane * each * MIB, "one.test") as writer:
            for _ in range(each):
                await writer.write(piece)
                accepted.append(piece)

    async with DiskStore(tmp_path).ingest(blob_of(piece * each * lanes)) as ingest:
        assert ingest is not None
        for _ in range(2):  # what was written leaves room for others
            accepted.clear()
            is_quick.clear()
            sending = [asyncio.create_task(send(ingest, lane)) for lane in range(lanes)]
            for _ in range(100):
                await asyncio.sleep(0)
            assert 32 <= len(accepted) <= 32 + lanes
            is_quick.set()
            await asyncio.gather(*sending)
        await ingest.publish()


async def test_what_was_accepted_is_written_however_often_its_writer_is_cancelled_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_quick, accepted, really = asyncio.Event(), [], DiskIngest.put

    async def put_slowly(ingest: DiskIngest, start: int, pieces: list[bytes], source: str) -> int:
        await is_quick.wait()
        return await really(ingest, start, pieces, source)

    monkeypatch.setattr(DiskIngest, "put", put_slowly)
    pieces = [b"%d" % number * MIB for number in range(3)]

    async def send(ingest: Ingest) -> None:
        async with ingest.writer(0, "one.test") as writer:
            for piece in pieces:
                await writer.write(piece)
                accepted.append(piece)
            await asyncio.Event().wait()

    async with DiskStore(tmp_path).ingest(blob_of(b"".join(pieces))) as ingest:
        assert ingest is not None
        sending = asyncio.create_task(send(ingest))
        for _ in range(3):
            for _ in range(20):
                await asyncio.sleep(0)
            sending.cancel()
        assert accepted == pieces
        is_quick.set()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await ingest.publish()


async def test_who_is_cancelled_while_a_write_fails_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_known = asyncio.Event()

    async def put_in_vain(_i: DiskIngest, _start: int, _pieces: list[bytes], _source: str) -> int:
        await is_known.wait()
        raise StoreError("the disk is gone")

    monkeypatch.setattr(DiskIngest, "put", put_in_vain)

    async def send(ingest: Ingest) -> None:
        async with ingest.writer(0, "one.test") as writer:
            for _ in range(6):
                await writer.write(bytes(MIB))

    async with DiskStore(tmp_path).ingest(blob_of(bytes(6 * MIB))) as ingest:
        assert ingest is not None
        sending = asyncio.create_task(send(ingest))
        for _ in range(20):
            await asyncio.sleep(0)
        sending.cancel()
        is_known.set()
        with pytest.raises(StoreError):
            await sending
        assert not ingest.parts.count


async def test_a_store_that_was_copied_without_its_empty_folders_is_gone_on_with(
    tmp_path: Path,
) -> None:
    await DiskStore(tmp_path).tag(Reference.parse(NAME), blob_of(BODY))
    for name in ("ingest", "locks", "blobs/sha256", "blobs/sha512", "blobs"):
        (tmp_path / name).rmdir()
    store = DiskStore(tmp_path)
    await store.keep_lock(b"version: 1\n")
    await put(store, BODY)
    assert store.read(blob_of(BODY).digest) == BODY
    assert set(store.index().names) == {Reference.parse(NAME)}


async def test_a_reader_notices_what_another_process_tagged(tmp_path: Path) -> None:
    root = tmp_path / "store"
    reader = DiskStore(root)
    for number, data in enumerate((b"one", b"two", b"three")):
        assert len(reader.index().names) == min(number, 1)
        assert write_all(root, data, NAME)[0] == 0
        found = reader.index().names[Reference.parse(NAME)]
        assert reader.read(found.digest) == data


@pytest.mark.parametrize(
    "junk", [b"", b"{", b"[]", b"\xff", b'{"manifests": 1}', b"[" * 100_000], ids=len
)
async def test_a_broken_index_is_named_and_left_as_it_is(tmp_path: Path, junk: bytes) -> None:
    store, path = DiskStore(tmp_path), tmp_path / "index.json"
    await store.tag(Reference.parse(NAME), blob_of(BODY))
    path.write_bytes(junk)
    with pytest.raises(StoreError, match=str(path)) as reading:
        store.index()
    assert reading.value.hint
    with pytest.raises(StoreError, match=str(path)):
        await store.tag(Reference.parse(NAME), blob_of(BODY))
    assert path.read_bytes() == junk
    path.unlink()
    await DiskStore(tmp_path).tag(Reference.parse(NAME), blob_of(BODY))
    assert list(map(str, store.index().names)) == [NAME]


async def test_reading_a_store_that_is_not_there_creates_nothing(tmp_path: Path) -> None:
    store, blob = DiskStore(tmp_path / "a" / "b"), blob_of(BODY)
    assert not store.index().manifests
    assert store.size(blob.digest) is None
    assert not await store.holds(blob)
    assert store.free() > 0
    with pytest.raises(FileNotFoundError):
        store.read(blob.digest)
    await store.discard(blob.digest)
    assert is_bare(tmp_path)


def is_bare(folder: Path) -> bool:
    return not list(folder.iterdir())


@pytest.mark.parametrize("left", [BODY + b"!", BODY * 2], ids=["one byte more", "twice"])
async def test_a_partial_file_longer_than_the_blob_is_forgotten(
    tmp_path: Path, left: bytes
) -> None:
    store, blob = DiskStore(tmp_path), blob_of(BODY)
    partial = leave(store, left)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        assert offset(ingest) == 0
        assert partial.stat().st_size == 0
        await append(ingest, BODY)
        await ingest.publish()
    assert store.read(blob.digest) == BODY


async def test_bytes_that_are_not_those_journalled_are_not_believed(tmp_path: Path) -> None:
    store, blob = DiskStore(tmp_path), blob_of(BODY)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        await append(ingest, BODY[: 3 << 20])
    partial = tmp_path / "ingest" / f"sha256-{blob.digest.hex}"
    with partial.open("r+b") as file:
        file.seek(2 << 20)
        file.write(bytes([BODY[2 << 20] ^ 1]))
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        assert 1 << 20 <= offset(ingest) <= 2 << 20
    await put(store, BODY)
    assert store.read(blob.digest) == BODY
    assert not files_below(tmp_path / "ingest")


async def test_what_a_journal_was_wrong_about_is_not_read_again_at_the_next_resume(
    tmp_path: Path,
) -> None:
    body = random_layer("journal", 6 << 20).data
    store, blob = DiskStore(tmp_path), blob_of(body)
    async with store.ingest(blob) as ingest:
        assert ingest is not None
        for start in range(0, 3 << 20, MIB):
            await append(ingest, body[start : start + MIB])
        async with ingest.writer(4 << 20, "far") as writer:
            await writer.write(body[4 << 20 :])
    partial = tmp_path / "ingest" / f"sha256-{blob.digest.hex}"
    with partial.open("r+b") as file:
        file.seek(2 << 20)
        file.write(bytes([body[2 << 20] ^ 1]))
    for _ in range(2):
        async with store.ingest(blob) as ingest:
            assert ingest is not None
            assert list(ingest.parts)[-1] == Part(4 << 20, len(body), "far")
        lines = [line for line in Journal(journal_of(partial)).lines() if line.hash]
        assert [line.span for line in lines if not line.start][-1] == Span(0, 2 << 20)
        assert not any(line.stop == 3 << 20 for line in lines)
    assert len(files_below(tmp_path / "ingest")) == 2
    await put(store, body)
    assert not files_below(tmp_path / "ingest")


def leave(store: DiskStore, data: bytes) -> Path:
    """Put a partial file of BODY's blob there."""
    partial = store.root / "ingest" / f"sha256-{blob_of(BODY).digest.hex}"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(data)
    return partial


async def test_what_a_killed_process_left_of_a_spool_goes_with_the_next_one(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "store")
    async with store.spool() as under_way:
        await under_way.write(b"under way")
        left = store.root / "ingest" / "spool-left"
        left.write_bytes(b"left")
        async with store.spool() as spool:
            assert not left.exists()
            await spool.write(b"another")
            await spool.publish()
        assert (await under_way.publish()).digest == Digest.of(b"under way")


async def test_partial_blobs_are_forgotten_after_half_a_year_and_only_those(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    old, new = blob_of(BODY), blob_of(BODY + b"!")
    for blob in (old, new):
        async with store.ingest(blob) as ingest:
            assert ingest is not None
            await append(ingest, BODY[: 2 << 20])
    partial = tmp_path / "ingest" / f"sha256-{old.digest.hex}"
    half_a_year_ago = time.time() - 190 * 86_400
    os.utime(partial, (half_a_year_ago, half_a_year_ago))
    async with store.ingest(old) as held:  # somebody goes on with it
        assert held is not None
        async with store.lease():
            pass
        assert partial.exists()
    os.utime(partial, (half_a_year_ago, half_a_year_ago))
    async with store.lease():
        pass
    assert store.partial(old.digest) == 0
    assert store.partial(new.digest) == 2 << 20
    assert {path.name.partition(".")[0] for path in (tmp_path / "ingest").iterdir()} == {
        f"sha256-{new.digest.hex}"
    }


async def test_a_spool_that_another_process_took_for_left_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lock = DiskStore(tmp_path / "store"), fcntl.flock

    def late(file: int, operation: int) -> None:
        """Let the other process be first, between the file's making and its lock."""
        monkeypatch.undo()
        (left,) = (store.root / "ingest").glob("spool-*")
        left.unlink()
        lock(file, operation)

    async with store.spool():
        pass  # the store's folders
    monkeypatch.setattr(fcntl, "flock", late)
    async with store.spool() as spool:
        await spool.write(BODY)
        assert (await spool.publish()).digest == Digest.of(BODY)
