"""Keeping this machine from sleeping while it serves, where the system allows it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

_SECONDS: Final = 5.0
# The lid asks for a right of its own: without it idle and sleep are still worth having.
_WHAT: Final = ("sleep:idle:handle-lid-switch", "sleep:idle", "idle")
# It says a line once the system has granted it, and ends when our end of the pipe closes, however
# we ended.
_WAIT: Final = ("sh", "-c", "echo granted && exec cat >/dev/null")


@asynccontextmanager
async def awake() -> AsyncIterator[str | None]:
    """Keep the machine awake while the block lasts; yield what is held off, or None."""
    process, what = await _begin()
    try:
        yield what
    finally:
        if process is not None:
            await _end(process)


async def _begin() -> tuple[Process | None, str | None]:
    if sys.platform == "darwin":
        return await _start(("caffeinate", "-i", "-s", "-w", str(os.getpid()))), "idle"
    for what in _WHAT:
        process = await _start(_inhibit(what))
        if process is None:
            return None, None
        if await _is_granted(process):
            return process, what
        await _end(process)
    return None, None


def _inhibit(what: str) -> tuple[str, ...]:
    return (
        "systemd-inhibit",
        f"--what={what}",
        "--who=mirrorkit",
        "--why=serving a class",
        "--mode=block",
        *_WAIT,
    )


async def _start(argv: tuple[str, ...]) -> Process | None:
    """Start a program that ends with us, away from the terminal so that it asks no password."""
    program = shutil.which(argv[0])
    if program is None:
        return None
    with suppress(OSError):
        return await asyncio.create_subprocess_exec(
            program,
            *argv[1:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    return None


async def _is_granted(process: Process) -> bool:
    """Wait until it says so, or ends, or has had its time."""
    if process.stdout is None:
        return False
    try:
        # Not wait_for: before Python 3.12 it can swallow a cancellation.
        async with asyncio.timeout(_SECONDS):
            return await process.stdout.readline() == b"granted\n"
    except (TimeoutError, ValueError):
        return False
    except asyncio.CancelledError:
        await _end(process)
        raise


async def _end(process: Process) -> None:
    """Close its pipe, wait, and kill it by its id where that was not enough.

    Its own pipe is read to the end, or the loop may close before that and then complain.
    """
    _close(process)
    try:
        async with asyncio.timeout(_SECONDS):
            await process.communicate()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _close(process: Process) -> None:
    """Let a program end that waits for our end of the pipe, or for a signal."""
    if process.stdin is not None:
        process.stdin.close()
    if sys.platform == "darwin":
        with suppress(ProcessLookupError):
            process.terminate()
