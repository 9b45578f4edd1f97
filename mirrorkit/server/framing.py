"""How an answer with a body begins, and what stands between its ranges (RFC 9110 §14, §15)."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirrorkit.server.ranges import Selection


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
