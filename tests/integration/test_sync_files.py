"""Plain files: fetched by ranges from any of their URLs, checked, kept as artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import DiskFullError, IntegrityError, NotFoundError
from mirrorkit.flows.manifests import Manifests
from mirrorkit.oci.artifact import file_descriptor, file_manifest, file_reference
from mirrorkit.oci.digest import Digest
from mirrorkit.store.disk import DiskStore
from tests.integration.lesson import Lesson
from tests.lab.ingests import append
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestServer
    from pytest_aiohttp.plugin import AiohttpServer

BODY = random_layer("kubectl", 1 << 20).data
DIGEST = Digest.of(BODY)
HOST = "http://files.test"


class Host:
    """A web server with one folder; it remembers what was asked, by path and Range."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str | None]] = []
        folder.mkdir()
        (folder / "kubectl").write_bytes(BODY)
        (folder / "other").write_bytes(bytes(len(BODY)))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Range")))
        path = self.folder / request.match_info["name"]
        if path.name == "weak":
            return await self._broken(request)
        return web.FileResponse(path) if path.exists() else web.Response(status=404)

    async def _broken(self, request: web.Request) -> web.StreamResponse:
        """Send a part and hang up; what comes after is not there any more."""
        if "Range" in request.headers:
            return web.Response(status=404)
        response = web.StreamResponse(headers={"Content-Length": str(len(BODY))})
        response.force_close()
        await response.prepare(request)
        await response.write(BODY[:300_000])
        return response


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "files")


@pytest.fixture
async def server(host: Host, aiohttp_server: AiohttpServer) -> TestServer:
    app = web.Application()
    app.router.add_get("/{name}", host.answer)
    return await aiohttp_server(app)


def lesson(server: TestServer, *urls: str, size: str = "") -> Lesson:
    text = f"version: 1\nfiles:\n  - path: bin/kubectl\n    sha256: '{DIGEST.hex}'\n{size}"
    text += "    urls: [" + ", ".join(f"{HOST}/{url}" for url in urls) + "]\n"
    return Lesson(parse_lock(text.encode()), {"files.test": str(server.make_url("/"))})


async def test_a_file_is_fetched_checked_and_kept_as_an_artifact(
    server: TestServer, tmp_path: Path
) -> None:
    store = DiskStore(tmp_path / "store")
    report = await lesson(server, "kubectl").sync(store)
    assert report.exit_status == 0
    assert store.read(DIGEST) == BODY
    root = store.index().names[file_reference(DIGEST)]
    held = Manifests(store).get(root.digest)
    assert held is not None
    assert held.data == file_manifest(DIGEST, len(BODY))


async def test_a_second_sync_asks_nobody(server: TestServer, host: Host, tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "store")
    await lesson(server, "kubectl").sync(store)
    before = len(host.asked)
    assert (await lesson(server, "kubectl").sync(store)).exit_status == 0
    assert len(host.asked) == before


async def test_the_next_url_is_asked_where_one_lacks_the_file_or_lies(
    server: TestServer, tmp_path: Path
) -> None:
    store = DiskStore(tmp_path / "store")
    report = await lesson(server, "absent", "other", "kubectl").sync(store)
    assert report.exit_status == 0
    assert store.read(DIGEST) == BODY


@pytest.mark.parametrize("url, kind", [("absent", NotFoundError), ("other", IntegrityError)])
async def test_a_file_nobody_has_is_a_failure_with_its_path(
    server: TestServer, tmp_path: Path, url: str, kind: type[Exception]
) -> None:
    report = await lesson(server, url).sync(DiskStore(tmp_path / "store"))
    assert isinstance(report.failures["bin/kubectl"], kind)
    assert not report.completeness.is_complete


async def test_what_an_interrupted_run_left_of_a_file_is_not_fetched_again(
    server: TestServer, host: Host, tmp_path: Path
) -> None:
    store = DiskStore(tmp_path / "store")
    async with store.ingest(file_descriptor(DIGEST, len(BODY))) as ingest:
        assert ingest is not None
        await append(ingest, BODY[:1000])
    size = f"    size: {len(BODY)}\n"
    assert (await lesson(server, "kubectl", size=size).sync(store)).exit_status == 0
    assert host.asked == [("/kubectl", "bytes=1000-")]


async def test_where_one_host_broke_off_the_next_goes_on(
    server: TestServer, host: Host, tmp_path: Path
) -> None:
    store = DiskStore(tmp_path / "store")
    size = f"    size: {len(BODY)}\n"
    one = lesson(server, "weak", "kubectl", size=size)
    assert (await one.sync(store)).exit_status == 0
    assert store.read(DIGEST) == BODY
    asked = [
        (path, int((wanted or "=0-").partition("=")[2].partition("-")[0]))
        for path, wanted in host.asked
    ]
    kept = min(start for path, start in asked if path == "/kubectl")
    assert 0 < kept <= 300_000
    assert one.tally.fetched == len(BODY)


async def test_a_disk_without_room_for_a_file_is_told_before_a_byte_is_asked(
    server: TestServer, host: Host, tmp_path: Path
) -> None:
    store = DiskStore(tmp_path / "store")
    size = f"    size: {store.free() * 2}\n"
    with pytest.raises(DiskFullError, match="still to come"):
        await lesson(server, "kubectl", size=size).sync(store)
    assert host.asked == []
