"""What a registry may say that must not count: places to fetch from, tags that moved, ETags."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

import pytest

from mirrorkit.oci.digest import Digest
from mirrorkit.store.disk import DiskStore
from tests.fakes.call import Call, Content, honest
from tests.fakes.faults import stuck
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, Lesson, layer_of, made
from tests.lab.images import DOCKER, OCI, packed_anew
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

    from mirrorkit.content import Store

SIZE = 20 << 20
IMAGE = made("hazard", size=SIZE)
LAYER = layer_of("hazard", SIZE)
SMALL, INWARD = layer_of("hazard"), layer_of("inward")
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return DiskStore(tmp_path / "store")


IMAGES = {APP: IMAGE}


@pytest.mark.parametrize("kind, is_fetched", [(FOREIGN, False), (OCI.layer, True)])
async def test_the_urls_of_a_layer_are_never_asked(
    store: Store, kind: str, *, is_fetched: bool
) -> None:
    with fake_registry({}) as inside:
        there = {"urls": [f"{inside.url}/secret"]}
        layers = [(kind, INWARD.data)]
        image = packed_anew(made("hazard"), layers, label=there)
        with fake_registry({APP: image}) as registry:
            report = await Lesson.of({APP: image}, registry.url).sync(store)
            assert report.exit_status == 0
            assert bool(registry.requests(INWARD.digest)) == is_fetched
        assert inside.asked == []


async def test_a_tag_that_moved_since_the_lock_changes_nothing(
    upstream: FakeRegistry, store: Store
) -> None:
    moved = made("another", size=100)
    upstream.contents["app", "manifests", "1"] = Content(moved.data, DOCKER.manifest)
    assert (await Lesson.of({APP: IMAGE}, upstream.url).sync(store)).exit_status == 0
    assert upstream.requests("/manifests/1") == []
    assert {str(d.digest) for d in store.index().names.values()} == {IMAGE.digest}


async def test_an_etag_that_differs_with_every_range_is_ignored(
    upstream: FakeRegistry, store: Store
) -> None:
    numbers = count()

    async def renamed(call: Call) -> web.StreamResponse:
        call.extra["ETag"] = f'"{next(numbers)}"'
        return await honest(call)

    upstream.always(LAYER.digest, renamed)
    assert (await Lesson.of({APP: IMAGE}, upstream.url).sync(store)).exit_status == 0
    assert store.read(Digest(LAYER.digest)) == LAYER.data
    assert next(numbers) > 1
    assert upstream.sent(LAYER.digest) == len(LAYER.data)


async def test_what_a_connection_that_fell_silent_still_owed_comes_over_another(
    upstream: FakeRegistry, store: Store
) -> None:
    gate = upstream.gate()
    upstream.fail(LAYER.digest, stuck(1 << 20, gate))
    running = asyncio.create_task(Lesson.of({APP: IMAGE}, upstream.url).sync(store))
    await asyncio.to_thread(wait_until, running.done, 19, "the end, before any timeout")
    assert (await running).exit_status == 0
    assert not gate.is_open
    assert store.read(Digest(LAYER.digest)) == LAYER.data
    assert upstream.sent(LAYER.digest) == len(LAYER.data)
