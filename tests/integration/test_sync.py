"""A whole lock: each image by itself, each byte once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import DeniedError, IntegrityError, NotFoundError
from mirrorkit.events import (
    BlobBegun,
    BlobEnded,
    ConnectionsChanged,
    ImageCompleted,
    ImageFailed,
    Planned,
)
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.memory import MemoryStore
from tests.fakes.faults import flipped, held, status
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, BASE, IMAGES, WEB, Lesson, layer_of, made
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Store
    from mirrorkit.oci.manifest import Descriptor
    from tests.lab.images import Made


async def test_every_byte_is_held_under_its_name_and_was_asked_for_once(
    one: FakeRegistry, store: Store
) -> None:
    lesson = Lesson.of(IMAGES, one.url)
    report = await lesson.sync(store)
    assert report.exit_status == 0
    assert report.completeness.is_complete
    for name, made_one in IMAGES.items():
        assert store.index().names[Reference.parse(name)].digest == made_one.digest
        assert store.read(Digest(made_one.digest)) == made_one.data
        for digest, data in made_one.all_blobs().items():
            assert store.read(Digest(digest)) == data
    # Two manifests, two configs, the shared layer, a layer of each.
    assert len(one.asked) == len({asked.path.rpartition("/")[2] for asked in one.asked}) == 7
    assert len(one.requests(BASE)) == 1


async def test_progress_ends_at_the_bytes_that_were_planned(
    one: FakeRegistry, store: Store
) -> None:
    lesson = Lesson.of(IMAGES, one.url)
    await lesson.sync(store)
    blobs = {
        digest: data for made_one in IMAGES.values() for digest, data in made_one.blobs.items()
    }
    size = sum(map(len, blobs.values()))
    shared = len(layer_of("base").data)
    assert lesson.events(Planned) == [Planned(2, size, 0, bytes_shared=shared)]
    assert lesson.tally.done == lesson.tally.fetched == size


async def test_blobs_and_connections_are_told_when_they_begin_and_end(
    one: FakeRegistry, store: Store
) -> None:
    lesson = Lesson.of(IMAGES, one.url)
    one.fail("/blobs/", status(503), flipped)
    await lesson.sync(store, jobs=3)
    sizes = {digest: len(data) for image in IMAGES.values() for digest, data in image.blobs.items()}
    begun = lesson.events(BlobBegun)
    assert {event.digest: event.size for event in begun} == sizes
    assert sorted(event.digest for event in lesson.events(BlobEnded)) == sorted(
        event.digest for event in begun
    )
    assert {event.what for event in begun} <= set(IMAGES)
    told = lesson.events(ConnectionsChanged)
    assert {event.host for event in told} == {"one.test"}
    assert 1 <= max(event.count for event in told) <= 3
    assert told[-1].count == 0


async def test_a_second_sync_sends_no_request(one: FakeRegistry, store: Store) -> None:
    lesson = Lesson.of(IMAGES, one.url)
    await lesson.sync(store)
    before = len(one.asked)
    assert (await lesson.sync(store)).exit_status == 0
    assert len(one.asked) == before


async def test_a_lock_of_which_nothing_is_missing_is_kept_too(
    one: FakeRegistry, tmp_path: Path
) -> None:
    first = Lesson.of(IMAGES, one.url)
    second = Lesson.of({APP: IMAGES[APP]}, one.url)
    for lesson in (first, second):
        assert (await lesson.sync(DiskStore(tmp_path))).exit_status == 0
    kept = {path.read_bytes() for path in (tmp_path / "locks").iterdir()}
    assert kept == {first.lock.text, second.lock.text}


class Order(MemoryStore):
    """Notes what is missing of an image at the moment it is named."""

    def __init__(self, images: dict[str, Made]) -> None:
        super().__init__()
        self.missing: dict[str, set[str]] = {}
        self._images = images

    async def tag(
        self, name: Reference, descriptor: Descriptor, stands_for: Digest | None = None
    ) -> None:
        await super().tag(name, descriptor, stands_for)
        made_one = self._images[str(name)]
        wanted = {part.digest for part in made_one.manifests()} | set(made_one.all_blobs())
        self.missing[str(name)] = wanted - set(self.blobs)


@pytest.mark.parametrize("jobs", [1, 8])
async def test_an_image_is_named_when_all_its_children_are_there(
    one: FakeRegistry, jobs: int
) -> None:
    store = Order(IMAGES)
    await Lesson.of(IMAGES, one.url).sync(store, jobs)
    assert store.missing == {APP: set(), WEB: set()}


@pytest.mark.parametrize("jobs", [1, 8])
@pytest.mark.parametrize(
    "part, code, kind",
    [("manifests", 404, NotFoundError), ("blobs", 404, NotFoundError), ("", 403, DeniedError)],
)
async def test_one_failed_image_never_stops_the_others(
    one: FakeRegistry, part: str, code: int, kind: type[Exception], jobs: int
) -> None:
    one.always(f"/v2/app/{part}", status(code))
    store = MemoryStore()
    lesson = Lesson.of(IMAGES, one.url)
    report = await lesson.sync(store, jobs)
    assert {name: type(error) for name, error in report.failures.items()} == {APP: kind}
    assert report.exit_status == 4
    assert [event.name for event in lesson.events(ImageFailed)] == [APP]
    assert [event.name for event in lesson.events(ImageCompleted)] == [WEB]
    assert set(store.index().names) == {Reference.parse(WEB)}


async def test_a_shared_layer_comes_through_another_image_when_the_first_has_lost_it(
    one: FakeRegistry, store: Store
) -> None:
    one.always(f"/v2/app/blobs/{BASE}", status(404))
    assert (await Lesson.of(IMAGES, one.url).sync(store)).exit_status == 0


async def test_the_worst_failure_gives_the_exit_status(one: FakeRegistry, tmp_path: Path) -> None:
    one.always("/v2/app/manifests", status(404))
    one.always("/v2/web/manifests", flipped)
    report = await Lesson.of(IMAGES, one.url).sync(DiskStore(tmp_path / "store"))
    kinds = {name: type(error) for name, error in report.failures.items()}
    assert kinds == {APP: NotFoundError, WEB: IntegrityError}
    assert report.exit_status == 5


@pytest.mark.parametrize("jobs", [1, 3])
async def test_never_more_is_under_way_than_the_jobs(store: Store, jobs: int) -> None:
    many = {f"one.test/app{number}:1": made(f"many {number}") for number in range(6)}
    with fake_registry(many) as one:
        gate = one.gate()
        one.always("/blobs/", held(gate))
        running = asyncio.create_task(Lesson.of(many, one.url).sync(store, jobs))
        await asyncio.to_thread(wait_until, lambda: one.at_once == jobs, 10, "all jobs at work")
        gate.open()
        assert (await running).exit_status == 0
        assert one.most_at_once == jobs
