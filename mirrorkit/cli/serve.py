"""`mirrorkit serve` and `mirrorkit up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.cli.options import Config, Jobs, Json, Listen, Locks, OneLock, Store, settings_from
from mirrorkit.cli.output import note, say_json, tell_error
from mirrorkit.cli.sync import tell_report
from mirrorkit.errors import SurroundingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from mirrorkit.settings import Settings


def serve(
    lock: Locks = None,
    store: Store = None,
    config: Config = None,
    listen: Listen = None,
    as_json: Json = False,
) -> int:
    """Serve the store to Docker, containerd, podman and skopeo; no internet is needed.

    \b
    /v2/      every image by every name its clients use
    /health   how complete the class is: 200 when everything is held, else 503
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
        store=store, locks=[lock] if lock else None, config=config, listen=listen, jobs=jobs
    )
    import asyncio

    asyncio.run(_serve(settings, _fill(settings, as_json=as_json), as_json=as_json))
    return 0


async def _serve(settings: Settings, beside: Awaitable[None] | None, *, as_json: bool) -> None:
    """Serve until SIGTERM; Ctrl-C arrives as a cancellation."""
    import asyncio
    import signal

    from mirrorkit.wiring import start_server

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    runner = await start_server(settings)
    _announce(settings, as_json=as_json)
    task = asyncio.ensure_future(beside) if beside else None
    try:
        await stop.wait()
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await runner.cleanup()


async def _fill(settings: Settings, *, as_json: bool) -> None:
    """Keep filling the store; when this machine is in the way, say so and go on serving."""
    from mirrorkit.cli.display import choose_display
    from mirrorkit.wiring import keep_filled

    with choose_display(as_json=as_json) as display:
        try:
            await keep_filled(
                settings, display, lambda report: tell_report(report, display, as_json=as_json)
            )
        except SurroundingsError as error:
            tell_error(error, as_json=as_json)


def _announce(settings: Settings, *, as_json: bool) -> None:
    if as_json:
        say_json({"event": "serving", "listen": str(settings.listen)})
    else:
        host = settings.listen.host or "localhost"
        note(f"serving {settings.store} on http://{host}:{settings.listen.port}")
