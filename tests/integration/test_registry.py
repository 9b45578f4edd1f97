"""Pulling: what a client of /v2/ gets, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.reference import Reference
from tests.integration.filled import fill, lock_of, put
from tests.lab.images import DOCKER, OCI, image
from tests.lab.ingests import append
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from tests.integration.conftest import Serve
    from tests.lab.images import Made

NGINX = "docker.io/library/nginx:alpine"
VERSION = ("Docker-Distribution-API-Version", "registry/2.0")
UNKNOWN = f"sha256:{'0' * 64}"


@pytest.fixture
async def client(tmp_path: Path, images: dict[str, Made], serve: Serve) -> TestClient[Any, Any]:
    """The class, complete and served."""
    return await serve(await fill(tmp_path, images), lock_of(images))


@pytest.mark.parametrize("path", ["/v2/", "/v2", "/v2/?x=y"])
async def test_the_base_path_says_that_this_is_a_registry(
    client: TestClient[Any, Any], path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status, await answer.json()) == (200, {})
    assert VERSION in answer.headers.items()


@pytest.mark.parametrize("by_digest", [False, True])
async def test_every_manifest_is_served_byte_for_byte(
    client: TestClient[Any, Any], images: dict[str, Made], *, by_digest: bool
) -> None:
    for name, made in images.items():
        repository, _, tag = name.rpartition(":")
        for one in made.manifests() if by_digest else [made]:
            answer = await client.get(
                f"/v2/{repository}/manifests/{one.digest if by_digest else tag}"
            )
            assert (answer.status, await answer.read()) == (200, one.data)
            assert answer.headers["Content-Type"] == one.media_type
            assert answer.headers["Docker-Content-Digest"] == one.digest
            assert answer.headers["ETag"] == f'"{one.digest}"'
            assert answer.headers["Content-Length"] == str(len(one.data))
            assert VERSION in answer.headers.items()
            assert ("Cache-Control" in answer.headers) == by_digest


async def test_every_blob_is_served_byte_for_byte(
    client: TestClient[Any, Any], images: dict[str, Made]
) -> None:
    for name, made in images.items():
        for digest, data in made.all_blobs().items():
            answer = await client.get(f"/v2/{name.rpartition(':')[0]}/blobs/{digest}")
            assert (answer.status, await answer.read()) == (200, data)
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Docker-Content-Digest"] == digest
            assert answer.headers["ETag"] == f'"{digest}"'
            assert answer.headers["Content-Length"] == str(len(data))
            assert answer.headers["Accept-Ranges"] == "bytes"
            assert VERSION in answer.headers.items()


@pytest.mark.parametrize(
    "path",
    [
        "/v2/nginx/manifests/alpine?ns=docker.io",
        "/v2/library/nginx/manifests/alpine",
        "/v2/nginx/manifests/alpine",
        "/v2/docker.io/library/nginx/manifests/alpine",
        "/v2/k8s/nginx/manifests/alpine",
    ],
)
async def test_one_image_is_pulled_by_every_spelling(
    client: TestClient[Any, Any], images: dict[str, Made], path: str
) -> None:
    assert await (await client.get(path)).read() == images[NGINX].data


async def test_kubeadm_and_minikube_both_find_coredns(
    client: TestClient[Any, Any], images: dict[str, Made]
) -> None:
    for name in ("coredns", "coredns/coredns"):
        answer = await client.get(f"/v2/k8s/{name}/manifests/v1.8.6")
        made = images["registry.k8s.io/coredns/coredns:v1.8.6"]
        assert answer.headers["Docker-Content-Digest"] == made.digest


async def test_docker_schema_2_and_sha512_are_served_as_they_are(
    tmp_path: Path, serve: Serve
) -> None:
    made = image([random_layer("old", 600)], kind=DOCKER)
    store = await fill(tmp_path, {"docker.io/library/old:1": made})
    digest = Digest.of(made.data, "sha512")
    root = Descriptor(made.media_type, digest, len(made.data))
    async with store.ingest(root) as ingest:
        assert ingest is not None
        await append(ingest, made.data)
        await ingest.publish()
    await store.tag(Reference.parse("docker.io/library/new:1"), root)
    client = await serve(store)
    for reference in ("new/manifests/1", f"new/manifests/{digest}", f"new/blobs/{digest}"):
        answer = await client.get(f"/v2/{reference}")
        assert (answer.status, await answer.read()) == (200, made.data)
        assert answer.headers["Docker-Content-Digest"] == str(digest)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "text/plain",
        OCI.manifest,  # what is stored is an index
        f"{OCI.manifest};q=1.0, {OCI.index};q=0.1",
        DOCKER.index,
        "",
        "garbage;;;q=x,,",
    ],
)
async def test_any_accept_gets_the_stored_bytes(
    client: TestClient[Any, Any], images: dict[str, Made], accept: str | None
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = await client.get("/v2/nginx/manifests/alpine", headers=headers)
    assert (answer.status, await answer.read()) == (200, images[NGINX].data)
    assert answer.headers["Content-Type"] == OCI.index


@pytest.mark.parametrize("kind", ["manifests", "blobs"])
async def test_no_accept_encoding_makes_bytes_other_than_the_stored(
    client: TestClient[Any, Any], images: dict[str, Made], kind: str
) -> None:
    made = images[NGINX]
    bytes_of = {"manifests": {made.digest: made.data}, "blobs": made.all_blobs()}[kind]
    headers = {"Accept-Encoding": "zstd,gzip, br;q=0.5, deflate"}
    for digest, data in bytes_of.items():
        answer = await client.get(f"/v2/nginx/{kind}/{digest}", headers=headers)
        assert (await answer.read(), answer.headers.get("Content-Encoding")) == (data, None)
        assert answer.headers["Content-Length"] == str(len(data))


@pytest.mark.parametrize(
    "path",
    [
        *("/v2/", "/v2", "/v2/nginx/manifests/alpine", "/v2/nginx/tags/list"),
        *("/v2/nginx/manifests/{manifest}", "/v2/nginx/blobs/{blob}", "/v2/nginx/tags/list?n=0"),
        *("/v2/nginx/manifests/none", "/v2/none/manifests/1", f"/v2/nginx/blobs/{UNKNOWN}"),
        *("/v2/nginx/blobs/garbage", "/v2/nginx/referrers/{manifest}", "/v2/NGINX/tags/list"),
        *("/livez", "/readyz", "/health"),
    ],
)
async def test_head_has_the_headers_of_get_and_no_body(
    client: TestClient[Any, Any], images: dict[str, Made], path: str
) -> None:
    made = images[NGINX]
    path = path.format(manifest=made.digest, blob=next(iter(made.all_blobs())))
    got, head = await client.get(path), await client.head(path)
    assert (head.status, await head.read()) == (got.status, b"")
    kept = [{k: v for k, v in answer.headers.items() if k != "Date"} for answer in (head, got)]
    assert kept[0] == kept[1]
    assert int(got.headers["Content-Length"]) == len(await got.read())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", ['"{}"', 'W/"{}"', '"old", "{}"', "*"])
@pytest.mark.parametrize("kind", ["manifests", "blobs"])
async def test_a_client_that_has_it_is_told_so(
    client: TestClient[Any, Any], images: dict[str, Made], kind: str, condition: str, method: str
) -> None:
    made = images[NGINX]
    digest = made.digest if kind == "manifests" else next(iter(made.all_blobs()))
    headers = {"If-None-Match": condition.format(digest)}
    answer = await client.request(method, f"/v2/nginx/{kind}/{digest}", headers=headers)
    assert (answer.status, await answer.read()) == (304, b"")
    assert answer.headers["ETag"] == f'"{digest}"'
    assert answer.headers["Docker-Content-Digest"] == digest
    # The connection is still in step.
    assert (await client.get("/v2/")).status == 200


@pytest.mark.parametrize("kind", ["manifests", "blobs"])
async def test_a_condition_on_other_bytes_fails_or_changes_nothing(
    client: TestClient[Any, Any], images: dict[str, Made], kind: str
) -> None:
    made = images[NGINX]
    bytes_of = {made.digest: made.data} if kind == "manifests" else made.all_blobs()
    digest, data = next(iter(bytes_of.items()))
    path = f"/v2/nginx/{kind}/{digest}"
    answer = await client.get(path, headers={"If-Match": '"old"'})
    assert (answer.status, await answer.read()) == (412, b"")
    answer = await client.get(path, headers={"If-None-Match": '"old"'})
    assert (answer.status, await answer.read()) == (200, data)


async def test_what_another_process_tags_is_pulled_at_once(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(await fill(tmp_path, {}))
    assert (await client.get("/v2/nginx/manifests/alpine")).status == 404
    await fill(tmp_path, {NGINX: images[NGINX]})
    answer = await client.get("/v2/nginx/manifests/alpine")
    assert (answer.status, await answer.read()) == (200, images[NGINX].data)


async def test_a_document_that_is_no_manifest_is_no_manifest(tmp_path: Path, serve: Serve) -> None:
    store = await fill(tmp_path, {})
    found = [await put(store, data) for data in (b"", b"{}", b"\xff", b"[" * 100_000)]
    client = await serve(store)
    for descriptor in found:
        answer = await client.get(f"/v2/x/manifests/{descriptor.digest}")
        assert answer.status == 404
        assert (await answer.json())["errors"][0]["code"] == "MANIFEST_UNKNOWN"


async def test_a_mirror_named_as_its_own_upstream_is_asked_by_path(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(await fill(tmp_path, images), lock_of(images))
    own = f"{client.host}:{client.port}"
    answer = await client.get(f"/v2/registry.k8s.io/pause/manifests/3.6?ns={own}")
    assert answer.status == 200
