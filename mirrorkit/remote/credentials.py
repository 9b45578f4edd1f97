"""Credentials from where Docker keeps them."""

from __future__ import annotations

import asyncio
import logging
import warnings
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
    from docker import auth  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # docker's own words about a helper that is missing
            found = auth.load_config().resolve_authconfig(host) or {}
    except Exception as error:  # noqa: BLE001 - an odd config.json breaks docker in many ways
        _log.warning("no login for %s: Docker's config.json or its helper: %s", host, error)
        return None
    pairs = (("Username", "Password"), ("username", "password"))
    for username, password in ((found.get(user), found.get(secret)) for user, secret in pairs):
        if username and password:
            return Credentials(str(username), str(password))
    return None
