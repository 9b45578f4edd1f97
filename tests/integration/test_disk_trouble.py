"""A disk that is full, broken or not ours: said clearly, nothing damaged, and later it goes on."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import DiskFullError, StoreError
from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from tests.fakes.registry import fake_registry
from tests.integration.lesson import APP, Lesson, made
from tests.integration.watched import blob_of, files_below, put, write_all, writer
from tests.lab.ingests import append, offset
from tests.lab.layers import random_layer
from tests.lab.process import output, wait_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

BODY = random_layer("trouble", 3 << 20).data
BLOB = blob_of(BODY)
NAME = Reference.parse("registry.k8s.io/pause:3.6")
OTHER = Reference.parse("registry.k8s.io/pause:3.7")


async def lease(store: DiskStore) -> None:
    async with store.lease():
        pass


WRITES: dict[str, Callable[[DiskStore], Awaitable[None]]] = {
    "ingest": lambda store: put(store, BODY),
    "tag": lambda store: store.tag(OTHER, BLOB),
    "lease": lease,
    "keep_lock": lambda store: store.keep_lock(b"version: 1\n"),
}
every_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


@contextmanager
def mounted(*arguments: str, at: Path) -> Iterator[None]:
    output(("mount", *arguments, str(at)))
    try:
        yield
    finally:
        output(("umount", str(at)))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB and 30 files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=2m,nr_inodes=30", "lab", at=folder):
        yield folder


def fill(path: Path) -> None:
    """Take all the bytes there are."""
    free = os.statvfs(path.parent)
    path.write_bytes(bytes(free.f_bavail * free.f_frsize))
    assert not os.statvfs(path.parent).f_bavail


def use_up_files(folder: Path) -> None:
    """Take all the files there are."""
    folder.mkdir()
    for number in range(os.statvfs(folder).f_favail):
        (folder / str(number)).touch()
    assert not os.statvfs(folder).f_favail


async def test_a_blob_too_large_for_the_disk_is_kept_in_part_and_ended_when_there_is_room(
    disk: Path,
) -> None:
    store = DiskStore(disk / "store")
    await store.tag(NAME, BLOB)
    before = (store.root / "index.json").read_bytes()
    with pytest.raises(DiskFullError, match=str(store.root)) as full:
        await put(store, BODY)
    assert full.value.hint
    assert store.size(BLOB.digest) is None
    assert (store.root / "index.json").read_bytes() == before
    output(("mount", "-o", "remount,size=8m", str(disk)))
    async with store.ingest(BLOB) as ingest:
        assert ingest is not None
        assert offset(ingest) >= 1 << 20
    await put(store, BODY)
    assert store.read(BLOB.digest) == BODY
    assert not files_below(store.root / "ingest")


@pytest.mark.parametrize("small", [b"", b"x" * 5000], ids=["empty", "small"])
async def test_a_small_blob_waits_for_room_too(disk: Path, small: bytes) -> None:
    store = DiskStore(disk / "store")
    await put(store, b"before")
    use_up_files(disk / "ballast")
    with pytest.raises(DiskFullError):
        await put(store, small)
    assert store.size(blob_of(small).digest) is None
    (disk / "ballast" / "0").unlink()
    await put(store, small)
    assert store.read(blob_of(small).digest) == small


async def test_a_name_that_there_is_no_room_for_leaves_the_index_as_it_was(disk: Path) -> None:
    store = DiskStore(disk / "store")
    await store.tag(NAME, BLOB)
    index, held = (store.root / "index.json").read_bytes(), files_below(store.root)
    fill(disk / "ballast")
    with pytest.raises(DiskFullError, match=str(store.root)):
        await store.tag(OTHER, BLOB)
    assert (store.root / "index.json").read_bytes() == index
    assert files_below(store.root) == held
    assert list(DiskStore(store.root).index().names) == [NAME]
    (disk / "ballast").unlink()
    await store.tag(OTHER, BLOB)
    assert list(store.index().names) == [NAME, OTHER]


@every_write
async def test_a_store_that_there_is_no_room_for_is_made_later(
    disk: Path, write: Callable[[DiskStore], Awaitable[None]]
) -> None:
    store = DiskStore(disk / "store")
    fill(disk / "ballast")
    with pytest.raises(DiskFullError):
        await write(store)
    (disk / "ballast").unlink()
    await store.tag(NAME, BLOB)
    assert list(store.index().names) == [NAME]
    assert files_below(store.root) == {"index.json", "oci-layout", "index.lock"}


@every_write
async def test_a_read_only_store_is_read_and_refuses_writers_with_a_hint(
    tmp_path: Path, write: Callable[[DiskStore], Awaitable[None]]
) -> None:
    root = tmp_path / "store"
    await put(DiskStore(root), b"held")
    await DiskStore(root).tag(NAME, BLOB)
    with mounted("-o", "bind,ro", str(root), at=root):
        store = DiskStore(root)
        with pytest.raises(StoreError, match=f"{root}.*Read-only") as refusal:
            await write(store)
        assert refusal.value.hint
        assert list(store.index().names) == [NAME]
        assert store.read(blob_of(b"held").digest) == b"held"
    await write(store)


async def test_of_a_read_only_store_that_has_all_a_sync_is_done_without_a_word(
    tmp_path: Path,
) -> None:
    root, images = tmp_path / "store", {APP: made("stick")}
    with fake_registry(images) as upstream:
        lesson = Lesson.of(images, upstream.url)
        assert (await lesson.sync(DiskStore(root))).exit_status == 0
    (copy,) = (root / "locks").iterdir()
    copy.unlink()
    before = files_below(root)
    with mounted("-o", "bind,ro", str(root), at=root):
        assert (await lesson.sync(DiskStore(root))).exit_status == 0
    assert files_below(root) == before


@every_write
@pytest.mark.parametrize("place", ["", "/blobs", "/ingest/x"])
async def test_a_file_where_a_folder_should_be_is_told_with_a_hint(
    tmp_path: Path, write: Callable[[DiskStore], Awaitable[None]], place: str
) -> None:
    obstacle = tmp_path / "store"
    if place:
        obstacle.mkdir()
    obstacle = tmp_path / f"store{place.removesuffix('/x')}"
    obstacle.write_bytes(b"mine")
    with pytest.raises(StoreError, match=str(tmp_path / "store")) as refusal:
        await write(DiskStore(tmp_path / "store"))
    assert refusal.value.hint
    assert obstacle.read_bytes() == b"mine"


PARTIAL, BLOBS = f"ingest/sha256-{BLOB.digest.hex}", "blobs/sha256"


@pytest.mark.parametrize(
    "call, place, number, code",
    [
        ("pwritev,pwritev2", PARTIAL, errno.EDQUOT, DiskFullError.code),
        ("pwritev,pwritev2", PARTIAL, errno.EFBIG, DiskFullError.code),
        ("pwritev,pwritev2", PARTIAL, errno.EIO, StoreError.code),
        ("fsync", PARTIAL, errno.ENOSPC, DiskFullError.code),
        ("fsync", PARTIAL, errno.EIO, StoreError.code),
        ("rename", PARTIAL, errno.EROFS, StoreError.code),
        ("fsync", BLOBS, errno.EIO, StoreError.code),
    ],
)
def test_a_fault_of_the_disk_is_told_and_the_next_run_ends_what_was_begun(
    tmp_path: Path, call: str, place: str, number: int, code: str
) -> None:
    assert write_all(tmp_path, b"before", "before")[0] == 0
    index = (tmp_path / "index.json").read_bytes()
    fault = f"inject={call}:error={errno.errorcode[number]}"
    prefix = ("strace", "-f", "-o", f"{tmp_path}/log", "-P", str(tmp_path / place), "-e", fault)
    status, _, said = write_all(tmp_path, BODY, str(NAME), prefix=prefix)
    assert "(INJECTED)" in (tmp_path / "log").read_text()
    assert (status, said.splitlines()[-1].partition(":")[0]) == (1, code)
    assert (tmp_path / "index.json").read_bytes() == index
    assert write_all(tmp_path, BODY, str(NAME))[0] == 0
    store = DiskStore(tmp_path)
    assert NAME in store.index().names
    assert store.read(BLOB.digest) == BODY
    assert not files_below(tmp_path / "ingest")


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_fault_while_naming_leaves_the_index_and_no_other_file(tmp_path: Path, call: str) -> None:
    assert write_all(tmp_path, BODY, "before")[0] == 0
    index, held = (tmp_path / "index.json").read_bytes(), files_below(tmp_path)
    fault = ("-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when=1")
    prefix = ("strace", "-f", "-o", "/dev/null", *fault)
    status, _, said = write_all(tmp_path, BODY, str(NAME), prefix=prefix)
    assert (status, said.partition(":")[0]) == (1, StoreError.code)
    assert (tmp_path / "index.json").read_bytes() == index
    assert files_below(tmp_path) == held


def test_a_partial_file_that_cannot_be_read_is_told_as_the_store_s_fault(tmp_path: Path) -> None:
    partial = tmp_path / PARTIAL
    with writer(tmp_path, BLOB) as one:
        one.give(BODY[:-1])
        wait_until(lambda: partial.stat().st_size > 1 << 20, 20, "a part of it")
        one.process.kill()
    fault = ("-P", str(partial), "-e", "trace=pread64", "-e", "inject=pread64:error=EIO")
    status, _, said = write_all(tmp_path, BODY, prefix=("strace", "-f", "-o", "/dev/null", *fault))
    assert (status, said.splitlines()[-1].partition(":")[0]) == (1, StoreError.code)


async def test_a_blob_read_where_no_folder_is_is_told_as_the_store_s_fault(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_bytes(b"mine")
    with pytest.raises(StoreError):
        DiskStore(tmp_path).read(BLOB.digest)


async def test_an_ingest_that_met_a_full_disk_can_be_begun_anew_once_there_is_room(
    disk: Path,
) -> None:
    store = DiskStore(disk / "store")
    async with store.ingest(BLOB) as ingest:
        assert ingest is not None
        with pytest.raises(DiskFullError):
            await append(ingest, BODY)
        output(("mount", "-o", "remount,size=8m", str(disk)))
        await ingest.restart()
        await append(ingest, BODY)
        await ingest.publish()
    assert store.read(BLOB.digest) == BODY


async def test_the_hint_of_a_broken_index_helps_a_process_that_goes_on_too(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    await store.tag(NAME, BLOB)
    (tmp_path / "index.json").write_bytes(b"{")
    with pytest.raises(StoreError) as refusal:
        await store.tag(NAME, BLOB)
    assert "remove it and sync again" in (refusal.value.hint or "")
    (tmp_path / "index.json").unlink()
    await store.tag(NAME, BLOB)
    assert list(store.index().names) == [NAME]
