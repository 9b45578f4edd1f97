"""Credential helpers that do not do what Docker's do: most pulls work without a login."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.fakes.guards import Tokens
from tests.fakes.registry import fake_registry
from tests.integration.client import IMAGE, MANIFEST, app_at
from tests.integration.lesson import APP
from tests.integration.logins import write_config, write_helper

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.command import Desk


@pytest.mark.parametrize("script", ["echo '{}'", "echo '[]'", "echo null"])
async def test_a_helper_that_prints_something_else_leaves_the_pull_anonymous(
    docker_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    write_config(docker_config, {"credsStore": "lab"})
    write_helper(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with fake_registry({APP: IMAGE}) as upstream:
        upstream.guard = Tokens(f"{upstream.url}/token")
        async with app_at(upstream) as app:
            assert await app.manifest(MANIFEST) == IMAGE.data


@pytest.mark.parametrize(
    "config",
    [
        {"credsStore": 7},
        {"credHelpers": 7},
        {"auths": 7},
        [],
        "text",
    ],
    ids=str,
)
async def test_a_config_with_mistakes_leaves_the_pull_anonymous(
    docker_config: Path, config: object
) -> None:
    write_config(docker_config, config)
    with fake_registry({APP: IMAGE}) as upstream:
        upstream.guard = Tokens(f"{upstream.url}/token")
        async with app_at(upstream) as app:
            assert await app.manifest(MANIFEST) == IMAGE.data


def test_a_helper_that_is_not_installed_is_no_python_warning(
    desk: Desk, docker_config: Path
) -> None:
    # Docker Desktop leaves `credsStore: desktop` behind, in WSL2 without a helper on PATH.
    write_config(docker_config, {"credsStore": "desktop"})
    with fake_registry({APP: IMAGE}) as upstream:
        upstream.guard = Tokens(f"{upstream.url}/token")
        desk.prepare({APP: IMAGE}, upstream.url)
        done = desk.run("sync")
    assert done.status == 0, done.err
    assert "UserWarning" not in done.err
    assert desk.names() == {APP}
