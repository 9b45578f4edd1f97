"""One request to a fake, and the honest answer to it."""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from tests.lab.layers import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

RANGE = re.compile(r"bytes=(\d+)-(\d*)")
PIECE = 64 * 1024


class Content(NamedTuple):
    """Bytes and what they claim to be."""

    data: bytes
    media_type: str


@dataclass(slots=True)
class Asked:
    """A request as it came in, and how many bytes of a body went out."""

    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0

    @property
    def start(self) -> int:
        """The byte that was asked for first."""
        found = RANGE.fullmatch(self.headers.get("Range", ""))
        return int(found[1]) if found else 0

    def stop(self, size: int) -> int:
        """Return where what was asked ends, in a body of `size` bytes."""
        found = RANGE.fullmatch(self.headers.get("Range", ""))
        return min(int(found[2]) + 1, size) if found and found[2] else size


@dataclass(slots=True)
class Call:
    """A request under way."""

    request: web.BaseRequest
    asked: Asked
    content: Content | None
    response: web.StreamResponse | None = None
    extra: dict[str, str] = field(default_factory=dict)
    """Headers that an honest answer has besides its own."""

    @property
    def data(self) -> bytes:
        """The bytes an honest registry would take its answer from."""
        return self.content.data if self.content else b""

    async def begin(self, status: int, headers: Mapping[str, str]) -> web.StreamResponse:
        """Send the head of an answer; without Content-Length the body is chunked."""
        response = web.StreamResponse(status=status, headers=headers)
        self.asked.status = status
        self.response = response
        await response.prepare(self.request)
        return response

    async def write(self, data: bytes) -> None:
        """Send a part of the body."""
        if self.response is None:
            raise AssertionError("a body needs a head")
        if self.request.method == "HEAD":
            return
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            await self.response.write(piece)
            self.asked.sent += len(piece)

    async def send(
        self, status: int, data: bytes, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        """Send a whole answer."""
        response = await self.begin(status, {"Content-Length": str(len(data)), **(headers or {})})
        await self.write(data)
        return response

    def reset(self) -> None:
        """End the connection as a crashed peer does, by RST."""
        transport = self.request.transport
        if transport is not None:
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()


async def honest(call: Call) -> web.StreamResponse:
    """Answer as a registry should, ranges included."""
    if call.content is None:
        unknown = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}'
        return await call.send(404, unknown, {"Content-Type": "application/json"})
    data, media_type = call.content
    headers = {"Content-Type": media_type, "Accept-Ranges": "bytes", **call.extra}
    if "/manifests/" in call.asked.path:
        headers["Docker-Content-Digest"] = digest_of(data)
    found = RANGE.fullmatch(call.asked.headers.get("Range", ""))
    if found is None:
        return await call.send(200, data, headers)
    start, stop = call.asked.start, call.asked.stop(len(data))
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    return await call.send(206, data[start:stop], headers)
