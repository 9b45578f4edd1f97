"""Sending files' bytes by sendfile, whole or in ranges, one file or several end to end."""

from __future__ import annotations

import logging
import secrets
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final

from aiohttp import web

from mirrorkit.server.places import Places
from mirrorkit.server.ranges import Selection, conditions, select
from mirrorkit.server.sender import Sender
from mirrorkit.server.stream import Stream
from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

_log = logging.getLogger(__name__)
SENDER: Final = web.AppKey("sender", Sender)
PLACES: Final = web.AppKey("places", Places)
SENT: Final = web.ResponseKey("sent", int)
"""Where a response says how many bytes of its body sendfile sent."""
_SMALL: Final = 256 << 10  # goes into a socket at once and holds nobody up


async def send_file(
    request: web.Request, path: Path, *, etag: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer a GET or HEAD with a file whose content the ETag names.

    Conditions and ranges are RFC 9110's; several ranges make a multipart/byteranges. Raises
    FileNotFoundError when the file is gone.
    """
    size = _size(path)
    selection = select(request.method, conditions(request.headers), etag, size)
    response, parts = respond(selection, size, headers)
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Accept-Ranges"] = "bytes"
    if request.method == "HEAD" or not parts:
        await response.prepare(request)
        return response
    async with place(request, sum(span.length for _, span in parts)):
        with path.open("rb", buffering=0) as file:
            await response.prepare(request)
            # A client that goes away is its own affair, and nobody is left to hear of it.
            with suppress(ConnectionResetError):
                for head, span in parts:
                    if head:
                        await response.write(head)
                    await send_span(request, response, file, span)
    return response


@asynccontextmanager
async def place(request: web.Request, length: int) -> AsyncIterator[None]:
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


async def send_span(
    request: web.Request, response: web.StreamResponse, file: BinaryIO, span: Span
) -> None:
    """Let the kernel send a span of a prepared response's body.

    ConnectionResetError on any trouble; then the connection has ended, for nothing may follow.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client went away")
    stream = Stream(transport, file, span)
    try:
        await request.app[SENDER].send(stream)
    except (OSError, EOFError) as error:
        # No further answer may follow inside this one's promised length; and a file cut short
        # behind our back must not end as if complete.
        transport.abort()
        if not isinstance(error, ConnectionError):
            _log.exception("a blob cannot be sent")
        raise ConnectionResetError("the connection ended early") from error
    finally:
        stream.close()
        response[SENT] = response.get(SENT, 0) + span.length - stream.left


def _size(path: Path) -> int:
    return path.stat().st_size


def respond(
    selection: Selection, size: int, headers: Mapping[str, str]
) -> tuple[web.StreamResponse, list[tuple[bytes, Span]]]:
    """Make the response and the parts that follow: bytes to write, then a span to send."""
    response = web.StreamResponse(status=selection.status, headers=headers)
    if selection.status == HTTPStatus.NOT_MODIFIED:
        return response, []
    if selection.status >= HTTPStatus.BAD_REQUEST:
        response.headers.pop("Cache-Control", None)
        response.content_length = 0
        if selection.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            response.headers["Content-Range"] = f"bytes */{size}"
        return response, []
    spans = selection.spans or (Span(0, size),)
    if len(spans) > 1:
        return response, _multipart(response, spans, size)
    if selection.spans:
        response.headers["Content-Range"] = _content_range(spans[0], size)
    response.content_length = spans[0].length
    return response, [(b"", spans[0])]


def _multipart(
    response: web.StreamResponse, spans: tuple[Span, ...], size: int
) -> list[tuple[bytes, Span]]:
    """Frame several ranges (RFC 9110 §14.6)."""
    boundary = secrets.token_hex(16)
    inner = response.content_type
    parts: list[tuple[bytes, Span]] = []
    for span in spans:
        head = f"\r\n--{boundary}\r\nContent-Type: {inner}\r\n"
        head += f"Content-Range: {_content_range(span, size)}\r\n\r\n"
        parts.append((head.encode(), span))
    parts.append((f"\r\n--{boundary}--\r\n".encode(), Span(0, 0)))
    response.headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    response.content_length = sum(len(head) + span.length for head, span in parts)
    return parts


def _content_range(span: Span, size: int) -> str:
    return f"bytes {span.start}-{span.stop - 1}/{size}"
