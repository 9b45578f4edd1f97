"""The whole demo: prepare, serve, and be the students."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import ClientSession, ClientTimeout

from mirrorkit.demo.evening import prepare
from mirrorkit.demo.told import Begun, Serving
from mirrorkit.demo.tour import tour
from mirrorkit.demo.upstream import LOOPBACK
from mirrorkit.documents.configuration import PORT, Listen
from mirrorkit.errors import AddressInUseError, IntegrityError
from mirrorkit.progress import counted
from mirrorkit.wiring import follow_locks, start_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirrorkit.demo.told import Teller
    from mirrorkit.documents.pins import Lock
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.server.runner import Runner
    from mirrorkit.settings import Settings


_ANY: Final = (None, "0.0.0.0", "::")  # noqa: S104 - recognised, not chosen

_TOUR_SECONDS: Final = 30.0


class DemoClass(NamedTuple):
    """A made-up class being served."""

    address: str
    lock: Lock


@asynccontextmanager
async def open_demo(listen: Listen | None, tell: Teller) -> AsyncIterator[DemoClass]:
    """Prepare the made-up class and serve it while the block lasts, from a temporary folder.

    Without `listen` it is the loopback interface, at the usual port or, where that is taken, a
    free one.
    """
    tell(Begun())
    with TemporaryDirectory(prefix="mirrorkit-demo-", ignore_cleanup_errors=True) as folder:
        settings = await prepare(Path(folder), tell)
        locks = follow_locks(settings)
        runner, address = await _started(settings, locks, listen)
        try:
            tell(Serving(f"http://{address}"))
            yield DemoClass(str(address), next(iter(locks.current().values())))
        finally:
            await runner.cleanup()


async def take_tour(demo: DemoClass, tell: Teller) -> None:
    """Ask what students ask; IntegrityError at the end when an answer was wrong."""
    wrong, limit = 0, ClientTimeout(total=_TOUR_SECONDS)
    async with ClientSession(f"http://{demo.address}", timeout=limit) as session:
        async for answer in tour(session, demo.lock, demo.address):
            wrong += not answer.is_right
            tell(answer)
    if wrong:
        hint = "please report it with the lines above"
        raise IntegrityError(f"{counted(wrong, 'answer')} of the demo went wrong", hint=hint)


async def _started(
    settings: Settings, locks: LockFiles, listen: Listen | None
) -> tuple[Runner, Listen]:
    """Start the server; return it and the address to ask it at."""
    wanted = listen or Listen(LOOPBACK, PORT)
    try:
        runner = await start_server(replace(settings, listen=wanted), locks, is_made_up=True)
    except AddressInUseError:
        if listen is not None:
            raise
        free = replace(settings, listen=Listen(LOOPBACK, 0))
        runner = await start_server(free, locks, is_made_up=True)
    host = "localhost" if wanted.host in _ANY else wanted.host
    return runner, Listen(host, runner.addresses[0][1])
