"""What goes wrong while bytes move, through the real command line."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirrorkit.store.disk import DiskStore
from tests.fakes.call import honest
from tests.fakes.faults import cut, flipped, longer, shorter
from tests.integration.big import IMAGE, IMAGES, LAYER, MIB, SMALL
from tests.integration.command import Desk, told
from tests.integration.lesson import APP, WEB, Lesson
from tests.lab.layers import digest_of
from tests.lab.process import output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

    from tests.fakes.call import Call
    from tests.fakes.registry import Answer, FakeRegistry


@contextmanager
def small_disk(path: Path, options: str) -> Iterator[None]:
    path.mkdir()
    output(("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)))
    try:
        yield
    finally:
        output(("umount", "--lazy", str(path)))


def test_a_digest_in_the_lock_that_no_source_has_the_bytes_of(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare({WEB: SMALL}, upstream.url)
    assert desk.run("sync").status == 0
    before = (desk.store / "index.json").read_bytes()
    wrong = digest_of(b"wrong")
    upstream.contents["app", "manifests", wrong] = upstream.contents["app", "manifests", "1"]
    desk.prepare({WEB: SMALL, APP: replace(IMAGE, digest=wrong)}, upstream.url)
    told(desk.run("sync"), 5, f"sent other bytes than the locked {wrong}", "another source")
    assert desk.names() == {WEB}
    assert (desk.store / "index.json").read_bytes() == before


@pytest.mark.parametrize("lie", [flipped, longer, shorter], ids=lambda lie: lie.__name__)
def test_a_body_that_is_wrong_or_of_another_length(
    desk: Desk, upstream: FakeRegistry, lie: Answer
) -> None:
    desk.prepare(IMAGES, upstream.url)
    upstream.always(LAYER.digest, lie)
    told(desk.run("sync"), 5, "one.test")
    assert desk.names() == {WEB}
    upstream.heal()
    assert desk.run("sync").status == 0
    assert desk.names() == {APP, WEB}


async def test_a_body_that_keeps_breaking_off_at_the_same_place(
    upstream: FakeRegistry, tmp_path: Path
) -> None:
    async def nothing(call: Call) -> web.StreamResponse:
        return await (cut(0) if call.asked.start else cut(MIB))(call)

    lesson, store = Lesson.of({APP: IMAGE}, upstream.url), DiskStore(tmp_path / "store")
    upstream.always(LAYER.digest, nothing)
    report = await lesson.sync(store)
    assert (report.exit_status, "one.test" in report.failures[APP].message) == (4, True)
    upstream.heal()
    assert upstream.sent(LAYER.digest) == MIB
    assert (await lesson.sync(store)).exit_status == 0
    assert upstream.sent(LAYER.digest) == len(LAYER.data)


def test_a_disk_without_room_is_told_before_a_layer_is_asked_for(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    with small_disk(desk.store, "size=1m"):
        told(desk.run("sync"), 6, "1.0 MB free", "--store")
        assert desk.names() == set()
    assert upstream.requests("/blobs/") == []


def test_a_disk_that_fills_up_on_the_way(desk: Desk, upstream: FakeRegistry) -> None:
    async def filling(call: Call) -> web.StreamResponse:
        with (desk.store / "thief").open("wb") as thief:
            free = os.statvfs(desk.store)
            os.posix_fallocate(thief.fileno(), 0, free.f_bavail * free.f_frsize - 2 * MIB)
        return await honest(call)

    desk.prepare({APP: IMAGE}, upstream.url)
    upstream.fail(LAYER.digest, filling)
    with small_disk(desk.store, "size=8m"):
        told(desk.run("sync"), 6, "no room left", "--store")
        assert desk.names() == set()
        (desk.store / "thief").unlink()
        before = upstream.sent(LAYER.digest)
        assert desk.run("sync").status == 0
        assert desk.names() == {APP}
        # What had found room was kept.
        assert upstream.sent(LAYER.digest) - before < len(LAYER.data)


@pytest.mark.parametrize("inodes", [2, 5, 9, 12])
def test_a_disk_without_inodes(desk: Desk, upstream: FakeRegistry, inodes: int) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    with small_disk(desk.store, f"size=32m,nr_inodes={inodes}"):
        told(desk.run("sync"), 6, "no room left", "--store")
        assert desk.names() == set()
        output(("mount", "-o", "remount,nr_inodes=100", str(desk.store)))
        assert desk.run("sync").status == 0
        assert desk.names() == {APP}
