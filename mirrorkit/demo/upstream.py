"""The made-up upstream: a registry on the loopback interface that holds one made-up class."""

from __future__ import annotations

from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web

from mirrorkit.demo.made import made_image, made_program
from mirrorkit.oci.reference import KUBERNETES_OLD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirrorkit.demo.made import Part
    from mirrorkit.documents.wish import Wish

LOOPBACK: Final = "127.0.0.1"


class Upstream:
    """Every registry and file host of a wish in one; it counts what it is asked."""

    def __init__(self, wish: Wish) -> None:
        self.asked = 0
        self.url = ""
        self.hosts = {KUBERNETES_OLD}
        """The hosts it stands for."""
        self._parts: dict[str, Part] = {}
        for image in {*wish.images, *(one for lesson in wish.lessons for one in lesson.images)}:
            made = made_image(str(image), wish.platforms)
            self.hosts.add(image.registry)
            self._hold(f"/v2/{image.repository}/manifests", made.manifests)
            self._hold(f"/v2/{image.repository}/blobs", made.blobs)
            self._hold(f"/v2/{image.repository}/manifests", (made.root,))
            self._parts[f"/v2/{image.repository}/manifests/{image.tag}"] = made.root
        for file in wish.files:
            for url in map(urlsplit, file.urls):
                self.hosts.add(url.netloc)
                self._parts[url.path] = made_program(file.path.rpartition("/")[2])

    def _hold(self, place: str, parts: tuple[Part, ...]) -> None:
        self._parts.update({f"{place}/{part.digest}": part for part in parts})

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer a GET or HEAD as a registry does, ranges included."""
        self.asked += 1
        part = self._parts.get(request.path)
        if part is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        asked = request.http_range
        data = part.data[asked]
        headers = {"Content-Type": part.media_type, "Docker-Content-Digest": part.digest}
        if asked.start is None:
            return web.Response(body=data, headers=headers)
        end = asked.start + len(data) - 1
        headers["Content-Range"] = f"bytes {asked.start}-{end}/{len(part.data)}"
        return web.Response(status=HTTPStatus.PARTIAL_CONTENT, body=data, headers=headers)


@asynccontextmanager
async def open_upstream(wish: Wish) -> AsyncIterator[Upstream]:
    """Serve a made-up upstream while the block lasts."""
    upstream = Upstream(wish)
    runner = web.ServerRunner(web.Server(upstream.answer), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        upstream.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        yield upstream
    finally:
        await runner.cleanup()
