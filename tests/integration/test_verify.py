"""Verify: what is wrong in a store is found, named, and out of everybody's reach."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mirrorkit.events import BlobWrong, BytesVerified, VerifyPlanned
from mirrorkit.flows.check import State, check
from mirrorkit.flows.manifests import Manifests
from mirrorkit.flows.verify import Verifier
from mirrorkit.store.disk import DiskStore
from tests.integration.asked import health, item_of
from tests.integration.filled import blob_of_size, fill, lock_of, path_of, put
from tests.lab.layers import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mirrorkit.documents.pins import Lock
    from mirrorkit.events import Event
    from mirrorkit.flows.verify import VerifyReport
    from tests.integration.conftest import Serve
    from tests.lab.images import Made

NGINX, REDIS = "docker.io/library/nginx:alpine", "docker.io/library/redis:5-alpine"
FILE = {"minikube/minikube-linux-amd64": b"a program" * 100}


async def verify(
    store: DiskStore, lock: Lock, heard: list[Event] | None = None, *, is_all: bool = False
) -> VerifyReport:
    events = [] if heard is None else heard
    return await Verifier(store, {"week1": lock}, events.append).verify(is_all=is_all)


def flip(path: Path) -> bytes:
    """Change one bit in the middle, as a disk does; return what is there now."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return bytes(data)


def aside(store: DiskStore) -> list[bytes]:
    return sorted(path.read_bytes() for path in (store.root / "quarantine").glob("*"))


def own_layer(images: Mapping[str, Made]) -> str:
    """Return a layer that nginx has and no other image."""
    others = {d for name, made in images.items() if name != NGINX for d in made.all_blobs()}
    blobs = images[NGINX].for_platform("linux/amd64").blobs
    return max(blobs.keys() - others, key=lambda digest: len(blobs[digest]))


async def test_where_nothing_is_wrong_every_byte_was_read_once_and_the_time_is_kept(
    tmp_path: Path, images: dict[str, Made]
) -> None:
    store, lock = await fill(tmp_path, images), lock_of(images)
    every = {path.name: path.stat().st_size for path in (tmp_path / "blobs").glob("*/*")}
    heard: list[Event] = []
    report = await verify(store, lock, heard)
    assert (report.exit_status, report.blobs, report.bytes) == (0, len(every), sum(every.values()))
    assert heard[0] == VerifyPlanned(len(every), sum(every.values()))
    assert sum(event.count for event in heard if isinstance(event, BytesVerified)) == report.bytes
    assert check(lock, store, Manifests(store)).verified_at
    assert check(lock_of(images, files=FILE), store, Manifests(store)).verified_at is None


@pytest.mark.parametrize("damage", ["flipped", "cut", "longer", "empty", "a folder"])
async def test_a_damaged_layer_is_named_with_its_image_and_moved_away(
    tmp_path: Path, images: dict[str, Made], damage: str
) -> None:
    store, lock, digest = await fill(tmp_path, images), lock_of(images), own_layer(images)
    path = path_of(store, digest)
    if damage == "flipped":
        flip(path)
    elif damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        sizes = {"cut": -1, "longer": 1, "empty": -path.stat().st_size}
        os.truncate(path, path.stat().st_size + sizes[damage])
    heard: list[Event] = []
    report = await verify(store, lock, heard)
    reason = "is no file" if damage == "a folder" else "holds other bytes"
    assert (report.wrong, report.exit_status) == ({digest: reason}, 5)
    assert [one for one in heard if isinstance(one, BlobWrong)] == [
        BlobWrong(digest, reason, (NGINX,))
    ]
    (moved,) = (store.root / "quarantine").iterdir()
    assert moved.name.startswith(digest.replace(":", "-") + ".")
    assert not path.exists()
    states = {item.name: item.state for item in check(lock, store, Manifests(store)).items}
    assert {name for name, state in states.items() if state is not State.COMPLETE} == {NGINX}
    assert not any((tmp_path / "ingest").iterdir())


async def test_a_layer_of_two_images_is_read_once_and_named_for_both(
    tmp_path: Path, images: dict[str, Made]
) -> None:
    store = await fill(tmp_path, images)
    digest = min(set(images[NGINX].all_blobs()) & set(images[REDIS].all_blobs()))
    data = flip(path_of(store, digest))
    heard: list[Event] = []
    await verify(store, lock_of(images), heard)
    (wrong,) = (event for event in heard if isinstance(event, BlobWrong))
    assert wrong.needed_by == (NGINX, REDIS)
    assert aside(store) == [data]


async def test_a_sparse_index_is_right_without_the_platforms_left_out(
    tmp_path: Path, images: dict[str, Made]
) -> None:
    store = await fill(tmp_path, images)
    others = [one for one in images[NGINX].manifests() if one.platform == "linux/arm64/v8"]
    for digest in (others[0].digest, *others[0].blobs):
        path_of(store, digest).unlink()
    lock = lock_of({NGINX: images[NGINX]}, platforms=["linux/amd64"])
    assert (await verify(store, lock)).exit_status == 0


async def test_a_plain_file_is_verified_too(tmp_path: Path) -> None:
    (name, data), *_ = FILE.items()
    store, lock = DiskStore(tmp_path), lock_of({}, files=FILE)
    descriptor = await put(store, data)
    assert (await verify(store, lock)).exit_status == 0
    flip(store.path(descriptor.digest))
    heard: list[Event] = []
    assert (await verify(store, lock, heard)).exit_status == 5
    assert BlobWrong(descriptor.digest, "holds other bytes", (name,)) in heard
    assert check(lock, store, Manifests(store)).items[0].state is State.ABSENT


async def test_what_no_lock_needs_is_read_only_with_all(
    tmp_path: Path, images: dict[str, Made]
) -> None:
    store, lock = await fill(tmp_path, images), lock_of(images)
    stray = await blob_of_size(store, 5000)
    flip(store.path(stray))
    assert (await verify(store, lock)).exit_status == 0
    report = await verify(store, lock, is_all=True)
    assert (report.wrong, report.exit_status) == ({stray: "holds other bytes"}, 5)
    assert (await verify(store, lock, is_all=True)).exit_status == 0


async def test_a_store_that_is_not_there_is_not_made(
    tmp_path: Path, images: dict[str, Made]
) -> None:
    store = DiskStore(tmp_path / "nothing")
    assert (await verify(store, lock_of(images), is_all=True)).exit_status == 1
    assert not store.root.exists()


async def test_a_server_hands_out_no_wrong_byte_after_it_and_ends_what_it_had_begun(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store, lock = await fill(tmp_path, {NGINX: images[NGINX]}), lock_of({NGINX: images[NGINX]})
    big = await blob_of_size(store, 32 << 20)  # more than fits into sockets
    data = flip(store.path(big))
    wrong_layer = own_layer(images)
    flip(path_of(store, wrong_layer))
    client = await serve(store, lock)
    assert (await health(client))[0] == 200  # it looks at sizes alone
    begun = await client.get(f"/v2/nginx/blobs/{big}")
    assert begun.status == 200
    assert len((await verify(store, lock, is_all=True)).wrong) == 2
    assert digest_of(await begun.read()) == digest_of(data)  # a client sees itself that it is wrong
    for digest in (big, wrong_layer):
        assert (await client.get(f"/v2/nginx/blobs/{digest}")).status == 404
    item = await item_of(client, NGINX)
    assert (item["state"], item["missing"]) == ("partial", [wrong_layer])


async def test_a_damaged_manifest_is_absent_after_it(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store, lock = await fill(tmp_path, images), lock_of(images)
    client = await serve(store, lock)
    assert (await client.get("/v2/nginx/manifests/alpine")).status == 200
    flip(path_of(store, images[NGINX].digest))
    assert (await verify(store, lock)).wrong.keys() == {images[NGINX].digest}
    assert (await client.get("/v2/nginx/manifests/alpine")).status == 404
    assert (await item_of(client))["state"] == "absent"


async def test_health_says_when_all_was_verified(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store, lock = await fill(tmp_path, images), lock_of(images)
    client = await serve(store, lock)
    assert (await health(client))[1]["verified_at"] is None
    await verify(store, lock)
    assert (await health(client))[1]["verified_at"].endswith("+00:00")
