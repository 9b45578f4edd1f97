"""Logins as Docker files them, in plain text or behind a credential helper."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


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
