"""Plain files over HTTP: what curl, sha256sum and `minikube --binary-mirror` ask for."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from mirrorkit.documents.lock import parse_lock
from mirrorkit.oci.digest import Digest
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import lock_of, path_of, put
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from tests.integration.conftest import Serve

BIN = "k8s-release/v1.23.3/bin/linux/amd64"
FILES = {
    **{f"{BIN}/{name}": random_layer(name, 3 << 20).data for name in ("kubeadm", "kubelet")},
    f"{BIN}/kubectl": random_layer("kubectl", 3 << 20).data,
    "minikube/v1.25.2/minikube-linux-amd64": b"minikube",
    "minikube/preload/preloaded-images-k8s-v17-v1.23.3-docker-overlay2-amd64.tar.lz4": b"preload",
    "minikube/iso/minikube-v1.25.2.iso": b"iso",
    "notes/checksums.sha256": b"a teacher's own list\n",
    "notes/a+b@c.txt": b"odd",
}
KUBECTL = FILES[f"{BIN}/kubectl"]
HEX = hashlib.sha256(KUBECTL).hexdigest()
LATER = "notes/later.pdf"
WANTED = "notes/wanted.pdf"
UNPINNED = f"unpinned:\n  - path: {WANTED}\n    reason: nobody publishes a checksum\n"


@pytest.fixture
async def client(tmp_path: Path, serve: Serve) -> TestClient[Any, Any]:
    """All files but one are held."""
    store = DiskStore(tmp_path / "store")
    for data in FILES.values():
        await put(store, data)
    (tmp_path / "store" / "secret").write_bytes(b"the teacher's exam questions")
    return await serve(store, lock_of({}, files={**FILES, LATER: b"later"}, more=UNPINNED))


async def test_every_file_is_served_under_its_path(client: TestClient[Any, Any]) -> None:
    for path, data in FILES.items():
        answer = await client.get(f"/files/{path}")
        assert (answer.status, await answer.read()) == (200, data)
        assert answer.headers["ETag"] == f'"{Digest.of(data)}"'
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Length"] == str(len(data))
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_what_minikube_asks_of_a_binary_mirror_is_answered(
    client: TestClient[Any, Any],
) -> None:
    # As v1.25.2 and v1.38.1 were seen to ask for each binary.
    for name in ("kubeadm", "kubectl", "kubelet"):
        data = FILES[f"{BIN}/{name}"]
        checksum = f"{hashlib.sha256(data).hexdigest()}\n".encode()
        for path, body in ((f"/{BIN}/{name}.sha256", checksum), (f"/{BIN}/{name}", data)):
            head = await client.head(path)
            assert (head.status, head.headers["Content-Length"]) == (200, str(len(body)))
            answer = await client.get(path)
            assert (answer.status, await answer.read()) == (200, body)


async def test_kubernetes_own_instructions_check_a_download(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    for suffix in ("", ".sha256"):
        answer = await client.get(f"/files/{BIN}/kubectl{suffix}")
        (tmp_path / f"kubectl{suffix}").write_bytes(await answer.read())
    check = 'echo "$(cat kubectl.sha256)  kubectl" | sha256sum --check'
    done = subprocess.run(  # noqa: ASYNC221 - the server has nothing to do meanwhile
        ("sh", "-c", check), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "kubectl: OK\n"


async def test_a_checksum_is_text_and_can_be_asked_again_for_nothing(
    client: TestClient[Any, Any],
) -> None:
    path = f"/files/{BIN}/kubectl.sha256"
    answer = await client.get(path)
    assert await answer.text() == f"{HEX}\n"
    assert answer.content_type == "text/plain"
    again = await client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")


async def test_a_list_of_checksums_that_is_a_file_itself_is_served_as_it_is(
    client: TestClient[Any, Any],
) -> None:
    own = FILES["notes/checksums.sha256"]
    assert await (await client.get("/files/notes/checksums.sha256")).read() == own
    answer = await client.get("/files/notes/checksums.sha256.sha256")
    assert await answer.text() == f"{hashlib.sha256(own).hexdigest()}\n"


@pytest.mark.parametrize(
    "headers, status, body",
    [
        ({"Range": "bytes=1000-1999"}, 206, KUBECTL[1000:2000]),
        ({"Range": "bytes=2000000-"}, 206, KUBECTL[2000000:]),
        ({"Range": "bytes=9-", "If-Range": f'"sha256:{HEX}"'}, 206, KUBECTL[9:]),
        ({"Range": "bytes=9-", "If-Range": '"sha256:older"'}, 200, KUBECTL),
        ({"Range": "bytes=99999999-"}, 416, b""),
        ({"If-None-Match": f'"sha256:{HEX}"'}, 304, b""),
        ({"If-Match": '"another"'}, 412, b""),
    ],
)
async def test_ranges_and_conditions_are_heeded(
    client: TestClient[Any, Any], headers: dict[str, str], status: int, body: bytes
) -> None:
    answer = await client.get(f"/{BIN}/kubectl", headers=headers)
    assert (answer.status, await answer.read()) == (status, body)


@pytest.mark.parametrize("method", ["get", "head"])
async def test_what_is_not_here_yet_is_a_503_that_says_so(
    client: TestClient[Any, Any], method: str
) -> None:
    answer = await getattr(client, method)(f"/files/{LATER}")
    assert (answer.status, answer.content_type) == (503, "text/plain")
    assert answer.headers["Retry-After"] == "10"
    hint = "the teacher runs: `mirrorkit sync`; then try again"
    expected = f"{LATER} is in the lock but not here yet\nhint: {hint}\n"
    assert await answer.text() == (expected if method == "get" else "")


@pytest.mark.parametrize(
    "path, nearest",
    [
        ("/files/kubectl", f"{BIN}/kubectl"),
        ("/k8s-release/v1.23.4/bin/linux/amd64/kubectl", f"{BIN}/kubectl"),
        ("/files/minikube/v1.25.2/minikube-linux-amd46", "minikube/v1.25.2/minikube-linux-amd64"),
        (f"/{BIN}/kubectl.sha1", f"{BIN}/kubectl"),
        (f"/files/{BIN}/kubectl.sha256.sha256", f"{BIN}/kubectl"),
    ],
)
async def test_an_unknown_file_is_a_404_that_names_the_nearest(
    client: TestClient[Any, Any], path: str, nearest: str
) -> None:
    answer = await client.get(path)
    sentence, hint = (await answer.text()).splitlines()
    assert (answer.status, answer.content_type) == (404, "text/plain")
    asked = path.removeprefix("/files/").lstrip("/")
    assert sentence == f"{asked} is not a file of this class; the nearest is {nearest}"
    assert "to images.yaml, then runs: `mirrorkit lock` and `mirrorkit sync`" in hint


async def test_a_file_like_none_is_a_404_without_a_guess(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/files/zzz")
    assert (await answer.text()).startswith("zzz is not a file of this class\n")


async def test_who_names_no_file_is_told_how_one_is_named(client: TestClient[Any, Any]) -> None:
    for path in ("/files/", "/k8s-release/", "/files/notes/"):
        said = await (await client.get(path)).text()
        assert "ask for /files/PATH" in said
        assert "images.yaml" not in said  # nothing is missing from the class


async def test_a_file_without_a_checksum_yet_says_what_is_missing(
    client: TestClient[Any, Any],
) -> None:
    answer = await client.get(f"/files/{WANTED}")
    assert answer.status == 404
    assert "its checksum is not known yet" in await answer.text()


@pytest.mark.parametrize(
    "target",
    [
        *("/files/..%2f..%2fsecret", "/files/../secret", "/files/../../../etc/passwd"),
        *("/files/%2e%2e/secret", "/files/%00", f"/files/{BIN}/kubectl%00", "/files//secret"),
        *("/files/", "/files", "/files/secret", "/files/.secret", "/files/notes/"),
        *("/files//etc/passwd", f"/files//{BIN}/kubectl", f"//files/{BIN}/kubectl"),
        *(f"/files/{BIN}%2Fkubectl", f"/files/{BIN}/kubectl/", f"/files/{BIN}//kubectl"),
        *(f"/files/{BIN}/kubectl%20", f"/files/{BIN}/kubectl%0a", "/files/%ff", "/files/%zz"),
        *("/k8s-release/../files/secret", "/k8s-release/..%2ffiles%2fsecret", "/k8s-release/"),
        *(f"/k8s-release/files/{BIN}/kubectl", f"/k8s-release/{BIN}/kubectl"),
        *(f"/files/{'a' * 600}", f"/files/{'a/' * 3000}b", f"/files/{'%41' * 2000}"),
        *(f"/files/{BIN}/KUBECTL", "/files/.sha256", f"/files/{BIN}/kubectl.SHA256"),
        *("/files/sha256", f"/files/blobs/sha256/{HEX}", "/files/index.json", "/files/..;/secret"),
    ],
)
async def test_no_other_path_leads_to_any_file(client: TestClient[Any, Any], target: str) -> None:
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 404 ")
    assert b"exam" not in body
    assert len(body) < 1200


async def test_an_escaped_letter_is_that_letter(client: TestClient[Any, Any]) -> None:
    url = URL("/files/notes/a%2Bb%40c.txt", encoded=True)
    assert await (await client.get(url)).read() == b"odd"


async def test_a_file_that_lost_bytes_is_not_served(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    path = path_of(DiskStore(tmp_path / "store"), f"sha256:{HEX}")
    os.truncate(path, 1000)
    assert (await client.get(f"/files/{BIN}/kubectl")).status == 503
    path.unlink()
    assert (await client.get(f"/files/{BIN}/kubectl")).status == 503


async def test_the_first_lock_says_what_a_path_stands_for(tmp_path: Path, serve: Serve) -> None:
    store = DiskStore(tmp_path)
    for data in (b"one", b"two"):
        await put(store, data)
    locks = [lock_of({}, files={"a/tool": data}) for data in (b"one", b"two")]
    client = await serve(store, *locks)
    assert await (await client.get("/files/a/tool")).read() == b"one"


async def test_a_file_of_unknown_size_is_served_once_it_is_held(
    tmp_path: Path, serve: Serve
) -> None:
    store = DiskStore(tmp_path)
    await put(store, b"tool")
    text = f"version: 1\nfiles: [{{path: tool, sha256: '{Digest.of(b'tool').hex}'}}]\n"
    client = await serve(store, parse_lock(text.encode()))
    assert await (await client.get("/files/tool")).read() == b"tool"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
async def test_files_are_read_only(client: TestClient[Any, Any], method: str) -> None:
    answer = await getattr(client, method)(f"/files/{BIN}/kubectl")
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}


async def test_a_store_that_cannot_be_read_is_a_503(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    (tmp_path / "store" / "index.json").write_text("{")
    answer = await client.get(f"/files/{BIN}/kubectl")
    assert answer.status == 503
    assert "is not an OCI index" in await answer.text()
