"""Refusals of /v2/: in the codes of the specification, with advice for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from yarl import URL

from tests.integration.filled import fill, lock_of

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


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "path",
    ["/v2/", "/v2/nginx/blobs/uploads/", "/v2/nginx/manifests/alpine", "/v2/x/../y", "/v2"],
)
async def test_nothing_can_be_written(
    client: TestClient[Any, Any], images: dict[str, Made], method: str, path: str
) -> None:
    answer = await client.request(method, URL(path, encoded=True), data=b"x" * 100_000)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert [error["code"] for error in (await answer.json())["errors"]] == ["UNSUPPORTED"]
    kept = await client.get("/v2/nginx/manifests/alpine")
    assert await kept.read() == images[NGINX].data


@pytest.mark.parametrize(
    "path, status, code",
    [
        ("/v2/nginx/manifests/none", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/nginx/manifests/{UNKNOWN}", 404, "MANIFEST_UNKNOWN"),
        ("/v2/nginx/manifests/.dot", 404, "MANIFEST_UNKNOWN"),
        ("/v2/unheard/of/manifests/1", 404, "NAME_UNKNOWN"),
        ("/v2/unheard/of/tags/list", 404, "NAME_UNKNOWN"),
        ("/v2/nginx/tags/other", 404, "NAME_UNKNOWN"),
        (f"/v2/nginx/blobs/{UNKNOWN}", 404, "BLOB_UNKNOWN"),
        ("/v2/nginx/blobs/sha256:abc", 400, "DIGEST_INVALID"),
        (f"/v2/nginx/blobs/sha256:{'A' * 64}", 400, "DIGEST_INVALID"),
        (f"/v2/nginx/blobs/md5:{'0' * 32}", 400, "DIGEST_INVALID"),
        ("/v2/nginx/manifests/sha256:x", 400, "DIGEST_INVALID"),
        ("/v2/nginx/referrers/alpine", 400, "DIGEST_INVALID"),
        ("/v2/Nginx/manifests/1", 400, "NAME_INVALID"),
        ("/v2/_catalog", 404, "NAME_UNKNOWN"),
        ("/v2/nginx/other/1", 404, "NAME_UNKNOWN"),
    ],
)
async def test_a_refusal_has_the_code_of_the_specification(
    client: TestClient[Any, Any], path: str, status: int, code: str
) -> None:
    answer = await client.get(URL(path, encoded=True))
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
    (error,) = (await answer.json())["errors"]
    assert error["code"] == code
    assert error["message"]
    assert VERSION in answer.headers.items()


async def test_a_miss_says_what_to_add_and_what_is_near(client: TestClient[Any, Any]) -> None:
    miss = await (await client.get("/v2/ngimx/manifests/1")).json()
    message = miss["errors"][0]["message"]
    assert "docker.io/library/ngimx:1 is not in this mirror" in message
    assert "mirrorkit sync" in message
    assert "; the nearest is docker.io/library/nginx; unless that was meant, " in message
    assert "the teacher runs: `mirrorkit add " in message
    miss = await (await client.get("/v2/nginx/manifests/1")).json()
    said = miss["errors"][0]["message"]
    assert (
        "; docker.io/library/nginx is here as alpine; unless that was meant, the teacher runs: "
        in said
    )


async def test_an_image_of_the_lock_not_held_yet_says_to_sync(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(await fill(tmp_path, {}), lock_of(images))
    answer = await client.get("/v2/nginx/manifests/alpine")
    assert answer.status == 404
    (error,) = (await answer.json())["errors"]
    assert error["code"] == "MANIFEST_UNKNOWN"
    assert "in the lock but not here yet; the teacher runs: `mirrorkit sync`" in error["message"]


@pytest.mark.parametrize("ns", ["127.0.0.1:22", "../../etc", "x" * 5000, "http://a/", "\n"])
async def test_a_hostile_ns_is_an_unknown_name(client: TestClient[Any, Any], ns: str) -> None:
    path = URL(f"/v2/nginx/manifests/alpine?ns={quote(ns, safe='')}", encoded=True)
    answer = await client.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
    assert (await answer.json())["errors"][0]["code"] == "NAME_UNKNOWN"
