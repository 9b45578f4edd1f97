"""`/setup.sh`: the program for a student's machine; `GET /` is the same to curl and wget."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirrorkit.classroom.setup import setup_script
from mirrorkit.server.page import address_of, wants_page
from mirrorkit.server.plain import plainly, unknown

if TYPE_CHECKING:
    from mirrorkit.server.plain import Handler
    from mirrorkit.server.room import Room

_FETCHERS: Final = ("curl", "wget")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Host, User-Agent",
    "X-Content-Type-Options": "nosniff",
}


def add_setup(app: web.Application, room: Room) -> None:
    """Serve the script, and say what Windows takes instead."""
    app.router.add_get("/setup.sh", _script_of(room))
    app.router.add_get("/setup.ps1", _no_powershell)


def or_setup(page: Handler, room: Room) -> Handler:
    """Let `curl ADDRESS | sh` get the script where others get the page.

    The page as text is there for whoever asks for it: `/?text`, or `Accept: text/plain`.
    """
    script = _script_of(room)

    @wraps(page)
    async def answered(request: web.Request) -> web.StreamResponse:
        return await (script(request) if _wants_setup(request) else page(request))

    return answered


def _wants_setup(request: web.Request) -> bool:
    if wants_page(request) or "text" in request.query:
        return False
    if "text/plain" in request.headers.get("Accept", ""):
        return False
    return request.headers.get("User-Agent", "").lower().startswith(_FETCHERS)


def _script_of(room: Room) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        text = setup_script(address_of(request), room.paths.pinned, is_made_up=room.is_made_up)
        return web.Response(text=text, content_type="text/x-shellscript", headers=_HEADERS)

    return plainly(answer)


async def _no_powershell(_: web.Request) -> web.StreamResponse:
    raise unknown(
        "there is no setup for Windows itself",
        "use WSL2: `wsl --install`, then type the line of the class in its shell",
    )
