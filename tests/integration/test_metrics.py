"""What Prometheus is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.server.limits import Limits
from mirrorkit.server.metrics import route_of
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import blob_of_size, fill, lock_of
from tests.integration.guarded import MiB, guarded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.images import Made

NGINX = "docker.io/library/nginx:alpine"
ROUTES = {
    *("v2", "manifests", "blobs", "tags", "referrers", "page", "files", "k8s-release", "archives"),
    *("setup.sh", "api", "health", "livez", "readyz", "metrics", "other"),
}


async def test_answers_are_counted_by_route_method_and_status(
    tmp_path: Path, images: dict[str, Made]
) -> None:
    async with guarded(await fill(tmp_path, images), Limits()) as server:
        for path in ("nginx/manifests/alpine", "nginx/manifests/alpine", "nginx/manifests/none"):
            await server.get(f"/v2/{path}")
        found = await server.metrics()
    counted = found["mirrorkit_requests_total"]
    assert counted["GET", "manifests", "2xx"] == 2
    assert counted["GET", "manifests", "4xx"] == 1
    assert found["mirrorkit_misses_total"] == {(): 1}


async def test_the_bytes_of_blobs_are_counted_as_they_go(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    digest = await blob_of_size(store, 2 * MiB)
    async with guarded(store, Limits()) as server:
        _, body = await server.get(f"/v2/app/blobs/{digest}")
        sent = (await server.metrics())["mirrorkit_sent_bytes_total"][()]
    assert len(body) <= sent < len(body) + 2000


async def test_how_complete_each_lock_is(tmp_path: Path, images: dict[str, Made]) -> None:
    store = await fill(tmp_path, {NGINX: images[NGINX]})
    locks = {"week1": lock_of({NGINX: images[NGINX]}), "week2": lock_of(images, files={"a": b"b"})}
    async with guarded(store, Limits(), locks=locks) as server:
        found = await server.metrics()
    assert found["mirrorkit_lock_items"] == {
        ("image", "week1"): 1,
        ("file", "week1"): 0,
        ("image", "week2"): len(images),
        ("file", "week2"): 1,
    }
    complete = found["mirrorkit_lock_items_complete"]
    assert (complete["image", "week1"], complete["image", "week2"]) == (1, 1)


async def test_the_process_is_measured_too(tmp_path: Path) -> None:
    async with guarded(DiskStore(tmp_path), Limits()) as server:
        found = await server.metrics()
    assert found["process_resident_memory_bytes"][()] > MiB


async def test_a_store_that_cannot_be_read_does_not_silence_the_rest(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("no index")
    async with guarded(DiskStore(tmp_path), Limits(), locks={"week1": lock_of({})}) as server:
        assert "mirrorkit_connections" in await server.metrics()


@pytest.mark.parametrize("path", ["/secret-1", "/v2/secret-2/x/secret-3", "/v2/secret-4"])
async def test_no_label_repeats_what_a_client_says(tmp_path: Path, path: str) -> None:
    async with guarded(DiskStore(tmp_path), Limits()) as server:
        client = await server.connect()
        client.ask(path, "User-Agent: secret-5", method="SECRET")
        await client.answer()
        _, text = await server.get("/metrics")
    assert b"secret" not in text.lower()


@given(st.text())
def test_routes_are_few_whatever_is_asked(text: str) -> None:
    for path in (text, f"/{text}", f"/v2/{text}", f"/v2/x/{text}/y", f"/v2/x/blobs/{text}"):
        assert route_of(path) in ROUTES
