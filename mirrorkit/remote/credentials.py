"""Credentials from where Docker keeps them."""

from __future__ import annotations

import asyncio
import logging
from typing import NamedTuple

_log = logging.getLogger(__name__)


class Credentials(NamedTuple):
    """A user name and a password or token, for one registry."""

    username: str
    password: str

    def __repr__(self) -> str:
        """Hide the password from logs and tracebacks."""
        return f"Credentials({self.username!r}, …)"


async def docker_credentials(host: str) -> Credentials | None:
    """Ask Docker's config.json and its credential helpers for a registry's login.

    A helper that fails is a warning: most pulls work without a login.
    """
    return await asyncio.to_thread(_look_up, host)


def _look_up(host: str) -> Credentials | None:
    # Imported late: a tenth of a second that only a source asking for a login costs.
    from docker import auth, errors  # noqa: PLC0415

    try:
        found = auth.load_config().resolve_authconfig(host)
    except (errors.DockerException, ValueError, OSError) as error:
        _log.warning("no login for %s: %s", host, error)
        return None
    username, password = (found or {}).get("Username"), (found or {}).get("Password")
    if not username or not password:
        username, password = (found or {}).get("username"), (found or {}).get("password")
    return Credentials(username, password) if username and password else None
