"""Answers made to break a client: the source is to blame, the other images go on."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import UpstreamError
from mirrorkit.remote.addresses import Reach
from mirrorkit.store.memory import MemoryStore
from tests.fakes.faults import cut, endless, flipped, instead, longer, ranged, redirect, status
from tests.fakes.guards import Tokens
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.client import IMAGE, LAYER, MANIFEST, app_at, read
from tests.integration.lesson import APP, WEB, Lesson, made

if TYPE_CHECKING:
    from tests.fakes.registry import Answer
    from tests.integration.command import Desk

IMAGES = {APP: IMAGE, WEB: made("web")}
NOT_UTF8 = b'{"errors":[{"message":"\xff"}],"token":"\xff"}'
DEEP = b"[" * 60_000


@pytest.mark.parametrize("part", ["/v2/app/manifests/", "/v2/app/blobs/"])
@pytest.mark.parametrize(
    "answer",
    [
        redirect("http://["),
        redirect("http://h:99999/"),
        redirect("http://h:x/"),
        status(404, body=NOT_UTF8),
        status(404, body=DEEP),
        status(401, {"WWW-Authenticate": 'Bearer realm="//127.0.0.1/token"'}),
    ],
    ids=["bracket", "port", "word", "not utf-8", "deep", "no scheme"],
)
async def test_an_answer_made_to_break_a_client_is_an_error_of_that_image_alone(
    upstream: FakeRegistry, part: str, answer: Answer
) -> None:
    upstream.always(part, answer)
    report = await Lesson.of(IMAGES, upstream.url).sync(MemoryStore())
    assert list(report.failures) == [APP]
    assert isinstance(report.failures[APP], UpstreamError)


def test_an_answer_made_to_break_a_client_is_no_bug_of_ours(
    desk: Desk, upstream: FakeRegistry
) -> None:
    upstream.always("/v2/app/", redirect("http://["))
    desk.prepare(IMAGES, upstream.url)
    done = desk.run("sync")
    assert done.status == 4, done
    assert "Traceback" not in done.err
    assert desk.names() == {WEB}


@pytest.mark.parametrize("body", [NOT_UTF8, DEEP], ids=["not utf-8", "deep"])
async def test_a_token_made_to_break_a_client_is_an_error_of_the_source(
    upstream: FakeRegistry, body: bytes
) -> None:
    upstream.guard = Tokens(f"{upstream.url}/token")
    upstream.always("/token", status(200, body=body))
    async with app_at(upstream) as app:
        with pytest.raises(UpstreamError):
            await read(app)


SIGNED = "?X-Amz-Signature=secret&token=secret"


FAULTS: dict[str, Answer] = {
    **{str(code): status(code) for code in (307, 400, 401, 403, 404, 407, 416, 429, 500)},
    "cut": cut(100),
    "longer": longer,
    "flipped": flipped,
    "endless": endless(404),
    "another": instead(b"other"),
    "another range": ranged("bytes 7-9/9"),
    "round": redirect("{path}"),
    "ftp": redirect(f"ftp://x{SIGNED}"),
    "bracket": redirect(f"http://[{SIGNED}"),
    "number": redirect(f"http://2130706433/{SIGNED}"),
    "length": status(200, {"Content-Length": "x"}),
    "gzip": status(200, {"Content-Encoding": "gzip"}),
    "realm": status(401, {"WWW-Authenticate": f'Bearer realm="http://h/{SIGNED}"'}),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_error_event_or_log_repeats_the_signature_of_a_signed_address(
    upstream: FakeRegistry, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with fake_registry(IMAGES) as cdn:
        upstream.always("/v2/app/", redirect(f"{cdn.url}{{path}}{SIGNED}"))
        cdn.always("/v2/app/", FAULTS[fault])
        lesson = Lesson.of(IMAGES, upstream.url)
        report = await lesson.sync(MemoryStore())
        assert cdn.asked
    assert list(report.failures) == [APP]
    error = report.failures[APP]
    servers = "aiohttp.access"  # the fakes' own log, which is not ours
    logged = [each.getMessage() for each in caplog.records if each.name != servers]
    assert "secret" not in f"{error.message} {error.hint} {lesson.heard} {logged}"


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no.invalid", "127.1:1", "garbage"])
async def test_no_error_repeats_the_signature_of_an_address_nobody_answers_at(
    upstream: FakeRegistry, host: str
) -> None:
    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"garbage\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(garbage, "127.0.0.1", 0)
    async with server:
        if host == "garbage":
            host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        upstream.always("/blobs/", redirect(f"http://{host}/x{SIGNED}"))
        async with app_at(upstream) as app:
            with pytest.raises(UpstreamError) as refusal:
                await read(app)
    assert "secret" not in f"{refusal.value.message} {refusal.value.hint}"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "code, said",
    [(407, "the proxy asks for a login"), (503, r"answered 503"), (403, "answered 403")],
)
async def test_a_proxy_that_lets_nobody_through_is_told_as_what_it_is(
    upstream: FakeRegistry, monkeypatch: pytest.MonkeyPatch, scheme: str, code: int, said: str
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"http://me:secret@{upstream.address}")
    upstream.always("", status(code, {"Proxy-Authenticate": "Basic"}))
    async with app_at(f"{scheme}://one.example") as app:
        with pytest.raises(UpstreamError, match=said) as refusal:
            await read(app)
    assert "secret" not in f"{refusal.value.message} {refusal.value.hint}"
    assert [asked.headers["Proxy-Authorization"][:5] for asked in upstream.asked] == ["Basic"]


async def test_the_login_of_a_proxy_goes_to_the_proxy_alone(
    upstream: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:secret@{upstream.address}")
    with fake_registry(IMAGES) as direct:
        upstream.always("/", redirect(f"{direct.url}{{path}}"))
        async with app_at("http://one.example", reach=lambda _: Reach.GLOBAL) as app:
            assert await read(app) == (0, LAYER)
        assert [("Proxy-Authorization" in each.headers) for each in direct.asked] == [False]
    assert [("Proxy-Authorization" in each.headers) for each in upstream.asked] == [True]


@pytest.mark.parametrize(
    "challenge",
    [
        'Negotiate, Bearer realm="{realm}",service="fake",scope="{scope}"',
        'Bearer realm="{realm}",service=fake,scope="{scope}"',
        'Digest realm="x", nonce="y", Bearer realm="{realm}",scope="{scope}"',
    ],
)
async def test_a_challenge_is_read_as_rfc_9110_writes_it(
    upstream: FakeRegistry, challenge: str
) -> None:
    guard = Tokens(f"{upstream.url}/token", challenge=challenge)
    upstream.guard = guard
    async with app_at(upstream) as app:
        assert await app.manifest(MANIFEST) == IMAGE.data
    assert ("service=fake" in upstream.requests("/token")[0].path) is ("fake" in challenge)


async def test_many_requests_at_once_renew_a_token_once(upstream: FakeRegistry) -> None:
    guard = Tokens(f"{upstream.url}/token")
    upstream.guard = guard
    async with app_at(upstream) as app:
        await app.manifest(MANIFEST)
        guard.revoke()
        await asyncio.gather(*(read(app) for _ in range(8)))
    assert len(guard.given) == 2
