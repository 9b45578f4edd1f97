"""One repository of a fake registry, as the product's client sees it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mirrorkit.documents.trust import Trust
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.reference import Reference
from mirrorkit.remote.addresses import reach_of
from mirrorkit.remote.registry import Repository
from mirrorkit.remote.transport import Transport
from mirrorkit.spans import Span
from tests.integration.lesson import APP, WEB, layer_of, made

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mirrorkit.events import Listener
    from mirrorkit.remote.addresses import ReachOf
    from tests.fakes.registry import FakeRegistry

IMAGE = made("app")
IMAGES = {APP: IMAGE, WEB: made("web")}
MANIFEST = Digest(IMAGE.digest)
LAYER = layer_of("app").data
BLOB = Descriptor("application/octet-stream", Digest.of(LAYER), len(LAYER))


@asynccontextmanager
async def app_at(
    upstream: FakeRegistry | str,
    *,
    reach: ReachOf = reach_of,
    report: Listener = lambda _event: None,
    trust: Trust = Trust(),  # noqa: B008 - an immutable value
) -> AsyncIterator[Repository]:
    """Open a conversation with one.test, a fake or its URL."""
    url = upstream if isinstance(upstream, str) else upstream.url
    transport = Transport({"one.test": url}, reach=reach, report=report, trust=trust)
    try:
        yield Repository(Reference("one.test", "app", "1"), transport)
    finally:
        await transport.close()


async def read(source: Repository, start: int = 0) -> tuple[int, bytes]:
    """Read the layer from a byte on; return where the answer began, and its bytes."""
    async with source.open(BLOB, Span(start, BLOB.size)) as body:
        return body.start, b"".join([piece async for piece in body.pieces])
