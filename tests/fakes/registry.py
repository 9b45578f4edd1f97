"""A small real registry with faults: it serves the pull protocol, and lies where told to."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from aiohttp import web

from tests.fakes.call import Asked, Call, Content, honest
from tests.lab.classroom import split_name
from tests.lab.process import LOOPBACK

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from tests.lab.images import Made

PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")
Answer: TypeAlias = "Callable[[Call], Awaitable[web.StreamResponse]]"


class Guard(Protocol):
    """Who stands at the door."""

    def check(self, asked: Asked) -> Answer | None:
        """Return what a stranger gets, or None to let the request in."""
        ...


class Fault(NamedTuple):
    """An answer for the next request whose path has a part."""

    part: str
    answer: Answer


class Gate:
    """Holds answers back until a test opens it, from whatever thread."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()

    def open(self) -> None:
        """Let everybody through, now and later."""
        if not self._opened.done():
            self._opened.set_result(None)

    @property
    def is_open(self) -> bool:
        """Say whether anybody opened it."""
        return self._opened.done()

    async def passed(self) -> None:
        """Wait for the opening."""
        await asyncio.shield(asyncio.wrap_future(self._opened))


@dataclass
class FakeRegistry:
    """What it holds, what it was asked, and what it will do wrong."""

    contents: dict[tuple[str, str, str], Content]
    scheme: str = "http"
    port: int = 0
    host: str = LOOPBACK
    guard: Guard | None = None
    asked: list[Asked] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    """Requests under way, now and at the worst moment."""
    _faults: deque[Fault] = field(default_factory=deque)
    _always: list[Fault] = field(default_factory=list)
    _gates: list[Gate] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.address}"

    def fail(self, part: str, *answers: Answer) -> None:
        """Answer the next requests whose path has this part so, one after the other."""
        self._faults.extend(Fault(part, answer) for answer in answers)

    def always(self, part: str, answer: Answer) -> None:
        """Answer every request whose path has this part so."""
        self._always.append(Fault(part, answer))

    def heal(self) -> None:
        """Be honest from now on."""
        self._faults.clear()
        self._always.clear()

    def gate(self) -> Gate:
        """Make a gate that opens at the latest when the registry ends."""
        self._gates.append(Gate())
        return self._gates[-1]

    def open_gates(self) -> None:
        for gate in self._gates:
            gate.open()

    def requests(self, part: str = "") -> list[Asked]:
        """Return the requests whose path has this part."""
        return [asked for asked in self.asked if part in asked.path]

    def sent(self, part: str = "") -> int:
        """Return the bytes of bodies that went out for paths with this part."""
        return sum(asked.sent for asked in self.requests(part))

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer as told, as the guard says, or honestly."""
        asked = Asked(request.path_qs, dict(request.headers))
        self.asked.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        call = Call(request, asked, self._content(request.path))
        try:
            return await self._choose(asked)(call)
        except ConnectionError:  # the client hung up
            return call.response or web.Response()
        finally:
            self.at_once -= 1

    def _choose(self, asked: Asked) -> Answer:
        for fault in self._faults:
            if fault.part in asked.path:
                self._faults.remove(fault)
                return fault.answer
        for fault in self._always:
            if fault.part in asked.path:
                return fault.answer
        return (self.guard.check(asked) if self.guard else None) or honest

    def _content(self, path: str) -> Content | None:
        if path == "/v2/":
            return Content(b"{}", "application/json")
        found = PATH.fullmatch(path)
        return self.contents.get((found[1], found[2], found[3])) if found else None


@contextmanager
def fake_registry(
    images: Mapping[str, Made],
    *,
    tls: ssl.SSLContext | None = None,
    host: str = LOOPBACK,
    port: int = 0,
    enter: Callable[[], None] = lambda: None,
) -> Iterator[FakeRegistry]:
    """Serve images, under their canonical names without the host, in a thread of its own.

    `enter` is called in that thread first: it may go to another network namespace.
    """
    registry = FakeRegistry(_contents(images), scheme="https" if tls else "http", host=host)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()

    async def start() -> web.ServerRunner:
        enter()
        runner = web.ServerRunner(web.Server(registry.answer), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        registry.port = runner.addresses[0][1]
        return runner

    try:
        runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        try:
            yield registry
        finally:
            registry.open_gates()
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _contents(images: Mapping[str, Made]) -> dict[tuple[str, str, str], Content]:
    found: dict[tuple[str, str, str], Content] = {}
    for name, made in images.items():
        _, repository, tag = split_name(name)
        found[repository, "manifests", tag] = Content(made.data, made.media_type)
        for part in made.manifests():
            found[repository, "manifests", part.digest] = Content(part.data, part.media_type)
        for digest, data in made.all_blobs().items():
            found[repository, "blobs", digest] = Content(data, "application/octet-stream")
    return found
