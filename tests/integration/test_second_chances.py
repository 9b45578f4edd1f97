"""A bad evening: what drops, lies or is missing for a while costs no more than it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import DocumentError, MisannouncedError
from mirrorkit.events import Planned, PlatformMissing, TryingAgain
from mirrorkit.remote.transport import Transport
from mirrorkit.store.disk import DiskStore
from tests.fakes.faults import cut, instead, status
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, WEB, Lesson, layer_of, lock_text, made
from tests.lab.images import image, index
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 1 << 20
HALF = SIZE // 2
IMAGES = {APP: made("big", size=SIZE), WEB: made("small")}
LAYER = layer_of("big", SIZE)
PORTAL = b"<html>please log in to the hotel</html>"
AMD64 = image([random_layer("amd64", 3000)], "linux/amd64")
LIST = index([AMD64])


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "store")


async def test_a_line_that_drops_for_a_while_loses_no_image(
    one: FakeRegistry, store: DiskStore
) -> None:
    # Longer away than one blob is patient: the blob fails, and a later pass brings it.
    one.fail(LAYER.digest, *[status(503)] * 6)
    lesson = Lesson.of(IMAGES, one.url)
    report = await lesson.sync(store, pauses=(0.01, 0.01, 0.01))
    assert report.exit_status == 0
    assert len(lesson.events(TryingAgain)) == 1


async def test_a_source_that_never_gave_anything_is_not_waited_for(
    one: FakeRegistry, store: DiskStore
) -> None:
    one.always("/v2/", status(503))
    lesson = Lesson.of(IMAGES, one.url)
    assert (await lesson.sync(store, pauses=(1000,))).exit_status == 4
    assert lesson.events(TryingAgain) == []


async def test_waiting_ends_when_nothing_arrives_any_more(
    one: FakeRegistry, store: DiskStore
) -> None:
    one.always(LAYER.digest, status(503))
    lesson = Lesson.of(IMAGES, one.url)
    assert (await lesson.sync(store, pauses=(0.01, 0.02))).exit_status == 4
    assert [event.retry_in for event in lesson.events(TryingAgain)] == [0.01, 0.02]


async def test_a_hotel_s_login_page_is_no_blob_and_costs_no_partial(
    one: FakeRegistry, store: DiskStore
) -> None:
    one.fail(LAYER.digest, cut(HALF), instead(PORTAL, "text/html"))
    report = await Lesson.of(IMAGES, one.url).sync(store)
    assert isinstance(report.failures[APP], MisannouncedError)
    assert (await Lesson.of(IMAGES, one.url).sync(store)).exit_status == 0
    assert [asked.start for asked in one.requests(LAYER.digest)][-1] == HALF


async def test_what_an_interrupted_run_left_needs_no_room_again(
    one: FakeRegistry, tmp_path: Path
) -> None:
    class Tight(DiskStore):
        def free(self) -> int:
            return HALF + 20_000

    one.fail(LAYER.digest, cut(HALF), status(404))
    lesson = Lesson.of({APP: IMAGES[APP]}, one.url)
    assert (await lesson.sync(DiskStore(tmp_path))).exit_status == 4
    assert (await lesson.sync(Tight(tmp_path))).exit_status == 0


async def test_progress_begins_anew_with_each_plan(one: FakeRegistry, store: DiskStore) -> None:
    one.fail(LAYER.digest, cut(HALF), status(404))
    lesson = Lesson.of(IMAGES, one.url)
    async with lesson.open_run(store):
        await lesson.sync(store)
    tally = lesson.tally
    await lesson.sync(store)
    for event in [event for event in lesson.heard if isinstance(event, Planned)]:
        tally.add(event)
    assert (tally.fetched, tally.resumed, tally.dropped) == (0, 0, 0)


async def test_a_platform_only_the_class_would_like_is_told_and_no_failure(
    store: DiskStore,
) -> None:
    with fake_registry({APP: LIST}) as one:
        lesson = Lesson.of({APP: LIST}, one.url)
        text = lock_text({APP: LIST}, platforms="linux/amd64, linux/arm64")
        lesson.lock = parse_lock(text.encode())
        assert (await lesson.sync(store)).exit_status == 0
    assert lesson.events(PlatformMissing) == [PlatformMissing(APP, "linux/arm64")]


async def test_a_platform_asked_of_the_image_itself_must_be_there(store: DiskStore) -> None:
    with fake_registry({APP: LIST}) as one:
        lesson = Lesson.of({APP: LIST}, one.url)
        own = "  platforms: {linux/amd64: {}, linux/arm64: {}}\n"
        lesson.lock = parse_lock((lock_text({APP: LIST}) + own).encode())
        report = await lesson.sync(store)
    assert isinstance(report.failures[APP], DocumentError)
    assert "linux/arm64" in report.failures[APP].message
    assert not report.completeness.is_complete


async def test_a_proxy_of_the_environment_is_used_and_no_proxy_heeded(
    one: FakeRegistry, store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fake plays the proxy: it answers for a host that does not exist.
    monkeypatch.setenv("http_proxy", one.url)
    assert (await Lesson.of(IMAGES, "http://one.invalid").sync(store)).exit_status == 0
    monkeypatch.setenv("no_proxy", "one.invalid")
    other = DiskStore(store.root / "other")
    assert (await Lesson.of(IMAGES, "http://one.invalid").sync(other)).exit_status == 4


async def test_no_proxy_is_asked_for_what_is_on_this_machine(
    one: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    transport = Transport({})
    async with transport.get(one.address, "/v2/", scope="") as answer:
        assert answer.status == 200
    await transport.close()
