"""Health: how complete the class is, and whether the process can serve it at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from mirrorkit.errors import MirrorkitError, UsageError
from mirrorkit.flows.check import STATUS_VERSION

if TYPE_CHECKING:
    from mirrorkit.server.room import Room


def add_health(app: web.Application, room: Room) -> None:
    """Answer a teacher, a probe and a load balancer."""

    async def health(request: web.Request) -> web.Response:
        """Answer how complete the class is: 200 only when it is, else 503, the same body.

        `fetches` says whether what is missing comes by itself. `?for=LESSON` asks for one lesson
        alone; 404 where there is no such lesson.
        """
        try:
            status = await asyncio.to_thread(room.status, request.query.get("for"))
        except UsageError as error:
            return web.json_response({"error": error.as_json()}, status=404)
        except MirrorkitError as error:
            status = {"version": STATUS_VERSION, "complete": False, "error": error.as_json()}
        status["fetches"] = room.fetches
        return web.json_response(status, status=200 if status["complete"] else 503)

    async def livez(_: web.Request) -> web.Response:
        """Answer that the process lives, and whose it is: a relay tells a mirror by this."""
        return web.json_response({"alive": True, "program": "mirrorkit"})

    async def readyz(_: web.Request) -> web.Response:
        """Answer whether the store can be read, complete or not."""
        try:
            room.shelf.index()
        except MirrorkitError as error:
            return web.json_response({"ready": False, "error": error.as_json()}, status=503)
        return web.json_response({"ready": True})

    app.router.add_get("/health", health)
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
