"""The HTTP surface: which path goes where."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirrorkit.catalog.below import learn_below
from mirrorkit.errors import AddressInUseError, MirrorkitError, SurroundingsError
from mirrorkit.server.archives import add_archives
from mirrorkit.server.door import Door
from mirrorkit.server.files import add_files
from mirrorkit.server.health import add_health
from mirrorkit.server.limits import BODY_BYTES, Limits
from mirrorkit.server.metrics import CONTENT_TYPE, Metrics, exposition
from mirrorkit.server.minikube import add_minikube
from mirrorkit.server.page import make_page
from mirrorkit.server.places import Places
from mirrorkit.server.registry import Registry
from mirrorkit.server.room import Room
from mirrorkit.server.runner import Runner
from mirrorkit.server.seating import add_seats
from mirrorkit.server.send import PLACES, SENDER
from mirrorkit.server.sender import Sender
from mirrorkit.server.setup import add_setup, or_setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mirrorkit.documents.configuration import Listen
    from mirrorkit.server.accesslog import AccessLog

ROOM: Final = web.AppKey("room", Room)
METRICS: Final = web.AppKey("metrics", Metrics)
_UNLIMITED: Final = Limits()


def make_app(room: Room, limits: Limits = _UNLIMITED) -> web.Application:
    """Put the routes together; the limits that are a connection's own need `start`."""
    app = web.Application(client_max_size=BODY_BYTES)
    app[ROOM] = room
    registry = Registry(room)
    for path in ("/v2/{rest:[\\s\\S]*}", "/v2"):  # in the order tried: the frequent one first
        app.router.add_route("*", path, registry.answer, expect_handler=_expect_nothing)
    add_files(app, room)
    add_archives(app, room)
    add_health(app, room)
    add_seats(app, room.seats, limits.head)
    add_minikube(app, room)
    app.cleanup_ctx.append(_sending_within(limits, room))

    async def misses(_: web.Request) -> web.Response:
        """Answer which names were asked and are not held, the most asked first."""
        return web.json_response(room.misses.as_json())

    add_setup(app, room)
    app.router.add_get("/", or_setup(make_page(room), room))
    app.router.add_get("/api/v1/misses", misses)
    app.router.add_get("/metrics", _metrics_of(room))
    return app


def _sending_within(limits: Limits, room: Room) -> Callable[[web.Application], AsyncIterator[None]]:
    async def sending(app: web.Application) -> AsyncIterator[None]:
        """Keep what sends for as long as the loop runs."""
        app[SENDER] = Sender(limits.stuck)
        app[PLACES] = Places(limits.places, limits.streams)
        app[METRICS] = Metrics(app[SENDER], app[PLACES], room.misses, room.seats)
        yield
        app[SENDER].close()

    return sending


def _metrics_of(room: Room) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def metrics(request: web.Request) -> web.Response:
        """Answer Prometheus."""
        try:
            checked = await asyncio.to_thread(room.checked)
        except MirrorkitError:  # /readyz says what is wrong with the store
            checked = {}
        text = exposition(request.app[METRICS], checked)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    return metrics


async def _expect_nothing(_: web.Request) -> None:
    """Ask for no body: what refuses a push does not need its gigabytes (RFC 9110 §10.1.1)."""


async def start(
    app: web.Application,
    listen: Listen,
    limits: Limits = _UNLIMITED,
    log: AccessLog | None = None,
) -> Runner:
    """Listen and serve until the returned runner is cleaned up, answers under way having finished.

    AddressInUseError when another program listens there; SurroundingsError when it is not ours to
    listen on.
    """
    runner = Runner(app, limits.stop)
    await runner.setup()
    try:
        await runner.listen(Door(runner, limits, app[METRICS], log), listen.host, listen.port)
    except OSError as error:
        await runner.cleanup()
        raise _cannot_listen(listen, error) from error
    # The first miss would wait for it, and everybody with it.
    asyncio.get_running_loop().run_in_executor(None, learn_below)
    return runner


def _cannot_listen(listen: Listen, error: OSError) -> SurroundingsError:
    if error.errno == errno.EADDRINUSE:
        return AddressInUseError(
            f"another program listens on {listen}",
            hint="stop it, or choose another port, such as --listen :5081",
        )
    is_name = isinstance(error, socket.gaierror)  # whose numbers are not the system's
    reason = error.strerror if is_name else os.strerror(error.errno or 0)
    return SurroundingsError(
        f"cannot listen on {listen}: {reason}",
        hint="choose an address of this machine with --listen HOST:PORT",
    )
