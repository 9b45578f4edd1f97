"""One client's connection: aiohttp's, with the deadlines it lacks and proper refusals."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from mirrorkit.server.limits import HEADER_BYTES, LINE_BYTES

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.web_request import BaseRequest

    from mirrorkit.server.door import Door

_AUTHORITY: Final = re.compile(r"[^/?#]*")
_log: Final = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """Knows since when a request's head is awaited, and since when answers are not taken."""

    __slots__ = ("_door", "_full_since", "_head_since", "address")

    def __init__(self, door: Door, server: web.Server) -> None:
        super().__init__(
            server,
            loop=door.loop,
            keepalive_timeout=door.limits.idle,
            lingering_time=door.limits.linger,
            max_line_size=LINE_BYTES,
            max_field_size=HEADER_BYTES,
            auto_decompress=False,  # nobody's gzip is unpacked only to be thrown away
            logger=_log,
        )
        self._request_factory = _of_origin(server.request_factory)
        self._logging_enabled = door.log is not None  # or requests are not timed
        self._door = door
        self._head_since: float | None = None
        self._full_since: float | None = None
        self.address = ""

    @property
    def is_idle(self) -> bool:
        """Say whether it is between requests, or never began one."""
        return self._waiter is not None

    @property
    def idle_since(self) -> float:
        """Return when it last answered, by the loop's clock give or take a constant."""
        return self._next_keepalive_close_time

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many."""
        super().connection_made(transport)
        self._head_since = self._loop.time()
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if isinstance(peer, tuple) else ""
        self._door.admit(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count one less."""
        self._door.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note when a head begins and when it is whole."""
        count = self._request_count
        super().data_received(data)
        if self._request_count != count:
            self._head_since = None
        elif self._head_since is None and self._waiter is not None:
            self._head_since = self._loop.time()

    def pause_writing(self) -> None:
        """Note since when the reader lets our bytes pile up."""
        super().pause_writing()
        self._full_since = self._loop.time()

    def resume_writing(self) -> None:
        """Forget it again."""
        super().resume_writing()
        self._full_since = None

    def is_overdue(self, now: float) -> bool:
        """Say whether a head or a reader took too long; `now` is the loop's clock."""
        limits = self._door.limits
        is_slow_head = self._head_since is not None and now - self._head_since >= limits.head
        is_stuck = self._full_since is not None and now - self._full_since >= limits.stuck
        return is_slow_head or is_stuck

    def drop(self) -> None:
        """End at once, whatever is under way."""
        if self.transport is not None:
            self.transport.abort()

    def log_access(
        self, request: BaseRequest, response: web.StreamResponse, time: float | None
    ) -> None:
        """Tell the door of an answer; `time` is when its request came, where that is measured."""
        self._door.answered(request, response, time)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what is no request in a sentence, and without a word in our own log."""
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        refusal = _refusal(exc)
        response = web.Response(status=refusal, text=f"{refusal.phrase}\n")
        response.force_close()
        return response


def _of_origin(make: Callable[..., BaseRequest]) -> Callable[..., BaseRequest]:
    """Let requests be made of targets in origin form, whatever form they came in."""

    def of_message(message: RawRequestMessage, *others: object) -> BaseRequest:
        return make(message if message.path[:1] == "/" else origin_form(message), *others)

    return of_message


def origin_form(message: RawRequestMessage) -> RawRequestMessage:
    """Return a request for `http://HOST/PATH` as one for /PATH at HOST (RFC 9112 §3.2.2)."""
    scheme, _, rest = message.path.partition("://")
    if scheme.lower() not in ("http", "https"):
        return message
    target = _AUTHORITY.sub("", rest, count=1)
    path = target if target.startswith("/") else f"/{target}"
    headers = CIMultiDict(message.headers)
    headers["Host"] = message.url.host_port_subcomponent or ""
    url = URL(path, encoded=True)
    return message._replace(path=path, url=url, headers=CIMultiDictProxy(headers))


def _refusal(error: HttpProcessingError) -> HTTPStatus:
    if not isinstance(error, LineTooLong):
        return HTTPStatus.BAD_REQUEST
    # aiohttp says what was too long only by the limit it names.
    is_line = error.args[1] == LINE_BYTES
    return (
        HTTPStatus.REQUEST_URI_TOO_LONG if is_line else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    )
