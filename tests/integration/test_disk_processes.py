"""Several processes write to one store at once."""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from mirrorkit.oci.digest import Digest
from mirrorkit.store.disk import DiskStore
from tests.integration.watched import Writer, blob_of, files_below, put, writer
from tests.lab.layers import random_layer
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = random_layer("processes", 3 << 20).data
HALF = 2 << 20
WRITERS = 4


@contextmanager
def flocked(path: Path) -> Iterator[None]:
    """Hold a lock file alone, as another program would."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)


def test_of_two_processes_with_the_same_blob_one_writes_and_the_other_waits(
    tmp_path: Path,
) -> None:
    blob, partial = blob_of(BODY), tmp_path / "ingest" / f"sha256-{blob_of(BODY).digest.hex}"
    with writer(tmp_path, blob) as first:
        assert first.line() == "at 0"
        first.give(BODY[:HALF])
        with writer(tmp_path, blob) as second:
            wait_to_open(second, partial)
            first.give(BODY[HALF:])
            assert first.end() == "published\n"
            assert second.end() == "held\n"
    assert (tmp_path / "blobs" / "sha256" / blob.digest.hex).read_bytes() == BODY
    assert files_below(tmp_path) == {blob.digest.hex, "index.json", "index.lock", "oci-layout"}


def test_the_one_that_waits_goes_on_where_one_that_was_killed_ended(tmp_path: Path) -> None:
    blob, partial = blob_of(BODY), tmp_path / "ingest" / f"sha256-{blob_of(BODY).digest.hex}"
    with writer(tmp_path, blob) as first:
        assert first.line() == "at 0"
        first.give(BODY[:HALF])
        with writer(tmp_path, blob) as second:
            wait_to_open(second, partial)
            wait_until(lambda: partial.stat().st_size > 0, 20, "bytes of the first")
            first.process.kill()
            offset = int(second.line().removeprefix("at "))
            assert 0 < offset <= HALF
            second.give(BODY[offset:])
            assert second.end() == "published\n"
    assert (tmp_path / "blobs" / "sha256" / blob.digest.hex).read_bytes() == BODY


async def test_of_tags_given_by_several_processes_at_once_none_is_lost(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    for number in range(WRITERS):
        await put(store, b"%d" % number)
    with ExitStack() as stack:
        # All of them begin at the same moment: when the lock they wait for is given back.
        with flocked(tmp_path / "index.lock"):
            writers = [
                stack.enter_context(writer(tmp_path, blob_of(b"%d" % number), *names_of(number)))
                for number in range(WRITERS)
            ]
            for one in writers:
                assert one.line() == "held"
                wait_to_open(one, tmp_path / "index.lock")
            assert store.index().names == {}
        for one in writers:
            assert one.end().count("tagged") == len(names_of(0))
    found = {str(name): d.digest for name, d in store.index().names.items()}
    assert found == {
        name: Digest.of(b"%d" % number) for number in range(WRITERS) for name in names_of(number)
    }


def names_of(number: int) -> list[str]:
    return [f"docker.io/library/n{count}:{number}" for count in range(8)]


def wait_to_open(one: Writer, path: Path) -> None:
    """Wait until a writer has a file open, which it then waits to lock."""
    wait_until(lambda: one.has_open(path), 20, f"a writer at {path.name}")


async def test_a_lease_keeps_pruning_away_and_pruning_keeps_leases_away(tmp_path: Path) -> None:
    one, two = DiskStore(tmp_path), DiskStore(tmp_path)
    async with asyncio.timeout(30):
        async with one.lease():
            async with two.lease():
                pass
            with pytest.raises(BlockingIOError), flocked(tmp_path / "gc.lock"):
                pytest.fail("pruning began beside a lease")
        with flocked(tmp_path / "gc.lock"):
            waiting = asyncio.create_task(hold(one))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not waiting.done()
        assert await waiting


async def hold(store: DiskStore) -> bool:
    async with store.lease():
        return True
