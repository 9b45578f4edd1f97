"""A limit on bytes a second holds for all connections together, and looks like no trouble."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mirrorkit.events import SourceFailed
from mirrorkit.store.disk import DiskStore
from tests.fakes.faults import cut
from tests.fakes.registry import fake_registry
from tests.integration.lesson import APP, WEB, Lesson, layer_of, made

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.command import Desk

SIZE = 60_000
RATE = 100_000
IMAGES = {APP: made("a", "b", size=SIZE), WEB: made("c", "d", size=SIZE)}


async def test_all_connections_together_keep_the_limit(tmp_path: Path) -> None:
    with fake_registry(IMAGES) as one, fake_registry(IMAGES) as two:
        lesson = Lesson.of(IMAGES, one.url, two.url)
        lesson.limit_rate = RATE
        began = time.monotonic()
        report = await lesson.sync(DiskStore(tmp_path))
        took = time.monotonic() - began
        assert len(one.requests("/blobs/")) >= 4
    assert report.exit_status == 0
    assert lesson.events(SourceFailed) == []
    # It cannot have been quicker; how slow a machine is says nothing.
    assert took >= 0.95 * 4 * SIZE / RATE


async def test_a_connection_that_waits_for_the_limit_is_neither_helped_nor_replaced(
    tmp_path: Path,
) -> None:
    images = {APP: made("long", size=750_000)}
    with fake_registry(images) as one, fake_registry(images) as two:
        lesson = Lesson.of(images, one.url, two.url)
        lesson.limit_rate = 250_000
        assert (await lesson.sync(DiskStore(tmp_path))).exit_status == 0
        # Three seconds; a source that itself were so slow would have got help from the other.
        assert len(one.requests("/blobs/")) == len(images[APP].all_blobs())
        assert two.requests("/blobs/") == []
    assert lesson.events(SourceFailed) == []


async def test_what_had_arrived_when_a_line_breaks_is_used_within_the_limit_too(
    tmp_path: Path,
) -> None:
    images = {APP: made("long", size=750_000)}
    layer = layer_of("long", 750_000)
    with fake_registry(images) as one:
        one.fail(layer.digest, cut(200_000))
        lesson = Lesson.of(images, one.url)
        lesson.limit_rate = 500_000
        assert (await lesson.sync(DiskStore(tmp_path))).exit_status == 0
        assert one.sent(layer.digest) == len(layer.data)


def test_the_command_takes_it_from_the_flag(desk: Desk) -> None:
    with fake_registry(IMAGES) as one:
        desk.prepare(IMAGES, one.url)
        began = time.monotonic()
        assert desk.run("sync", "--limit-rate", "100k").status == 0
        assert time.monotonic() - began >= 0.95 * 4 * SIZE / RATE
    assert desk.names() == {APP, WEB}
