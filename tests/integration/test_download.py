"""The state of one blob's fetch, as answers come in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.content import Body
from mirrorkit.flows.download import Download, Piece
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.reference import Reference
from mirrorkit.remote.registry import Repository
from mirrorkit.remote.transport import Transport
from mirrorkit.spans import Span
from mirrorkit.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MIB = 1 << 20
BLOB = Descriptor("application/octet-stream", Digest.of(b"large"), 8 * MIB)


@pytest.fixture
async def download() -> AsyncIterator[Download]:
    """Two pieces of four MiB from one source, and nothing of them here yet."""
    transport = Transport({})
    source = Repository(Reference("one.test", "app", "1"), transport)
    async with MemoryStore().ingest(BLOB) as ingest:
        assert ingest is not None
        found = Download(BLOB, [source], "app", 0, ingest, 0.0)
        for _ in range(2):
            assert found.take(4 * MIB, source, 0.0) is not None
        yield found
    await transport.close()


async def nothing() -> AsyncIterator[bytes]:
    for _ in ():
        yield b""


async def test_a_late_answer_to_a_piece_that_was_halved_meanwhile_is_no_whole_blob(
    download: Download,
) -> None:
    first, second = download.pieces
    asked = Span(second.at, second.stop)
    download.split(second, second.source, 9.0)
    download.end(first)  # its neighbour failed, and waits to be taken again
    assert download.suits(second, Body(*asked, nothing()), asked)
    assert (second.at, second.stop, second.is_whole) == (4 * MIB, 6 * MIB, False)
    assert download.todo == [Span(0, 4 * MIB)]


async def test_of_a_source_without_ranges_one_answer_takes_what_nobody_has_begun(
    download: Download,
) -> None:
    first, second = download.pieces
    whole = Body(0, BLOB.size, nothing())
    assert download.suits(second, whole, Span(4 * MIB, 8 * MIB))
    assert (second.at, second.stop, second.is_whole) == (0, 8 * MIB, True)
    assert not download.suits(first, whole, Span(0, 4 * MIB))


async def test_how_long_a_piece_will_take_follows_from_what_it_brings_lately(
    download: Download,
) -> None:
    piece = Piece(0, 64 * MIB, download.sources[0], 0.0)
    for _ in range(12):  # half a second each
        piece.got += 5 * MIB
        piece.look(0.5)
    piece.at = piece.got
    assert piece.seconds_left(6.0) == pytest.approx(0.4)
    for _ in range(8):
        piece.got += 64 * 1024
        piece.look(0.5)
    piece.at = piece.got
    assert piece.seconds_left(10.0) == pytest.approx(28.0)
    assert piece.is_slow(10.0)
