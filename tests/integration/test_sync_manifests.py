"""Manifests in a sync: those lost, those of other platforms, those two readers read differently."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import DocumentError, IntegrityError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from tests.fakes.faults import instead
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, IMAGES, Lesson, lock_text, made
from tests.lab.images import OCI, image, index
from tests.lab.layers import digest_of, random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Store

ARM = image([random_layer("arm", 3000)], "linux/arm64")
BOTH = index([made("amd"), ARM])


@pytest.mark.parametrize("damage", ["lost", "flipped", "cut"])
async def test_a_manifest_the_store_lost_is_fetched_again_and_nothing_else(
    one: FakeRegistry, tmp_path: Path, damage: str
) -> None:
    store, lesson = DiskStore(tmp_path / "store"), Lesson.of(IMAGES, one.url)
    await lesson.sync(store)
    manifest = IMAGES[APP]
    path = store.path(Digest(manifest.digest))
    path.unlink()
    if damage != "lost":
        path.write_bytes(manifest.data[:-1] + (b"?" if damage == "flipped" else b""))
    before = len(one.asked)
    report = await lesson.sync(store)
    assert report.exit_status == 0
    assert path.read_bytes() == manifest.data
    assert [asked.path for asked in one.asked[before:]] == [f"/v2/app/manifests/{manifest.digest}"]


@pytest.mark.parametrize("platforms, arm", [("linux/amd64", False), ("linux/arm64", True)])
async def test_only_the_platforms_that_were_asked_for_are_fetched(
    store: Store, platforms: str, *, arm: bool
) -> None:
    with fake_registry({APP: BOTH}) as one:
        lesson = Lesson.of({APP: BOTH}, one.url)
        lock = parse_lock(lock_text({APP: BOTH}, platforms=platforms).encode())
        report = await replace(lesson, lock=lock).sync(store)
        assert report.exit_status == 0
        assert bool(one.requests(ARM.digest)) is arm
        assert len(one.asked) == 4
    assert store.index().names[Reference.parse(APP)].digest == BOTH.digest


async def test_a_platform_that_is_not_there_is_told_with_those_that_are(
    store: Store,
) -> None:
    with fake_registry({APP: BOTH}) as one:
        lock = parse_lock(lock_text({APP: BOTH}, platforms="linux/s390x").encode())
        report = await Lesson(lock, {"one.test": one.url}).sync(store)
    assert report.exit_status == 3
    error = report.failures[APP]
    assert isinstance(error, DocumentError)
    assert error.message == f"{APP} has no linux/s390x; it has linux/amd64, linux/arm64"
    assert error.hint
    assert not store.index().names


@pytest.mark.parametrize(
    "change",
    [
        {"manifests": []},
        {"mediaType": OCI.index},
        {"schemaVersion": 1},
        {"config": {"digest": "sha256:../../x", "size": 1, "mediaType": "x"}},
        {"Layers": []},
    ],
    ids=str,
)
async def test_a_manifest_that_could_be_read_in_two_ways_is_refused_even_when_it_is_locked(
    store: Store, change: dict[str, object]
) -> None:
    data = json.dumps(json.loads(IMAGES[APP].data) | change).encode()
    odd = replace(IMAGES[APP], data=data, digest=digest_of(data))
    with fake_registry({APP: odd}) as one:
        report = await Lesson.of({APP: odd}, one.url).sync(store)
    assert report.exit_status == 5
    assert isinstance(report.failures[APP], IntegrityError)
    assert one.requests("/blobs/") == []


async def test_a_manifest_sent_as_another_kind_is_refused(one: FakeRegistry, store: Store) -> None:
    one.fail(IMAGES[APP].digest, instead(IMAGES[APP].data, OCI.index))
    report = await Lesson.of(IMAGES, one.url).sync(store)
    assert isinstance(report.failures[APP], IntegrityError)
    assert (await Lesson.of(IMAGES, one.url).sync(store)).exit_status == 0
