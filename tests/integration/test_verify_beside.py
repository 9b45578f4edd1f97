"""Verify beside a sync, a prune, and a machine that is in the way."""

from __future__ import annotations

import asyncio
import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import IntegrityError
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import put
from tests.integration.watched import blob_of
from tests.lab.ingests import append
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

BODY = random_layer("verify", 3 << 20).data
BLOB = blob_of(BODY)
WRONG = BODY[:-1] + bytes([BODY[-1] ^ 1])


@pytest.fixture
async def store(tmp_path: Path) -> DiskStore:
    """A store with one wrong blob."""
    held = DiskStore(tmp_path / "store")
    await put(held, BODY)
    held.path(BLOB.digest).write_bytes(WRONG)
    return held


def ignored(_count: int) -> None:
    """Hear how far it is, and do nothing."""


async def test_what_a_sync_publishes_while_the_old_file_is_read_stays(store: DiskStore) -> None:
    path = store.path(BLOB.digest)

    def publish(_count: int) -> None:
        """Do what another process's sync does: put the right file in the wrong one's place."""
        fresh = store.root / "ingest" / "fresh"
        fresh.write_bytes(BODY)
        fresh.rename(path)

    assert await store.verify(BLOB.digest, publish) is None
    assert path.read_bytes() == BODY
    assert not list((store.root / "ingest").iterdir())


async def test_a_blob_that_a_sync_is_fetching_again_is_left_to_it(store: DiskStore) -> None:
    path = store.path(BLOB.digest)
    os.truncate(path, 5)  # so that a sync sees that it is not held
    async with DiskStore(store.root).ingest(BLOB) as ingest:
        assert ingest is not None
        await append(ingest, BODY[:1000])
        with pytest.raises(IntegrityError, match="a sync is fetching it again"):
            await store.verify(BLOB.digest, ignored)
        await append(ingest, BODY[1000:])
        await ingest.publish()
    assert await store.verify(BLOB.digest, ignored) is None
    assert path.read_bytes() == BODY


async def test_nothing_is_moved_while_a_prune_is_at_work_and_reading_waits_for_none(
    store: DiskStore,
) -> None:
    right = await put(store, b"right")
    fd = os.open(store.root / "gc.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    heard = asyncio.Event()
    try:
        assert await store.verify(right.digest, ignored) is None
        waiting = asyncio.create_task(store.verify(BLOB.digest, lambda _count: heard.set()))
        await heard.wait()
        assert store.path(BLOB.digest).exists()
        assert not waiting.done()
    finally:
        os.close(fd)
    assert await asyncio.wait_for(waiting, 20) == "holds other bytes"


async def test_two_at_once_move_it_once(store: DiskStore) -> None:
    other = DiskStore(store.root)
    found = await asyncio.gather(
        *(one.verify(BLOB.digest, ignored) for one in (store, other)), return_exceptions=True
    )
    assert "holds other bytes" in found
    assert [path.read_bytes() for path in (store.root / "quarantine").iterdir()] == [WRONG]


async def test_a_pipe_in_a_blob_s_place_is_not_waited_for(store: DiskStore) -> None:
    path = store.path(BLOB.digest)
    path.unlink()
    os.mkfifo(path)
    assert await asyncio.wait_for(store.verify(BLOB.digest, ignored), 20) == "is no file"
    assert not path.exists()
