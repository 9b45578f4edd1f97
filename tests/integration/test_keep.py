"""Keeping a store filled while the sources come and go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import SurroundingsError
from mirrorkit.events import SourcesSilent, TryingAgain
from mirrorkit.flows.keep import Told, Wished, any_answers, keep_filled
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.memory import MemoryStore
from tests.fakes.faults import held, status
from tests.fakes.guards import Password
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, WEB, Lesson, made
from tests.lab.process import free_port, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Store
    from mirrorkit.flows.sync import SyncReport

IMAGES = {APP: made("app"), WEB: made("web")}
SOON = 0.02


async def keep(
    lesson: Lesson, store: Store, trouble: list[SurroundingsError] | None = None
) -> list[SyncReport]:
    ends: list[SyncReport] = []
    told = Told(ends.append, (trouble if trouble is not None else []).append)
    opened = lambda: lesson.open_run(store)  # noqa: E731
    wished = Wished(lambda: lesson.lock)
    done, _ = await keep_filled(wished, opened, told, retry_seconds=SOON)
    assert done is lesson.lock
    return ends


async def test_it_ends_when_everything_is_held(one: FakeRegistry, store: Store) -> None:
    (told,) = await keep(Lesson.of(IMAGES, one.url), store)
    assert told.exit_status == 0


async def test_a_full_store_asks_nobody(one: FakeRegistry, store: Store) -> None:
    lesson = Lesson.of(IMAGES, one.url)
    await lesson.sync(store)
    before = len(one.asked)
    (told,) = await keep(lesson, store)
    assert told.completeness.is_complete
    assert len(one.asked) == before


async def test_silence_is_told_and_ends_when_a_source_comes_back(store: Store) -> None:
    port = free_port()
    lesson = Lesson.of(IMAGES, f"http://127.0.0.1:{port}")
    running = asyncio.create_task(keep(lesson, store))
    silent = lambda: len(lesson.events(SourcesSilent)) > 1  # noqa: E731
    await asyncio.to_thread(wait_until, silent, 10, "silence")
    assert not running.done()
    with fake_registry(IMAGES, port=port):
        (told,) = await running
    assert told.exit_status == 0
    assert {event.retry_in for event in lesson.events(SourcesSilent)} == {SOON}


async def test_what_one_sync_left_is_tried_again_later_and_told_once(
    one: FakeRegistry, store: Store
) -> None:
    one.fail("/v2/app/manifests", status(404), status(404))
    told = await keep(Lesson.of(IMAGES, one.url), store)
    assert [report.exit_status for report in told] == [4, 0]
    assert [list(report.failures) for report in told] == [[APP], []]


async def test_a_machine_in_the_way_is_told_once_and_tried_again(
    one: FakeRegistry, tmp_path: Path
) -> None:
    (tmp_path / "store").write_text("a file")
    lesson, trouble = Lesson.of(IMAGES, one.url), list[SurroundingsError]()
    running = asyncio.create_task(keep(lesson, DiskStore(tmp_path / "store"), trouble))
    waits = lambda: len(lesson.events(TryingAgain)) > 1  # noqa: E731
    await asyncio.to_thread(wait_until, waits, 10, "two tries")
    assert len(trouble) == 1
    assert one.requests("/blobs/") == []
    (tmp_path / "store").unlink()
    (told,) = await running
    assert told.exit_status == 0


async def test_a_lock_that_is_mended_is_not_kept_waiting(one: FakeRegistry, store: Store) -> None:
    wrong = Lesson.of({APP: made("other")}, one.url)
    right = Lesson.of(IMAGES, one.url).lock
    opened = lambda: wrong.open_run(store)  # noqa: E731

    def report(_: SyncReport) -> None:
        wrong.lock = right

    told = Told(report, lambda _: None)
    # A pause of an hour: only the changed lock can end it.
    done, _ = await keep_filled(Wished(lambda: wrong.lock), opened, told, retry_seconds=3600)
    assert done is right


@pytest.mark.parametrize("code, is_answer", [(200, True), (404, True), (500, False), (429, False)])
async def test_a_plain_no_is_an_answer_and_a_failing_server_is_none(
    one: FakeRegistry, code: int, *, is_answer: bool
) -> None:
    one.always("/v2/", status(code))
    lesson = Lesson.of(IMAGES, one.url)
    async with lesson.open_run(MemoryStore()) as run:
        assert await any_answers(lesson.lock, run) is is_answer


async def test_asking_for_a_login_is_an_answer(one: FakeRegistry) -> None:
    one.guard = Password("teacher", "chalk")
    lesson = Lesson.of(IMAGES, one.url)
    async with lesson.open_run(MemoryStore()) as run:
        assert await any_answers(lesson.lock, run)


async def test_one_source_that_answers_is_enough_and_each_registry_is_asked_once(
    one: FakeRegistry,
) -> None:
    lesson = Lesson.of(IMAGES, f"http://127.0.0.1:{free_port()}", one.url)
    async with lesson.open_run(MemoryStore()) as run:
        assert await any_answers(lesson.lock, run)
    assert [asked.path for asked in one.asked] == ["/v2/"]


async def test_a_source_that_hangs_is_not_waited_for(one: FakeRegistry) -> None:
    one.always("/v2/", held(one.gate()))
    lesson = Lesson.of(IMAGES, one.url)
    async with lesson.open_run(MemoryStore()) as run:
        assert not await any_answers(lesson.lock, run, seconds=0.1)
    assert len(one.asked) == 1
