"""How a server is asked to end."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from mirrorkit.cli.output import note

if TYPE_CHECKING:
    from mirrorkit.server.runner import Runner


class Ending:
    """Asked to end by SIGTERM or Ctrl-C: the first time politely, then at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.is_interrupt = False
        self._is_urgent = False
        self._runner: Runner | None = None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask, number == signal.SIGINT)

    def _ask(self, is_interrupt: bool) -> None:  # noqa: FBT001
        self.is_interrupt |= is_interrupt
        self._is_urgent = self.asked.is_set()
        self.asked.set()
        self._hurry()

    async def end(self, runner: Runner) -> None:
        """Let answers under way finish, unless asked again."""
        if runner.is_busy:
            note("downloads under way have some seconds to finish; Ctrl-C again ends at once")
        self._runner = runner
        self._hurry()  # it may have been asked again while other work was ending
        await runner.cleanup()

    def _hurry(self) -> None:
        if self._is_urgent and self._runner is not None:
            self._runner.hurry()
