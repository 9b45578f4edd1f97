"""Where connections come in: how many there are, which of them must go, and what was answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from mirrorkit.server.connection import Connection

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.web_request import BaseRequest

    from mirrorkit.server.accesslog import AccessLog
    from mirrorkit.server.limits import Limits
    from mirrorkit.server.metrics import Metrics

_LOOKS: Final = 10  # a deadline is kept to a tenth of the shortest
_SHED: Final = 16


class Door:
    """Makes a Connection of each socket, and drops those that took too long.

    When there are too many, those between requests go: first of the address that has the most,
    among these the one silent for longest. Where none is idle the new one goes.
    """

    def __init__(
        self, runner: web.BaseRunner, limits: Limits, metrics: Metrics, log: AccessLog | None
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.limits = limits
        self.log = log
        self._runner = runner
        self._metrics = metrics
        self._connections: set[Connection] = set()
        self._pause = min(limits.head, limits.stuck) / _LOOKS
        self._look = self.loop.call_later(self._pause, self._drop_overdue)
        metrics.connections = self._connections.__len__

    def __call__(self) -> Connection:
        """Make the protocol of a new connection."""
        server = self._runner.server
        if server is None:  # the loop accepted it while we were closing
            raise ConnectionAbortedError("the server has ended")
        return Connection(self, server)

    def close(self) -> None:
        """Look no more, and write what is left of the log."""
        self._look.cancel()
        if self.log is not None:
            self.log.close()

    def drop_all(self) -> None:
        """End every connection."""
        for each in self._connections:
            each.drop()

    def admit(self, connection: Connection) -> None:
        """Count a new connection; make room for it, or drop it."""
        if len(self._connections) >= self.limits.connections and not self._shed():
            connection.drop()
        self._connections.add(connection)

    def forget(self, connection: Connection) -> None:
        """Count one less."""
        self._connections.discard(connection)

    def answered(
        self, request: BaseRequest, response: web.StreamResponse, came: float | None
    ) -> None:
        """Count an answer and write its line."""
        self._metrics.count(request, response)
        if self.log is not None and came is not None:
            self.log.write(request, response, self.loop.time() - came)

    def _shed(self) -> bool:
        """Drop some idle connections at once, so that a flood does not look at all for each."""
        held = Counter(each.address for each in self._connections)
        idle = [each for each in self._connections if each.is_idle]
        idle.sort(key=lambda each: (-held[each.address], each.idle_since))
        for each in idle[: max(len(self._connections) // _SHED, 1)]:
            each.drop()
            self._connections.discard(each)
        return bool(idle)

    def _drop_overdue(self) -> None:
        now = self.loop.time()
        for each in self._connections:
            if each.is_overdue(now):
                each.drop()
        self._look = self.loop.call_later(self._pause, self._drop_overdue)
