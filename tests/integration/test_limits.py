"""What one client, or many, may take of the server: deadlines, sizes, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.server.limits import HEADER_BYTES, LINE_BYTES, Limits
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import blob_of_size, fill, lock_of
from tests.integration.guarded import PATIENT, Guarded, MiB, guarded
from tests.lab.images import image
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

NAME = "docker.io/library/app:1"
MANIFEST = "/v2/app/manifests/1"
SOON = 0.05
BIG = 48 * MiB  # more than sockets take


async def _blob(store: DiskStore) -> tuple[str, int]:
    """Write a large blob; return its path and size."""
    digest = await blob_of_size(store, BIG)
    return f"/v2/app/blobs/{digest}", store.size(digest) or 0


async def _wait_for_deadline(server: Guarded) -> None:
    """Return when a request begun now is past the deadline for its head."""
    late = await server.connect()
    late.send("GET /livez HTTP/1.1\r\nHo")
    assert await late.rest() == b""


@pytest.mark.parametrize("begun", ["", "G", "GET /livez HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x"])
async def test_a_head_that_does_not_end_is_not_waited_for(tmp_path: Path, begun: str) -> None:
    async with guarded(DiskStore(tmp_path), Limits(head=SOON, idle=PATIENT)) as server:
        client = await server.connect()
        client.send(begun)
        assert await client.rest() == b""


async def test_a_second_head_has_the_same_deadline(tmp_path: Path) -> None:
    async with guarded(DiskStore(tmp_path), Limits(head=SOON, idle=PATIENT)) as server:
        client = await server.connect()
        client.ask("/livez")
        assert (await client.answer())[0] == 200
        client.send("GET /livez HT")
        assert await client.rest() == b""


async def test_a_connection_between_requests_is_not_held_to_the_deadline_of_a_head(
    tmp_path: Path,
) -> None:
    async with guarded(DiskStore(tmp_path), Limits(head=SOON, idle=PATIENT)) as server:
        client = await server.connect()
        client.ask("/livez")
        assert (await client.answer())[0] == 200
        await _wait_for_deadline(server)
        client.ask("/livez")
        assert (await client.answer())[0] == 200


async def test_a_long_download_is_not_held_to_the_deadline_of_a_head(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    path, size = await _blob(store)
    async with guarded(store, Limits(head=SOON, idle=SOON)) as server:
        client = await server.connect()
        client.ask(path)
        assert (await client.head())[1]["content-length"] == str(size)
        await _wait_for_deadline(server)
        await _wait_for_deadline(server)
        assert len(await client.reader.readexactly(size)) == size


async def test_a_connection_that_stays_silent_between_requests_is_closed(tmp_path: Path) -> None:
    async with guarded(DiskStore(tmp_path), Limits(head=PATIENT, idle=SOON)) as server:
        client = await server.connect()
        client.ask("/livez")
        assert (await client.answer())[0] == 200
        assert await client.rest() == b""


async def test_a_reader_that_takes_nothing_is_dropped_and_one_that_does_is_not(
    tmp_path: Path,
) -> None:
    store = DiskStore(tmp_path)
    path, size = await _blob(store)
    async with guarded(store, Limits(head=PATIENT, idle=PATIENT, stuck=0.5)) as server:
        stuck = await server.connect(buffer=4096)
        stuck.ask(path)
        await stuck.head()
        steady = await server.connect(buffer=65536)
        steady.ask(path)
        await steady.head()
        received = 0
        # The steady one reads for as long as the stuck one is there.
        while (await server.metrics())["mirrorkit_streams_active"][()] == 2:
            received += len(await steady.reader.readexactly(65536))
        assert len(await stuck.rest()) < size
        assert len(await steady.reader.readexactly(size - received)) == size - received


async def test_a_reader_that_takes_no_manifests_is_dropped(tmp_path: Path) -> None:
    store = await fill(tmp_path, {NAME: image([random_layer("app", 99)])})
    async with guarded(store, Limits(head=PATIENT, idle=PATIENT, stuck=0.2)) as server:
        client = await server.connect(buffer=4096)
        for _ in range(12_000):
            client.ask(MANIFEST)
        await server.until("mirrorkit_connections", lambda number: number == 1)


@pytest.mark.parametrize(
    "request_head, status",
    [
        (f"GET /{'a' * LINE_BYTES} HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (f"GET / HTTP/1.1\r\nHost: x\r\nCookie: {'a' * (HEADER_BYTES + 1)}\r\n\r\n", 431),
        ("\x16\x03\x01 this is TLS or noise\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ],
)
async def test_what_is_no_request_is_refused_and_not_worth_a_word_on_the_terminal(
    tmp_path: Path, request_head: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with guarded(DiskStore(tmp_path), Limits()) as server:
        client = await server.connect()
        client.send(request_head)
        assert (await client.answer())[0] == status
        assert await client.rest() == b""
    assert caplog.records == []


async def test_a_push_is_refused_before_its_body_is_asked_for(tmp_path: Path) -> None:
    async with guarded(DiskStore(tmp_path), Limits()) as server:
        client = await server.connect()
        body = ("Content-Length: 9999999999", "Expect: 100-continue")
        client.ask("/v2/app/blobs/uploads/", *body, method="POST")
        assert (await client.answer())[0] == 405


async def test_a_body_that_nobody_wants_is_not_read_to_its_end(tmp_path: Path) -> None:
    limits = Limits(head=PATIENT, idle=PATIENT, linger=SOON)
    async with guarded(DiskStore(tmp_path), limits) as server:
        client = await server.connect()
        client.ask("/v2/", "Content-Length: 9999999999", method="PUT")
        client.send("x" * MiB)
        assert (await client.answer())[0] == 405
        assert await client.rest() == b""


async def test_livez_answers_while_idle_connections_come_in_crowds(tmp_path: Path) -> None:
    limits = Limits(head=PATIENT, idle=PATIENT, connections=16)
    async with guarded(DiskStore(tmp_path), limits) as server:
        for _ in range(5):
            crowd = [await server.connect() for _ in range(30)]
            for client in crowd:
                client.send("GET / HTTP/1.1\r\n")
            assert (await server.get("/livez"))[0] == 200
        found = await server.metrics()
        assert found["mirrorkit_connections"][()] <= limits.connections


async def test_a_crowd_at_the_door_does_not_cut_off_who_is_being_served(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    path, size = await _blob(store)
    async with guarded(store, Limits(head=PATIENT, idle=PATIENT, connections=8)) as server:
        client = await server.connect()
        client.ask(path)
        await client.head()
        for _ in range(40):
            await server.connect("127.0.0.2")
        assert (await server.get("/livez"))[0] == 200
        assert len(await client.reader.readexactly(size)) == size


async def test_who_has_the_most_idle_connections_loses_them_first(tmp_path: Path) -> None:
    async with guarded(
        DiskStore(tmp_path), Limits(head=PATIENT, idle=PATIENT, connections=16)
    ) as server:
        quiet = await server.connect("127.0.0.3")
        quiet.ask("/livez")
        assert (await quiet.answer())[0] == 200
        for _ in range(60):
            await server.connect("127.0.0.2")
            assert (await server.get("/livez"))[0] == 200
        quiet.ask("/livez")
        assert (await quiet.answer())[0] == 200


async def test_who_asks_and_goes_away_at_once_is_not_worth_a_word_on_the_terminal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = DiskStore(tmp_path)
    path, _ = await _blob(store)
    async with guarded(store, Limits(head=PATIENT, idle=PATIENT)) as server:
        for _ in range(20):
            client = await server.connect()
            client.ask(path)
            client.drop()
        await server.until("mirrorkit_connections", lambda number: number == 1)
    assert caplog.records == []


@pytest.mark.parametrize(
    "target",
    [MANIFEST, f"http://mirror.test{MANIFEST}", f"HTTP://mirror.test:5080{MANIFEST}"],
    ids=["origin", "absolute", "absolute with a port"],
)
async def test_a_target_may_have_its_host_before_it(tmp_path: Path, target: str) -> None:
    store = await fill(tmp_path, {NAME: image([random_layer("target", 9)])})
    async with guarded(store, Limits(head=PATIENT, idle=PATIENT)) as server:
        assert (await server.get(target))[0] == 200


async def test_the_host_before_a_target_is_the_one_asked(tmp_path: Path) -> None:
    locks = {"a": lock_of({NAME: image([random_layer("target", 9)])})}
    async with guarded(DiskStore(tmp_path), Limits(idle=PATIENT), locks=locks) as server:
        said = (await server.get("http://mirror.test:81/?lang=en"))[1].decode()
    assert "mirror.test:81" in said


@pytest.mark.parametrize("target", ["ftp://mirror.test/v2/", "http:///v2/", "http://", "x"])
async def test_a_target_that_is_none_is_refused(tmp_path: Path, target: str) -> None:
    async with guarded(DiskStore(tmp_path), Limits(head=PATIENT, idle=PATIENT)) as server:
        assert (await server.get(target))[0] in (400, 404)
