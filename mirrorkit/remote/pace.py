"""No faster than the operator allows, over all connections of a run."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from mirrorkit.remote.answers import BROKEN, arrived

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import aiohttp

# A connection takes so small a part of a second at a time that each of 64 gets its turn in every
# second, and none looks stalled.
_TURNS_A_SECOND: Final = 64
_TURN_LEAST: Final = 256
_TURN_MOST: Final = 64 * 1024


class Pace:
    """Hands out `rate` bytes a second, first come, first served; nothing is saved up."""

    def __init__(
        self,
        rate: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._free_at = 0.0
        self.turn = min(max(rate // _TURNS_A_SECOND, _TURN_LEAST), _TURN_MOST)

    @property
    def is_binding(self) -> bool:
        """Say whether somebody waits for it right now."""
        return self._free_at > self._clock()

    async def pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Yield a body; what is not taken yet waits at its sender, for TCP tells it to.

        Where the line breaks, first what had arrived before, at the same pace.
        """
        try:
            while data := await response.content.read(self.turn):
                await self.take(len(data))
                yield data
        except BROKEN:
            while data := arrived(response, self.turn):
                await self.take(len(data))
                yield data
            raise

    async def take(self, count: int) -> None:
        """Return when `count` bytes may be used."""
        now = self._clock()
        begin = max(now, self._free_at)
        self._free_at = begin + count / self._rate
        if begin > now:
            await self._sleep(begin - now)
