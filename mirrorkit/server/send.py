"""Sending files' bytes by sendfile, whole or in ranges, one file or several end to end."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from aiohttp import web

from mirrorkit.server.ranges import Selection, Span, conditions, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)
# One step of sendfile may block the loop for as long as a fast reader keeps up: keep it short, so
# that a manifest never waits behind a blob (perf.md).
_STEP: Final = 1 << 20


async def send_file(
    request: web.Request, path: Path, *, etag: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer a GET or HEAD with a file whose content the ETag names.

    Conditions and ranges are RFC 9110's; several ranges make a multipart/byteranges. Raises
    FileNotFoundError when the file is gone.
    """
    with path.open("rb", buffering=0) as file:
        size = file.seek(0, 2)
        selection = select(request.method, conditions(request.headers), etag, size)
        response, parts = _response(selection, size, headers)
        response.headers["ETag"] = f'"{etag}"'
        response.headers["Accept-Ranges"] = "bytes"
        await response.prepare(request)
        if request.method != "HEAD":
            # A client that goes away is its own affair, and nobody is left to hear of it.
            with suppress(ConnectionResetError):
                await _send_parts(request, response, file, parts)
        return response


async def _send_parts(
    request: web.Request,
    response: web.StreamResponse,
    file: BinaryIO,
    parts: list[tuple[bytes, Span]],
) -> None:
    for head, span in parts:
        if head:
            await response.write(head)
        await _send_span(request, file, span)


def _response(
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


async def _send_span(request: web.Request, file: BinaryIO, span: Span) -> None:
    """Let the kernel send a span, in steps between which others get their turn."""
    offset = span.start
    while offset < span.stop:
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client went away")
        try:
            sent = await _send_step(transport, file, offset, min(_STEP, span.stop - offset))
        except (OSError, RuntimeError) as error:
            # asyncio has a RuntimeError for a transport that closes meanwhile. Whatever it is, no
            # further answer may follow inside this one's promised length.
            transport.abort()
            if isinstance(error, OSError) and not isinstance(error, ConnectionError):
                _log.exception("a blob cannot be sent")
            raise ConnectionResetError("the connection ended early") from error
        if sent == 0:
            # Cut short behind our back: break the connection rather than end it as if complete.
            transport.abort()
            raise ConnectionResetError("the file ended early")
        offset += sent


async def _send_step(transport: asyncio.Transport, file: BinaryIO, offset: int, count: int) -> int:
    """Send at once what the socket takes; only when it is full, wait by asyncio's sendfile.

    That saves a third of the processor time of waiting each time (bench/serve.py).
    """
    loop = asyncio.get_running_loop()
    socket = transport.get_extra_info("socket")
    if transport.get_write_buffer_size() == 0:
        try:
            sent = os.sendfile(socket.fileno(), file.fileno(), offset, count)
        except BlockingIOError:
            pass
        else:
            await asyncio.sleep(0)
            return sent
    return await loop.sendfile(transport, file, offset, count, fallback=False)


class FilePart(NamedTuple):
    """A whole file as one part of an answer: where it lies and its bytes."""

    path: Path
    size: int


async def send_parts(
    request: web.Request,
    parts: Sequence[bytes | FilePart],
    *,
    etag: str,
    headers: Mapping[str, str],
) -> web.StreamResponse:
    """Answer a GET or HEAD with parts put end to end, as `send_file` does with one file.

    Ranges are of the whole; files are opened one at a time, when their turn comes. One that is gone
    by then, or shorter, breaks the connection.
    """
    size = sum(map(_length, parts))
    selection = select(request.method, conditions(request.headers), etag, size)
    response, spans = _response(selection, size, headers)
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Accept-Ranges"] = "bytes"
    await response.prepare(request)
    if request.method != "HEAD":
        with suppress(ConnectionResetError):
            for head, span in spans:
                if head:
                    await response.write(head)
                await _send_cut(request, response, parts, span)
    return response


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
            await _send_cut_of_file(request, part.path, cut)


async def _send_cut_of_file(request: web.Request, path: Path, span: Span) -> None:
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        if request.transport is not None:
            request.transport.abort()  # its length is promised already
        raise ConnectionResetError("a file is gone") from error
    with file:
        await _send_span(request, file, span)


def _length(part: bytes | FilePart) -> int:
    return len(part) if isinstance(part, bytes) else part.size
