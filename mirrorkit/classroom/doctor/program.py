"""Running a program of this machine for what it prints, within a time and a size."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping

_BYTES_MOST: Final = 256 << 10


class Printed(NamedTuple):
    """How a program ended and what it printed."""

    status: int
    text: str


async def printed(
    *argv: str,
    seconds: float,
    script: str = "",
    environment: Mapping[str, str] | None = None,
) -> Printed | None:
    """Run a program, perhaps with a text on its standard input; return what it printed.

    None where there is no such program or it took longer: then it is ended, and what it started.
    """
    program = shutil.which(argv[0])
    if program is None:
        return None
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *argv[1:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    except OSError:  # not for this machine: another architecture's, a broken link
        return None
    try:
        async with asyncio.timeout(seconds):
            return await _talk(process, script)
    except TimeoutError:
        return None
    finally:
        await _end(process)


async def _talk(process: Process, script: str) -> Printed:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both were asked for as pipes")
    process.stdin.write(script.encode())
    with suppress(ConnectionError):
        await process.stdin.drain()
    process.stdin.close()
    found = b""
    while len(found) < _BYTES_MOST and (piece := await process.stdout.read(_BYTES_MOST)):
        found += piece
    text = found[:_BYTES_MOST].decode("utf-8", "replace")
    if len(found) >= _BYTES_MOST:
        return Printed(1, text)
    return Printed(await process.wait(), text)


async def _end(process: Process) -> None:
    """End what is left of it and of what it started in its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
