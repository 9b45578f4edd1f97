"""A server with limits of its own on a real socket, and raw connections to it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from mirrorkit.documents.configuration import Listen
from mirrorkit.server.app import make_app, start
from mirrorkit.server.room import Room
from tests.lab.process import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from mirrorkit.documents.pins import Lock
    from mirrorkit.server.accesslog import AccessLog
    from mirrorkit.server.limits import Limits
    from mirrorkit.server.runner import Runner
    from mirrorkit.store.disk import DiskStore

PATIENT = 3600.0
"""Seconds that no test waits for: a deadline that must not be what ended something."""
MiB = 1 << 20


@dataclass(frozen=True)
class Client:
    """One raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, text: str) -> None:
        self.writer.write(text.encode("latin-1"))

    def ask(self, path: str, *headers: str, method: str = "GET") -> None:
        self.send("\r\n".join((f"{method} {path} HTTP/1.1", "Host: x", *headers, "", "")))

    async def head(self) -> tuple[int, dict[str, str]]:
        """Return an answer's status and headers, names in lower case."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(": ") for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value for name, _, value in pairs}

    async def answer(self) -> tuple[int, bytes]:
        """Return an answer's status and body."""
        status, headers = await self.head()
        return status, await self.reader.readexactly(int(headers["content-length"]))

    def drop(self) -> None:
        """Go away without a word."""
        self.writer.transport.abort()

    async def rest(self) -> bytes:
        """Return what comes until the server ends the connection, however it does."""
        found = b""
        try:
            while piece := await self.reader.read(MiB):
                found += piece
        except ConnectionError:
            pass
        return found


@dataclass(frozen=True)
class Guarded:
    """A running server."""

    runner: Runner
    port: int
    life: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def connect(self, source: str = LOOPBACK, buffer: int = 0) -> Client:
        """Connect from an address of this machine; `buffer` bytes are taken before it is read."""
        plug = socket.socket()
        if buffer:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        plug.bind((source, 0))
        plug.settimeout(0)
        await asyncio.get_running_loop().sock_connect(plug, (LOOPBACK, self.port))
        client = Client(*await asyncio.open_connection(sock=plug, limit=buffer or MiB))
        self.life.callback(client.drop)
        return client

    async def get(self, path: str, *headers: str) -> tuple[int, bytes]:
        """Ask over a connection of its own."""
        client = await self.connect()
        client.ask(path, *headers, "Connection: close")
        return await client.answer()

    async def metrics(self) -> dict[str, dict[tuple[str, ...], float]]:
        """Return every sample by name and the values of its labels, these in the labels' order."""
        _, text = await self.get("/metrics")
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                values = tuple(sample.labels.values())
                found.setdefault(sample.name, {})[values] = sample.value
        return found

    async def until(self, name: str, holds: Callable[[float], bool]) -> None:
        """Look at a metric without labels again and again until it is as it should be."""
        async with asyncio.timeout(60):
            while not holds((await self.metrics())[name][()]):
                pass


@asynccontextmanager
async def guarded(
    store: DiskStore,
    limits: Limits,
    log: AccessLog | None = None,
    locks: Mapping[str, Lock] | None = None,
) -> AsyncIterator[Guarded]:
    """Serve while the block lasts; then the clients go first."""
    named = locks or {}
    room = Room(store, lambda: named)
    runner = await start(make_app(room, limits), Listen(LOOPBACK, 0), limits, log)
    server = Guarded(runner, runner.addresses[0][1])
    try:
        async with server.life:
            yield server
    finally:
        await runner.cleanup()
