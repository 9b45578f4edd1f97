"""Answering a registry's challenge (RFC 9110 §11, the distribution project's token protocol)."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from yarl import URL

from mirrorkit.errors import DeniedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirrorkit.remote.credentials import Credentials

TOKEN_MAX: Final = 1 << 20
"""Bytes a token answer may have."""

_PARAMETER: Final = re.compile(r'([A-Za-z0-9_-]+)="((?:[^"\\]|\\.)*)"')
_SCHEME: Final = re.compile(r"\s*(Bearer|Basic)\b", re.IGNORECASE)
# A token that lives a minute by default (token protocol) is asked for again a little before.
_LIFE_DEFAULT: Final = 60.0
_LIFE_MARGIN: Final = 10.0
# Who may see a registry's password besides itself; everything else gets anonymous requests.
_TRUSTED_REALMS: Final = {"registry-1.docker.io": "auth.docker.io"}


class Challenge(NamedTuple):
    """What a 401 asks for."""

    scheme: str
    parameters: dict[str, str]


class _TokenAnswer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float = _LIFE_DEFAULT


def parse_challenge(header: str) -> Challenge | None:
    """Read a WWW-Authenticate header; None where it asks for something unknown."""
    scheme = _SCHEME.match(header)
    if scheme is None:
        return None
    found = {key.lower(): value for key, value in _PARAMETER.findall(header[scheme.end() :])}
    return Challenge(scheme[1].lower(), found)


class Authorizer:
    """Knows the Authorization header for one registry, scope by scope.

    Tokens are kept for their lifetime. `fetch` sends a GET with the given headers and returns the
    body; `look_up` finds the login of a host.
    """

    def __init__(
        self,
        origin: URL,
        *,
        fetch: Callable[[URL, dict[str, str]], Awaitable[bytes]],
        look_up: Callable[[str], Awaitable[Credentials | None]],
    ) -> None:
        self._origin = origin
        self._fetch = fetch
        self._look_up = look_up
        self._headers: dict[str, tuple[str, float]] = {}

    def header(self, scope: str) -> str | None:
        """Return the header that answered the last challenge for a scope, while it lives."""
        header, until = self._headers.get(scope, ("", 0.0))
        return header if time.monotonic() < until else None

    async def answer(self, header: str, scope: str) -> None:
        """Answer a challenge, so that `header` has something to say; DeniedError if we cannot."""
        challenge = parse_challenge(header)
        host = self._origin.host or ""
        login = await self._look_up(_login_name(self._origin))
        if challenge is not None and challenge.scheme == "bearer":
            self._headers[scope] = await self._token(challenge, login, scope)
        elif challenge is not None and login is not None:
            self._headers[scope] = (_basic(login), float("inf"))
        else:
            raise DeniedError(f"{host} asks for a login", hint=f"docker login {host}")

    async def _token(
        self, challenge: Challenge, login: Credentials | None, scope: str
    ) -> tuple[str, float]:
        realm = self._realm(challenge)
        query = {"scope": challenge.parameters.get("scope", scope)}
        if "service" in challenge.parameters:
            query["service"] = challenge.parameters["service"]
        headers = {}
        if login is not None and self._trusts(realm):
            headers["Authorization"] = _basic(login)
        body = await self._fetch(realm.update_query(query), headers)
        try:
            answer = msgspec.json.decode(body, type=_TokenAnswer)
        except msgspec.MsgspecError as error:
            raise UnreachableError(f"{realm.host} sent a token nobody can read") from error
        token = answer.token or answer.access_token
        if not token or not token.isascii() or not token.isprintable():
            raise DeniedError(f"{realm.host} gave no token for {self._origin.host}")
        life = max(answer.expires_in, _LIFE_DEFAULT) - _LIFE_MARGIN
        return f"Bearer {token}", time.monotonic() + life

    def _realm(self, challenge: Challenge) -> URL:
        """Take the realm as a URL that is no weaker than the registry's own (regclient #1075)."""
        try:
            realm = URL(challenge.parameters.get("realm", ""))
        except ValueError:
            realm = URL()
        is_own = realm.host is not None and realm.origin() == self._origin
        if not is_own and (realm.scheme != "https" or realm.host is None):
            raise DeniedError(f"{self._origin.host} sends its clients to an unsafe token server")
        return realm

    def _trusts(self, realm: URL) -> bool:
        is_pair = _TRUSTED_REALMS.get(self._origin.host or "") == realm.host
        return realm.origin() == self._origin or is_pair


def _login_name(origin: URL) -> str:
    """Name a registry as `docker login` filed it."""
    if origin.host == "registry-1.docker.io":
        return "docker.io"
    return origin.authority


def _basic(login: Credentials) -> str:
    return "Basic " + b64encode(f"{login.username}:{login.password}".encode()).decode()
