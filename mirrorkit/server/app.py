"""The HTTP surface: which path goes where."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from mirrorkit.errors import AddressInUseError, MirrorkitError, SurroundingsError, UsageError
from mirrorkit.flows.check import STATUS_VERSION
from mirrorkit.server.archives import add_archives
from mirrorkit.server.files import add_files
from mirrorkit.server.page import make_page
from mirrorkit.server.places import Places
from mirrorkit.server.registry import Registry
from mirrorkit.server.send import PLACES, SENDER
from mirrorkit.server.sender import Sender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirrorkit.documents.configuration import Listen
    from mirrorkit.server.room import Room

_STOP_SECONDS = 3.0
_IDLE_SECONDS = 60.0
_STUCK_SECONDS = 300.0
_PLACES = 1024
_STREAMS = 256


def make_app(room: Room) -> web.Application:
    """Put the routes together."""
    app = web.Application()
    registry = Registry(room)
    app.router.add_route("*", "/v2", registry.answer)
    app.router.add_route("*", "/v2/{rest:[\\s\\S]*}", registry.answer)
    add_files(app, room)
    add_archives(app, room)

    async def health(request: web.Request) -> web.Response:
        """Answer how complete the class is: 200 only when it is, else 503, the same body.

        `?for=LESSON` asks for one lesson alone; 404 where there is no such lesson.
        """
        try:
            status = await asyncio.to_thread(room.status, request.query.get("for"))
        except UsageError as error:
            return web.json_response({"error": error.as_json()}, status=404)
        except MirrorkitError as error:
            status = {"version": STATUS_VERSION, "complete": False, "error": error.as_json()}
        return web.json_response(status, status=200 if status["complete"] else 503)

    async def livez(_: web.Request) -> web.Response:
        """Answer that the process lives."""
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        """Answer whether the store can be read, complete or not."""
        try:
            room.shelf.index()
        except MirrorkitError as error:
            return web.json_response({"ready": False, "error": error.as_json()}, status=503)
        return web.json_response({"ready": True})

    app.cleanup_ctx.append(_sending)

    async def misses(_: web.Request) -> web.Response:
        """Answer which names were asked and are not held, the most asked first."""
        return web.json_response(room.misses.as_json())

    app.router.add_get("/", make_page(room))
    app.router.add_get("/health", health)
    app.router.add_get("/api/v1/misses", misses)
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    return app


async def _sending(app: web.Application) -> AsyncIterator[None]:
    """Keep what sends for as long as the loop runs."""
    app[SENDER] = Sender(_STUCK_SECONDS)
    app[PLACES] = Places(_PLACES, _STREAMS)
    yield
    app[SENDER].close()


async def start(app: web.Application, listen: Listen) -> web.AppRunner:
    """Listen and serve until the returned runner is cleaned up.

    AddressInUseError when another program listens there; SurroundingsError when it is not ours to
    listen on.
    """
    _raise_file_limit()
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=_STOP_SECONDS,
        keepalive_timeout=_IDLE_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, listen.host, listen.port).start()
    except OSError as error:
        await runner.cleanup()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUseError(
                f"another program listens on {listen}",
                hint="stop it, or choose another port, such as --listen :5081",
            ) from error
        raise SurroundingsError(
            f"cannot listen on {listen}: {os.strerror(error.errno or 0)}",
            hint="choose an address of this machine with --listen HOST:PORT",
        ) from error
    return runner


def _raise_file_limit() -> None:
    """Use all the open files the system allows: a pull takes two, and a room makes hundreds."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS names a limit that it does not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
