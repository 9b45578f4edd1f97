"""A repository at a registry, as a Source (distribution-spec 1.1, pull)."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

import stamina

from mirrorkit.content import Body
from mirrorkit.errors import (
    DeniedError,
    IntegrityError,
    MisannouncedError,
    NotFoundError,
    UnreachableError,
    UpstreamError,
)
from mirrorkit.events import SourceFailed
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import DOCUMENT_MAX, parse_document
from mirrorkit.oci.mediatypes import DOCUMENTS
from mirrorkit.remote.answers import read_capped
from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    import aiohttp

    from mirrorkit.oci.manifest import Descriptor
    from mirrorkit.oci.reference import Reference
    from mirrorkit.remote.transport import Transport

T = TypeVar("T")

_ACCEPT: Final = ", ".join(sorted(DOCUMENTS))
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\Z")
_ATTEMPTS: Final = 3
_PATIENCE_SECONDS: Final = 30.0
_PAUSE_MOST: Final = 5.0
"""A longer pause is left to whoever knows of other sources."""


class Repository:
    """One repository at one registry."""

    def __init__(self, reference: Reference, transport: Transport) -> None:
        self._host = reference.registry
        self._path = reference.repository
        self._transport = transport
        self._scope = f"repository:{reference.repository}:pull"

    @property
    def name(self) -> str:
        """The registry's host."""
        return self._host

    @property
    def host(self) -> str:
        """The same."""
        return self._host

    async def ping(self) -> None:
        """Return when the registry answers at all, even with a no."""
        try:
            async with self._transport.get(self._host, "v2/", scope=""):
                return
        except UnreachableError:
            raise
        except UpstreamError:
            return

    async def manifest(self, digest: Digest) -> bytes:
        """Return a manifest's bytes as sent, at most 8 MiB; the caller checks them.

        Asks again when the registry gives no answer or 429, 5xx; then, or where it asks for a pause
        of more than some seconds, UnreachableError.
        """
        return await self._patiently(lambda: self._manifest(digest))

    async def resolve(self, tag: str) -> Digest:
        """Return the digest that a tag stands for here, as the registry says.

        Asks again as `manifest` does. By HEAD, which Docker Hub does not count as a pull; a
        registry that leaves the digest out is asked for the manifest itself.
        """
        return await self._patiently(lambda: self._resolve(tag))

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        async for attempt in stamina.retry_context(
            on=self._backoff, attempts=_ATTEMPTS, timeout=_PATIENCE_SECONDS
        ):
            with attempt:
                return await ask()
        raise AssertionError("stamina returns or raises")

    def _backoff(self, error: Exception) -> bool | float:
        """Ask again only what may answer differently, when the registry says, and tell so."""
        if not isinstance(error, UnreachableError) or error.is_remembered:
            return False
        if (error.retry_after or 0.0) > _PAUSE_MOST:
            return False
        self._transport.report(SourceFailed.of(self._path, self._host, error))
        return error.retry_after or True

    async def _resolve(self, tag: str) -> Digest:
        try:
            async with self._document(tag, "HEAD") as response:
                return Digest(response.headers.get("Docker-Content-Digest", ""))
        except (NotFoundError, DeniedError, UnreachableError):
            raise
        except (ValueError, UpstreamError):  # 405, say
            async with self._document(tag) as response:
                return Digest.of(await read_capped(response, DOCUMENT_MAX))

    def _document(
        self, reference: str, method: str = "GET"
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        path = f"v2/{self._path}/manifests/{reference}"
        headers = {"Accept": _ACCEPT}
        return self._transport.get(
            self._host, path, scope=self._scope, headers=headers, method=method
        )

    async def _manifest(self, digest: Digest) -> bytes:
        async with self._document(digest) as response:
            data = await read_capped(response, DOCUMENT_MAX)
        if response.content_type in DOCUMENTS:
            try:
                parse_document(data, response.content_type)
            except ValueError as error:
                raise IntegrityError(f"{self._host} sent {digest}, {error}") from error
        return data

    @asynccontextmanager
    async def open(self, descriptor: Descriptor, span: Span | None = None) -> AsyncIterator[Body]:
        """Open a blob, or some bytes of it; a registry without ranges sends all.

        MisannouncedError when it announces another size than the descriptor's, or another range.
        """
        path = f"v2/{self._path}/blobs/{descriptor.digest}"
        asked = span or Span(0, descriptor.size)
        headers = range_header(asked, descriptor)
        async with self._transport.get(
            self._host, path, scope=self._scope, headers=headers
        ) as response:
            extent = check_extent(response, self._host, descriptor, asked)
            yield Body(*extent, self._transport.body(response))


def range_header(span: Span, descriptor: Descriptor) -> dict[str, str]:
    """Return the header that asks for some bytes; none where they are all (RFC 9110 §14.2)."""
    if span == (0, descriptor.size):
        return {}
    last = "" if span.stop == descriptor.size else span.stop - 1
    return {"Range": f"bytes={span.start}-{last}"}


def check_extent(
    response: aiohttp.ClientResponse, host: str, descriptor: Descriptor, asked: Span
) -> Span:
    """Return which bytes a body is; MisannouncedError where they are not what was asked."""
    found, size = _extent(response, descriptor)
    is_part = found.start == asked.start < found.stop <= asked.stop
    if found != (0, descriptor.size) and not is_part:
        raise MisannouncedError(
            f"{host} sent another range of {descriptor.digest} than it was asked for"
        )
    if size not in (None, descriptor.size):
        raise MisannouncedError(
            f"{host} has {size} bytes under {descriptor.digest} instead of {descriptor.size}"
        )
    return found


def _extent(response: aiohttp.ClientResponse, descriptor: Descriptor) -> tuple[Span, int | None]:
    """Return which bytes of its blob a body is, and the blob's size where it is announced."""
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        return Span(0, descriptor.size), response.content_length
    found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    if found is None:
        return Span(-1, -1), None
    return Span(int(found[1]), int(found[2]) + 1), None if found[3] == "*" else int(found[3])
