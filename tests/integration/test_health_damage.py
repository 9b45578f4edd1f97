"""/health: what is lost, cut or changed behind the server's back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from tests.integration.asked import health, item_of
from tests.integration.filled import fill, lock_of, path_of, put, put_image

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Serve
    from tests.lab.images import Made

NGINX, REDIS = "docker.io/library/nginx:alpine", "docker.io/library/redis:5-alpine"
FILE = {"minikube/minikube-linux-amd64": b"a program" * 100}


@pytest.mark.parametrize("is_cut", [False, True])
async def test_a_blob_lost_or_cut_behind_its_back_is_noticed_and_named(
    tmp_path: Path, images: dict[str, Made], serve: Serve, *, is_cut: bool
) -> None:
    store = await fill(tmp_path, images)
    client = await serve(store, lock_of(images))
    assert (await health(client))[0] == 200
    digest, data = next(iter(images[NGINX].for_platform("linux/amd64").blobs.items()))
    if is_cut:
        os.truncate(path_of(store, digest), len(data) - 1)
    else:
        path_of(store, digest).unlink()
    item, size = await item_of(client), images[NGINX].size()
    assert item["state"] == ("corrupt" if is_cut else "partial")
    assert item["missing"] == [digest]
    assert item["bytes"] == {"needed": size, "present": size - len(data)}
    answer = await client.get(f"/v2/nginx/blobs/{digest}")
    assert (answer.status, (await answer.json())["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")
    path_of(store, digest).write_bytes(data)
    assert (await health(client))[0] == 200


async def test_a_shared_layer_that_is_lost_is_missing_in_every_image(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, images)
    shared = set(images[NGINX].all_blobs()) & set(images[REDIS].all_blobs())
    client = await serve(store, lock_of(images))
    full = (await health(client))[1]["bytes"]["needed"]
    digest = min(shared)
    size = path_of(store, digest).stat().st_size
    path_of(store, digest).unlink()
    _, document = await health(client)
    assert [i["name"] for i in document["items"] if i["missing"] == [digest]] == [NGINX, REDIS]
    assert document["images"] == {"total": 4, "complete": 2}
    assert document["bytes"] == {"needed": full, "present": full - size}


@pytest.mark.parametrize("damage", ["cut", "flipped", "lost"])
async def test_a_damaged_manifest_is_not_served_and_not_complete(
    tmp_path: Path, images: dict[str, Made], serve: Serve, damage: str
) -> None:
    store = await fill(tmp_path, images)
    made = images[NGINX]
    path = path_of(store, made.digest)
    if damage == "lost":
        path.unlink()
    else:
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] if damage == "cut" else whole.replace(b"linux", b"linuy"))
    client = await serve(store, lock_of(images))
    item = await item_of(client)
    assert item["state"] == ("absent" if damage == "lost" else "corrupt")
    assert item["missing"] == [made.digest]
    assert item["bytes"] == {"needed": None, "present": 0}
    for reference in ("alpine", made.digest):
        answer = await client.get(f"/v2/nginx/manifests/{reference}")
        assert answer.status == 404
        assert (await answer.json())["errors"][0]["code"] == "MANIFEST_UNKNOWN"


async def test_a_manifest_cut_after_it_was_served_is_noticed(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, images)
    client = await serve(store, lock_of(images))
    assert (await client.get("/v2/nginx/manifests/alpine")).status == 200
    os.truncate(path_of(store, images[NGINX].digest), 10)
    assert (await client.get("/v2/nginx/manifests/alpine")).status == 404
    assert (await item_of(client))["state"] == "corrupt"


async def test_an_image_with_every_byte_but_no_name_is_partial_until_it_is_tagged(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, {name: made for name, made in images.items() if name != NGINX})
    root = await put_image(store, images[NGINX])
    client = await serve(store, lock_of(images))
    item = await item_of(client)
    assert (item["state"], item["missing"]) == ("partial", [images[NGINX].digest])
    # Another process does the last step; nothing is started again.
    await DiskStore(tmp_path).tag(Reference.parse(NGINX), root)
    status, document = await health(client)
    assert (status, document["complete"]) == (200, True)


@pytest.mark.parametrize("damage, state", [("lost", "absent"), ("cut", "corrupt")])
async def test_a_damaged_file_is_not_complete(
    tmp_path: Path, serve: Serve, damage: str, state: str
) -> None:
    store = await fill(tmp_path, {})
    (name, data), *_ = FILE.items()
    descriptor = await put(store, data)
    client = await serve(store, lock_of({}, files=FILE))
    assert (await health(client))[0] == 200
    path = path_of(store, descriptor.digest)
    if damage == "lost":
        path.unlink()
    else:
        os.truncate(path, 1)
    item = await item_of(client, name)
    assert (item["state"], item["missing"]) == (state, [str(descriptor.digest)])
    assert item["bytes"] == {"needed": len(data), "present": 0}


@pytest.mark.parametrize("damage", ["garbage", "a folder", "no store"])
async def test_a_store_that_cannot_be_read_is_not_ready_but_alive(
    tmp_path: Path, serve: Serve, damage: str
) -> None:
    root = tmp_path / "store"
    await put(DiskStore(root), b"something held")
    client = await serve(DiskStore(root), lock_of({}))
    assert (await client.get("/readyz")).status == 200
    index = root / "index.json"
    index.unlink()
    if damage == "a folder":
        index.mkdir()
    elif damage == "garbage":
        index.write_bytes(b"\x00garbage")
    else:
        root.rename(tmp_path / "elsewhere")
        root.write_bytes(b"")
    answer = await client.get("/readyz")
    document = await answer.json()
    assert (answer.status, document["ready"]) == (503, False)
    assert document["error"]["message"]
    assert (await client.get("/livez")).status == 200
