"""Archives over HTTP: names, platforms, ranges, and every way there is none."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.oci.reference import Reference
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import fill, lock_of, path_of, put_image
from tests.lab.images import DOCKER, OCI, Format, image, index
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from tests.integration.conftest import Serve

KICBASE = "gcr.io/k8s-minikube/kicbase:v0.0.30"
NGINX = "docker.io/library/nginx:alpine"
PAUSE = "registry.k8s.io/pause:3.6"
ZSTD = "docker.io/library/zstd:1"
BOTH = "docker.io/library/both:1"
LATER = "docker.io/library/later:1"
LARGE = random_layer("large", 9 << 20)  # more than a socket takes at once
LAST = random_layer("last", 2000)
WRAPPED = Format(OCI.manifest, OCI.index, OCI.config, "application/x+zstd", None)
IMAGES = {
    KICBASE: index(
        [
            image([LARGE, LAST], kind=DOCKER),
            image([random_layer("arm64", 3000)], "linux/arm64", kind=DOCKER),
        ],
        kind=DOCKER,
    ),
    NGINX: image([random_layer("nginx", 3000)]),
    PAUSE: image([random_layer("pause", 500)]),
    ZSTD: image([random_layer("zstd", 500)], kind=WRAPPED),
    BOTH: index([image([random_layer(one, 500)], one) for one in ("linux/arm64", "linux/s390x")]),
}
DIGEST = IMAGES[KICBASE].digest
OTHER = f"sha256:{'0' * 64}"


@pytest.fixture
async def client(tmp_path: Path, serve: Serve) -> TestClient[Any, Any]:
    """The class is held but for one image."""
    lock = lock_of({**IMAGES, LATER: image([random_layer("later", 500)])})
    return await serve(await fill(tmp_path, IMAGES), lock)


async def names_in(client: TestClient[Any, Any], path: str) -> tuple[str, str | None]:
    """Return the name that an archive's layout and its docker manifest give the image."""
    answer = await client.get(f"/archives/{path}")
    assert answer.status == 200, await answer.text()
    with tarfile.open(fileobj=io.BytesIO(await answer.read())) as tar:
        [entry] = json.load(tar.extractfile("index.json"))["manifests"]  # type: ignore[arg-type]
        [image] = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert entry["digest"] in {one.digest for made in IMAGES.values() for one in made.manifests()}
    name = entry["annotations"]["org.opencontainers.image.ref.name"]
    return name, image["RepoTags"][0] if image["RepoTags"] else None


@pytest.mark.parametrize(
    "asked, name",
    [
        (KICBASE, KICBASE),
        (f"{KICBASE}@{DIGEST}", KICBASE),
        (f"gcr.io/k8s-minikube/kicbase@{DIGEST}", KICBASE),
        (f"gcr.io/k8s-minikube/kicbase@{DIGEST.replace(':', '%3A')}", KICBASE),
        ("gcr.io/k8s-minikube/kicbase%3Av0.0.30", KICBASE),
        ("k8s/k8s-minikube/kicbase:v0.0.30", KICBASE),
        ("nginx:alpine", NGINX),
        ("library/nginx:alpine", NGINX),
        ("docker.io/nginx:alpine", NGINX),
        (NGINX, NGINX),
        ("k8s/pause:3.6", PAUSE),
        (PAUSE, PAUSE),
        ("k8s.gcr.io/pause:3.6", "k8s.gcr.io/pause:3.6"),
    ],
)
async def test_an_archive_is_had_by_every_spelling_and_has_the_full_name(
    client: TestClient[Any, Any], asked: str, name: str
) -> None:
    assert await names_in(client, f"{asked}.tar") == (name, name)


async def test_a_child_asked_by_its_digest_has_no_tag(client: TestClient[Any, Any]) -> None:
    name = f"gcr.io/k8s-minikube/kicbase@{IMAGES[KICBASE].children[1].digest}"
    assert await names_in(client, f"{name}.tar") == (name, None)


async def test_head_and_get_promise_the_same_fixed_length(client: TestClient[Any, Any]) -> None:
    path = f"/archives/{KICBASE}.tar"
    head, answer = await client.head(path), await client.get(path)
    body = await answer.read()
    assert head.status == answer.status == 200
    assert len(body) == int(head.headers["Content-Length"])
    for headers in (head.headers, answer.headers):
        assert headers["Content-Type"] == "application/x-tar"
        assert headers["Content-Disposition"] == 'attachment; filename="kicbase_v0.0.30.tar"'
        assert headers["Accept-Ranges"] == "bytes"
        assert headers["ETag"] == answer.headers["ETag"]
        assert "Transfer-Encoding" not in headers
    assert body == await (await client.get(path)).read()


async def test_each_platform_is_another_archive(client: TestClient[Any, Any]) -> None:
    path = f"/archives/{KICBASE}.tar"
    queries = ("", "?platform=linux/arm64", "?platform=all")
    answers = [await client.head(f"{path}{query}") for query in queries]
    assert len({answer.headers["ETag"] for answer in answers}) == 3
    assert len({answer.headers["Content-Length"] for answer in answers}) == 3
    for query in ("?platform=", "?platform=linux/amd64", "?platform=linux%2Fx86_64"):
        same = await client.head(f"{path}{query}")
        assert same.headers["ETag"] == answers[0].headers["ETag"]


async def test_a_range_anywhere_gives_the_bytes_of_the_whole(client: TestClient[Any, Any]) -> None:
    path = f"/archives/{KICBASE}.tar"
    whole = await (await client.get(path)).read()
    size = len(whole)
    at = whole.index(LAST.data)  # where a layer begins, and just before and after it
    spans = [(0, 1), (511, 513), (0, size), (size - 1024, size), (at - 600, at + 600)]
    spans += [(at - 1, at), (at, at + 1), (at + len(LAST.data) - 1, at + len(LAST.data) + 1)]
    spans += [(at - 3_000_000, size), (at - 5_000_000, at - 1)]
    for start, stop in spans:
        answer = await client.get(path, headers={"Range": f"bytes={start}-{stop - 1}"})
        assert (answer.status, await answer.read()) == (206, whole[start:stop])
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
    wanted = f"bytes=0-9, {at - 5}-{at + 5}, -1"
    several = await client.get(path, headers={"Range": wanted})
    body = await several.read()
    assert several.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert several.headers["Content-Length"] == str(len(body))
    for part in (whole[:10], whole[at - 5 : at + 6], whole[-1:]):
        assert b"\r\n\r\n" + part + b"\r\n--" in body


async def test_a_download_goes_on_only_with_the_same_archive(client: TestClient[Any, Any]) -> None:
    path = f"/archives/{NGINX}.tar"
    answer = await client.get(path)
    whole, etag = await answer.read(), answer.headers["ETag"]
    for condition, status, body in ((etag, 206, whole[700:]), ('"older"', 200, whole)):
        headers = {"Range": "bytes=700-", "If-Range": condition}
        again = await client.get(path, headers=headers)
        assert (again.status, await again.read()) == (status, body)
    same = await client.get(path, headers={"If-None-Match": etag})
    assert (same.status, await same.read()) == (304, b"")


@pytest.mark.parametrize(
    "asked, status, words",
    [
        ("nginx:alpin.tar", 404, "docker.io/library/nginx is here as alpine"),
        ("nginy:alpine.tar", 404, "the nearest is docker.io/library/nginx"),
        ("nginx:alpin.tar", 404, "`mirrorkit add docker.io/library/nginx:alpin`"),
        ("nginx:alpine", 404, "ends with .tar"),
        ("later:1.tar", 503, "in the lock but not here yet"),
        (f"{KICBASE}@{OTHER}.tar", 404, f"is {DIGEST} here"),
        (f"gcr.io/k8s-minikube/kicbase@{OTHER}.tar", 404, "is not in this mirror"),
        (f"gcr.io/unknown/kicbase@{DIGEST}.tar", 404, "is not in this mirror"),
        (f"gcr.io/k8s-minikube/kicbase@{LAST.digest}.tar", 404, "is not in this mirror"),
        ("zstd:1.tar", 409, "pull it instead"),
        ("both:1.tar", 409, "is here for linux/arm64 and linux/s390x"),
        ("both:1.tar?platform=linux/amd64", 404, "does not exist for linux/amd64"),
        ("both:1.tar?platform=linux", 400, "such as linux/arm64"),
    ],
)
async def test_where_there_is_no_archive_a_sentence_says_why(
    client: TestClient[Any, Any], asked: str, status: int, words: str
) -> None:
    answer = await client.get(f"/archives/{asked}")
    assert (answer.status, answer.content_type) == (status, "text/plain")
    assert words in await answer.text()
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    "target",
    [
        *("/archives/", "/archives", "/archives/.tar", "/archives/..tar", "/archives/../x.tar"),
        *("/archives/..%2f..%2fsecret.tar", "/archives/%00.tar", "/archives/nginx%00:alpine.tar"),
        *("/archives//nginx:alpine.tar", "//archives/nginx:alpine.tar", "/archives/nginx:.tar"),
        *("/archives/library%2fnginx:alpine.tar", "/archives/%ff.tar", "/archives/@.tar"),
        *(f"/archives/nginx@sha256:{'g' * 64}.tar", "/archives/nginx@sha256:..%2f.tar"),
        *(
            f"/archives/{'a' * 300}.tar",
            f"/archives/{'a/' * 3000}b.tar",
            "/archives/nginx:alpine/.tar",
        ),
        *(f"/archives/nginx:{'t' * 200}.tar", "/archives/NGINX:alpine.tar", "/archives/x.tar.tar"),
    ],
)
async def test_no_other_path_is_an_archive(client: TestClient[Any, Any], target: str) -> None:
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    assert (await reader.read(-1)).startswith(b"HTTP/1.1 404 ")
    writer.close()


async def test_an_image_that_lost_a_layer_is_not_here_whole(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    path_of(DiskStore(tmp_path), LAST.digest).unlink()
    answer = await client.get(f"/archives/{KICBASE}.tar")
    assert answer.status == 503
    assert "not here whole" in await answer.text()


async def test_a_layer_that_vanishes_meanwhile_does_not_end_as_if_whole(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    writer.write(f"GET /archives/{KICBASE}.tar HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path_of(DiskStore(tmp_path), LAST.digest).unlink()
    promised = int(head.lower().partition("content-length: ")[2].split()[0])
    body = await asyncio.wait_for(reader.read(-1), 60)
    assert len(body) < promised
    writer.close()


async def test_an_image_synced_while_serving_is_there_at_once(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    store = DiskStore(tmp_path)
    root = await put_image(store, image([random_layer("later", 500)]))
    await store.tag(Reference.parse(LATER), root)
    assert (await client.get(f"/archives/{LATER}.tar")).status == 200
