"""Sending files and the bytes between them as one body, whole or in ranges, by sendfile."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

from mirrorkit.server.framing import respond
from mirrorkit.server.places import Places
from mirrorkit.server.ranges import conditions, select
from mirrorkit.server.sender import Sender
from mirrorkit.server.stream import Stream
from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)
SENDER: Final = web.AppKey("sender", Sender)
PLACES: Final = web.AppKey("places", Places)
SENT: Final = web.ResponseKey("sent", int)
"""Where a response says how many bytes of its body sendfile sent."""
_SMALL: Final = 256 << 10  # goes into a socket at once and holds nobody up


class FilePart(NamedTuple):
    """A whole file as one part of an answer: where it lies and its bytes."""

    path: Path
    size: int


async def send_file(
    request: web.Request, path: Path, *, etag: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer a GET or HEAD with a file whose content the ETag names; FileNotFoundError."""
    whole = FilePart(path, _size(path))
    return await send_parts(request, [whole], etag=etag, headers=headers)


async def send_parts(
    request: web.Request,
    parts: Sequence[bytes | FilePart],
    *,
    etag: str,
    headers: Mapping[str, str],
) -> web.StreamResponse:
    """Answer a GET or HEAD with parts put end to end, whose content the ETag names.

    Conditions and ranges are RFC 9110's and of the whole; several ranges make a
    multipart/byteranges. Files are opened one at a time, when their turn comes. One that is gone by
    then, or shorter, breaks the connection.
    """
    size = sum(map(_length, parts))
    selection = select(request.method, conditions(request.headers), etag, size)
    response, spans = respond(selection, size, headers)
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Accept-Ranges"] = "bytes"
    is_bare = request.method == "HEAD" or not spans
    # A client that goes away is its own affair, and nobody is left to hear of it.
    with suppress(ConnectionResetError):
        async with _place(request, 0 if is_bare else sum(span.length for _, span in spans)):
            await response.prepare(request)
            for head, span in () if is_bare else spans:
                if head:
                    await response.write(head)
                await _send_cut(request, response, parts, span)
    return response


@asynccontextmanager
async def _place(request: web.Request, length: int) -> AsyncIterator[None]:
    """Hold one of the places for those who are sent much, waiting for it in line; bytes."""
    if length <= _SMALL:
        yield
        return
    places, address = request.app[PLACES], request.remote or ""
    await places.take(address)
    try:
        yield
    finally:
        places.leave(address)


async def _send_cut(
    request: web.Request,
    response: web.StreamResponse,
    parts: Sequence[bytes | FilePart],
    span: Span,
) -> None:
    """Send the bytes of a span that crosses parts."""
    begin = 0
    for part in parts:
        end = begin + _length(part)
        cut = Span(max(span.start, begin) - begin, min(span.stop, end) - begin)
        begin = end
        if cut.length <= 0:
            continue
        if isinstance(part, bytes):
            await response.write(part[cut.start : cut.stop])
        else:
            await _send_span(request, response, part.path, cut)


async def _send_span(
    request: web.Request, response: web.StreamResponse, path: Path, span: Span
) -> None:
    """Let the kernel send a span of a file in a prepared response's body.

    ConnectionResetError on any trouble; then the connection has ended, for nothing may follow.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client went away")
    try:
        with path.open("rb", buffering=0) as file, closing(Stream(transport, file, span)) as stream:
            try:
                await request.app[SENDER].send(stream)
            finally:
                response[SENT] = response.get(SENT, 0) + span.length - stream.left
    except (OSError, EOFError) as error:
        # No further answer may follow inside this one's promised length; and a file lost or cut
        # short behind our back must not end as if complete.
        transport.abort()
        if not isinstance(error, ConnectionError):
            _log.exception("a blob cannot be sent")
        raise ConnectionResetError("the connection ended early") from error


def _size(path: Path) -> int:
    return path.stat().st_size


def _length(part: bytes | FilePart) -> int:
    return len(part) if isinstance(part, bytes) else part.size
