"""The embedded store, and the locks held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.store.disk import DiskStore
from mirrorkit.wiring.documents import read_lock

if TYPE_CHECKING:
    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.manifests import Manifests
    from mirrorkit.flows.share import Look
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.settings import Settings


def open_store(settings: Settings) -> DiskStore:
    """Open the embedded store; nothing is created before something is written."""
    return DiskStore(settings.store)


def _held(settings: Settings) -> tuple[DiskStore, Manifests]:
    from mirrorkit.flows.manifests import Manifests

    store = open_store(settings)
    return store, Manifests(store)


def look_at_locks(settings: Settings, files: LockFiles | None = None) -> dict[str, Look]:
    """Hold every lock against the store, and add up what one student pulls of it."""
    from mirrorkit.flows.check import check
    from mirrorkit.flows.share import Look, student_bytes

    store, manifests = _held(settings)
    locks = files.current() if files else {str(path): read_lock(path) for path in settings.locks}
    return {
        name: Look(check(lock, store, manifests), student_bytes(lock, store, manifests))
        for name, lock in locks.items()
    }


def check_locks(settings: Settings) -> dict[str, Completeness]:
    """Hold every lock against the store."""
    from mirrorkit.flows.check import check

    store, manifests = _held(settings)
    locks = {str(path): read_lock(path) for path in settings.locks}
    return {name: check(lock, store, manifests) for name, lock in locks.items()}
