"""Listening with connections of our own, and ending without cutting off who is nearly done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirrorkit.server.send import PLACES

if TYPE_CHECKING:
    from mirrorkit.server.door import Door

_BACKLOG: Final = 1024  # a room that begins with the same click


class Runner(web.AppRunner):
    """Runs an application behind a door.

    `cleanup` accepts no more, closes connections between requests, lets answers under way finish
    for `stop` seconds, and cuts off the rest; `hurry` cuts them off before.
    """

    __slots__ = ("_door",)

    def __init__(self, app: web.Application, stop: float) -> None:
        # aiohttp waits twice: for the answer, then for the task that gives it. A client that goes
        # away ends what is done for it, be it waiting in line.
        super().__init__(app, shutdown_timeout=stop / 2, handler_cancellation=True)
        self._door: Door | None = None

    @property
    def is_busy(self) -> bool:
        """Say whether blobs are being sent."""
        return self.app[PLACES].active > 0

    async def listen(self, door: Door, host: str | None, port: int) -> None:
        """Listen; OSError when that cannot be."""
        self._door = door
        await _Site(self, door, host, port).start()

    def hurry(self) -> None:
        """Cut off whoever is still served, so that `cleanup` ends at once."""
        if self._door is not None:
            self._door.drop_all()

    async def cleanup(self) -> None:
        """End."""
        await super().cleanup()
        if self._door is not None:
            self._door.close()


class _Site(web.BaseSite):
    """aiohttp's TCPSite, with a protocol factory of our own."""

    __slots__ = ("_door", "_where")

    def __init__(self, runner: Runner, door: Door, host: str | None, port: int) -> None:
        super().__init__(runner)
        self._door = door
        self._where = (host, port)

    @property
    def name(self) -> str:
        """Where it listens."""
        host, port = self._where
        return f"http://{host or '*'}:{port}"

    async def start(self) -> None:
        """Listen; OSError when that cannot be."""
        await super().start()
        self._server = await self._door.loop.create_server(
            self._door, *self._where, backlog=_BACKLOG
        )
