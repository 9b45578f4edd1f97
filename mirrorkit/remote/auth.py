"""Answering a registry's challenge (RFC 9110 §11, the distribution project's token protocol)."""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from yarl import URL

from mirrorkit.errors import DeniedError, UnreachableError
from mirrorkit.remote.addresses import Reach

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from mirrorkit.remote.credentials import Credentials

TOKEN_MAX: Final = 1 << 20
"""Bytes a token answer may have."""

# RFC 9110 §11.2: a parameter, its value quoted or a bare token; or else a scheme's name.
_CHALLENGE_PART: Final = re.compile(
    r"(?P<key>[\w.~+-]+)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s,\"]+))"
    r"|(?P<scheme>[A-Za-z][\w-]*)(?=[\s,]|\Z)"
)
# A token that lives a minute by default (token protocol) is asked for again a little before.
_LIFE_DEFAULT: Final = 60.0
_LIFE_MARGIN: Final = 10.0
# Who may see a registry's password besides itself and what the settings name; everything else
# gets anonymous requests.
_TRUSTED_REALMS: Final = {URL("https://registry-1.docker.io"): URL("https://auth.docker.io")}


class Challenge(NamedTuple):
    """What a 401 asks for."""

    scheme: str
    parameters: dict[str, str]


class _TokenAnswer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float = _LIFE_DEFAULT


def parse_challenge(header: str) -> Challenge | None:
    """Read WWW-Authenticate, which may hold several; None where none of them can be answered."""
    found: dict[str, dict[str, str]] = {}
    parameters: dict[str, str] = {}
    for part in _CHALLENGE_PART.finditer(header):
        if part["scheme"]:
            parameters = found.setdefault(part["scheme"].lower(), {})
        else:
            value = part["quoted"] if part["bare"] is None else part["bare"]
            parameters[part["key"].lower()] = value
    for scheme in ("bearer", "basic"):
        if scheme in found:
            return Challenge(scheme, found[scheme])
    return None


class Authorizer:
    """Knows the Authorization header for one registry, scope by scope.

    Tokens are kept for their lifetime, and one login and one token a scope are asked for, however
    many wait for them. `fetch` sends a GET, to nothing nearer than it is told, and returns the
    body; `look_up` finds a host's login, which `realms` may see beside the registry itself.
    """

    def __init__(
        self,
        origin: URL,
        *,
        fetch: Callable[[URL, dict[str, str], str, Reach], Awaitable[bytes]],
        look_up: Callable[[str], Awaitable[Credentials | None]],
        realms: Collection[URL] = (),
    ) -> None:
        self._origin = origin
        self._name = login_name(origin)
        self._fetch = fetch
        self._look_up = look_up
        self._realms = {origin, _TRUSTED_REALMS.get(origin), *realms}
        self.withheld_from: URL | None = None
        """The token server that was not shown the login there is."""
        self._login: Credentials | None = None
        self._is_looked_up = False
        self._looking = asyncio.Lock()
        self._headers: dict[str, tuple[str, float]] = {}
        self._answering: dict[str, asyncio.Lock] = {}

    def header(self, scope: str) -> str | None:
        """Return the header that answered the last challenge for a scope, while it lives."""
        header, until = self._headers.get(scope, (None, 0.0))
        return header if time.monotonic() < until else None

    async def answer(
        self, header: str, scope: str, *, refused: str | None, reach: Reach = Reach.GLOBAL
    ) -> None:
        """Answer a challenge, so that `header` has something to say; DeniedError if we cannot.

        `refused` is what was sent and challenged: if somebody else has got better meanwhile,
        nothing is asked again. `reach` is how near the challenger is.
        """
        async with self._answering.setdefault(scope, asyncio.Lock()):
            if self.header(scope) in (None, refused):
                self._headers[scope] = await self._answered(header, scope, reach)

    async def _answered(self, header: str, scope: str, reach: Reach) -> tuple[str, float]:
        challenge = parse_challenge(header)
        async with self._looking:
            if not self._is_looked_up:
                self._login = await self._look_up(self._name)
                self._is_looked_up = True
        if challenge is not None and challenge.scheme == "bearer":
            return await self._token(challenge, scope, reach)
        if challenge is not None and self._login is not None:
            return _basic(self._login), float("inf")
        raise DeniedError(f"{self._name} asks for a login", hint=f"docker login {self._name}")

    async def _token(self, challenge: Challenge, scope: str, reach: Reach) -> tuple[str, float]:
        realm = self._realm(challenge)
        query = {"scope": challenge.parameters.get("scope", scope)}
        if "service" in challenge.parameters:
            query["service"] = challenge.parameters["service"]
        headers = {}
        if self._login is not None and realm.origin() in self._realms:
            headers["Authorization"] = _basic(self._login)
        elif self._login is not None:
            self.withheld_from = realm.origin()
        body = await self._fetch(realm.update_query(query), headers, self._name, reach)
        try:
            answer = msgspec.json.decode(body, type=_TokenAnswer)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise UnreachableError(f"{realm.host} sent a token nobody can read") from error
        token = answer.token or answer.access_token
        if not token or not token.isascii() or not token.isprintable():
            raise DeniedError(f"{realm.host} gave no token for {self._name}")
        life = max(answer.expires_in, _LIFE_DEFAULT) - _LIFE_MARGIN
        return f"Bearer {token}", time.monotonic() + life

    def _realm(self, challenge: Challenge) -> URL:
        """Take the realm as a URL that is no weaker than the registry's own (regclient #1075)."""
        try:
            realm = URL(challenge.parameters.get("realm", ""))
            is_safe = realm.origin() == self._origin or realm.scheme == "https"
        except ValueError:
            is_safe = False
        if not is_safe:
            raise DeniedError(f"{self._name} sends its clients to an unsafe token server")
        return realm


def login_name(origin: URL) -> str:
    """Name a registry as `docker login` files it."""
    if origin.host == "registry-1.docker.io":
        return "docker.io"
    return origin.host_port_subcomponent or ""


def _basic(login: Credentials) -> str:
    return "Basic " + b64encode(f"{login.username}:{login.password}".encode()).decode()
