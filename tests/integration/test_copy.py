"""One blob on a bad network: nothing published before it is right, nothing fetched twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import IntegrityError, UnreachableError
from mirrorkit.events import BytesArrived, BytesDropped, SourceFailed
from mirrorkit.oci.digest import Digest
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.memory import MemoryStore
from tests.fakes.faults import (
    ENDLESS,
    cut,
    endless,
    flipped,
    longer,
    shorter,
    status,
    stopped,
    whole,
)
from tests.integration.lesson import APP, Lesson, layer_of, made
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Store
    from tests.fakes.registry import Answer, FakeRegistry

SIZE = 3 << 20
IMAGE = made("big", size=SIZE)
LAYER = layer_of("big", SIZE)
BIG = Digest(LAYER.digest)
TWO_MIB = 2 << 20
IMAGES = {APP: IMAGE}


@pytest.mark.parametrize("lie", [flipped, shorter, longer], ids=lambda lie: lie.__name__)
async def test_wrong_bytes_are_never_published_and_name_their_source(
    one: FakeRegistry, tmp_path: Path, lie: Answer
) -> None:
    one.always(BIG, lie)
    store, lesson = DiskStore(tmp_path / "store"), Lesson.of({APP: IMAGE}, one.url)
    report = await lesson.sync(store)
    assert report.exit_status == 5
    error = report.failures[APP]
    assert isinstance(error, IntegrityError)
    assert "one.test" in error.message
    assert BIG in error.message
    assert store.size(BIG) is None
    assert not store.index().names


async def test_a_body_of_no_announced_length_is_read_no_further_than_its_blob(
    one: FakeRegistry, store: Store
) -> None:
    one.always(BIG, endless())
    assert (await Lesson.of({APP: IMAGE}, one.url).sync(store)).exit_status == 5
    assert one.sent(BIG) < ENDLESS


async def test_what_a_cut_left_is_kept_and_only_the_rest_is_asked_for(
    one: FakeRegistry, store: Store
) -> None:
    one.fail(BIG, cut(TWO_MIB))
    lesson = Lesson.of({APP: IMAGE}, one.url)
    report = await lesson.sync(store)
    assert report.exit_status == 0
    first, second = one.requests(BIG)
    assert first.sent + second.sent == len(LAYER.data)
    assert second.start == TWO_MIB
    assert store.read(BIG) == LAYER.data


async def test_after_a_reset_only_what_did_not_arrive_is_asked_for(
    one: FakeRegistry, store: Store
) -> None:
    gate = one.gate()
    one.fail(BIG, stopped(TWO_MIB, gate, resets=True))
    lesson = Lesson.of({APP: IMAGE}, one.url)
    running = asyncio.create_task(lesson.sync(store))

    def has_arrived() -> bool:
        pieces = (event for event in lesson.events(BytesArrived) if event.digest == BIG)
        return sum(event.count for event in pieces) == TWO_MIB

    await asyncio.to_thread(wait_until, has_arrived, 10, "two MiB")
    gate.open()
    assert (await running).exit_status == 0
    assert [asked.start for asked in one.requests(BIG)] == [0, TWO_MIB]
    assert one.sent(BIG) == len(LAYER.data)
    assert lesson.events(BytesDropped) == []


async def test_patience_ends_after_four_answers_without_progress(
    one: FakeRegistry,
) -> None:
    store = MemoryStore()
    one.always(BIG, status(503, {"Retry-After": "0"}))
    report = await Lesson.of({APP: IMAGE}, one.url).sync(store)
    assert isinstance(report.failures[APP], UnreachableError)
    assert report.exit_status == 4
    assert len(one.requests(BIG)) == 4


async def test_every_progress_renews_the_patience(one: FakeRegistry, store: Store) -> None:
    one.fail(BIG, *[cut(100_000)] * 9)
    report = await Lesson.of({APP: IMAGE}, one.url).sync(store)
    assert report.exit_status == 0
    assert len(one.requests(BIG)) == 10
    assert one.sent(BIG) == len(LAYER.data)


async def test_a_source_that_ignores_ranges_is_read_from_the_beginning_and_what_is_held_stays(
    one: FakeRegistry, store: Store
) -> None:
    one.fail(BIG, cut(TWO_MIB), whole)
    lesson = Lesson.of({APP: IMAGE}, one.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert one.sent(BIG) == TWO_MIB + len(LAYER.data)
    assert sum(event.count for event in lesson.events(BytesDropped)) == TWO_MIB
    assert lesson.tally.done == lesson.tally.needed
    assert store.read(BIG) == LAYER.data


async def test_wrong_bytes_lead_to_the_next_source(
    one: FakeRegistry, two: FakeRegistry, tmp_path: Path
) -> None:
    one.always(BIG, flipped)
    lesson = Lesson.of({APP: IMAGE}, one.url, two.url)
    report = await lesson.sync(DiskStore(tmp_path / "store"))
    assert report.exit_status == 0
    assert report.failures == {}
    assert [event.source for event in lesson.events(SourceFailed)] == ["one.test"]
    assert len(one.requests(BIG)) == len(two.requests(BIG)) == 1


@pytest.mark.parametrize("code", [401, 403, 404, 416])
async def test_a_no_leads_to_the_next_source_at_once(
    one: FakeRegistry, two: FakeRegistry, store: Store, code: int
) -> None:
    one.always(BIG, status(code))
    lesson = Lesson.of({APP: IMAGE}, one.url, two.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert len(one.requests(BIG)) == 1


async def test_the_next_source_goes_on_where_the_first_gave_up(
    one: FakeRegistry, two: FakeRegistry, store: Store
) -> None:
    one.fail(BIG, cut(TWO_MIB))
    one.always(BIG, status(404))
    lesson = Lesson.of({APP: IMAGE}, one.url, two.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert [asked.start for asked in two.requests(BIG)] == [TWO_MIB]
    assert one.sent(BIG) + two.sent(BIG) == len(LAYER.data)


async def test_what_an_earlier_run_left_is_taken_over(one: FakeRegistry, tmp_path: Path) -> None:
    one.fail(BIG, cut(TWO_MIB))
    one.always(BIG, status(404))
    lesson = Lesson.of({APP: IMAGE}, one.url)
    assert (await lesson.sync(DiskStore(tmp_path / "store"))).exit_status == 4
    one.heal()
    assert (await lesson.sync(DiskStore(tmp_path / "store"))).exit_status == 0
    assert lesson.tally.resumed == TWO_MIB
    assert lesson.tally.done == lesson.tally.needed
    assert one.sent(BIG) == len(LAYER.data)


@pytest.mark.parametrize("left", [b"x" * 100, b"x" * len(LAYER.data), b"x" * (SIZE * 2), b""])
async def test_wrong_bytes_left_by_an_earlier_run_are_found_and_fetched_again(
    one: FakeRegistry, tmp_path: Path, left: bytes
) -> None:
    store = DiskStore(tmp_path / "store")
    async with store.lease():
        (store.root / "ingest" / f"sha256-{BIG.hex}").write_bytes(left)
    assert (await Lesson.of({APP: IMAGE}, one.url).sync(store)).exit_status == 0
    assert store.read(BIG) == LAYER.data
    assert list((store.root / "ingest").iterdir()) == []
