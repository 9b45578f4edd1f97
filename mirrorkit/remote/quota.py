"""How many pulls a registry still allows: the headers of Docker Hub's manifest answers.

`ratelimit-limit: 100;w=21600`: a hundred in six hours (docs.docker.com, "Docker Hub pull usage").
A HEAD has them too and is not counted.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.progress import allowance

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNT: Final = re.compile(r"(\d{1,9});\s*w=(\d{1,9})\Z", re.ASCII)
_AT_ONCE_MOST: Final = 64
"""Answers that were under way together come in any order: so far a rise is no news."""


class Quota(NamedTuple):
    """Pulls allowed in a window of seconds, and how many are left."""

    limit: int
    remaining: int
    window: int
    is_account: bool
    """It counts the pulls of an account, not of an address."""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Quota | None:
        """Read an answer's headers; None where they say nothing of the kind."""
        limit = _COUNT.match(headers.get("RateLimit-Limit", ""))
        left = _COUNT.match(headers.get("RateLimit-Remaining", ""))
        if limit is None or not int(limit[2]):
            return None
        is_account = _is_account(headers.get("Docker-RateLimit-Source", "0.0.0.0"))  # noqa: S104
        return cls(int(limit[1]), int(left[1]) if left else 0, int(limit[2]), is_account)

    def is_news(self, before: Quota | None) -> bool:
        """Say whether it differs from what an earlier answer said."""
        if before is None or self._replace(remaining=0) != before._replace(remaining=0):
            return True
        rise = self.remaining - before.remaining
        return rise < 0 or rise > _AT_ONCE_MOST

    def hint(self, host: str, login: str) -> str:
        """Say what is allowed, and what to do when it is used up."""
        allows = allowance(host, self.limit, self.window, is_account=self.is_account)
        first = "wait" if self.is_account else f"log in with `docker login {login}`"
        return f"{allows}; {first}, or use another source with --source"


def _is_account(source: str) -> bool:
    try:
        ipaddress.ip_address(source)
    except ValueError:
        return True
    return False
