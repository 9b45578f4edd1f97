"""Promises that the server does not keep yet."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from mirrorkit.oci.reference import Reference
from tests.integration.filled import fill, lock_of, path_of, put, put_image
from tests.lab.images import OCI, image, index
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from tests.integration.conftest import Serve
    from tests.lab.images import Made

NGINX = "docker.io/library/nginx:alpine"
ONE, TWO = image([random_layer("one", 600)]), image([random_layer("two", 600)])


async def error_code(client: TestClient[Any, Any], path: str) -> str:
    answer = await client.get(path)
    assert answer.headers["Content-Type"] == "application/json"
    return str((await answer.json())["errors"][0]["code"])


async def test_a_second_version_of_coredns_does_not_hide_the_first(
    tmp_path: Path, serve: Serve
) -> None:
    # Until Kubernetes 1.20 the image was k8s.gcr.io/coredns, since then coredns/coredns.
    names = {
        "registry.k8s.io/coredns:1.7.0": ONE,
        "registry.k8s.io/coredns/coredns:v1.8.6": TWO,
    }
    client = await serve(await fill(tmp_path, names), lock_of(names))
    for tag, made in (("1.7.0", ONE), ("v1.8.6", TWO)):
        answer = await client.get(f"/v2/k8s/coredns/manifests/{tag}")
        assert (answer.status, await answer.read()) == (200, made.data), tag


async def test_one_last_part_of_two_names_is_told_apart_by_the_tag(
    tmp_path: Path, serve: Serve
) -> None:
    names = {"docker.io/calico/node:v3.20.0": ONE, "docker.io/bitnami/node:18": TWO}
    client = await serve(await fill(tmp_path, names), lock_of(names))
    answer = await client.get("/v2/k8s/node/manifests/v3.20.0")
    assert (answer.status, await answer.read()) == (200, ONE.data)


@pytest.mark.parametrize("path", ["/v2/nginx/manifests/alpine", "/v2/nginx/tags/list"])
async def test_a_store_that_cannot_be_read_is_told_to_clients_as_json(
    tmp_path: Path, images: dict[str, Made], serve: Serve, path: str
) -> None:
    client = await serve(await fill(tmp_path, {NGINX: images[NGINX]}))
    (tmp_path / "index.json").write_bytes(b"\x00garbage")
    answer = await client.get(path)
    assert answer.status in {500, 503}
    assert answer.headers["Content-Type"] == "application/json"
    assert (await answer.json())["errors"]


async def test_health_is_503_and_json_when_the_store_cannot_be_read(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(await fill(tmp_path, images), lock_of(images))
    (tmp_path / "index.json").write_bytes(b"\x00garbage")
    answer = await client.get("/health")
    assert answer.status == 503
    assert (await answer.json())["complete"] is False


async def test_health_survives_a_manifest_that_the_disk_does_not_give(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, images)
    path = path_of(store, images[NGINX].digest)
    path.unlink()
    path.mkdir()  # as with EIO or EACCES there is a size, and reading fails
    client = await serve(store, lock_of(images))
    assert (await client.get("/health")).status == 503
    assert await error_code(client, "/v2/nginx/manifests/alpine") == "MANIFEST_UNKNOWN"


async def test_a_client_that_goes_away_leaves_no_error_in_the_log(
    tmp_path: Path, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    layer = random_layer("large", 9 << 20)
    client = await serve(await fill(tmp_path, {"docker.io/library/x:1": image([layer])}))
    for _ in range(5):
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        writer.write(f"GET /v2/x/blobs/{layer.digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readexactly(9)
        writer.transport.abort()
    assert await (await client.get(f"/v2/x/blobs/{layer.digest}")).read() == layer.data
    await client.server.close()
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_a_manifest_cut_short_is_not_served_as_a_blob(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, images)
    client = await serve(store, lock_of(images))
    os.truncate(path_of(store, images[NGINX].digest), 10)
    answer = await client.get(f"/v2/nginx/blobs/{images[NGINX].digest}")
    assert (answer.status, await answer.read() == b'{"schemaVe') == (404, False)


async def test_a_cut_blob_of_a_locked_image_not_tagged_yet_is_not_served(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, {})
    await put_image(store, images[NGINX])
    client = await serve(store, lock_of({NGINX: images[NGINX]}))
    digest = next(iter(images[NGINX].all_blobs()))
    os.truncate(path_of(store, digest), 10)
    assert (await client.get(f"/v2/nginx/blobs/{digest}")).status == 404


async def test_an_index_without_the_platform_of_the_lock_is_not_complete(
    tmp_path: Path, serve: Serve
) -> None:
    # A sync refuses this, "it would look complete"; a store copied here was not synced here.
    names = {NGINX: index([ONE])}
    client = await serve(await fill(tmp_path, names), lock_of(names, platforms=["linux/s390x"]))
    assert (await client.get("/health")).status == 503


async def test_a_manifest_missing_for_two_platforms_is_named_once(
    tmp_path: Path, serve: Serve
) -> None:
    listed = [{**ONE.descriptor, "platform": {"os": "linux", "architecture": a}} for a in "ab"]
    document = {"schemaVersion": 2, "mediaType": OCI.index, "manifests": listed}
    store = await fill(tmp_path, {})
    root = await put(store, json.dumps(document).encode(), OCI.index)
    await store.tag(Reference.parse(NGINX), root)
    made = index([])
    lock = lock_of({NGINX: type(made)(made.media_type, b"", str(root.digest))})
    document = await (await (await serve(store, lock)).get("/health")).json()
    assert document["items"][0]["missing"] == [ONE.digest]


@pytest.mark.parametrize("path", ["/v2/nginx/manifests/alpine%0a", "/v2/x%0Ay/tags/list"])
async def test_a_newline_in_a_path_is_refused_as_json(
    tmp_path: Path, images: dict[str, Made], serve: Serve, path: str
) -> None:
    client = await serve(await fill(tmp_path, {NGINX: images[NGINX]}))
    answer = await client.get(URL(path, encoded=True))
    assert (answer.status in {400, 404}, answer.headers["Content-Type"]) == (
        True,
        "application/json",
    )


async def test_tags_are_in_the_order_of_the_specification(tmp_path: Path, serve: Serve) -> None:
    # distribution-spec 1.1.1, "Listing Tags": lexical, i.e. case-insensitive alphanumeric order.
    names = {f"docker.io/library/x:{tag}": ONE for tag in ("B", "a", "C")}
    client = await serve(await fill(tmp_path, names))
    assert (await (await client.get("/v2/x/tags/list")).json())["tags"] == ["a", "B", "C"]


async def test_a_count_with_leading_zeros_is_that_count(tmp_path: Path, serve: Serve) -> None:
    client = await serve(await fill(tmp_path, {"docker.io/library/x:1": ONE}))
    answer = await client.get("/v2/x/tags/list?n=0000000005")
    assert (await answer.json())["tags"] == ["1"]


async def test_a_condition_on_several_header_lines_is_one_list(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(await fill(tmp_path, {NGINX: images[NGINX]}))
    lines = [("If-None-Match", '"old"'), ("If-None-Match", f'"{images[NGINX].digest}"')]
    assert (await client.get("/v2/nginx/manifests/alpine", headers=lines)).status == 304


async def test_digits_of_other_scripts_are_no_range(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(await fill(tmp_path, {NGINX: images[NGINX]}))
    digest, data = next(iter(images[NGINX].all_blobs().items()))
    three = "\N{ARABIC-INDIC DIGIT THREE}"
    headers = {"Range": f"bytes={three}-{three}"}
    answer = await client.get(f"/v2/nginx/blobs/{digest}", headers=headers)
    assert (answer.status, await answer.read()) == (200, data)
