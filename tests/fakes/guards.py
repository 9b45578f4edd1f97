"""Doors of a registry: a password (RFC 7617), or tokens (the distribution project's protocol)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.fakes.faults import status
from tests.fakes.registry import PATH

if TYPE_CHECKING:
    from tests.fakes.call import Asked
    from tests.fakes.registry import Answer


def basic(user: str, password: str) -> str:
    """Return the header that Basic asks for."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class Password:
    """Asks for one user's password."""

    user: str
    password: str

    def check(self, asked: Asked) -> Answer | None:
        if asked.headers.get("Authorization") == basic(self.user, self.password):
            return None
        return status(401, {"WWW-Authenticate": 'Basic realm="fake"'})


@dataclass
class Tokens:
    """Asks for a token of its own, good for one repository."""

    realm: str
    login: tuple[str, str] | None = None
    """Who may have tokens; anybody where it is None."""
    challenge: str = 'Bearer realm="{realm}",service="fake",scope="{scope}"'
    given: list[str] = field(default_factory=list)
    """The scope of each token that was given, which is called by its place here."""
    revoked: int = 0
    """Tokens before this one are no longer good."""

    def revoke(self) -> None:
        """Let every token end."""
        self.revoked = len(self.given)

    def check(self, asked: Asked) -> Answer | None:
        if asked.path.startswith("/token"):
            return self._give(asked)
        found = PATH.fullmatch(asked.path)
        scope = f"repository:{found['repository']}:pull" if found else ""
        if self._is_good(asked.headers.get("Authorization", ""), scope):
            return None
        challenge = self.challenge.format(realm=self.realm, scope=scope)
        return status(401, {"WWW-Authenticate": challenge})

    def _is_good(self, header: str, scope: str) -> bool:
        number = int(header.removeprefix("Bearer token-") or 0) if "token-" in header else -1
        return self.revoked <= number < len(self.given) and self.given[number] == scope

    def _give(self, asked: Asked) -> Answer:
        if self.login and asked.headers.get("Authorization") != basic(*self.login):
            return status(401, {}, b'{"errors":[{"message":"wrong password"}]}')
        scope = parse_qs(urlsplit(asked.path).query).get("scope", [""])[0]
        self.given.append(scope)
        body = json.dumps({"token": f"token-{len(self.given) - 1}", "expires_in": 300})
        return status(200, {"Content-Type": "application/json"}, body.encode())


def user_of(asked: Asked) -> str:
    """Return the user name that a request came with, if any."""
    header = asked.headers.get("Authorization", "")
    return b64decode(header[6:]).decode().partition(":")[0] if header.startswith("Basic") else ""
