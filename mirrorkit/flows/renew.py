"""Renew: make the lock anew when images.yaml changed, and never over somebody's edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mirrorkit.documents.seal import is_sealed
from mirrorkit.errors import DocumentError, MirrorkitError
from mirrorkit.flows.wanted import disagreement

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.documents.pins import Lock
    from mirrorkit.flows.locking import Locked
    from mirrorkit.flows.wanted import Wanted


class WishAndLock(Protocol):
    """The two files: what is wanted, and what was pinned of it."""

    def stamp(self) -> object:
        """Return a value that differs when somebody changed what is wanted."""

    def wanted(self) -> Wanted | None:
        """Return what is wanted, None where no file says it; DocumentError for its mistakes."""

    async def make(self, *, is_online: bool, is_first: bool) -> Locked:
        """Work out the lock; `is_first` keeps no earlier pin, else those are not asked again."""

    def write(self, locked: Locked) -> None:
        """Replace the lock by what was made of it, unless somebody changed it meanwhile."""


class Renewal:
    """Keeps a lock in step with images.yaml while a class is served.

    A lock that mirrorkit wrote (it bears the seal) is made anew when images.yaml changed, and
    asked for again while some of it is unpinned. One that somebody edited is theirs: that it
    disagrees is told, once, and it is served as it is.
    """

    def __init__(
        self,
        files: WishAndLock,
        told: Callable[[Locked], None],
        refused: Callable[[MirrorkitError], None],
        *,
        is_first: bool = False,
    ) -> None:
        self.stamp = files.stamp
        self._files = files
        self._told = told
        self._refused = refused
        self._is_first = is_first
        """Whether the lock was made just now and without a source."""
        self._said = ""
        self._failures: dict[str, str] = {}

    def is_due(self, lock: Lock, *, is_complete: bool) -> bool:
        """Say whether the lock should be made anew; what speaks against it is told once."""
        try:
            want = self._files.wanted()
        except MirrorkitError as error:
            self._refuse(error)
            return False
        if want is None:
            return False
        if not is_sealed(lock.text):
            self._tell_disagreement(want, lock)
            return False
        is_lacking = not is_complete and (bool(lock.unpinned) or self._is_first)
        return lock.wish != want.wish or is_lacking

    async def __call__(self, *, is_online: bool) -> None:
        """Make the lock anew and write it, if that changes anything."""
        try:
            locked = await self._files.make(is_online=is_online, is_first=self._is_first)
            if locked.has_changed:
                self._files.write(locked)
        except MirrorkitError as error:
            self._refuse(error)
            return
        self._is_first = self._is_first and not is_online
        self._said = ""
        if locked.changes or locked.differences or locked.failures != self._failures:
            self._told(locked)
        self._failures = locked.failures

    def _tell_disagreement(self, want: Wanted, lock: Lock) -> None:
        how = disagreement(want, lock)
        if how is not None:
            hint = "it was edited, so it stays as it is; `mirrorkit lock` pins it anew"
            self._refuse(DocumentError(f"images.yaml {how}", hint=hint))

    def _refuse(self, error: MirrorkitError) -> None:
        if error.message != self._said:
            self._said = error.message
            self._refused(error)
