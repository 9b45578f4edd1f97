"""What every Source promises; the fake registry and Debian's docker-registry keep it alike."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import NotFoundError, UnreachableError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.reference import Reference
from mirrorkit.remote.registry import Repository
from mirrorkit.remote.transport import Transport
from mirrorkit.spans import Span
from tests.fakes.registry import fake_registry
from tests.integration.lesson import made
from tests.lab.images import Made, index
from tests.lab.layers import random_layer
from tests.lab.process import free_port
from tests.lab.registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mirrorkit.content import Source

LAYER = random_layer("contract", 200_000)
CHILD = made("contract", size=200_000)
INDEX = index([CHILD])
IMAGES = {"one.test/lab/app:1": INDEX}
BLOB = Descriptor("application/octet-stream", Digest(LAYER.digest), len(LAYER.data))
NOWHERE = Digest.of(b"nowhere")


@pytest.fixture(scope="module", params=["fake", "docker-registry"])
def address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "fake":
        with fake_registry(IMAGES) as fake:
            yield fake.address
    else:
        with docker_registry(tmp_path_factory.mktemp("registry")) as real:
            real.push_all(IMAGES)
            yield real.address


@asynccontextmanager
async def source_at(address: str, repository: str = "lab/app") -> AsyncIterator[Source]:
    transport = Transport({})
    try:
        yield Repository(Reference(address, repository, "1"), transport)
    finally:
        await transport.close()


async def blob_from(source: Source, descriptor: Descriptor, start: int = 0) -> tuple[int, bytes]:
    async with source.open(descriptor, Span(start, descriptor.size)) as body:
        return body.start, b"".join([piece async for piece in body.pieces])


async def test_it_is_called_by_its_host(address: str) -> None:
    async with source_at(address) as source:
        assert source.name == address


async def test_a_tag_stands_for_a_digest(address: str) -> None:
    async with source_at(address) as source:
        assert await source.resolve("1") == INDEX.digest
        with pytest.raises(NotFoundError, match="404"):
            await source.resolve("2")


@pytest.mark.parametrize("made_one", [CHILD, INDEX], ids=["manifest", "index"])
async def test_a_manifest_comes_byte_for_byte(address: str, made_one: Made) -> None:
    async with source_at(address) as source:
        assert await source.manifest(Digest(made_one.digest)) == made_one.data


async def test_a_blob_comes_whole(address: str) -> None:
    async with source_at(address) as source:
        assert await blob_from(source, BLOB) == (0, LAYER.data)


@pytest.mark.parametrize("start", [1, 70_000, len(LAYER.data) - 1])
async def test_a_blob_comes_from_any_offset(address: str, start: int) -> None:
    async with source_at(address) as source:
        assert await blob_from(source, BLOB, start) == (start, LAYER.data[start:])


async def test_what_is_not_there_is_not_found(address: str) -> None:
    nothing = Descriptor("application/octet-stream", NOWHERE, 7)
    async with source_at(address) as source, source_at(address, "lab/none") as stranger:
        for one in (source, stranger):
            with pytest.raises(NotFoundError, match="404"):
                await one.manifest(NOWHERE)
            with pytest.raises(NotFoundError, match="404"):
                await blob_from(one, nothing)


async def test_a_ping_returns_while_it_lives_whatever_the_repository(address: str) -> None:
    async with source_at(address, "lab/none") as source:
        await source.ping()


async def test_a_ping_raises_where_nothing_listens() -> None:
    async with source_at(f"127.0.0.1:{free_port()}") as source:
        with pytest.raises(UnreachableError, match="cannot be reached"):
            await source.ping()
