"""What the client makes of answers that say no, or nothing readable."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import (
    DeniedError,
    MirrorkitError,
    NotFoundError,
    UnreachableError,
    UpstreamError,
)
from tests.fakes.faults import ENDLESS, endless, status
from tests.integration.client import app_at, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.registry import FakeRegistry


@pytest.mark.parametrize(
    "code, kind",
    [
        (400, UpstreamError),
        (401, DeniedError),
        (403, DeniedError),
        (404, NotFoundError),
        (408, UnreachableError),
        (410, NotFoundError),
        (416, UpstreamError),
        (429, UnreachableError),
        (500, UnreachableError),
        (503, UnreachableError),
        (307, UpstreamError),
    ],
)
async def test_each_status_becomes_the_error_it_means(
    upstream: FakeRegistry, code: int, kind: type[UpstreamError]
) -> None:
    upstream.always("/blobs/", status(code, body=b'{"errors":[{"message":"go\\u001b[1m away"}]}'))
    async with app_at(upstream) as app:
        with pytest.raises(kind) as refusal:
            await read(app)
    assert type(refusal.value) is kind
    # Control characters of a stranger reach no terminal.
    assert refusal.value.message == f"one.test answered {code}: go[1m away"


@pytest.mark.parametrize(
    "said, least, most",
    [
        ("7", 7, 7),
        (" 7 ", 7, 7),
        ("0", 0, 0),
        ("120", 120, 120),
        ("99999999999", 86_400, 86_400),
        ("9" * 4000, 86_400, 86_400),
        ("0000007", 7, 7),
        ("Wed, 21 Oct 2115 07:28:00 GMT", 86_400, 86_400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2115 07:28:00 +0900", 86_400, 86_400),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 0, 0),
    ],
)
async def test_a_busy_registry_says_how_long_to_stay_away(
    upstream: FakeRegistry, said: str, least: float, most: float
) -> None:
    upstream.fail("/blobs/", status(429, {"Retry-After": said}))
    async with app_at(upstream) as app:
        with pytest.raises(UnreachableError) as refusal:
            await read(app)
    assert refusal.value.retry_after is not None
    assert least <= refusal.value.retry_after <= most
    assert ("it asks for a pause of" in refusal.value.message) == bool(most)


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "soon",
            "-5",
            "-0",
            "+5",
            "1.5",
            "1e9",
            "0x10",
            "7 s",
            "1;2",
            "1, 2",
            "\u0667",
            "\xb2",
        ),
        *("Wed, 99 Foo 2015", "Wed, 21 Oct 99999 07:28:00 GMT", "Wed, 21 Oct 2115 99:99:99 GMT"),
        *(
            "Wed, 21 Oct 2115 07:28:00",
            "Wed, 21 Oct 2115 07:28:00 +9999999999",
            "," * 999,
            "-" * 999,
        ),
    ],
)
async def test_garbage_in_retry_after_says_nothing(upstream: FakeRegistry, said: str) -> None:
    upstream.fail("/blobs/", status(429, {"Retry-After": said}))
    async with app_at(upstream) as app:
        with pytest.raises(UnreachableError) as refusal:
            await read(app)
    assert refusal.value.retry_after is None


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("said", ["7", "\t7 \t", "Wed, 21 Oct 2115 07:28:00 GMT"])
async def test_the_line_ends_of_the_answer_do_not_matter(end: str, said: str) -> None:
    head = ("HTTP/1.1 429 Too Many Requests", f"Retry-After: {said}", "Content-Length: 0")
    async with speaking(end.join((*head, "", ""))) as url, app_at(url) as app:
        with pytest.raises(UnreachableError) as refusal:
            await read(app)
    assert refusal.value.retry_after == (7 if "7" in said[:3] else 86_400)


async def test_an_endless_error_is_read_no_further_than_its_limit(upstream: FakeRegistry) -> None:
    upstream.always("/blobs/", endless(404))
    async with app_at(upstream) as app:
        with pytest.raises(NotFoundError, match=r"one\.test answered 404$"):
            await read(app)
    assert upstream.sent() < ENDLESS


@pytest.mark.parametrize(
    "body", [b"", b"no", b"{}", b"[]", b"null", b'{"errors":[]}', b'{"errors":{"a":1}}', b'"\\u00"']
)
async def test_an_error_nobody_can_read_still_says_its_status(
    upstream: FakeRegistry, body: bytes
) -> None:
    upstream.always("/blobs/", status(404, body=body))
    async with app_at(upstream) as app:
        with pytest.raises(NotFoundError, match=r"one\.test answered 404$"):
            await read(app)


@asynccontextmanager
async def speaking(words: str) -> AsyncIterator[str]:
    """Say the same to everybody who calls, and hang up; yield its URL."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words.encode("latin-1"))
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_peer_that_speaks_no_http_is_an_error_of_one_line() -> None:
    async with speaking("SSH-2.0-OpenSSH_9.2\r\n") as url, app_at(url) as app:
        with pytest.raises(MirrorkitError) as refusal:
            await read(app)
    assert isinstance(refusal.value, UnreachableError)
    assert refusal.value.message.splitlines() == [refusal.value.message]
