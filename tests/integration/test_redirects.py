"""Blobs on somebody else's server: followed so far, with nothing secret along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import DeniedError, UpstreamError
from tests.fakes.faults import redirect, status
from tests.fakes.guards import Password, user_of
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.client import BLOB, IMAGE, LAYER, MANIFEST, app_at, read
from tests.integration.lesson import APP
from tests.integration.logins import write_login

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def cdn() -> Iterator[FakeRegistry]:
    with fake_registry({APP: IMAGE}) as registry:
        yield registry


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_every_redirect_is_followed_and_the_range_goes_along(
    upstream: FakeRegistry, cdn: FakeRegistry, code: int
) -> None:
    upstream.always("/blobs/", redirect(f"{cdn.url}{{path}}?signature=1", code))
    async with app_at(upstream) as app:
        assert await read(app, 100) == (100, LAYER[100:])
    assert [asked.start for asked in cdn.asked] == [100]


async def test_a_login_stays_with_the_registry_it_belongs_to(
    upstream: FakeRegistry, cdn: FakeRegistry, docker_config: Path
) -> None:
    upstream.guard = Password("teacher", "chalk")
    write_login(docker_config, upstream.address, "teacher", "chalk")
    async with app_at(upstream) as app:
        await app.manifest(MANIFEST)
        upstream.fail("/blobs/", redirect(f"{cdn.url}{{path}}"))
        assert await read(app) == (0, LAYER)
    assert user_of(upstream.requests("/blobs/")[0]) == "teacher"
    assert [asked.headers.get("Authorization") for asked in cdn.asked] == [None]


async def test_a_login_stays_where_it_is_when_a_second_hop_returns_home(
    upstream: FakeRegistry, cdn: FakeRegistry, docker_config: Path
) -> None:
    upstream.guard = Password("teacher", "chalk")
    write_login(docker_config, upstream.address, "teacher", "chalk")
    async with app_at(upstream) as app:
        await app.manifest(MANIFEST)
        upstream.fail("/blobs/", redirect(f"{cdn.url}{{path}}"), status(200, body=LAYER))
        cdn.fail("/blobs/", redirect(f"{upstream.url}{{path}}"))
        assert await read(app) == (0, LAYER)
    assert [user_of(asked) for asked in upstream.requests("/blobs/")] == ["teacher", ""]


async def test_a_stranger_s_challenge_is_not_answered(
    upstream: FakeRegistry, cdn: FakeRegistry, docker_config: Path
) -> None:
    write_login(docker_config, cdn.address, "teacher", "chalk")
    cdn.guard = Password("teacher", "chalk")
    upstream.fail("/blobs/", redirect(f"{cdn.url}{{path}}"))
    async with app_at(upstream) as app:
        with pytest.raises(DeniedError, match="401"):
            await read(app)
    assert [asked.headers.get("Authorization") for asked in cdn.asked] == [None]


async def test_five_hops_are_followed_and_not_six(upstream: FakeRegistry) -> None:
    async with app_at(upstream) as app:
        upstream.fail("/blobs/", *(redirect("{path}") for _ in range(5)))
        assert await read(app) == (0, LAYER)
        assert len(upstream.requests()) == 6
        upstream.always("/blobs/", redirect("{path}"))
        with pytest.raises(UpstreamError, match="redirects more than 5 times"):
            await read(app)
    assert len(upstream.requests()) == 12


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/x", "file:///etc/passwd", "javascript:alert(1)"]
)
async def test_a_redirect_to_anything_but_http_is_refused(
    upstream: FakeRegistry, location: str
) -> None:
    upstream.fail("/blobs/", redirect(location))
    async with app_at(upstream) as app:
        with pytest.raises(UpstreamError, match="redirects to an unsafe address"):
            await read(app)
    assert len(upstream.requests(BLOB.digest)) == 1


async def test_a_redirect_without_a_place_is_an_answer_like_others(upstream: FakeRegistry) -> None:
    upstream.fail("/blobs/", status(307))
    async with app_at(upstream) as app:
        with pytest.raises(UpstreamError, match="answered 307"):
            await read(app)


async def test_where_a_blob_was_redirected_to_is_asked_again_without_the_detour(
    upstream: FakeRegistry, cdn: FakeRegistry
) -> None:
    upstream.always("/blobs/", redirect(f"{cdn.url}{{path}}?signature=1"))
    async with app_at(upstream) as app:
        for start in (0, 100, 200):
            assert await read(app, start) == (start, LAYER[start:])
    assert len(upstream.requests("/blobs/")) == 1
    assert [asked.start for asked in cdn.asked] == [0, 100, 200]


@pytest.mark.parametrize("code", [400, 403, 404, 503])
async def test_a_target_that_is_no_good_any_more_is_forgotten_and_the_registry_asked_anew(
    upstream: FakeRegistry, cdn: FakeRegistry, code: int
) -> None:
    upstream.always("/blobs/", redirect(f"{cdn.url}{{path}}?signature=1"))
    async with app_at(upstream) as app:
        await read(app)
        cdn.fail("/blobs/", status(code))
        assert await read(app, 100) == (100, LAYER[100:])
    assert len(upstream.requests("/blobs/")) == 2


async def test_a_target_that_is_gone_is_forgotten_too(upstream: FakeRegistry) -> None:
    async with app_at(upstream) as app:
        with fake_registry({APP: IMAGE}) as short:
            upstream.fail("/blobs/", redirect(f"{short.url}{{path}}"))
            await read(app)
        assert await read(app, 100) == (100, LAYER[100:])
