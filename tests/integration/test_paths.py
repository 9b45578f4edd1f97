"""Paths that no client sends by itself (hazards: row 25), sent raw over a socket."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.filled import fill, lock_of

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from tests.integration.conftest import Serve
    from tests.lab.images import Made

SECRET = b"the teacher's exam questions"
HEX = "a" * 64
NGINX = "docker.io/library/nginx:alpine"


@pytest.fixture
async def client(tmp_path: Path, images: dict[str, Made], serve: Serve) -> TestClient[Any, Any]:
    """A store in a folder with secrets beside and inside it that are no blobs."""
    root = tmp_path / "data" / "store"
    images = {NGINX: images[NGINX]}
    store = await fill(root, images)
    for place in (tmp_path, root.parent, root, root / "blobs", root / "blobs" / "sha256"):
        (place / "secret").write_bytes(SECRET)
    return await serve(store, lock_of(images))


async def ask(client: TestClient[Any, Any], target: bytes) -> tuple[int, str, bytes]:
    """Send a request line as it is; return status, media type and body."""
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers.get("content-type", ""), body


@pytest.mark.parametrize(
    "target",
    [
        *("/v2/../secret", "/v2/../../secret", "/v2/../../../../../etc/passwd", "/v2/.."),
        *("/v2/a/../b/blobs/secret", "/v2/x/blobs/../secret", "/v2/x/blobs/../../index.json"),
        *("/v2/..%2f..%2fsecret", "/v2/x/blobs/..%2fsecret", "/v2/x/blobs/..%2F..%2Findex.json"),
        *("/v2/x/blobs/%2e%2e%2fsecret", "/v2/%2e%2e/secret", "/v2/%252e%252e/secret"),
        *("/v2/x/blobs/sha256:..%2fsecret", "/v2/x/blobs/sha256%3A..%2F..%2Findex.json"),
        *("/v2/x/manifests/sha256:../../x", "/v2/x/blobs/sha256:", "/v2/x/manifests/sha256%3a"),
        *("/v2/x/manifests/..%2f..%2fsecret", "/v2/x/manifests/..", "/v2/x/tags/..%2flist"),
        *("/v2/x%00/blobs/secret", "/v2/x/blobs/secret%00", f"/v2/x/blobs/sha256:{HEX}%00"),
        *(f"/v2/x/blobs/sha256:{HEX}%0d", f"/v2/x/blobs/sha256:{HEX}%20"),
        *("/v2//nginx/manifests/alpine", "/v2/library//nginx/manifests/alpine", "/v2//"),
        *("/v2/nginx//manifests/alpine", "/v2/nginx/manifests//alpine", "/v2/nginx/manifests/"),
        *("/v2/nginx/manifests", "/v2/manifests/alpine", "/v2/nginx/manifests/alpine/"),
        *("/v2/library%2fnginx/manifests/alpine", "/v2/library%5cnginx/manifests/alpine"),
        *("/v2/ngin%78/manifests/alpine", "/v2/nginx%20/manifests/alpine", "/v2/~/manifests/1"),
        *(f"/v2/{'a' * 256}/manifests/1", f"/v2/{'a/' * 200}b/manifests/1"),
        *(f"/v2/nginx/manifests/{'t' * 129}", f"/v2/nginx/manifests/{'t' * 7000}"),
        *(f"/v2/x/blobs/sha256:{'a' * 65}", f"/v2/x/blobs/sha256:{'a' * 63}"),
        *("/v2/nginx/manifests/alpine;x", "/v2/nginx/manifests/%", "/v2/nginx/manifests/%zz"),
        *("/v2/nginx/manifests/%ff%fe", "/v2/n%C3%AFnx/tags/list", "/v2/nginx/manifests/%ED%A0%80"),
        *("/v2/nginx/blobs/uploads/", "/v2/nginx/tags/list/x", "/v2/a:b/tags"),
    ],
)
async def test_a_path_outside_the_grammar_is_refused_in_the_words_of_the_specification(
    client: TestClient[Any, Any], target: str
) -> None:
    status, kind, body = await ask(client, target.encode())
    assert status in {400, 404}
    assert kind == "application/json"
    errors = json.loads(body)["errors"]
    assert {error["code"] for error in errors} <= {
        *("NAME_INVALID", "NAME_UNKNOWN", "DIGEST_INVALID", "MANIFEST_UNKNOWN", "BLOB_UNKNOWN"),
    }
    assert SECRET not in body
    assert b"root:" not in body


@pytest.mark.parametrize(
    "target",
    [
        *(b"/../secret", b"/health/../secret", b"//etc/passwd", b"/secret", b"/index.json"),
        *(b"/blobs/sha256/secret", b"/v2x/", b"/V2/", b"\\v2\\", b"*", b"v2", b"/v2%2f"),
        *(b"/v2/ngi\nnx/tags/list", b"/v2/ngi\x00nx/tags/list", b"/v2/ngi\rnx/tags/list"),
        *(b"/v2/n\xffnx/tags/list", b"/v2/" + b"a" * 20_000),
    ],
)
async def test_what_is_no_path_of_ours_is_refused_and_shows_no_file(
    client: TestClient[Any, Any], target: bytes
) -> None:
    status, _, body = await ask(client, target)
    assert status in {400, 404, 414}
    assert SECRET not in body
    assert b"root:" not in body
    assert (await client.get("/livez")).status == 200


@pytest.mark.parametrize("name", ["a" * 255, "a/" * 100 + "b", "a.b_c__d-e---f/g"])
async def test_the_longest_and_oddest_names_of_the_grammar_are_merely_unknown(
    client: TestClient[Any, Any], name: str
) -> None:
    status, _, body = await ask(client, f"/v2/{name}/manifests/{'t' * 128}".encode())
    assert status == 404
    assert json.loads(body)["errors"][0]["code"] == "NAME_UNKNOWN"


async def test_an_escaped_colon_of_a_digest_is_a_colon(
    client: TestClient[Any, Any], images: dict[str, Made]
) -> None:
    made = images[NGINX]
    for colon in ("%3a", "%3A"):
        path = f"/v2/nginx/manifests/{made.digest.replace(':', colon)}"
        assert await ask(client, path.encode()) == (200, made.media_type, made.data)
