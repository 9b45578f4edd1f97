"""How much one client, and all together, may take of the server."""

from __future__ import annotations

import resource
from dataclasses import dataclass, replace
from typing import Final

from mirrorkit.server.places import most

_FILES_WANTED: Final = (1 << 16, 10_240)  # macOS grants the second at most
_FILES_OWN: Final = 64
_FILES_A_BLOB: Final = 2  # beside its connection: the file, and a descriptor to send by


@dataclass(frozen=True)
class Limits:
    """Times are in seconds.

    A request's head has `head` seconds from its first byte, a new connection's from connecting; a
    connection may be silent for `idle` between requests; a reader that takes nothing for `stuck` is
    dropped; a body that nobody wants is thrown away for `linger`, so that its sender sees the
    answer; at the end answers under way get `stop` to finish (docker stop kills after ten).
    """

    head: float = 10.0
    idle: float = 60.0
    stuck: float = 300.0
    linger: float = 2.0
    stop: float = 8.0
    connections: int = 8192
    streams: int = 256
    """Blobs sent at a time to one address while others want to be served."""
    places: int = 1024
    """Blobs sent at a time in all, before addresses are held to `streams`; see `Places`."""


LINE_BYTES: Final = 8000
"""The most a request's target may have: the room RFC 9112 §3 recommends."""
HEADER_BYTES: Final = 8190
"""The most the value of one header may have."""
BODY_BYTES: Final = 64 << 10
"""The most a request's body may have where one is read at all."""


def fit(limits: Limits) -> Limits:
    """Use the open files the system allows, and take no more connections than these are enough for.

    A pull takes three: its connection, the file, and a descriptor to send by.
    """
    files = _raise_file_limit()
    places = min(limits.places, max(files // 8, 1))
    left = files - _FILES_OWN - _FILES_A_BLOB * most(places)
    return replace(limits, places=places, connections=min(limits.connections, max(left, 1)))


def _raise_file_limit() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in _FILES_WANTED:
        wish = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(wish, soft), hard))
        except (ValueError, OSError):  # macOS names a limit that it does not grant
            continue
        return max(wish, soft)
    return soft
