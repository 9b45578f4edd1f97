"""A blob written from its beginning on, for tests that care for its bytes and not their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirrorkit.content import Ingest

PIECE = 1 << 16


def offset(ingest: Ingest) -> int:
    """Return how many bytes are there without a gap."""
    return ingest.parts.reach(0)


async def append(ingest: Ingest, data: bytes) -> None:
    """Write what follows them."""
    async with ingest.writer(offset(ingest), "one.test") as writer:
        for start in range(0, len(data), PIECE):
            await writer.write(data[start : start + PIECE])
