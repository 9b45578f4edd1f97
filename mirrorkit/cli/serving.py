"""Serving a class until somebody has had enough: what `serve` and `up` share."""

from __future__ import annotations

import asyncio
import traceback
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Protocol

from mirrorkit.cli.ending import Ending
from mirrorkit.cli.output import note
from mirrorkit.cli.ports import start_somewhere
from mirrorkit.host.awake import awake
from mirrorkit.host.firewall import firewall_command
from mirrorkit.host.own import own_reach
from mirrorkit.host.read import read_machine

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mirrorkit.cli.board import Board
    from mirrorkit.host.reach import Reach
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.settings import Settings

_LOOK_SECONDS: Final = 3.0


class Beside(Protocol):
    """Work that runs while we serve."""

    def __call__(self, files: LockFiles) -> Coroutine[None, None, None]:
        """Run until cancelled."""


async def serve_until_stopped(
    settings: Settings,
    board: Board,
    beside: Beside | None = None,
    *,
    is_quiet: bool,
    keeps_awake: bool,
) -> None:
    """Serve until SIGTERM, or Ctrl-C: KeyboardInterrupt then."""
    from mirrorkit.server.app import ROOM
    from mirrorkit.server.roll import headline
    from mirrorkit.server.seating import SEATS
    from mirrorkit.wiring import follow_locks, look_at_locks

    ending = Ending()
    files, looks = follow_locks(settings), look_at_locks(settings)
    async with AsyncExitStack() as stack:
        runner, port = await start_somewhere(settings, files, is_quiet=is_quiet)
        runner.app[ROOM].fetches = beside is not None
        stack.push_async_callback(ending.end, runner)
        reach = await asyncio.to_thread(own_reach, settings, port)
        board.serving(settings, reach, firewall_command(port) if reach.urls else None)
        board.seated(lambda: headline(runner.app[SEATS]))
        for name, look in looks.items():
            board.looked(name, look)
        work = [board.paint(), _follow_addresses(settings, reach, board)]
        work += [_stay_awake(board)] if keeps_awake else []
        work += [beside(files)] if beside else []
        tasks = [asyncio.create_task(one) for one in work]
        for task in tasks:
            task.add_done_callback(_tell_death)
        stack.push_async_callback(_cancel, tasks)
        await ending.asked.wait()
    if ending.is_interrupt:
        raise KeyboardInterrupt


def _tell_death(task: asyncio.Task[None]) -> None:
    """Tell what ended work that goes on for ever; serving goes on without it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        traceback.print_exception(error)
        note("error: this is a bug in mirrorkit; serving goes on")


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _stay_awake(board: Board) -> None:
    async with awake() as what:
        machine = await asyncio.to_thread(read_machine)
        board.awake(what, is_wsl=machine.is_wsl)
        await asyncio.Event().wait()


async def _follow_addresses(settings: Settings, reach: Reach, board: Board) -> None:
    """Tell when the addresses change: a cable, another room's Wi-Fi, a lid that was closed."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now = await asyncio.to_thread(own_reach, settings, reach.port)
        if now != reach:
            reach = now
            board.moved(reach)
