"""Where a source packed the layers anew: the same image is taken, anything else refused."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from mirrorkit.documents.layout import STANDS_FOR
from mirrorkit.errors import DifferentImageError, NotFoundError, UnreachableError
from mirrorkit.events import ImageSubstituted
from mirrorkit.oci.digest import Digest
from mirrorkit.store.disk import DiskStore
from mirrorkit.wiring import check_locks, read_lock, sync_once
from tests.fakes.faults import flipped, status
from tests.fakes.faults import held as waiting
from tests.integration.command import Desk, check_store
from tests.integration.mirrors import COREDNS, PAUSE, Mirrors, mirrors, put
from tests.lab.images import DOCKER, OCI, image, index, packed_anew
from tests.lab.layers import digest_of, random_layer
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mirrorkit.flows.check import Item
    from tests.integration.conftest import Serve
    from tests.lab.images import Made
    from tests.lab.layers import Layer

FLAT = "x/google_containers/pause:3.6"
AMD64 = ["linux/amd64"]
ZSTD = f"{OCI.layer.removesuffix('gzip')}zstd"
TAR = OCI.layer.removesuffix("+gzip")
LAYERS = [random_layer("same base", 30_000), random_layer("same", 90_000)]
AMD = image(LAYERS, "linux/amd64")
ARM = image([random_layer("same arm", 5000)], "linux/arm64")
BOTH = index([AMD, ARM])
OTHER = image([random_layer("another", 30_000)], "linux/amd64")


def tar_of(layer: Layer) -> bytes:
    return gzip.decompress(layer.data)


def members(data: bytes) -> bytes:
    return b"".join(
        gzip.compress(data[at : at + 9000], 9, mtime=0) for at in range(0, len(data), 9000)
    )


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def again(
    layers: Sequence[Layer] = LAYERS,
    made: Made = AMD,
    kind: str = OCI.layer,
    pack: Callable[[bytes], bytes] = members,
) -> Made:
    """Pack the layers of an image anew."""
    return packed_anew(made, [(kind, pack(tar_of(layer))) for layer in layers])


def quick(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


AGAIN = again()
ARM_AGAIN = again([random_layer("same arm", 5000)], ARM)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Mirrors]:
    with mirrors(tmp_path) as found:
        yield found


def prepare(here: Mirrors, platforms: Sequence[str] = AMD64, made: Made = BOTH) -> None:
    """Pin an image whose documents lie beside the lock, and which upstream has no more."""
    here.lock({PAUSE: made}, platforms)
    here.keep_documents(made, configs=True)


def item(here: Mirrors) -> Item:
    (found,) = check_locks(here.settings).values()
    return found.items[0]


def held(here: Mirrors) -> set[str]:
    return {f"{b.parent.name}:{b.name}" for b in (here.settings.store / "blobs").glob("*/*")}


def root(here: Mirrors) -> dict[str, Any]:
    """Return the only entry that stands for the pinned digest, as it is written."""
    document = json.loads((here.settings.store / "index.json").read_bytes())
    (found,) = [
        entry
        for entry in document["manifests"]
        if entry.get("annotations", {}).get(STANDS_FOR) == BOTH.digest
    ]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "kind, pack",
    [(OCI.layer, quick), (DOCKER.layer, quick), (OCI.layer, members), (ZSTD, zstd), (TAR, bytes)],
    ids=["gzip -1", "docker", "members", "zstd", "tar"],
)
async def test_layers_packed_anew_are_the_same_image(
    here: Mirrors, kind: str, pack: Callable[[bytes], bytes]
) -> None:
    prepare(here)
    copy = again(kind=kind, pack=pack)
    put(here.aliyun, {FLAT: copy})
    report = await here.sync()
    assert (report.exit_status, report.failures) == (0, {})
    assert report.completeness.is_complete
    assert check_store(here.settings.store) == {PAUSE}
    assert (item(here).state, item(here).level, item(here).digest) == (
        "complete",
        "same-image",
        BOTH.digest,
    )
    entry = root(here)
    assert (entry["digest"], entry["platform"]) == (
        copy.digest,
        {"os": "linux", "architecture": "amd64"},
    )
    told = ImageSubstituted(PAUSE, "aliyun", ["linux/amd64"], is_zstd=kind == ZSTD)
    assert here.events(ImageSubstituted) == [told]
    assert item(here).needed == item(here).present == copy.size()


async def test_an_image_without_an_index_may_be_packed_anew_too(here: Mirrors) -> None:
    for there in (AGAIN, index([AGAIN]), index([ARM_AGAIN, AGAIN])):
        prepare(here, made=AMD)
        put(here.aliyun, {FLAT: there})
        report = await here.sync()
        assert report.exit_status == 0
        assert item(here).level == "same-image"
        assert here.events(ImageSubstituted).pop().platforms == []
        (here.settings.store / "index.json").unlink()


async def test_the_lock_alone_may_know_the_image_id(here: Mirrors) -> None:
    image_id = next(iter(AMD.blobs))
    here.lock({PAUSE: BOTH}, children={PAUSE: {"linux/amd64": {"image_id": image_id}}})
    put(here.aliyun, {FLAT: AGAIN})
    assert (await here.sync()).exit_status == 0
    assert item(here).level == "same-image"


async def test_a_child_that_is_known_to_the_byte_needs_no_image_id(here: Mirrors) -> None:
    here.lock({PAUSE: BOTH}, children={PAUSE: {"linux/amd64": {"digest": AMD.digest}}})
    put(here.aliyun, {FLAT: AMD})
    assert (await here.sync()).exit_status == 0
    assert item(here).level == "same-image"


async def test_where_nothing_is_known_of_an_image_nothing_can_be_the_same(here: Mirrors) -> None:
    here.lock({PAUSE: BOTH}, AMD64)
    put(here.aliyun, {FLAT: AGAIN})
    report = await here.sync()
    assert isinstance(report.failures[PAUSE], NotFoundError)
    assert here.aliyun.requests("/manifests/3.6") == []


async def test_several_platforms_come_from_one_index_or_from_several_sources(here: Mirrors) -> None:
    prepare(here, ["linux/amd64", "linux/arm64"])
    put(here.aliyun, {FLAT: AGAIN})
    report = await here.sync()
    assert report.exit_status == 4
    assert isinstance(report.failures[PAUSE], NotFoundError)
    assert (item(here).state, item(here).level) == ("partial", None)
    put(here.daocloud, {f"x/{PAUSE}": index([ARM_AGAIN, AGAIN])})
    assert (await here.sync()).exit_status == 0
    assert [len(here.aliyun.requests(digest)) for digest in list(AGAIN.blobs)[1:]] == [1, 1]
    assert not any(here.daocloud.requests(digest) for digest in AGAIN.blobs)
    assert item(here).level == "same-image"
    assert root(here)["mediaType"] == OCI.index
    assert check_index(here) == [("amd64", AGAIN.digest), ("arm64", ARM_AGAIN.digest)]


def check_index(here: Mirrors) -> list[tuple[str, str]]:
    """Return what the index that stands for the pinned one lists."""
    store = DiskStore(here.settings.store)
    document = json.loads(store.read(Digest(root(here)["digest"])))
    return [(child["platform"]["architecture"], child["digest"]) for child in document["manifests"]]


async def test_one_platform_of_two_is_served_for_that_platform_alone(
    here: Mirrors, serve: Serve
) -> None:
    prepare(here, ["linux/amd64", "linux/arm64"])
    put(here.aliyun, {FLAT: AGAIN})
    await here.sync()
    assert check_index(here) == [("amd64", AGAIN.digest)]
    client = await serve(DiskStore(here.settings.store), read_lock(here.settings.locks[0]))
    assert (await client.get("/v2/registry.k8s.io/pause/manifests/3.6")).status == 200


async def test_one_platform_that_a_mirror_lacks_does_not_cost_the_others(here: Mirrors) -> None:
    prepare(here, ["linux/amd64", "linux/arm64"])
    put(here.aliyun, {FLAT: index([AGAIN, ARM_AGAIN])})
    here.aliyun.always(AGAIN.digest, status(404))
    await here.sync()
    assert check_index(here) == [("arm64", ARM_AGAIN.digest)]


async def test_it_is_served_by_tag_with_its_own_digest_and_not_by_the_pinned_one(
    here: Mirrors, serve: Serve
) -> None:
    prepare(here)
    put(here.aliyun, {FLAT: AGAIN})
    await here.sync()
    client = await serve(DiskStore(here.settings.store), read_lock(here.settings.locks[0]))
    for path in ("registry.k8s.io/pause", "k8s.gcr.io/pause", "k8s/pause"):
        answer = await client.get(f"/v2/{path}/manifests/3.6")
        assert await answer.read() == AGAIN.data
        assert answer.headers["Docker-Content-Digest"] == AGAIN.digest
    for digest, data in AGAIN.blobs.items():
        answer = await client.get(f"/v2/registry.k8s.io/pause/blobs/{digest}")
        assert await answer.read() == data
    answer = await client.get(f"/v2/registry.k8s.io/pause/manifests/{BOTH.digest}")
    assert answer.status == 404
    assert "pull it by its tag" in (await answer.json())["errors"][0]["message"]
    document = await (await client.get("/health")).json()
    assert (document["complete"], document["items"][0]["level"]) == (True, "same-image")


def wrong_layer(kind: str, data: bytes, **label: object) -> Made:
    return packed_anew(AMD, [(OCI.layer, members(tar_of(LAYERS[0]))), (kind, data)], label=label)


def bomb(pack: Callable[[bytes], bytes]) -> bytes:
    """Pack 1.5 GiB of zeros into little."""
    return pack(bytes(1 << 26)) * 24


SECOND = tar_of(LAYERS[1])
REFUSED = {
    "another image": (OTHER, "its config is not the pinned one"),
    "another index": (index([OTHER]), "its config is not the pinned one"),
    "another layer": (wrong_layer(OCI.layer, members(SECOND + b"x")), "unpacks to other bytes"),
    "wrong order": (again(LAYERS[::-1]), "unpacks to other bytes"),
    "a layer less": (again(LAYERS[:1]), "it has 1 layers, the config 2"),
    "a layer more": (again([*LAYERS, LAYERS[0]]), "it has 3 layers, the config 2"),
    "gzip called zstd": (wrong_layer(ZSTD, members(SECOND)), "not packed as its media type says"),
    "zstd called gzip": (wrong_layer(OCI.layer, zstd(SECOND)), "not packed as its media type"),
    "gzip called tar": (wrong_layer(TAR, members(SECOND)), "not packed as its media type says"),
    "garbage behind": (
        wrong_layer(OCI.layer, members(SECOND) + bytes(512)),
        "not packed as its media",
    ),
    "cut short": (wrong_layer(OCI.layer, members(SECOND)[:-1]), "it is cut short"),
    "elsewhere": (
        wrong_layer(OCI.layer, members(SECOND), urls=["http://127.0.0.1:1/x"]),
        "lies elsewhere",
    ),
    "annotated": (
        wrong_layer(OCI.layer, members(SECOND), annotations={"toc": "x"}),
        "has annotations",
    ),
    "not to be copied": (
        wrong_layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", members(SECOND)),
        "of a kind that is not copied",
    ),
    "a bomb of gzip": (wrong_layer(OCI.layer, bomb(gzip.compress)), "more than"),
    "a bomb of zstd": (wrong_layer(ZSTD, bomb(zstd)), "more than a layer of its size may"),
}


@pytest.mark.parametrize("how", REFUSED)
async def test_anything_else_is_a_different_image_and_refused_by_name(
    here: Mirrors, how: str
) -> None:
    there, why = REFUSED[how]
    prepare(here)
    put(here.aliyun, {FLAT: there})
    report = await here.sync()
    assert report.exit_status == 5
    error = report.failures[PAUSE]
    assert isinstance(error, DifferentImageError)
    assert f"different image at aliyun (registry.cn-hangzhou.aliyuncs.com/{FLAT[2:]}): " in str(
        error
    )
    assert why in str(error)
    assert error.hint is not None
    assert f"--upgrade {PAUSE}" in error.hint
    assert check_store(here.settings.store) == set()
    # What is right of it may serve with the next source's copy.
    assert not held(here) & set(there.all_blobs()) - set(AMD.blobs) - set(AGAIN.blobs)
    if why == "its config is not the pinned one":
        assert not any(here.aliyun.requests(digest) for digest in there.all_blobs())


async def test_a_different_image_at_one_source_does_not_hide_the_same_at_the_next(
    here: Mirrors,
) -> None:
    prepare(here)
    put(here.aliyun, {FLAT: OTHER})
    put(here.daocloud, {f"x/{PAUSE}": index([AGAIN])})
    report = await here.sync()
    assert (report.exit_status, report.failures) == (0, {})


async def test_gzip_is_better_than_zstd_which_docker_20_10_cannot_unpack(here: Mirrors) -> None:
    prepare(here)
    put(here.aliyun, {FLAT: again(kind=ZSTD, pack=zstd)})
    put(here.daocloud, {f"x/{PAUSE}": AGAIN})
    assert (await here.sync()).exit_status == 0
    assert root(here)["digest"] == AGAIN.digest


async def test_where_a_source_gives_no_answer_that_stays_the_reason(here: Mirrors) -> None:
    prepare(here)
    here.upstream.always("/v2/", status(500))
    put(here.aliyun, {FLAT: OTHER})
    report = await here.sync()
    assert report.exit_status == 4
    error = report.failures[PAUSE]
    assert isinstance(error, UnreachableError)
    assert "500" in str(error)
    assert "different image at aliyun" in str(error)


async def test_where_a_source_gives_no_answer_the_same_image_saves_it(here: Mirrors) -> None:
    prepare(here)
    here.upstream.always("/v2/", status(500))
    put(here.aliyun, {FLAT: AGAIN})
    report = await here.sync()
    assert (report.exit_status, report.failures) == (0, {})


async def test_a_wrong_layer_that_another_image_needs_is_kept(here: Mirrors) -> None:
    shared = random_layer("shared", 20_000)
    other = image([shared])
    prepare(here)
    here.lock({PAUSE: BOTH, COREDNS: other}, AMD64)
    put(here.upstream, {COREDNS: other})
    put(here.aliyun, {FLAT: wrong_layer(OCI.layer, shared.data)})
    report = await here.sync()
    assert isinstance(report.failures[PAUSE], DifferentImageError)
    assert check_store(here.settings.store) == {COREDNS}
    assert shared.digest in held(here)


async def test_of_a_refused_image_the_layers_found_right_are_kept_for_the_next_source(
    here: Mirrors,
) -> None:
    prepare(here)
    put(here.aliyun, {FLAT: wrong_layer(OCI.layer, members(SECOND + b"x"))})
    gate = here.aliyun.gate()
    wrong = str(digest_of(members(SECOND + b"x")))
    here.aliyun.always(f"/blobs/{wrong}", waiting(gate))
    syncing = asyncio.create_task(here.sync())
    right = str(digest_of(members(tar_of(LAYERS[0]))))
    await asyncio.to_thread(wait_until, lambda: right in held(here), 20, "the right layer")
    gate.open()
    assert (await syncing).exit_status == 5
    assert right in held(here)
    assert wrong not in held(here)


async def test_a_layer_that_arrives_broken_is_no_different_image_for_good(here: Mirrors) -> None:
    prepare(here)
    put(here.aliyun, {FLAT: AGAIN})
    broken = list(AGAIN.blobs)[-1]
    here.aliyun.always(f"/blobs/{broken}", flipped)
    assert (await here.sync()).exit_status == 5
    here.aliyun.heal()
    assert (await here.sync()).exit_status == 0


async def test_a_complete_same_image_is_left_alone_until_the_exact_bytes_are_asked_for(
    here: Mirrors,
) -> None:
    prepare(here)
    put(here.aliyun, {FLAT: AGAIN})
    await here.sync()
    every = (here.upstream, here.aliyun, here.daocloud)
    asked = [len(one.asked) for one in every]
    put(here.upstream, {PAUSE: BOTH})
    assert (await here.sync()).exit_status == 0
    assert [len(one.asked) for one in every] == asked
    assert item(here).level == "same-image"
    report = await sync_once(here.settings, here.report, wants_exact=True)
    assert (report.exit_status, report.failures) == (0, {})
    assert item(here).level == "exact"
    index = DiskStore(here.settings.store).index()
    assert (index.substitutes, index.names.popitem()[1].digest) == ({}, BOTH.digest)


async def test_asking_in_vain_for_the_exact_bytes_is_said_and_loses_nothing(here: Mirrors) -> None:
    prepare(here)
    put(here.aliyun, {FLAT: AGAIN})
    await here.sync()
    report = await sync_once(here.settings, here.report, wants_exact=True)
    assert (report.completeness.is_complete, report.exit_status) == (True, 4)
    assert isinstance(report.failures[PAUSE], NotFoundError)
    assert item(here).level == "same-image"


@pytest.mark.parametrize(
    "how", ["lost", "cut short", "config rotten", "manifest lost", "manifest rotten"]
)
async def test_a_substitute_that_was_damaged_is_noticed_and_mended(here: Mirrors, how: str) -> None:
    prepare(here)
    put(here.aliyun, {FLAT: AGAIN})
    await here.sync()
    config, *_, layer = AGAIN.blobs
    digest = {"config": config, "manifest": AGAIN.digest}.get(how.partition(" ")[0], layer)
    path = DiskStore(here.settings.store).path(Digest(digest))
    if "lost" in how:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"x" * ("rotten" in how))
    if how == "config rotten":  # a status looks at sizes alone; a layer is lost beside it
        DiskStore(here.settings.store).path(Digest(layer)).unlink()
    assert item(here).state in ("partial", "corrupt")
    assert item(here).level is None
    assert (await here.sync()).exit_status == 0
    assert item(here).level == "same-image"
    check_store(here.settings.store)


async def test_two_names_of_one_digest_share_a_substitute(here: Mirrors) -> None:
    web = "registry.k8s.io/coredns:v1.8.6"
    prepare(here)
    here.lock({PAUSE: BOTH, web: BOTH}, AMD64)
    put(here.aliyun, {FLAT: AGAIN})
    report = await here.sync()
    assert (report.completeness.is_complete, report.exit_status) == (True, 0)
    assert check_store(here.settings.store) == {PAUSE, web}


def test_the_command_and_the_status_say_how_many_are_the_same_image_only(here: Mirrors) -> None:
    prepare(here)
    put(here.upstream, {COREDNS: OTHER})
    put(here.aliyun, {FLAT: AGAIN})
    here.lock({PAUSE: BOTH, COREDNS: OTHER}, AMD64)
    desk = Desk(here.folder)
    done = desk.run("sync")
    assert done.status == 0, done.err
    said = "1 image is held as the same image with layers packed anew: served by tag, not by the"
    assert said in done.err
    assert f"complete  {PAUSE} for linux/amd64, as the same image packed anew at aliyun" in done.err
    assert "complete: 2 images" in done.err
    assert PAUSE in desk.run("status").out
    shown = desk.run("status", "--all")
    assert (shown.status, said in shown.out) == (0, True)
    lines = {line.split()[1]: line for line in shown.out.splitlines()}
    assert lines[PAUSE].endswith("same image")
    assert not lines[COREDNS].endswith("same image")
    document = json.loads(desk.run("status", "--json").out)
    assert [one["level"] for one in document["items"]] == ["same-image", "exact"]
    done = desk.run("sync", "--exact")
    assert done.status == 4
    assert "complete: 2 images" in done.err
    assert len(done.lines("error")) == 1
