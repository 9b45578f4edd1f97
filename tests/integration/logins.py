"""Logins as Docker files them, in plain text or behind a credential helper."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

from tests.fakes.guards import Tokens

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.registry import FakeRegistry

USER = ("teacher", "chalk: é")
FOREIGN = "http://127.0.0.2:9/token"
"""A token server that no registry here has; nothing listens there."""


def tokens(upstream: FakeRegistry, login: tuple[str, str] | None = None) -> Tokens:
    """Let a registry ask for tokens, and its token server for this login."""
    upstream.guard = guard = Tokens(f"{upstream.url}/token", login)
    return guard


def write_login(folder: Path, host: str, user: str, password: str) -> None:
    """Write what `docker login` would."""
    auth = b64encode(f"{user}:{password}".encode()).decode()
    write_config(folder, {"auths": {host: {"auth": auth}}})


def write_config(folder: Path, config: object) -> None:
    """Write a config.json."""
    (folder / "config.json").write_text(json.dumps(config))


def write_helper(folder: Path, script: str) -> None:
    """Put docker-credential-lab into a folder; `$1` is what it is asked, its input the host."""
    helper = folder / "docker-credential-lab"
    helper.write_text(f"#!/bin/sh\n{script}\n")
    helper.chmod(0o755)
