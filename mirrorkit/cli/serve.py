"""`mirrorkit serve` and `mirrorkit up`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mirrorkit.cli.options import (
    Config,
    Jobs,
    Json,
    Listen,
    Locks,
    OneLock,
    SourceNames,
    Store,
    settings_from,
)
from mirrorkit.cli.output import note, say_json, tell_bug, tell_error
from mirrorkit.cli.sync import tell_report
from mirrorkit.errors import MirrorkitError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from mirrorkit.errors import SurroundingsError
    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.settings import Settings


class Beside(Protocol):
    """Work that runs while we serve."""

    def __call__(
        self, settings: Settings, files: LockFiles, *, as_json: bool
    ) -> Coroutine[None, None, None]:
        """Run until cancelled."""


def serve(
    lock: Locks = None,
    store: Store = None,
    config: Config = None,
    listen: Listen = None,
    as_json: Json = False,
) -> int:
    """Serve the store to containers' clients; no internet is needed.

    \b
    /v2/         every image by every name its clients use
    /files/      plain files of the lock, each with PATH.sha256; /k8s-release for --binary-mirror
    /archives/   NAME.tar of any image, for curl -f URL | docker load
    /health      how complete the class is: 200 when everything is held, else 503
    /livez, /readyz

    \b
    Examples:
      mirrorkit serve
      mirrorkit serve --listen 192.168.1.10:5080 --lock week1.lock.yaml --lock week2.lock.yaml
    """
    import asyncio

    settings = settings_from(store=store, locks=lock, config=config, listen=listen)
    asyncio.run(_serve(settings, None, as_json=as_json))
    return 0


def up(
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    listen: Listen = None,
    jobs: Jobs = None,
    source: SourceNames = None,
    as_json: Json = False,
) -> int:
    """Serve at once what is held, and sync the rest beside it.

    While no source answers it serves what it has, says so, and tries again.

    \b
    Examples:
      mirrorkit up
      mirrorkit up --listen :8080
    """
    settings = settings_from(
        store=store,
        locks=lock,
        config=config,
        listen=listen,
        jobs=jobs,
        sources=source,
        is_one_lock=True,
    )
    import asyncio

    asyncio.run(_serve(settings, _fill, as_json=as_json))
    return 0


async def _serve(settings: Settings, beside: Beside | None, *, as_json: bool) -> None:
    """Serve until SIGTERM; Ctrl-C arrives as a cancellation."""
    import asyncio
    import signal

    from mirrorkit.wiring import check_locks, follow_locks, start_server

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    files, checked = follow_locks(settings), check_locks(settings)
    runner = await start_server(settings, files)
    _announce(settings, checked, as_json=as_json)
    task = asyncio.create_task(beside(settings, files, as_json=as_json)) if beside else None
    try:
        await stop.wait()
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await runner.cleanup()


async def _fill(settings: Settings, files: LockFiles, *, as_json: bool) -> None:
    """Keep filling the store; whatever stops that is said, and serving goes on."""
    from mirrorkit.cli.display import choose_display
    from mirrorkit.flows.keep import Told
    from mirrorkit.wiring import keep_filled

    with choose_display(as_json=as_json) as display:

        def report(ended: SyncReport) -> None:
            display.stop()
            tell_report(ended, display, as_json=as_json)

        def trouble(error: SurroundingsError) -> None:
            display.stop()
            tell_error(error, as_json=as_json)

        try:
            await keep_filled(settings, files, display, Told(report, trouble))
        except MirrorkitError as error:
            tell_error(error, as_json=as_json)
        except Exception:  # noqa: BLE001 - nobody else would hear of it
            tell_bug()


def _announce(settings: Settings, checked: Mapping[str, Completeness], *, as_json: bool) -> None:
    """Say where, and how much of the class is there."""
    if as_json:
        say_json({"event": "serving", "listen": str(settings.listen)})
        return
    listen = settings.listen if settings.listen.host else settings.listen._replace(host="localhost")
    note(f"serving {settings.store} on http://{listen}")
    for name, completeness in checked.items():
        images = completeness.count("image")
        note(f"{name}: {images['complete']} of {images['total']} images complete")
