"""`/api/v1/seats`: students' machines report, the teacher reads."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web

from mirrorkit.server.report import REPORT_BYTES, Step, parse_report
from mirrorkit.server.seats import Seats
from mirrorkit.server.turns import Turns

SEATS: Final = web.AppKey("seats", Seats)
_PATH: Final = "/api/v1/seats"


def add_seats(app: web.Application, seats: Seats, patience: float) -> None:
    """Take reports, each within so many seconds, and answer what they come to."""
    turns = Turns()
    app[SEATS] = seats

    async def report(request: web.Request) -> web.Response:
        """Take one report; the answer is the seat's number, or empty where it is gone."""
        if (
            "Origin" in request.headers
        ):  # a page in a student's browser, for curl and wget have none
            raise web.HTTPForbidden(text="reports come from setup.sh, not from a browser\n")
        if not turns.take(request.remote or ""):
            raise web.HTTPTooManyRequests(
                text="too many reports from this address\n", headers={"Retry-After": "10"}
            )
        body = await _body(request, patience)
        try:
            told = parse_report(body)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        if told.step is Step.GONE:
            seats.forget(told.id)
            return web.Response(status=HTTPStatus.NO_CONTENT)
        seat = seats.record(told, request.remote or "")
        return web.Response(text=f"{seat.number}\n")

    async def roll(_: web.Request) -> web.Response:
        """Answer who is ready and who is stuck on what."""
        return web.json_response(seats.as_json(), headers={"Cache-Control": "no-store"})

    app.router.add_post(_PATH, report)
    app.router.add_get(_PATH, roll)


async def _body(request: web.Request, patience: float) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(patience):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > REPORT_BYTES:
                    raise web.HTTPRequestEntityTooLarge(REPORT_BYTES, len(body))
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="the report did not come to its end\n") from error
    return bytes(body)
