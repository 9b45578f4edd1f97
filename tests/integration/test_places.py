"""Many want blobs at once: nobody is refused, nobody takes everything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirrorkit.server.limits import Limits
from mirrorkit.server.places import Places
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import blob_of_size
from tests.integration.guarded import PATIENT, Guarded, MiB, guarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.guarded import Client

GREEDY, MODEST = "127.0.0.2", "127.0.0.3"
LIMITS = Limits(head=PATIENT, idle=PATIENT, places=4, streams=1)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Guarded]:
    async with guarded(DiskStore(tmp_path), LIMITS) as running:
        yield running


@pytest.fixture
async def path(tmp_path: Path) -> str:
    """A blob larger than what sockets take, so that its reader keeps its place."""
    return f"/v2/app/blobs/{await blob_of_size(DiskStore(tmp_path), 24 * MiB)}"


async def _reading(server: Guarded, path: str, source: str, *headers: str) -> Client:
    client = await server.connect(source, buffer=4096)
    client.ask(path, *headers)
    return client


async def test_one_that_wants_all_waits_and_others_do_not(server: Guarded, path: str) -> None:
    greedy = [await _reading(server, path, GREEDY) for _ in range(6)]
    await server.until("mirrorkit_streams_waiting", lambda number: number == 2)
    modest = await _reading(server, path, MODEST)
    assert (await modest.head())[0] == 200
    assert (await server.metrics())["mirrorkit_streams_waiting"][()] == 2
    for client in (modest, *greedy):
        client.drop()


async def test_who_waited_is_served_when_a_place_is_free(server: Guarded, path: str) -> None:
    greedy = [await _reading(server, path, GREEDY) for _ in range(5)]
    served = [asyncio.create_task(client.head()) for client in greedy]
    for _ in range(5):
        done, _ = await asyncio.wait(served, return_when=asyncio.FIRST_COMPLETED)
        number = served.index(next(iter(done)))
        assert (await served.pop(number))[0] == 200
        greedy.pop(number).drop()
    assert greedy == []


async def test_who_waits_and_goes_away_leaves_the_line(server: Guarded, path: str) -> None:
    greedy = [await _reading(server, path, GREEDY) for _ in range(6)]
    await server.until("mirrorkit_streams_waiting", lambda number: number == 2)
    for client in greedy:
        client.drop()
    await server.until("mirrorkit_streams_waiting", lambda number: number == 0)
    await server.until("mirrorkit_streams_active", lambda number: number == 0)


async def test_small_answers_wait_for_nobody(server: Guarded, path: str) -> None:
    greedy = [await _reading(server, path, GREEDY) for _ in range(6)]
    await server.until("mirrorkit_streams_waiting", lambda number: number == 2)
    small = await _reading(server, path, GREEDY, "Range: bytes=0-999")
    assert len((await small.answer())[1]) == 1000
    head = await server.connect(GREEDY)
    head.ask(path, method="HEAD")
    assert (await head.head())[0] == 200
    for client in greedy:
        client.drop()


async def _turns(holds: Callable[[], bool]) -> None:
    """Let other tasks go on until this holds."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - Places tells nobody
            await asyncio.sleep(0)


async def test_an_address_alone_has_all_places_whatever_its_share() -> None:
    places = Places(8, 1)
    for _ in range(8):
        await places.take("a")
    assert (places.active, places.waiting) == (8, 0)


async def test_whoever_takes_all_and_reads_nothing_keeps_out_nobody_with_less_than_a_share() -> (
    None
):
    places = Places(1024, 256)
    greedy = [asyncio.create_task(places.take("a")) for _ in range(2000)]
    await _turns(lambda: places.waiting == 976)
    for number in range(512):  # forty students, each an address of its own
        await places.take(f"b{number % 40}")
    assert (places.active, places.waiting) == (1536, 976)
    for task in greedy:
        task.cancel()


async def test_the_first_in_line_that_may_start_starts() -> None:
    places = Places(2, 1)
    await places.take("a")
    await places.take("a")
    began: list[str] = []

    async def want(address: str) -> None:
        await places.take(address)
        began.append(address)

    line = [asyncio.create_task(want(address)) for address in ("a", "b", "c", "a")]
    await _turns(lambda: places.waiting == 3)
    assert began == ["b"]
    for address, order in (("b", "bc"), ("c", "bc"), ("a", "bca"), ("a", "bcaa")):
        places.leave(address)
        await _turns(lambda: places.waiting + len(began) == 4)
        assert "".join(began) == order
    await asyncio.gather(*line)
    places.leave("a")
    places.leave("a")
    assert (places.active, places.waiting) == (0, 0)


async def test_a_place_given_to_one_that_just_left_is_not_lost() -> None:
    places = Places(1, 1)
    await places.take("a")
    waiting = asyncio.create_task(places.take("b"))
    await _turns(lambda: places.waiting == 1)
    places.leave("a")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await places.take("c")
    assert places.active == 1
