"""Blobs in parts, by readers fast, slow and gone."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.store.disk import DiskStore
from tests.integration.filled import fill, path_of
from tests.lab.images import image
from tests.lab.layers import random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import ClientResponse
    from aiohttp.test_utils import TestClient

    from tests.integration.conftest import Serve

LAYER = random_layer("large", 9 << 20)  # more than one step of sendfile, and than a socket takes
SIZE = len(LAYER.data)
PATH = f"/v2/large/blobs/{LAYER.digest}"


@pytest.fixture
async def client(tmp_path: Path, serve: Serve) -> TestClient[Any, Any]:
    """One image with one large layer, served."""
    images = {"docker.io/library/large:1": image([LAYER])}
    return await serve(await fill(tmp_path, images))


def parts_of(answer: ClientResponse, body: bytes) -> list[tuple[str, str, bytes]]:
    """Read a multipart body with the standard library's parser."""
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    assert message.get_content_type() == "multipart/byteranges"
    assert not message.defects
    found = []
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((part["Content-Range"], part.get_content_type(), content))
    return found


@pytest.mark.parametrize(
    "wanted, start, stop",
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        ("bytes=1048575-1048576", 1048575, 1048577),
        ("bytes=1000-3000000", 1000, 3000001),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        ("bytes=5000000-99999999999", 5000000, SIZE),
    ],
)
async def test_one_range_is_answered_with_its_bytes(
    client: TestClient[Any, Any], wanted: str, start: int, stop: int
) -> None:
    answer = await client.get(PATH, headers={"Range": wanted})
    assert answer.status == 206
    assert await answer.read() == LAYER.data[start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(stop - start)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["ETag"] == f'"{LAYER.digest}"'


async def test_several_ranges_are_answered_as_parts(client: TestClient[Any, Any]) -> None:
    spans = [(0, 9), (2000000, 4500000), (5, 5), (SIZE - 3, SIZE - 1)]
    wanted = ", ".join(f"{first}-{last}" for first, last in spans[:3])
    answer = await client.get(PATH, headers={"Range": f"bytes={wanted}, -3"})
    body = await answer.read()
    assert answer.status == 206
    assert "Content-Range" not in answer.headers
    assert answer.headers["Content-Length"] == str(len(body))
    # Unlike the MIME parser's text, the bytes are compared as they travelled.
    ranges = [(where, kind) for where, kind, _ in parts_of(answer, body)]
    octets = "application/octet-stream"
    assert ranges == [(f"bytes {first}-{last}/{SIZE}", octets) for first, last in spans]
    for first, last in spans:
        head = f"Content-Range: bytes {first}-{last}/{SIZE}\r\n\r\n".encode()
        assert head + LAYER.data[first : last + 1] + b"\r\n--" in body


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=-0", "bytes=500-0", "bytes=1-0,-0"])
async def test_a_range_outside_is_refused_with_the_size(
    client: TestClient[Any, Any], wanted: str
) -> None:
    answer = await client.get(PATH, headers={"Range": wanted})
    assert (answer.status, await answer.read()) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert (await client.get("/v2/")).status == 200


@pytest.mark.parametrize(
    "condition, status",
    [
        (f'"{LAYER.digest}"', 206),
        ('"stale"', 200),
        (f'W/"{LAYER.digest}"', 200),
        ("Sat, 29 Oct 2050 19:43:31 GMT", 200),
    ],
)
async def test_a_resumed_download_gets_the_whole_when_its_part_is_stale(
    client: TestClient[Any, Any], condition: str, status: int
) -> None:
    headers = {"Range": "bytes=1000-", "If-Range": condition}
    answer = await client.get(PATH, headers=headers)
    start = 1000 if status == 206 else 0
    assert (answer.status, await answer.read()) == (status, LAYER.data[start:])


async def test_head_ignores_a_range(client: TestClient[Any, Any]) -> None:
    answer = await client.head(PATH, headers={"Range": "bytes=0-9"})
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(SIZE))


@pytest.mark.parametrize("wanted", ["", "Range: bytes=1000-\r\n", "Range: bytes=0-,1-2\r\n"])
async def test_a_client_that_goes_away_in_mid_blob_harms_nobody(
    client: TestClient[Any, Any], wanted: str
) -> None:
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n{wanted}\r\n".encode()
    for _ in range(20):
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        writer.write(request)
        assert (await reader.readexactly(9)).startswith(b"HTTP/1.1 ")
        writer.transport.abort()
    answer = await client.get(PATH)
    assert await answer.read() == LAYER.data


async def test_a_manifest_does_not_wait_for_a_reader_that_stopped(
    client: TestClient[Any, Any],
) -> None:
    stuck = []
    for _ in range(8):
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        writer.write(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readexactly(9)
        stuck.append(writer)
    assert (await client.get("/v2/large/manifests/1")).status == 200
    for writer in stuck:
        writer.transport.abort()


async def test_many_readers_of_ranges_at_once_get_the_right_bytes(
    client: TestClient[Any, Any],
) -> None:
    async def read(number: int) -> bool:
        start = number * 262_144 + number
        stop = start + 3_000_000
        answer = await client.get(PATH, headers={"Range": f"bytes={start}-{stop - 1}"})
        return await answer.read() == LAYER.data[start:stop]

    assert all(await asyncio.gather(*(read(number) for number in range(24))))


async def test_one_connection_stays_in_step_over_many_kinds_of_answers(
    client: TestClient[Any, Any],
) -> None:
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    asked = ["Range: bytes=0-9", "Range: bytes=-0", f'If-None-Match: "{LAYER.digest}"', "A: b"]
    lines = "".join(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n" for header in asked)
    writer.write(f"{lines}HEAD {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    received = await reader.read(-1)
    writer.close()
    # Without the bodies, whose lengths are known, only the heads are left.
    heads = received.replace(LAYER.data, b"").replace(LAYER.data[:10], b"")
    statuses = [line.split()[1] for line in heads.split(b"\r\n") if line.startswith(b"HTTP/")]
    assert statuses == [b"206", b"416", b"304", b"200", b"200"]


async def test_a_blob_that_shrinks_while_it_is_sent_does_not_end_as_if_whole(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    received = await reader.readuntil(b"\r\n\r\n")
    assert f"Content-Length: {SIZE}".encode() in received
    os.truncate(path_of(DiskStore(tmp_path), LAYER.digest), 1000)
    body = await asyncio.wait_for(reader.read(-1), 60)
    assert len(body) < SIZE
    writer.close()


async def test_a_blob_that_is_not_in_memory_is_read_from_the_disk(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    with path_of(DiskStore(tmp_path), LAYER.digest).open("rb") as file:
        os.fsync(file.fileno())  # or the kernel keeps what it has not written
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    answer = await client.get(PATH)
    assert await answer.read() == LAYER.data
