"""Running a program of this machine for what it prints, beside other work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mirrorkit.host.program import started

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.host.program import Printed


async def printed(
    *argv: str,
    seconds: float,
    script: str = "",
    environment: Mapping[str, str] | None = None,
) -> Printed | None:
    """Run a program, perhaps with a text on its standard input; return what it printed.

    None where there is no such program.
    """
    with started(*argv, script=script, environment=environment) as program:
        if program is None:
            return None
        reading = asyncio.ensure_future(asyncio.to_thread(program.printed, seconds))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            program.kill()  # whose output ends with it, and so the thread
            await reading
            raise
