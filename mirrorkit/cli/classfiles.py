"""The two files of one class on disk: images.yaml and its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.flows.locking import Inquiry
from mirrorkit.wiring import lock_wish, read_wanted, write_locked

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.flows.locking import Locked
    from mirrorkit.flows.wanted import Wanted
    from mirrorkit.settings import Settings


class ClassFiles:
    """What is wanted and what is pinned, for as long as a class is served."""

    def __init__(self, settings: Settings, wish: Path) -> None:
        self._settings = settings
        self._wish = wish
        self._lock = settings.locks[0]

    def stamp(self) -> object:
        """Return a value that differs when somebody changed what is wanted."""
        try:
            stat = self._wish.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def wanted(self) -> Wanted | None:
        """Return what is wanted, None where no file says it; DocumentError for its mistakes."""
        return read_wanted(self._wish) if self._wish.exists() else None

    async def make(self, *, is_online: bool, is_first: bool) -> Locked:
        """Work out the lock; `is_first` keeps no earlier pin, else those are not asked again."""
        return await lock_wish(
            self._settings,
            self._wish,
            Inquiry(is_online, notes_sources=False, asks_pinned=False),
            upgrade=None if is_first else frozenset(),
        )

    def write(self, locked: Locked) -> None:
        """Replace the lock by what was made of it, unless somebody changed it meanwhile."""
        before = locked.before.text if locked.before else None
        now = self._lock.read_bytes() if self._lock.exists() else None
        if now == before:
            write_locked(self._lock, locked)
