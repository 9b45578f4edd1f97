"""A plain file at a URL, as a Source of its one blob (RFC 9110, GET with ranges)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from yarl import URL

from mirrorkit.content import Body, Whole
from mirrorkit.errors import IntegrityError, UnreachableError, UpstreamError
from mirrorkit.remote.registry import check_extent, range_header
from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor
    from mirrorkit.remote.transport import Transport


class FileSource:
    """One URL; its host may have another endpoint in the settings, as a registry may."""

    def __init__(self, url: str, transport: Transport) -> None:
        self._url = URL(url)
        self._transport = transport

    @property
    def name(self) -> str:
        """The URL without what may be secret in it."""
        return f"{self.host}{self._url.path}"

    @property
    def host(self) -> str:
        """The URL's host."""
        return self._url.host_port_subcomponent or ""

    async def ping(self) -> None:
        """Return when the host answers at all, even with a no."""
        try:
            async with self._transport.fetch(self._url):
                return
        except UnreachableError:
            raise
        except UpstreamError:
            return

    async def size(self) -> int:
        """Return the file's size in bytes, as its host announces it; nothing is proven."""
        async with self._transport.fetch(self._url) as response:
            if response.content_length is None:
                raise UpstreamError(f"{self.host} does not say how large {self._url.path} is")
            return response.content_length

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[Whole]:
        """Open the file from its first byte to its last, with the size its host announces."""
        async with self._transport.fetch(self._url) as response:
            yield Whole(response.content_length, self._transport.body(response))

    async def resolve(self, tag: str) -> Digest:
        """Refuse: a file has no tags."""
        raise UpstreamError(f"{self.name} has no {tag}")

    async def manifest(self, digest: Digest) -> bytes:
        """Refuse: a file has no manifest."""
        raise IntegrityError(f"{self.name} has no manifest {digest}")

    @asynccontextmanager
    async def open(self, descriptor: Descriptor, span: Span | None = None) -> AsyncIterator[Body]:
        """Open the file, or some bytes of it; a host without ranges sends all."""
        asked = span or Span(0, descriptor.size)
        headers = range_header(asked, descriptor)
        async with self._transport.fetch(self._url, headers) as response:
            extent = check_extent(response, self.host, descriptor, asked)
            yield Body(*extent, self._transport.body(response))
