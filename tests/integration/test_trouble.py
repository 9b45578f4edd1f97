"""Trouble in the middle of an answer, a write or a login: each costs what it must and no more."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import aiohttp
import pytest
from yarl import URL

from mirrorkit.errors import DeniedError, NotFoundError, UpstreamError
from mirrorkit.remote.auth import Authorizer
from mirrorkit.remote.transport import Transport
from mirrorkit.store.disk import DiskStore
from tests.fakes.faults import cut, status
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.client import MANIFEST, app_at
from tests.integration.filled import blob_of_size, fill, lock_of, path_of
from tests.integration.lesson import APP, WEB, Lesson, layer_of, made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mirrorkit.remote.addresses import Reach
    from mirrorkit.remote.credentials import Credentials
    from tests.integration.conftest import Serve
    from tests.lab.images import Made

SIZE = 1 << 20
IMAGES = {APP: made("app", size=SIZE), WEB: made("web")}
LAYER = layer_of("app", SIZE)
CHALLENGE = 'Bearer realm="https://one.test/token",service="one.test"'


@pytest.fixture
def one() -> Iterator[FakeRegistry]:
    with fake_registry({APP: made("app")}) as registry:
        yield registry


def authorizer(logins: list[str], tokens: list[str]) -> Authorizer:
    """Make one that counts what it asks for."""

    async def fetch(_url: URL, _headers: dict[str, str], _login: str, _most: Reach) -> bytes:
        await asyncio.sleep(0)
        tokens.append(f"token{len(tokens)}")
        return f'{{"token": "{tokens[-1]}"}}'.encode()

    async def look_up(host: str) -> Credentials | None:
        await asyncio.sleep(0)
        logins.append(host)
        return None

    return Authorizer(URL("https://one.test"), fetch=fetch, look_up=look_up)


async def test_one_login_is_looked_up_for_any_number_of_images() -> None:
    logins: list[str] = []
    auth = authorizer(logins, [])
    scopes = [f"repository:{number}:pull" for number in range(8)]
    await asyncio.gather(*(auth.answer(CHALLENGE, scope, refused=None) for scope in scopes))
    assert logins == ["one.test"]


async def test_a_token_that_expired_on_the_way_is_renewed() -> None:
    tokens: list[str] = []
    auth = authorizer([], tokens)
    await auth.answer(CHALLENGE, "a", refused="Bearer an expired one")
    assert auth.header("a") == "Bearer token0"
    await auth.answer(CHALLENGE, "a", refused="Bearer an expired one")
    assert tokens == ["token0"]
    await auth.answer(CHALLENGE, "a", refused="Bearer token0")
    assert auth.header("a") == "Bearer token1"


@pytest.mark.parametrize("code, kind", [(404, NotFoundError), (403, DeniedError)])
async def test_a_no_stays_a_no_when_its_words_break_off(
    one: FakeRegistry, code: int, kind: type[UpstreamError]
) -> None:
    broken = {"Content-Length": "100", "Connection": "close"}
    one.always("/manifests/", status(code, broken, b"{"))
    async with app_at(one) as app:
        with pytest.raises(kind):
            await app.manifest(MANIFEST)


async def test_a_proxy_nobody_can_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://me:secret@127.0.0.1:1080")
    transport = Transport({})
    with pytest.raises(UpstreamError, match=r"socks5://127.0.0.1:1080") as refusal:
        async with transport.get("one.test", "v2/", scope=""):
            pass
    assert "NO_PROXY" in (refusal.value.hint or "")
    assert "secret" not in refusal.value.message
    await transport.close()


async def test_a_resumed_partial_that_was_wrong_does_not_end_the_patience(tmp_path: Path) -> None:
    with fake_registry(IMAGES) as one:
        store = DiskStore(tmp_path)
        lesson = Lesson.of(IMAGES, one.url)
        one.fail(LAYER.digest, cut(SIZE * 3 // 4), status(404))
        await lesson.sync(store)
        partial = tmp_path / "ingest" / LAYER.digest.replace(":", "-")
        partial.write_bytes(bytes(partial.stat().st_size))
        one.fail(LAYER.digest, cut(SIZE), cut(SIZE // 2), *[status(503)] * 5)
        assert (await lesson.sync(store, pauses=(0.01, 0.01))).exit_status == 0


async def test_a_disk_that_cannot_be_read_breaks_the_answer_and_not_the_connection(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path / "store", images)
    digest = await blob_of_size(store, 64 << 20)
    client = await serve(store, lock_of(images))
    async with client.get(f"/v2/x/blobs/{digest}") as answer:
        os.truncate(path_of(store, digest), 1 << 20)
        with pytest.raises(aiohttp.ClientPayloadError):
            await asyncio.wait_for(answer.read(), 10)
    assert (await client.get("/livez")).status == 200
