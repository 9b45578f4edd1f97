"""A source that lies pays for it alone: what honest ones sent is kept, and counted right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.store.disk import DiskStore
from mirrorkit.store.memory import MemoryStore
from tests.fakes.faults import cut, flipped, longer, ranged, shorter
from tests.integration.lesson import APP, Lesson, layer_of, made

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Store
    from tests.fakes.registry import Answer, FakeRegistry

SIZE = 1 << 20
HALF = SIZE // 2
IMAGE = made("big", size=SIZE)
LAYER = layer_of("big", SIZE)
IMAGES = {APP: IMAGE}


@pytest.mark.parametrize(
    "lie",
    [ranged("bytes {start}-{end}/7"), ranged("bytes 7-{end}/{size}"), ranged("x"), longer],
    ids=["total", "start", "garbage", "longer"],
)
async def test_a_wrong_range_blames_the_source_and_keeps_the_partial(
    one: FakeRegistry, two: FakeRegistry, tmp_path: Path, lie: Answer
) -> None:
    one.fail(LAYER.digest, cut(HALF), lie, lie)
    lesson = Lesson.of({APP: IMAGE}, one.url, two.url)
    assert (await lesson.sync(DiskStore(tmp_path / "store"))).exit_status == 0
    assert [asked.start for asked in two.requests(LAYER.digest)] == [HALF]


async def test_wrong_bytes_lead_to_the_next_source_in_memory_too(
    one: FakeRegistry, two: FakeRegistry
) -> None:
    one.always(LAYER.digest, flipped)
    store = MemoryStore()
    assert (await Lesson.of({APP: IMAGE}, one.url, two.url).sync(store)).exit_status == 0


@pytest.mark.parametrize("lie", [shorter, longer], ids=lambda lie: lie.__name__)
async def test_progress_ends_at_what_was_needed_whatever_was_dropped(
    one: FakeRegistry, two: FakeRegistry, tmp_path: Path, lie: Answer
) -> None:
    store: Store = DiskStore(tmp_path / "store")
    one.always(LAYER.digest, lie)
    lesson = Lesson.of({APP: IMAGE}, one.url, two.url)
    assert (await lesson.sync(store)).exit_status == 0
    assert lesson.tally.done == lesson.tally.needed


async def test_a_wrong_range_is_told_in_words_that_name_what_came(
    one: FakeRegistry, tmp_path: Path
) -> None:
    one.fail(LAYER.digest, cut(HALF))
    one.always(LAYER.digest, ranged("x"))
    report = await Lesson.of({APP: IMAGE}, one.url).sync(DiskStore(tmp_path / "store"))
    assert "None" not in report.failures[APP].message
