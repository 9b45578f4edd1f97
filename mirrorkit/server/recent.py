"""Which manifests recent requests led to, so that a room asking the same is not worked out anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from multidict import CIMultiDict

    from mirrorkit.oci.digest import Digest
    from mirrorkit.server.names import Names

T = TypeVar("T")

_MOST: Final = 4096
_LETTERS_MOST: Final = 1024  # no client's target and Host have more; with thousands it adds up


class Pointed(NamedTuple):
    """The manifest a request means, and the headers of its answer."""

    digest: Digest
    headers: CIMultiDict[str]


class Crowd:
    """What requests looked up that came together: in one turn of the event loop nothing twice.

    It belongs to one loop, which empties it.
    """

    def __init__(self) -> None:
        self._found: dict[object, Any] = {}

    def once(self, key: object, look: Callable[[], T]) -> T:
        """Return what `look` found for a key in this turn; what it raises is not kept."""
        if key in self._found:
            known: T = self._found[key]
            return known
        found = look()
        if not self._found:
            asyncio.get_running_loop().call_soon(self._found.clear)
        self._found[key] = found
        return found


class Recent:
    """Remembers by request target and Host; anything new in the index or a lock empties it."""

    def __init__(self) -> None:
        self._names: Names | None = None
        self._found: dict[tuple[str, str | None], Pointed] = {}

    def get(self, names: Names, target: str, host: str | None) -> Pointed | None:
        """Return what the same request led to before, under the same names."""
        if names is not self._names:
            self._names, self._found = names, {}
        return self._found.get((target, host))

    def keep(self, target: str, host: str | None, pointed: Pointed) -> None:
        """Remember, among some thousands, unless it is longer than any client's."""
        if len(target) + len(host or "") > _LETTERS_MOST:
            return
        if len(self._found) >= _MOST:
            self._found.clear()
        self._found[target, host] = pointed
