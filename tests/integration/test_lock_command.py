"""`mirrorkit lock`: published digests first, bytes overrule, nothing is replaced silently."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from mirrorkit.documents.lock import parse_lock
from mirrorkit.oci.artifact import file_reference
from mirrorkit.oci.digest import Digest
from mirrorkit.store.disk import DiskStore
from tests.fakes.faults import flipped, status
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import made
from tests.lab.images import image, index
from tests.lab.layers import random_layer
from tests.lab.process import free_port

if TYPE_CHECKING:
    from pytest_aiohttp.plugin import AiohttpServer

    from mirrorkit.documents.pins import Lock
    from tests.fakes.call import Call
    from tests.fakes.registry import Answer
    from tests.integration.command import Desk
    from tests.lab.images import Made

APP = "one.test/app:1"
CHART = random_layer("a chart", 2_500_000).data
PAUSE = "registry.k8s.io/pause:3.6"
PUBLISHED = "sha256:3d380ca8864549e74af4b29c10f9cb0956236dfb01c40ca076fb6c37253234db"
LIST = index(
    [
        image([random_layer(name, 3000)], name)
        for name in ("linux/amd64", "linux/arm64", "linux/s390x")
    ]
)
HOSTS = ("one.test", "registry.k8s.io", "k8s.gcr.io")
IMAGES = {APP: LIST}


def wish(desk: Desk, url: str, *images: str) -> None:
    """Write a wish, and settings that ask every host at one place."""
    text = f"version: 1\nplatforms: [linux/amd64, linux/arm64]\nimages: [{', '.join(images)}]\n"
    (desk.folder / "images.yaml").write_text(text)
    endpoints = {host: {"url": url} for host in HOSTS}
    # No real mirror is asked from a test.
    order = {"*": ["upstream"]}
    settings = {"store": str(desk.store), "endpoints": endpoints, "source_order": order}
    (desk.folder / "mirrorkit.yaml").write_text(json.dumps(settings))


def lock_of(desk: Desk) -> Lock:
    return parse_lock((desk.folder / "images.lock.yaml").read_bytes())


def test_online_a_tag_is_pinned_and_everything_of_it_proven(desk: Desk, one: FakeRegistry) -> None:
    wish(desk, one.url, APP)
    assert desk.run("lock").status == 0
    (pin,) = lock_of(desk).images
    assert (str(pin.name), pin.digest, pin.known) == (APP, LIST.digest, "proven")
    assert {str(platform) for platform in pin.children} == {"linux/amd64", "linux/arm64"}
    for platform, child in pin.children.items():
        of = LIST.for_platform(str(platform))
        assert (child.digest, child.known) == (of.digest, "proven")
        assert child.image_id == json.loads(of.data)["config"]["digest"]
        assert child.size == len(of.data) + sum(map(len, of.blobs.values()))


def test_the_small_documents_lie_beside_the_lock_named_by_their_digest(
    desk: Desk, one: FakeRegistry
) -> None:
    wish(desk, one.url, APP)
    assert desk.run("lock").status == 0
    files = list((desk.folder / "images.lock.d").iterdir())
    assert len(files) == 1 + 2 + 2
    for file in files:
        assert Digest.of(file.read_bytes()) == file.name.replace("-", ":", 1)


def test_a_second_lock_is_the_same_to_the_byte_and_check_says_so(
    desk: Desk, one: FakeRegistry
) -> None:
    wish(desk, one.url, APP)
    assert desk.run("lock", "--check").status == 1
    assert not (desk.folder / "images.lock.yaml").exists()
    assert desk.run("lock").status == 0
    before = (desk.folder / "images.lock.yaml").read_bytes()
    assert desk.run("lock").status == 0
    assert (desk.folder / "images.lock.yaml").read_bytes() == before
    assert desk.run("lock", "--check").status == 0


def test_a_second_wish_has_a_lock_of_its_own_and_each_is_held_against_its_own(
    desk: Desk, one: FakeRegistry
) -> None:
    wish(desk, one.url, APP)
    (desk.folder / "week2.yaml").write_bytes((desk.folder / "images.yaml").read_bytes())
    wish(desk, one.url, "one.test/web:1")
    assert desk.run("lock").status == 0
    first = (desk.folder / "images.lock.yaml").read_bytes()
    assert desk.run("lock", "--wish", "week2.yaml").status == 0
    assert (desk.folder / "images.lock.yaml").read_bytes() == first
    assert desk.run("sync", "--lock", "week2.lock.yaml").status == 0
    (desk.folder / "week2.yaml").write_text("version: 1\nimages: [one.test/other:1]\n")
    done = desk.run("sync", "--lock", "week2.lock.yaml")
    assert done.status == 3
    assert done.lines("hint")[0].startswith("run `mirrorkit lock --wish week2.yaml`, or ")
    (desk.folder / "week2.yaml").write_text("version: 1\nminikube: v1.25.2\nkubernetes: v9.9.9\n")
    assert desk.run("lock", "--wish", "week2.yaml").lines("error")[0].startswith("week2.yaml: ")


def test_what_is_locked_can_be_synced_and_a_changed_wish_stops_that(
    desk: Desk, one: FakeRegistry
) -> None:
    wish(desk, one.url, APP)
    assert desk.run("lock").status == 0
    assert desk.run("sync").status == 0
    wish(desk, one.url, APP, "one.test/web:1")
    done = desk.run("sync")
    assert (done.status, done.lines("hint")) == (
        3,
        ["run `mirrorkit lock`, or leave it so this once with --frozen"],
    )
    assert "one.test/web:1" in done.lines("error")[0]
    assert desk.run("sync", "--frozen").status == 0


async def dropped(call: Call) -> web.StreamResponse:
    """Hang up before a word is said."""
    call.reset()
    return web.Response()


@pytest.mark.parametrize("answer", [dropped, status(503), status(429, {"Retry-After": "0"})])
def test_a_tag_whose_registry_stumbles_is_asked_again(
    desk: Desk, one: FakeRegistry, answer: Answer
) -> None:
    one.fail("/manifests/1", answer)
    wish(desk, one.url, APP)
    done = desk.run("lock", "--no-sources")
    assert (done.status, done.err.count("trouble")) == (0, 0)
    assert lock_of(desk).images[0].digest == LIST.digest


def test_a_tag_whose_registry_says_no_is_asked_once(desk: Desk, one: FakeRegistry) -> None:
    one.always("/manifests/1", status(403))
    wish(desk, one.url, APP)
    assert desk.run("lock", "--no-sources").status == 0
    assert len(one.asked) == 1


def test_a_tag_that_moved_stays_pinned_until_it_is_upgraded(desk: Desk, one: FakeRegistry) -> None:
    wish(desk, one.url, APP)
    assert desk.run("lock").status == 0
    moved: dict[str, Made] = {APP: made("moved")}
    with fake_registry({**moved}) as other:
        other.contents.update({k: v for k, v in one.contents.items() if k[2] != "1"})
        wish(desk, other.url, APP)
        assert desk.run("lock").status == 0
        assert lock_of(desk).images[0].digest == LIST.digest
        done = desk.run("lock", "--upgrade", APP, "--diff")
        assert lock_of(desk).images[0].digest == LIST.digest
        assert desk.run("lock", "--upgrade", APP).status == 0
    assert done.status == 0
    assert done.out.startswith(f"changed  {APP}  {LIST.digest[:19]} -> ")
    assert "; nothing was written" in done.err
    assert lock_of(desk).images[0].digest == moved[APP].digest


def test_a_published_digest_that_the_registry_contradicts_is_shown_and_kept(desk: Desk) -> None:
    with fake_registry({PAUSE: LIST}) as one:
        wish(desk, one.url, PAUSE)
        done = desk.run("lock")
    assert done.status == 1
    said = f"{PAUSE}: published as {PUBLISHED}, but its registry has {LIST.digest}"
    assert said in done.lines("error")
    (pin,) = lock_of(desk).images
    assert (pin.digest, pin.known) == (PUBLISHED, "expected")


def test_offline_what_is_published_is_expected_and_the_rest_unpinned(desk: Desk) -> None:
    wish(desk, f"http://127.0.0.1:{free_port()}", PAUSE, APP)
    done = desk.run("lock", "--offline")
    assert done.status == 0
    assert "1 of 2 pinned (1 image, 0 files), 1 not pinned yet" in done.err
    lock = lock_of(desk)
    assert [(pin.digest, pin.known) for pin in lock.images] == [(PUBLISHED, "expected")]
    assert [(entry.name, entry.needed_by) for entry in lock.unpinned] == [(APP, ("images.yaml",))]
    status = json.loads(desk.run("status", "--json").out)
    assert status["complete"] is False
    assert [(item["name"], item["digest"]) for item in status["items"]][1] == (APP, None)


def test_without_a_network_each_host_is_told_once_and_the_lock_written_all_the_same(
    desk: Desk,
) -> None:
    others = [f"one.test/{name}:1" for name in ("api", "db", "web")]
    wish(desk, "http://nobody.invalid", PAUSE, APP, *others)
    done = desk.run("lock")
    assert done.status == 4
    assert done.err.count("trouble") == 1
    assert done.err.count("nobody.invalid cannot be reached") == 1
    assert "4 not pinned yet: no source answered, 0 of 1 proven" in done.err
    assert done.lines("error")[0].startswith("no source answers; pinned is only what is published")
    assert done.lines("hint") == ["check the network, then run `mirrorkit lock` again"]
    assert [pin.digest for pin in lock_of(desk).images] == [PUBLISHED]
    assert len(lock_of(desk).unpinned) == 4
    found = desk.run("lock", "--json")
    assert (found.status, json.loads(found.out)["answered"]) == (4, False)
    assert desk.run("lock", "--check").status == 4
    assert desk.run("lock", "--offline").status == 0


def test_a_registry_that_says_come_again_has_answered(desk: Desk, one: FakeRegistry) -> None:
    one.always("/manifests/1", status(503, {"Retry-After": "900"}))
    wish(desk, one.url, APP)
    done = desk.run("lock")
    assert (done.status, done.lines("error")) == (0, [])
    assert ", 1 not pinned yet" in done.err


def test_a_lock_as_data_says_what_changed(desk: Desk, one: FakeRegistry) -> None:
    wish(desk, one.url, APP)
    found = json.loads(desk.run("lock", "--json").out)
    assert found["changes"] == [{"name": APP, "before": None, "after": LIST.digest}]
    assert (found["changed"], found["images"], found["unpinned"]) == (True, 1, [])


def test_a_change_board_gets_a_table(desk: Desk, one: FakeRegistry) -> None:
    wish(desk, one.url, APP)
    lines = desk.run("lock", "--markdown").out.splitlines()
    assert lines[0] == "| | what | before | after |"
    assert f"| added | {APP} |  | {LIST.digest} |" in lines


def test_without_a_wish_the_way_to_one_is_told(desk: Desk) -> None:
    done = desk.run("lock")
    assert (done.status, done.lines("error")) == (3, ["there is no images.yaml"])
    assert "mirrorkit init" in done.lines("hint")[0]


class Host:
    """A web server with one chart; it remembers what was asked."""

    def __init__(self, desk: Desk) -> None:
        self.asked: list[str] = []
        self._desk = desk

    async def start(self, aiohttp_server: AiohttpServer, announced: int | None = None) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.asked.append(request.method)
            response = web.StreamResponse()
            response.content_length = announced
            await response.prepare(request)
            await response.write(CHART)
            response.force_close()
            return response

        app = web.Application()
        app.router.add_get("/chart.tgz", answer)
        server = await aiohttp_server(app)
        text = "version: 1\nfiles: [{path: a/chart.tgz, urls: [http://files.test/chart.tgz]}]\n"
        (self._desk.folder / "images.yaml").write_text(text)
        endpoints = {"files.test": {"url": str(server.make_url("/")).rstrip("/")}}
        settings = {"store": str(self._desk.store), "endpoints": endpoints}
        (self._desk.folder / "mirrorkit.yaml").write_text(json.dumps(settings))


async def test_a_file_whose_hash_nobody_publishes_is_pinned_at_first_sight_and_fetched_once(
    desk: Desk, aiohttp_server: AiohttpServer
) -> None:
    host = Host(desk)
    await host.start(aiohttp_server)
    done = await asyncio.to_thread(desk.run, "lock")
    assert done.status == 0
    said = "a/chart.tgz: nobody publishes its sha256; pinned at first sight as"
    assert f"{said} {Digest.of(CHART).hex}" in done.err
    assert "0 of 1 proven, 1 first-sight" in done.err
    (file,) = lock_of(desk).files
    assert (file.digest, file.size, file.known) == (Digest.of(CHART), len(CHART), "first-sight")
    assert (await asyncio.to_thread(desk.run, "sync")).status == 0
    assert (await asyncio.to_thread(desk.run, "lock")).status == 0
    assert host.asked == ["GET"]
    assert "complete  a/chart.tgz  pinned at first sight" in desk.run("status", "--all").out
    (item,) = json.loads(desk.run("status", "--json").out)["items"]
    assert item["known"] == "first-sight"
    digest = f"sha256: {Digest.of(CHART).hex}"
    (desk.folder / "images.yaml").write_text(
        "version: 1\nfiles: [{path: a/chart.tgz, urls: [http://files.test/chart.tgz], "
        f"{digest}}}]\n"
    )
    assert (await asyncio.to_thread(desk.run, "lock")).status == 0
    assert [file.known for file in lock_of(desk).files] == ["proven"]
    assert desk.names() == {str(file_reference(Digest.of(CHART)))}
    store = DiskStore(desk.store)
    assert store.read(Digest.of(CHART)) == CHART


async def test_a_file_that_ends_too_early_is_not_pinned_and_nothing_of_it_stays(
    desk: Desk, aiohttp_server: AiohttpServer
) -> None:
    host = Host(desk)
    await host.start(aiohttp_server, announced=len(CHART) + 1)
    done = await asyncio.to_thread(desk.run, "lock")
    assert (done.status, "files.test" in done.err) == (0, True)
    assert [entry.name for entry in lock_of(desk).unpinned] == ["a/chart.tgz"]
    assert [
        path for path in desk.store.rglob("*") if path.is_file() and path.stat().st_size > 999
    ] == []


async def test_a_check_keeps_nothing_of_a_file_it_has_to_read(
    desk: Desk, aiohttp_server: AiohttpServer
) -> None:
    host = Host(desk)
    await host.start(aiohttp_server)
    done = await asyncio.to_thread(desk.run, "lock", "--check")
    assert done.status == 1
    assert f"nothing -> {Digest.of(CHART)[:19]}" in done.out.replace("unpinned", "nothing")
    assert not desk.store.exists()


@pytest.mark.parametrize(
    "single", [image([random_layer("single", 3000)], "linux/arm64")], ids=["arm64"]
)
def test_an_image_without_an_index_is_pinned_with_the_platform_of_its_config(
    desk: Desk, single: Made
) -> None:
    with fake_registry({APP: single}) as one:
        wish(desk, one.url, APP)
        assert desk.run("lock").status == 0
    (pin,) = lock_of(desk).images
    assert [str(platform) for platform in pin.children] == ["linux/arm64"]


def test_a_config_that_lies_leaves_the_image_unpinned_and_says_who(desk: Desk) -> None:
    with fake_registry({APP: LIST}) as one:
        one.always("/blobs/", flipped)
        wish(desk, one.url, APP)
        done = desk.run("lock")
    assert done.status == 0
    assert "one.test sent other bytes than sha256:" in done.err
    assert [entry.name for entry in lock_of(desk).unpinned] == [APP]


def test_a_name_that_is_none_cannot_be_upgraded(desk: Desk, one: FakeRegistry) -> None:
    wish(desk, one.url, APP)
    done = desk.run("lock", "--upgrade", "NOT A NAME")
    assert done.status == 2


def test_what_is_wished_no_more_is_shown_as_removed(desk: Desk, one: FakeRegistry) -> None:
    wish(desk, one.url, APP, PAUSE)
    assert desk.run("lock", "--offline").status == 0
    wish(desk, one.url, APP)
    done = desk.run("lock", "--offline", "--diff")
    assert f"removed  {PAUSE}  {PUBLISHED[:19]} -> nothing" in done.out.splitlines()


def test_with_a_source_a_tag_means_what_that_source_has(desk: Desk, one: FakeRegistry) -> None:
    moved = made("moved")
    with fake_registry({"mirror.test/one.test/app:1": moved}) as mirror:
        wish(desk, one.url, APP)
        settings = json.loads((desk.folder / "mirrorkit.yaml").read_text())
        settings["endpoints"]["mirror.test"] = {"url": mirror.url}
        settings["sources"] = {"school": {"repository": "mirror.test/{registry}/{repository}"}}
        (desk.folder / "mirrorkit.yaml").write_text(json.dumps(settings))
        assert desk.run("lock", "--source", "school").status == 0
    assert lock_of(desk).images[0].digest == moved.digest
    assert one.asked == []
