"""Logins: used where they belong, and nowhere else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mirrorkit.errors import DeniedError
from tests.fakes.faults import redirect, status
from tests.fakes.guards import Password, user_of
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.client import IMAGE, LAYER, MANIFEST, app_at, read
from tests.integration.logins import FOREIGN, USER, tokens, write_config, write_helper, write_login

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_password_from_docker_s_config_opens_the_door(
    upstream: FakeRegistry, docker_config: Path
) -> None:
    upstream.guard = Password(*USER)
    write_login(docker_config, upstream.address, *USER)
    async with app_at(upstream) as app:
        assert await app.manifest(MANIFEST) == IMAGE.data
        assert await read(app) == (0, LAYER)
    # Nobody shows a password before it is asked for; then it is shown at once.
    assert [user_of(asked) for asked in upstream.asked] == ["", "teacher", "teacher"]


async def test_a_password_from_a_credential_helper_opens_the_door(
    upstream: FakeRegistry, docker_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.guard = Password("teacher", "chalk")
    write_config(docker_config, {"credHelpers": {upstream.address: "lab"}})
    asked = f'cat > {tmp_path}/asked; echo "$1" >> {tmp_path}/asked'
    write_helper(tmp_path, f'{asked}; echo \'{{"Username":"teacher","Secret":"chalk"}}\'')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with app_at(upstream) as app:
        assert await app.manifest(MANIFEST) == IMAGE.data
    assert (tmp_path / "asked").read_text() == f"{upstream.address}get\n"


@pytest.mark.parametrize("guarded", ["password", "tokens"])
async def test_a_wrong_password_is_denied_with_a_hint_and_asked_once(
    upstream: FakeRegistry, docker_config: Path, guarded: str
) -> None:
    if guarded == "password":
        upstream.guard = Password(*USER)
    else:
        tokens(upstream, USER)
    write_login(docker_config, upstream.address, "teacher", "sponge")
    async with app_at(upstream) as app:
        with pytest.raises(DeniedError, match="401") as refusal:
            await app.manifest(MANIFEST)
    assert "docker login" in (refusal.value.hint or "")
    assert len(upstream.asked) == 2
    assert "sponge" not in repr(refusal.value)


async def test_without_a_login_the_hint_is_to_log_in(upstream: FakeRegistry) -> None:
    upstream.guard = Password(*USER)
    async with app_at(upstream) as app:
        with pytest.raises(DeniedError, match="asks for a login") as refusal:
            await app.manifest(MANIFEST)
    assert "docker login" in (refusal.value.hint or "")


@pytest.mark.parametrize(
    "challenge",
    [
        f'Bearer realm="{FOREIGN}",service="fake"',
        'Bearer realm="file:///etc/passwd"',
        'Bearer realm="/token"',
        'Bearer realm="http://[/token"',
        'Bearer realm=""',
        'Bearer service="fake"',
        "Bearer",
    ],
)
async def test_an_unsafe_or_missing_realm_is_not_asked(
    upstream: FakeRegistry, docker_config: Path, challenge: str
) -> None:
    write_login(docker_config, upstream.address, *USER)
    upstream.always("/v2/", status(401, {"WWW-Authenticate": challenge}))
    async with app_at(upstream) as app:
        with pytest.raises(DeniedError, match="unsafe token server"):
            await app.manifest(MANIFEST)
    assert [user_of(asked) for asked in upstream.asked] == [""]


async def test_a_realm_that_redirects_elsewhere_gets_the_login_and_the_stranger_does_not(
    upstream: FakeRegistry, docker_config: Path
) -> None:
    write_login(docker_config, upstream.address, *USER)
    guard = tokens(upstream)
    with fake_registry({}) as stranger:
        stranger.guard = guard
        upstream.fail("/token", redirect(f"{stranger.url}{{path}}"))
        async with app_at(upstream) as app:
            assert await app.manifest(MANIFEST) == IMAGE.data
        assert [user_of(asked) for asked in upstream.requests("/token")] == ["teacher"]
        assert [asked.headers.get("Authorization") for asked in stranger.asked] == [None]


@pytest.mark.parametrize("script", ["exit 1", "echo no json", "kill -9 $$", ""])
async def test_a_helper_that_fails_leaves_the_pull_anonymous(
    upstream: FakeRegistry,
    docker_config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
) -> None:
    tokens(upstream)
    write_config(docker_config, {"credsStore": "lab"})
    write_helper(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with app_at(upstream) as app:
        assert await app.manifest(MANIFEST) == IMAGE.data


@pytest.mark.parametrize(
    "entry",
    [7, {}, {"auth": "!"}, {"auth": "YQ=="}, {"auth": ""}, {"username": "teacher"}],
    ids=str,
)
async def test_a_login_nobody_can_read_leaves_the_pull_anonymous(
    upstream: FakeRegistry, docker_config: Path, entry: object
) -> None:
    guard = tokens(upstream)
    write_config(docker_config, {"auths": {upstream.address: entry}})
    async with app_at(upstream) as app:
        assert await app.manifest(MANIFEST) == IMAGE.data
    assert user_of(upstream.requests("/token")[0]) == ""
    assert len(guard.given) == 1
