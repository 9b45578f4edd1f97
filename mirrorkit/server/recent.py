"""Which manifests recent requests led to, so that a room asking the same is not worked out anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from multidict import CIMultiDict

    from mirrorkit.oci.digest import Digest
    from mirrorkit.server.names import Names

_MOST: Final = 4096
_LETTERS_MOST: Final = 1024  # no client's target and Host have more; with thousands it adds up


class Pointed(NamedTuple):
    """The manifest a request means, and the headers of its answer."""

    digest: Digest
    headers: CIMultiDict[str]


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
