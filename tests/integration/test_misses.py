"""Misses over HTTP: what was asked and is not held, for the teacher."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.catalog import below
from mirrorkit.content import LOOK
from mirrorkit.server.limits import Limits
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import fill, lock_of
from tests.integration.guarded import guarded
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from tests.integration.conftest import Serve
    from tests.lab.images import Made

NGINX, PAUSE = "docker.io/library/nginx:alpine", "registry.k8s.io/pause:3.6"


@pytest.fixture
async def client(tmp_path: Path, images: dict[str, Made], serve: Serve) -> TestClient[Any, Any]:
    """A mirror that holds nginx:alpine, and whose lock has pause besides."""
    held = {NGINX: images[NGINX]}
    return await serve(await fill(tmp_path, held), lock_of({**held, PAUSE: images[PAUSE]}))


async def misses(client: TestClient[Any, Any]) -> list[dict[str, Any]]:
    document = await (await client.get("/api/v1/misses")).json()
    assert (document["version"], document["dropped"]) == (1, 0)
    assert document["total"] == sum(name["count"] for name in document["names"])
    for name in document["names"]:
        assert name.pop("last").endswith("+00:00")
    found = document["names"]
    assert isinstance(found, list)
    return found


async def test_a_mirror_that_was_asked_for_nothing_else_has_no_misses(
    client: TestClient[Any, Any],
) -> None:
    assert (await client.get("/v2/nginx/manifests/alpine")).status == 200
    assert await misses(client) == []


@pytest.mark.parametrize(
    "path",
    [
        "/v2/nginx/manifests/alpin",
        "/v2/library/nginx/manifests/alpin",
        "/v2/docker.io/library/nginx/manifests/alpin",
        "/v2/library/nginx/manifests/alpin?ns=docker.io",
    ],
)
async def test_a_miss_is_counted_under_its_canonical_name_once_for_head_and_get(
    client: TestClient[Any, Any], path: str
) -> None:
    assert (await client.head(path)).status == 404
    assert (await client.get(path)).status == 404
    assert await misses(client) == [
        {
            "name": "docker.io/library/nginx:alpin",
            "count": 1,
            "nearest": NGINX,
            "command": "mirrorkit add docker.io/library/nginx:alpin",
        }
    ]


async def test_what_the_lock_has_and_the_store_not_yet_needs_a_sync(
    client: TestClient[Any, Any],
) -> None:
    await client.get("/v2/k8s/pause/manifests/3.6")
    (miss,) = await misses(client)
    assert (miss["name"], miss["command"]) == (PAUSE, "mirrorkit sync")


async def test_what_is_wanted_and_not_pinned_yet_needs_a_lock_for_adding_it_again_does_nothing(
    tmp_path: Path, serve: Serve
) -> None:
    wanted = "docker.io/library/wordpress:5"
    client = await serve(DiskStore(tmp_path), lock_of({}, more=f"unpinned: [{{name: '{wanted}'}}]"))
    for path in ("/v2/library/wordpress/manifests/5", "/archives/wordpress:5.tar"):
        answer = await client.get(path)
        said = await answer.text()
        assert answer.status == 404
        assert f"{wanted} is wanted, but its digest is not known yet" in said
        assert (
            "the teacher runs: `mirrorkit lock` and `mirrorkit sync` while there is a network"
            in said
        )
        assert "mirrorkit add" not in said
    (miss,) = await misses(client)
    assert (miss["name"], miss["command"]) == (wanted, "mirrorkit lock")


async def test_what_only_looks_is_answered_the_same_and_is_no_miss(
    client: TestClient[Any, Any],
) -> None:
    paths = ("/v2/nginx/manifests/alpin", "/files/bin/kubectl", "/archives/nginx:alpin.tar")
    for path in paths:
        assert (await client.head(path, headers={LOOK: "1"})).status == 404
    assert await misses(client) == []
    for path in paths:
        assert (await client.head(path)).status == 404
    assert {miss["count"] for miss in await misses(client)} == {1}


async def test_a_digest_and_a_list_of_tags_are_misses_too(client: TestClient[Any, Any]) -> None:
    digest = f"sha256:{'0' * 64}"
    await client.get(f"/v2/nginx/manifests/{digest}")
    await client.get("/v2/quay.io/a/b/tags/list")
    found = {miss["name"]: (miss["nearest"], miss["command"]) for miss in await misses(client)}
    assert found == {
        f"docker.io/library/nginx@{digest}": (NGINX, None),
        "quay.io/a/b": (None, "mirrorkit add quay.io/a/b"),
    }


async def test_files_and_archives_that_are_not_held_are_misses_too(
    client: TestClient[Any, Any],
) -> None:
    for path in ("/files/bin/kubectl", "/archives/nginx:alpin.tar", "/archives/pause:3.6.tar"):
        assert (await client.get(path)).status == 404
    assert (await client.get("/archives/registry.k8s.io/pause:3.6.tar")).status == 503
    found = {miss["name"]: (miss["nearest"], miss["command"]) for miss in await misses(client)}
    assert found == {
        "bin/kubectl": (None, None),
        "docker.io/library/nginx:alpin": (NGINX, "mirrorkit add docker.io/library/nginx:alpin"),
        "docker.io/library/pause:3.6": (None, "mirrorkit add docker.io/library/pause:3.6"),
        PAUSE: (None, "mirrorkit sync"),
    }


@pytest.mark.parametrize(
    "path",
    [
        "/v2/<script>/manifests/1",
        "/v2/nginx/manifests/%3Cscript%3E",
        "/v2/x/blobs/y",
        "/x",
        "/files/../x",
    ],
)
async def test_what_is_no_name_is_no_miss(client: TestClient[Any, Any], path: str) -> None:
    assert (await client.get(path)).status in (400, 404)
    assert await misses(client) == []


async def test_what_the_catalog_knows_is_worked_out_before_the_first_miss_and_beside_the_loop(
    tmp_path: Path,
) -> None:
    known = below._table  # noqa: SLF001 - that nobody waits for it is what is promised
    known.cache_clear()
    async with guarded(DiskStore(tmp_path), Limits()) as server:
        await asyncio.to_thread(wait_until, lambda: known.cache_info().currsize == 1, 20, "names")
        assert (await server.get("/v2/k8s/kindnetd/manifests/v0"))[0] == 404
    assert known.cache_info().misses == 1
