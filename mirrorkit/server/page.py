"""`GET /`: what a browser and a person with curl see."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from mirrorkit.classroom.lines import Line, student_lines
from mirrorkit.errors import MirrorkitError
from mirrorkit.flows.lessons import CLASS, groups
from mirrorkit.oci.reference import is_host
from mirrorkit.progress import readable
from mirrorkit.server.phrases import CHINESE, ENGLISH, PHRASES, choose_language
from mirrorkit.server.roll import call_roll

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.lessons import Group
    from mirrorkit.server.room import Room

_MISSING_MOST: Final = 30
_MISSES_MOST: Final = 50
_HOST_MOST: Final = 255
_PORT_MOST: Final = 65535
_HTTP_PORT: Final = 80
_STYLE: Final = (files(__package__) / "templates" / "page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept, Accept-Language, Host",
    "X-Content-Type-Options": "nosniff",
}


class _Row(NamedTuple):
    """One part of the class, as the page shows it."""

    name: str
    """Empty for what belongs to the class as a whole."""
    complete: bool
    images: str
    files: str
    bytes: str
    """Empty where the sum is unknown."""
    missing: list[str]
    has_more: bool


class _LockTable(NamedTuple):
    """One lock, as the page shows it."""

    name: str
    rows: list[_Row]


def make_page(room: Room) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the handler of `GET /`."""
    environment = Environment(
        loader=PackageLoader("mirrorkit.server"),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    async def page(request: web.Request) -> web.Response:
        kind = "html" if wants_page(request) else "txt"
        language = choose_language(
            request.query.get("lang"), request.headers.get("Accept-Language", "")
        )
        address = address_of(request)
        misses = room.misses.names()[:_MISSES_MOST]  # here, for requests go on counting meanwhile
        seats = call_roll(room.seats, PHRASES[language])
        told = await asyncio.to_thread(_told, room, address)
        text = environment.get_template(f"page.{kind}").render(
            **told,
            misses=misses,
            seats=seats,
            say=PHRASES[language],
            other=ENGLISH if language == CHINESE else CHINESE,
            style=Markup(_STYLE),  # noqa: S704 - our own file
        )
        return web.Response(
            text=text,
            status=503 if told["error"] else 200,
            content_type="text/html" if kind == "html" else "text/plain",
            charset="utf-8",
            headers=_HEADERS,
        )

    return page


def wants_page(request: web.Request) -> bool:
    """Say whether a browser asks; what others get here will be `setup.sh`."""
    return "text/html" in request.headers.get("Accept", "")


def address_of(request: web.Request) -> str:
    """Return the HOST:PORT at which this client reached us.

    It is put into lines that people copy, so a Host that is not plainly one is not repeated: then
    it is our own end of the connection.
    """
    host = request.headers.get("Host", "")
    name, colon, port = host.rpartition(":")
    if len(host) <= _HOST_MOST and is_host(host):
        if not colon or port.endswith("]"):
            return f"{host}:{_HTTP_PORT}"
        if name and 0 < int(port) <= _PORT_MOST:
            return host
    own = request.transport.get_extra_info("sockname") if request.transport else None
    host, number = (own or ("localhost", _HTTP_PORT))[:2]
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def _told(room: Room, address: str) -> dict[str, object]:
    """Collect what the page tells; what cannot be read is told instead."""
    lines: tuple[Line, ...] = ()
    locks, error, complete = [], "", False
    try:
        checked = room.checked()
        first = next(iter(room.locks.values()), None)
        lines = student_lines(first, address) if first else ()
        locks = [_LockTable(name, _rows(whole)) for name, whole in checked.items()]
        complete = all(whole.is_complete for whole in checked.values())
    except MirrorkitError as trouble:
        error = trouble.message
    is_loopback = address.startswith(("localhost:", "127.", "[::1]"))
    return {
        "lines": lines,
        "locks": locks,
        "complete": complete,
        "made_up": room.is_made_up,
        "error": error,
        "cautions": ["loopback"] if is_loopback else [],
    }


def _rows(whole: Completeness) -> list[_Row]:
    return [_row(group) for group in groups(whole)]


def _row(group: Group) -> _Row:
    held = group.completeness
    missing = [item.name for item in held.missing_items]
    bytes_ = held.bytes()
    present, needed = readable(bytes_["present"] or 0), bytes_["needed"]
    return _Row(
        name="" if group.name == CLASS else group.name,
        complete=held.is_complete,
        images=_of(held, "image"),
        files=_of(held, "file"),
        bytes="" if needed is None else f"{present} / {readable(needed)}",
        missing=missing[:_MISSING_MOST],
        has_more=len(missing) > _MISSING_MOST,
    )


def _of(held: Completeness, kind: str) -> str:
    count = held.count(kind)
    return f"{count['complete']} / {count['total']}"


def _printable(value: object) -> object:
    """Leave out of a text what would steer the terminal that shows it."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in value)
