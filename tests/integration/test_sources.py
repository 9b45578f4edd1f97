"""Any repository that holds the locked blobs serves, whatever it calls them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import IntegrityError, NotFoundError
from mirrorkit.events import DocumentIgnored
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import DOCUMENT_MAX
from mirrorkit.store.documents import DocumentsFolder
from tests.fakes.faults import status
from tests.integration.command import check_store
from tests.integration.mirrors import COREDNS, PAUSE, Mirrors, mirrors, put
from tests.lab.images import DOCKER, image, index
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.images import Made

LAYERS = [random_layer("pause base", 3000), random_layer("pause", 9000)]
AMD = image(LAYERS, "linux/amd64")
ARM = image([random_layer("pause arm", 5000)], "linux/arm64")
BOTH = index([AMD, ARM])
# The same image written down by another tool: other bytes, same layers.
AGAIN = image(LAYERS, "linux/amd64", kind=DOCKER)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Mirrors]:
    with mirrors(tmp_path) as found:
        yield found


async def complete(here: Mirrors) -> bool:
    report = await here.sync()
    assert report.failures == {}
    check_store(here.settings.store)
    return report.completeness.is_complete and report.exit_status == 0


@pytest.mark.parametrize(
    "name, flat",
    [(PAUSE, "x/google_containers/pause:3.6"), (COREDNS, "x/google_containers/coredns:v1.8.6")],
)
async def test_an_image_comes_from_aliyun_under_its_flat_name(
    here: Mirrors, name: str, flat: str
) -> None:
    put(here.aliyun, {flat: BOTH})
    here.lock({name: BOTH})
    assert await complete(here)


async def test_an_image_comes_from_daocloud_when_nobody_else_has_it(here: Mirrors) -> None:
    put(here.daocloud, {f"x/{PAUSE}": BOTH})
    here.lock({PAUSE: BOTH})
    assert await complete(here)
    assert here.upstream.requests(BOTH.digest)
    assert here.aliyun.requests(BOTH.digest)


async def test_every_blob_comes_from_whoever_has_it(here: Mirrors) -> None:
    first, second = LAYERS
    put(here.upstream, {PAUSE: AMD})
    put(here.aliyun, {"x/google_containers/pause:3.6": AMD})
    put(here.daocloud, {f"x/{PAUSE}": AMD})
    here.upstream.always(f"/blobs/{first.digest}", status(404))
    here.upstream.always(f"/blobs/{second.digest}", status(403))
    here.aliyun.always(f"/blobs/{second.digest}", status(404))
    here.lock({PAUSE: AMD})
    assert await complete(here)
    assert here.aliyun.sent(first.digest) == len(first.data)
    assert here.daocloud.sent(second.digest) == len(second.data)


@pytest.mark.parametrize(
    "copy, tag", [(AMD, "3.6"), (AMD, "old"), (AGAIN, "3.6")], ids=["single", "re-tagged", "other"]
)
async def test_with_the_documents_any_repository_that_holds_the_blobs_serves(
    here: Mirrors, copy: Made, tag: str
) -> None:
    put(here.aliyun, {f"x/google_containers/pause:{tag}": copy})
    # Another manifest has another config too; that small one lies beside the lock.
    here.keep_documents(BOTH, configs=True)
    here.lock({PAUSE: BOTH}, ["linux/amd64"])
    assert await complete(here)
    assert {one.path.split("/")[-2] for one in here.aliyun.asked} == {"blobs"}
    assert here.upstream.requests("/manifests/") == []


async def test_without_the_documents_a_single_platform_copy_does_not_serve(here: Mirrors) -> None:
    put(here.aliyun, {"x/google_containers/pause:3.6": AMD})
    here.lock({PAUSE: BOTH}, ["linux/amd64"])
    report = await here.sync()
    assert report.exit_status == 4
    assert isinstance(report.failures[PAUSE], NotFoundError)


async def test_a_document_that_is_held_is_not_looked_for(here: Mirrors) -> None:
    put(here.upstream, {PAUSE: AMD})
    here.lock({PAUSE: AMD})
    assert await complete(here)
    (here.documents / AMD.digest.replace(":", "-")).write_bytes(b"wrong")
    assert await complete(here)
    assert here.events(DocumentIgnored) == []


def spoil(path: Path, how: str) -> None:
    if how == "other bytes":
        path.write_bytes(b"{}")
    elif how == "too long":
        path.write_bytes(b" " * (DOCUMENT_MAX + 1))
    elif how == "a folder":
        path.mkdir()
    elif how == "a pipe":
        os.mkfifo(path)
    elif how == "a loop":
        path.symlink_to(path)
    elif how == "another file":
        path.symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    "how", ["other bytes", "too long", "a folder", "a pipe", "a loop", "another file"]
)
async def test_a_wrong_document_is_told_and_left_and_the_sources_are_asked(
    here: Mirrors, how: str
) -> None:
    put(here.upstream, {PAUSE: AMD})
    config = next(iter(AMD.blobs))
    for digest in (AMD.digest, config):
        spoil(here.documents / digest.replace(":", "-"), how)
    here.lock({PAUSE: AMD})
    assert await complete(here)
    assert [event.digest for event in here.events(DocumentIgnored)] == [AMD.digest, config]


async def test_a_document_that_is_no_manifest_is_told_and_left(here: Mirrors) -> None:
    data = json.dumps({"schemaVersion": 2, "layers": [], "manifests": []}).encode()
    digest = Digest.of(data)
    here.lock({PAUSE: AMD})
    text = here.settings.locks[0].read_text().replace(AMD.digest, digest)
    here.settings.locks[0].write_text(text)
    (here.documents / digest.replace(":", "-")).write_bytes(data)
    report = await here.sync()
    assert report.exit_status == 4
    (event,) = here.events(DocumentIgnored)
    assert event.digest == digest
    assert "neither clearly" in event.reason


async def test_wrong_bytes_of_one_source_do_not_hinder_the_next(here: Mirrors) -> None:
    put(here.upstream, {PAUSE: AMD})
    put(here.aliyun, {"x/google_containers/pause:3.6": AMD})
    wrong = random_layer("wrong", 9000)
    assert len(wrong.data) == len(LAYERS[1].data)
    content = here.upstream.contents["pause", "blobs", LAYERS[1].digest]
    here.upstream.contents["pause", "blobs", LAYERS[1].digest] = content._replace(data=wrong.data)
    here.lock({PAUSE: AMD})
    assert await complete(here)


async def test_wrong_bytes_everywhere_are_wrong_bytes(here: Mirrors) -> None:
    put(here.upstream, {PAUSE: AMD})
    wrong = random_layer("wrong", 9000).data
    content = here.upstream.contents["pause", "blobs", LAYERS[1].digest]
    here.upstream.contents["pause", "blobs", LAYERS[1].digest] = content._replace(data=wrong)
    here.lock({PAUSE: AMD})
    report = await here.sync()
    assert report.exit_status == 5
    assert isinstance(report.failures[PAUSE], IntegrityError)


def test_no_folder_beside_the_lock_is_no_document(tmp_path: Path) -> None:
    lock = tmp_path / "week2.lock.yaml"
    assert DocumentsFolder.beside(lock)(Digest(AMD.digest)) is None
    (tmp_path / "week2.lock.d").write_text("a file")
    assert DocumentsFolder.beside(lock)(Digest(AMD.digest)) is None
