"""The only module that picks concrete classes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import DocumentError
from mirrorkit.store.disk import DiskStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from aiohttp.web import AppRunner

    from mirrorkit.content import Source
    from mirrorkit.documents.pins import Lock, PinnedImage
    from mirrorkit.events import Listener
    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.run import Run
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.remote.transport import Transport
    from mirrorkit.settings import Settings

_LOOK_SECONDS: Final = 2.0


def read_lock(path: Path) -> Lock:
    """Read a lock file; DocumentError when it is not there or has mistakes."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DocumentError(
            f"there is no lock {path}",
            hint="go to the folder of the class, or name its lock with --lock FILE",
        ) from error
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}") from error
    return parse_lock(data, str(path))


def open_store(settings: Settings) -> DiskStore:
    """Open the embedded store; nothing is created before something is written."""
    return DiskStore(settings.store)


class _Upstreams:
    """The sources of images; the network's libraries are imported when the first is asked."""

    def __init__(self, settings: Settings, report: Listener) -> None:
        self._settings = settings
        self._report = report
        self._transport: Transport | None = None
        self._repositories: dict[str, Source] = {}

    def __call__(self, image: PinnedImage) -> Sequence[Source]:
        from mirrorkit.remote.registry import Repository
        from mirrorkit.remote.transport import Transport

        if self._transport is None:
            self._transport = Transport(
                self._settings.endpoints, connections=self._settings.jobs, report=self._report
            )
        for origin in image.origins:
            self._repositories.setdefault(origin.name, Repository(origin, self._transport))
        return [self._repositories[origin.name] for origin in image.origins]

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.close()


@asynccontextmanager
async def open_run(settings: Settings, report: Listener) -> AsyncIterator[Run]:
    """Open what one sync needs; connections are closed at the end."""
    from mirrorkit.flows.run import Run

    upstreams = _Upstreams(settings, report)
    try:
        yield Run(open_store(settings), upstreams, report, settings.jobs)
    finally:
        await upstreams.close()


async def sync_once(settings: Settings, report: Listener) -> SyncReport:
    """Read the lock and sync it."""
    from mirrorkit.flows.sync import sync

    lock = read_lock(settings.locks[0])
    async with open_run(settings, report) as run:
        return await sync(lock, run)


async def keep_filled(
    settings: Settings, report: Listener, tell: Callable[[SyncReport], None]
) -> None:
    """Sync the lock until it is complete, and again whenever somebody changes it."""
    import asyncio

    from mirrorkit.flows.keep import keep_filled as keep
    from mirrorkit.server.locks import LockFiles

    files = LockFiles(settings.locks[:1], read_lock)

    def current_lock() -> Lock:
        return next(iter(files.current().values()))

    while True:
        locks = files.current()
        await keep(current_lock, lambda: open_run(settings, report), tell)
        while files.current() is locks:  # noqa: ASYNC110 - a file system sends no event
            await asyncio.sleep(_LOOK_SECONDS)


def check_locks(settings: Settings) -> dict[str, Completeness]:
    """Hold every lock against the store."""
    from mirrorkit.flows.check import check
    from mirrorkit.flows.manifests import Manifests

    store = open_store(settings)
    manifests = Manifests(store)
    locks = {str(path): read_lock(path) for path in settings.locks}
    return {name: check(lock, store, manifests) for name, lock in locks.items()}


async def start_server(settings: Settings) -> AppRunner:
    """Listen and serve the store by its locks."""
    from mirrorkit.server.app import make_app, start
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.server.room import Room

    locks = LockFiles(settings.locks, read_lock)
    room = Room(open_store(settings), locks.current)
    return await start(make_app(room), settings.listen)
