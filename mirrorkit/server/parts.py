"""Sending several files and the bytes between them as one body."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.server.ranges import conditions, select
from mirrorkit.server.send import place, respond, send_span
from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from aiohttp import web


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
    response, spans = respond(selection, size, headers)
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Accept-Ranges"] = "bytes"
    if request.method == "HEAD" or not spans:
        await response.prepare(request)
        return response
    async with place(request, sum(span.length for _, span in spans)):
        await response.prepare(request)
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
            await _send_cut_of_file(request, response, part.path, cut)


async def _send_cut_of_file(
    request: web.Request, response: web.StreamResponse, path: Path, span: Span
) -> None:
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        if request.transport is not None:
            request.transport.abort()  # its length is promised already
        raise ConnectionResetError("a file is gone") from error
    with file:
        await send_span(request, response, file, span)


def _length(part: bytes | FilePart) -> int:
    return len(part) if isinstance(part, bytes) else part.size
