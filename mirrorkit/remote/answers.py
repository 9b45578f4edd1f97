"""What a source's answer means: which error, how long to stay away, what it said."""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

import aiohttp

from mirrorkit.errors import (
    DeniedError,
    MirrorkitError,
    NotFoundError,
    UnreachableError,
    UpstreamError,
)
from mirrorkit.progress import lasting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

BROKEN: Final = (aiohttp.ClientError, TimeoutError, ConnectionError)
"""What reading a body raises where the line breaks."""
_CALL: Final = "Connect call failed"
_ERRNO: Final = re.compile(r"\[Errno (\d{1,4})\]")
_ERROR_MAX: Final = 64 * 1024
_RETRY_AFTER_MAX: Final = 86_400.0
_BODY_SECONDS: Final = 60.0
_PROXY_HINT: Final = "put it into http_proxy and https_proxy: http://USER:PASSWORD@HOST:PORT"


async def read_capped(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read a small body whole, within a minute; UpstreamError when it is longer than is honest."""
    body = bytearray()
    async with asyncio.timeout(_BODY_SECONDS):
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > most:
                raise UpstreamError(f"{response.url.host} sent more than {most} bytes")
    return bytes(body)


async def pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield a body as it arrives; where the line breaks, first what had arrived before."""
    try:
        async for piece in response.content.iter_any():
            yield piece
    except BROKEN:
        if rest := arrived(response):
            yield rest
        raise


def arrived(response: aiohttp.ClientResponse, most: int = -1) -> bytes:
    """Return bytes, at most so many, that came before a line broke and nobody has read yet."""
    # aiohttp still has them, but raises as long as it knows of the break.
    response.content.set_exception(cast("BaseException", None))
    return response.content.read_nowait(most)


async def refuse(
    response: aiohttp.ClientResponse, host: str, login: str, quota: str | None = None
) -> None:
    """Turn an answer that is not 2xx into the error it means; `quota` is the hint of a 429."""
    status = response.status
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return
    said = await _said(response)
    message = f"{host} answered {status}{said}"
    if status in (404, 410):
        raise NotFoundError(message)
    if status in (401, 403):
        raise DeniedError(message, hint=f"docker login {login}, or choose another source")
    if status in (408, 429) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        hint = quota if status == HTTPStatus.TOO_MANY_REQUESTS else None
        pause = _retry_after(response.headers)
        message += f"; it asks for a pause of {lasting(math.ceil(pause))}" if pause else ""
        raise UnreachableError(message, hint=hint, retry_after=pause)
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise proxy_login_missing(host)
    raise UpstreamError(message)


def proxy_login_missing(host: str) -> UpstreamError:
    """Make the error of a proxy that lets nobody through without a login."""
    return UpstreamError(f"{host}: the proxy asks for a login", hint=_PROXY_HINT)


_UNREADABLE: Final = (
    MirrorkitError,
    aiohttp.ClientError,
    TimeoutError,
    ValueError,
    RecursionError,
    LookupError,
    TypeError,
)


async def _said(response: aiohttp.ClientResponse) -> str:
    """Return the first message of an OCI error body, made safe to print."""
    try:
        body = json.loads(await read_capped(response, _ERROR_MAX))
        text = str(body["errors"][0]["message"])
    except _UNREADABLE:
        return ""
    return f": {plain(text)}"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, seconds or a date (RFC 9110 §10.2.3), a day at most; None if neither."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _RETRY_AFTER_MAX)
    try:
        wait = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait, 0.0), _RETRY_AFTER_MAX)


def reason(error: BaseException) -> str:
    """Say in a few safe words what broke."""
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return _of_system(error.os_error)
    if isinstance(error, aiohttp.ClientResponseError):
        return f"an answer nobody can read ({plain(error.message)})"  # str() has a signed URL
    return plain(str(error)) or type(error).__name__


def _of_system(error: OSError) -> str:
    """Say it in the system's words; asyncio puts its call and the address in their place."""
    text = error.strerror or str(error)
    number = _ERRNO.search(str(error)) if _CALL in str(error) else None
    return os.strerror(int(number[1])) if number else text


def plain(text: str) -> str:
    """Take the beginning of what a stranger said, on one line, safe to print."""
    return "".join(char for char in text.partition("\n")[0][:200] if char.isprintable())
