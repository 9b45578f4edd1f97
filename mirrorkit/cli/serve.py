"""`mirrorkit serve`."""

from __future__ import annotations

from mirrorkit.cli.options import (
    AccessLog,
    AdvertiseTo,
    Config,
    Json,
    Listen,
    Locks,
    NoAwake,
    Store,
    Streams,
    settings_from,
)


def command(
    lock: Locks = None,
    store: Store = None,
    config: Config = None,
    listen: Listen = None,
    advertise: AdvertiseTo = None,
    no_awake: NoAwake = False,
    streams: Streams = None,
    access_log: AccessLog = None,
    as_json: Json = False,
) -> int:
    """Serve the store to containers' clients; no internet is needed.

    \b
    /v2/         every image by every name its clients use
    /files/      plain files of the lock, each with PATH.sha256; /k8s-release for --binary-mirror
    /archives/   NAME.tar of any image, for curl -f URL | docker load
    /health      how complete the class is: 200 when everything is held, else 503
    /livez, /readyz, /metrics

    \b
    Examples:
      mirrorkit serve
      mirrorkit serve --listen 192.168.1.10:5080 --lock week1.lock.yaml --lock week2.lock.yaml
      mirrorkit serve --advertise 192.168.1.10
    """
    import asyncio

    from mirrorkit.cli.board import JsonBoard, LineBoard
    from mirrorkit.cli.serving import serve_until_stopped
    from mirrorkit.cli.view import View

    settings = settings_from(
        store=store,
        locks=lock,
        config=config,
        listen=listen,
        advertise=advertise,
        streams=streams,
        access_log=access_log,
    )
    view = View(settings.students)
    board = JsonBoard(view) if as_json else LineBoard(view)
    asyncio.run(serve_until_stopped(settings, board, is_quiet=as_json, keeps_awake=not no_awake))
    return 0
