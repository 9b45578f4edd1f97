"""Misses: names that were asked for and are not held, so that the teacher can add them."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mirrorkit.content import LOOK

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

MISSES_VERSION: Final = 1
NAMES_MOST: Final = 200
_CLIENTS_MOST: Final = 64
_ONE_PULL_SECONDS: Final = 10.0
_NAME_MOST: Final = 500


@dataclass(slots=True)
class Miss:
    """One name that was asked and is not held."""

    name: str
    nearest: str | None
    """The held name that was perhaps meant."""
    command: str | None
    """What the teacher can type to have it."""
    count: int = 0
    last: float = 0.0
    """When it was asked last: seconds since 1970."""
    clients: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """Who asked lately, and when by the clock that counts requests together."""

    def as_json(self) -> dict[str, object]:
        """Return it as data; the time is ISO 8601 in UTC."""
        return {
            "name": self.name,
            "count": self.count,
            "last": datetime.fromtimestamp(self.last, UTC).isoformat(timespec="seconds"),
            "nearest": self.nearest,
            "command": self.command,
        }


def asker(request: web.Request) -> str | None:
    """Return the address of who asks; None where `Mirrorkit-Look` says that nobody waits for it."""
    return None if LOOK in request.headers else request.remote or ""


class Misses:
    """Counts misses by name, in bounded memory: the name asked longest ago makes room.

    A pull asks several times (HEAD, then GET, then again): what one client asks of one name within
    ten seconds of its last request counts once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        """Misses since the start, those of dropped names included."""
        self.dropped = 0
        """Names that made room for others."""
        self._clock = clock
        self._names: OrderedDict[str, Miss] = OrderedDict()

    def record(
        self,
        name: str,
        client: str | None,
        *,
        nearest: str | None = None,
        command: str | None = None,
    ) -> None:
        """Count one request for a name by a client's address; none by who only looks."""
        if client is None:
            return
        name = name[:_NAME_MOST]
        miss = self._names.setdefault(name, Miss(name, nearest, command))
        self._names.move_to_end(name)
        if len(self._names) > NAMES_MOST:
            self._names.popitem(last=False)
            self.dropped += 1
        miss.nearest, miss.command, miss.last = nearest, command, time.time()
        if not self._is_same_pull(miss, client):
            miss.count += 1
            self.total += 1

    def _is_same_pull(self, miss: Miss, client: str) -> bool:
        """Say whether this client asked a moment ago; note that it asked now."""
        now = self._clock()
        before = miss.clients.pop(client, None)
        miss.clients[client] = now
        if len(miss.clients) > _CLIENTS_MOST:
            miss.clients.popitem(last=False)
        return before is not None and now - before < _ONE_PULL_SECONDS

    def names(self) -> list[Miss]:
        """Return the misses, the most asked first."""
        return sorted(self._names.values(), key=lambda miss: (-miss.count, miss.name))

    def as_json(self) -> dict[str, object]:
        """Return everything as data."""
        return {
            "version": MISSES_VERSION,
            "total": self.total,
            "dropped": self.dropped,
            "names": [miss.as_json() for miss in self.names()],
        }
