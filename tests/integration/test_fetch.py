"""One blob over many connections and from many sources: every byte once, and the right ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import IntegrityError
from mirrorkit.events import BytesArrived, BytesDropped, SourceFailed, SourcePaused
from mirrorkit.flows.fetch import Fetcher
from mirrorkit.flows.hosts import Host
from mirrorkit.flows.sync import sync
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.ingest import DiskIngest
from tests.fakes.call import honest
from tests.fakes.faults import flipping, held, status, whole
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, WEB, Lesson, layer_of, made
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Store
    from tests.fakes.registry import Answer

MIB = 1 << 20
SIZE = 23 * MIB
IMAGE = made("huge", size=SIZE)
LAYER = layer_of("huge", SIZE)
HUGE = Digest(LAYER.digest)
LENGTH = len(LAYER.data)
BLOB = Descriptor("application/octet-stream", HUGE, LENGTH)
PLACES = range(MIB // 2, LENGTH, MIB)
"""A bit in each of these is wrong where somebody lies."""
IMAGES = {APP: IMAGE}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return DiskStore(tmp_path / "store")


def arrived(lesson: Lesson) -> int:
    return sum(event.count for event in lesson.events(BytesArrived) if event.digest == HUGE)


def dropped(lesson: Lesson) -> int:
    return sum(event.count for event in lesson.events(BytesDropped))


def liars(lesson: Lesson) -> set[str]:
    failed = lesson.events(SourceFailed)
    return {event.source for event in failed if "wrong bytes" in event.reason}


async def test_a_large_blob_comes_over_several_connections_and_every_byte_once(
    one: FakeRegistry, store: Store
) -> None:
    gate = one.gate()
    one.always(HUGE, held(gate))
    lesson = Lesson.of({APP: IMAGE}, one.url)
    running = asyncio.create_task(lesson.sync(store))
    # None of them can end.
    await asyncio.to_thread(wait_until, lambda: len(one.requests(HUGE)) == 4, 20, "four requests")
    gate.open()
    assert (await running).exit_status == 0
    assert store.read(HUGE) == LAYER.data
    assert one.sent(HUGE) == LENGTH
    assert dropped(lesson) == 0
    assert lesson.tally.done == lesson.tally.needed


async def test_a_connection_that_becomes_free_goes_to_the_blob_that_has_the_fewest(
    tmp_path: Path,
) -> None:
    pair = {APP: made("huge", "other", size=SIZE)}
    store = DiskStore(tmp_path / "store")
    with fake_registry(pair) as upstream:

        def asked() -> list[str]:
            return [one.path for one in upstream.requests("/blobs/")]

        def both_begun() -> bool:
            return len(asked()) == 4 and len(list(tmp_path.glob("*/ingest/*.journal"))) == 2

        gate = upstream.gate()
        upstream.always("/blobs/", held(gate))
        running = asyncio.create_task(Lesson.of(pair, upstream.url).sync(store, jobs=4))
        await asyncio.to_thread(wait_until, both_begun, 20, "both")
        gate.open()
        assert (await running).exit_status == 0
        assert len(set(asked()[:4])) == 1
        assert asked()[4] != asked()[0]


async def test_a_source_without_ranges_is_noticed_and_read_over_one_connection(
    one: FakeRegistry, store: Store
) -> None:
    one.always(HUGE, whole)
    lesson = Lesson.of({APP: IMAGE}, one.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert store.read(HUGE) == LAYER.data
    assert len([asked for asked in one.requests(HUGE) if asked.sent == LENGTH]) == 1
    assert lesson.tally.done == lesson.tally.needed


async def test_of_a_source_without_ranges_one_answer_is_enough_whichever_comes_first(
    one: FakeRegistry, store: Store
) -> None:
    gate = one.gate()
    one.fail(HUGE, held(gate, whole), held(gate, whole), held(gate, whole))
    one.always(HUGE, whole)
    lesson = Lesson.of({APP: IMAGE}, one.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert store.read(HUGE) == LAYER.data
    assert not gate.is_open
    assert one.sent(HUGE) == LENGTH


async def test_another_source_takes_over_while_the_first_wants_to_be_left_alone(
    one: FakeRegistry, two: FakeRegistry, store: Store
) -> None:
    one.fail(HUGE, status(429, {"Retry-After": "120"}))
    lesson = Lesson.of({APP: IMAGE}, one.url, two.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert store.read(HUGE) == LAYER.data
    assert one.sent(HUGE) + two.sent(HUGE) == LENGTH
    assert two.sent(HUGE) > 0
    assert SourcePaused("one.test", 120) in lesson.heard


async def test_a_host_that_asks_for_hours_is_done_without_for_every_blob(tmp_path: Path) -> None:
    pair = {APP: made("huge", "other", size=SIZE)}
    with fake_registry(pair) as upstream:
        upstream.always("/blobs/", status(429, {"Retry-After": "7200"}))
        lesson = Lesson.of(pair, upstream.url)
        report = await lesson.sync(DiskStore(tmp_path / "store"), pauses=(0.0,))
        # Those that were under way together when the first no came; nothing after it.
        assert len(upstream.requests("/blobs/")) <= 4
    assert "answered 429; it asks for a pause of 2 hours" in report.failures[APP].message
    assert report.exit_status == 4


async def test_a_host_that_asks_for_hours_for_a_manifest_is_left_alone_at_the_next_try_too(
    one: FakeRegistry, store: Store
) -> None:
    one.always("/manifests/", status(429, {"Retry-After": "7200"}))
    lesson = Lesson.of({APP: IMAGE}, one.url)
    async with lesson.open_run(store) as run:
        for _ in range(3):
            report = await sync(lesson.lock, run)
            assert report.exit_status == 4
            assert "asks for a pause of 2 hours" in report.failures[APP].message
        assert len(one.asked) == 1


async def test_a_host_that_gives_no_more_manifests_is_asked_for_blobs_all_the_same(
    store: Store,
) -> None:
    pair = {APP: made("app"), WEB: made("web")}
    with fake_registry(pair) as one, fake_registry(pair) as two:
        one.always("/manifests/", status(429, {"Retry-After": "7200"}))
        lesson = Lesson.of(pair, one.url, two.url)
        assert (await lesson.sync(store, jobs=1)).exit_status == 0
        assert len(one.requests("/manifests/")) == 1
        assert len(one.requests("/blobs/")) == 4
        assert not two.requests("/blobs/")


async def test_the_rest_of_what_hangs_is_taken_over_by_another_connection(
    one: FakeRegistry, store: Store
) -> None:
    gate = one.gate()
    one.fail(HUGE, held(gate))
    lesson = Lesson.of({APP: IMAGE}, one.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert not gate.is_open
    assert store.read(HUGE) == LAYER.data
    assert one.sent(HUGE) == LENGTH


async def test_of_a_piece_that_waits_for_the_disk_only_what_it_lacks_is_taken_over(
    one: FakeRegistry, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_quick, gate, written, really = asyncio.Event(), one.gate(), [], DiskIngest.put
    one.fail(HUGE, honest)
    one.always(HUGE, held(gate))

    async def put_slowly(ingest: DiskIngest, start: int, pieces: list[bytes], source: str) -> int:
        await is_quick.wait()
        written.append(await really(ingest, start, pieces, source))
        return written[-1]

    def taken_over() -> bool:
        return arrived(lesson) in {asked.start for asked in one.requests(HUGE)[1:]}

    monkeypatch.setattr(DiskIngest, "put", put_slowly)
    lesson = Lesson.of({APP: IMAGE}, one.url)
    async with lesson.open_run(store) as run:
        sources = run.sources_of(lesson.lock.images[0])
        # So fast a host that one connection is given all.
        hosts = {"one.test": Host(8, limit=8, connection_rate=64.0 * MIB)}
        async with Fetcher(store, lesson.report, jobs=8, hosts=hosts) as fetcher:
            running = asyncio.create_task(fetcher.fetch(BLOB, sources, what=APP))
            await asyncio.to_thread(wait_until, taken_over, 20, "the rest to be asked for")
            gate.open()
            is_quick.set()
            await running
    assert store.read(HUGE) == LAYER.data
    assert sum(written) == LENGTH


async def shared(one: FakeRegistry, two: FakeRegistry, lies: dict[str, Answer]) -> None:
    """Let the first source bring a beginning and then want a pause, so that both have a part."""
    one.fail(HUGE, lies.get("one.test", honest), status(429, {"Retry-After": "1"}))
    one.always(HUGE, lies.get("one.test", honest))
    two.always(HUGE, lies.get("two.test", honest))


@pytest.mark.parametrize("liar", ["one.test", "two.test"])
async def test_who_flipped_bits_is_found_by_replacement_and_costs_the_blob_once_more_at_most(
    one: FakeRegistry, two: FakeRegistry, store: Store, liar: str
) -> None:
    await shared(one, two, {liar: flipping(*PLACES)})
    lesson = Lesson.of({APP: IMAGE}, one.url, two.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert store.read(HUGE) == LAYER.data
    assert liars(lesson) == {liar}
    assert one.sent(HUGE) + two.sent(HUGE) <= 2 * LENGTH
    assert lesson.tally.done == lesson.tally.needed


async def test_where_both_lie_nothing_is_published_and_both_are_named(
    one: FakeRegistry, two: FakeRegistry, store: Store
) -> None:
    await shared(one, two, {"one.test": flipping(*PLACES), "two.test": flipping(0)})
    lesson = Lesson.of({APP: IMAGE}, one.url, two.url)
    report = await lesson.sync(store)
    assert report.exit_status == 5
    assert isinstance(report.failures[APP], IntegrityError)
    assert liars(lesson) == {"one.test", "two.test"}
    assert store.size(HUGE) is None
    # Counted where it arrives: what a fake has sent may have ended in a socket's buffer.
    assert arrived(lesson) <= 4 * LENGTH
