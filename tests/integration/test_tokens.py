"""Tokens: one for each scope, used while it opens the door, renewed when it does not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import DeniedError, MirrorkitError, UnreachableError, UpstreamError
from tests.fakes.faults import ENDLESS, endless, status
from tests.fakes.guards import user_of
from tests.integration.client import IMAGE, LAYER, MANIFEST, app_at, read
from tests.integration.lesson import APP, WEB, Lesson, made
from tests.integration.logins import USER, tokens, write_login

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.content import Store
    from tests.fakes.registry import FakeRegistry


@pytest.mark.parametrize("login", [None, USER])
async def test_a_token_is_fetched_with_the_scope_and_login_and_used_again(
    upstream: FakeRegistry, docker_config: Path, login: tuple[str, str] | None
) -> None:
    guard = tokens(upstream, login)
    if login:
        write_login(docker_config, upstream.address, *login)
    async with app_at(upstream) as app:
        assert await app.manifest(MANIFEST) == IMAGE.data
        assert await read(app) == (0, LAYER)
        assert await read(app, 9) == (9, LAYER[9:])
    assert guard.given == ["repository:app:pull"]
    (asked,) = upstream.requests("/token")
    assert "service=fake" in asked.path
    assert user_of(asked) == (login[0] if login else "")


async def test_each_scope_has_one_token_of_its_own(upstream: FakeRegistry, store: Store) -> None:
    guard = tokens(upstream)
    lesson = Lesson.of({APP: IMAGE, WEB: made("web")}, upstream.url)
    report = await lesson.sync(store)
    assert report.exit_status == 0
    assert sorted(guard.given) == ["repository:app:pull", "repository:web:pull"]


async def test_a_token_that_ends_in_mid_run_is_renewed_once(upstream: FakeRegistry) -> None:
    guard = tokens(upstream)
    async with app_at(upstream) as app:
        await app.manifest(MANIFEST)
        guard.revoke()
        assert await read(app) == (0, LAYER)
        assert await read(app) == (0, LAYER)
    assert guard.given == ["repository:app:pull"] * 2
    assert [asked.status for asked in upstream.requests("/blobs/")] == [401, 200, 200]


async def test_a_token_that_opens_nothing_is_not_asked_for_again_and_again(
    upstream: FakeRegistry,
) -> None:
    guard = tokens(upstream)
    upstream.always("/v2/", status(401, {"WWW-Authenticate": f'Bearer realm="{guard.realm}"'}))
    async with app_at(upstream) as app:
        with pytest.raises(DeniedError, match="401"):
            await app.manifest(MANIFEST)
    assert len(guard.given) == 1
    assert len(upstream.requests("/v2/")) == 2


@pytest.mark.parametrize(
    "body, kind",
    [
        (b"{}", DeniedError),
        (b'{"token":""}', DeniedError),
        (b'{"token":"a\\r\\nX-Evil: 1"}', DeniedError),
        (b'{"token":"\\u00e9"}', DeniedError),
        (b'{"token":7}', UnreachableError),
        (b"<html>", UnreachableError),
        (b"", UnreachableError),
    ],
)
async def test_a_token_that_is_none_is_an_error_of_the_source(
    upstream: FakeRegistry, body: bytes, kind: type[MirrorkitError]
) -> None:
    tokens(upstream)
    upstream.always("/token", status(200, body=body))
    async with app_at(upstream) as app:
        with pytest.raises(kind):
            await read(app)


async def test_an_endless_token_is_read_no_further_than_its_limit(upstream: FakeRegistry) -> None:
    tokens(upstream)
    upstream.always("/token", endless())
    async with app_at(upstream) as app:
        with pytest.raises(UpstreamError, match="more than"):
            await read(app)
    assert upstream.sent("/token") < ENDLESS


async def test_many_requests_at_once_after_a_token_ended_all_come_through(
    upstream: FakeRegistry,
) -> None:
    guard = tokens(upstream)
    async with app_at(upstream) as app:
        await app.manifest(MANIFEST)
        guard.revoke()
        found = await asyncio.gather(*(read(app) for _ in range(8)))
    assert found == [(0, LAYER)] * 8
