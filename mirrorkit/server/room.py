"""What the server knows: a shelf, the locks it serves, and the names that follow from both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from mirrorkit.documents.layout import EMPTY
from mirrorkit.errors import UsageError
from mirrorkit.flows.check import as_json, check
from mirrorkit.flows.lessons import for_lesson, lessons_of
from mirrorkit.flows.manifests import Manifests
from mirrorkit.flows.needs import walk
from mirrorkit.oci.manifest import Index
from mirrorkit.server.misses import Misses
from mirrorkit.server.names import Names
from mirrorkit.server.paths import Paths
from mirrorkit.server.seats import Seats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mirrorkit.content import FileShelf
    from mirrorkit.documents.layout import LayoutIndex
    from mirrorkit.documents.pins import Lock
    from mirrorkit.flows.check import Completeness
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor


_NEVER: Final = -1  # a size that no file has


class Room:
    """One class being served; what another process syncs or edits is noticed.

    `locks` returns the locks by name, the same object as long as nothing changed.
    One that `is_made_up` is the demo's: nobody is to take it for the class.
    """

    def __init__(
        self,
        shelf: FileShelf,
        locks: Callable[[], Mapping[str, Lock]],
        *,
        is_made_up: bool = False,
    ) -> None:
        self.shelf = shelf
        self.is_made_up = is_made_up
        self._current_locks = locks
        self.manifests = Manifests(shelf)
        self.misses = Misses()
        self.seats = Seats()
        self.fetches = False
        """Whether what is missing comes by itself, as it does beside `mirrorkit up`."""
        self._index: LayoutIndex | None = None
        self._locks: Mapping[str, Lock] | None = None
        self._names = Names(EMPTY, ())
        self._paths = Paths(())
        self._sizes: dict[Digest, int] = {}
        self._referrers: dict[Digest, list[Descriptor]] = {}

    @property
    def names(self) -> Names:
        """The names as they are now."""
        self._refresh()
        return self._names

    @property
    def paths(self) -> Paths:
        """The plain files as they are now."""
        self._refresh()
        return self._paths

    def is_sound(self, digest: Digest) -> bool:
        """Say whether a blob is held with the size its manifests give it, where any does."""
        self._refresh()
        size = self.shelf.size(digest)
        return size is not None and size == self._sizes.get(digest, size)

    def referrers(self, subject: Digest) -> list[Descriptor]:
        """Return what refers to a manifest (distribution-spec 1.1, "Listing Referrers")."""
        self._refresh()
        return self._referrers.get(subject, [])

    @property
    def locks(self) -> Mapping[str, Lock]:
        """The locks as they are now, by name."""
        return self._current_locks()

    def checked(self) -> dict[str, Completeness]:
        """Hold every lock against the shelf."""
        return {name: check(lock, self.shelf, self.manifests) for name, lock in self.locks.items()}

    def status(self, lesson: str | None = None) -> dict[str, object]:
        """Return the status document: how complete the shelf is against each lock.

        With a lesson it is of what that lesson needs alone; UsageError where no lock has it.
        """
        checked = self.checked()
        return as_json(checked if lesson is None else _of_lesson(checked, lesson))

    def _refresh(self) -> None:
        """Follow the shelf's index and the locks, if either changed."""
        index, locks = self.shelf.index(), self._current_locks()
        if index is self._index and locks is self._locks:
            return
        self._names = Names(index, tuple(locks.values()))
        self._paths = Paths(tuple(locks.values()))
        self._sizes, self._referrers = {}, {}
        pinned = (image.digest for lock in locks.values() for image in lock.images)
        for root in dict.fromkeys((*index.roots, *pinned)):
            needs = walk(root, None, self.manifests)
            parts = {**needs.blobs, **needs.manifests}
            self._sizes.update((digest, part.size) for digest, part in parts.items())
            self._sizes.update(dict.fromkeys(needs.corrupt, _NEVER))
            for digest in needs.manifests:
                self._add_referrer(digest)
        self._index, self._locks = index, locks

    def _add_referrer(self, digest: Digest) -> None:
        held = self.manifests.get(digest)
        if held is None or held.document.subject is None:
            return
        document = held.document
        fallback = None if isinstance(document, Index) else document.config.media_type
        descriptor = msgspec.structs.replace(
            held.descriptor,
            artifact_type=document.artifact_type or fallback,
            annotations=document.annotations,
        )
        known = self._referrers.setdefault(held.document.subject.digest, [])
        if descriptor not in known:
            known.append(descriptor)


def _of_lesson(checked: Mapping[str, Completeness], lesson: str) -> dict[str, Completeness]:
    found = for_lesson(checked, lesson)
    if not found:
        known = ", ".join(lessons_of(checked.values())) or "no lessons"
        raise UsageError(f"the class has no lesson {lesson[:60]!r}", hint=f"it has {known}")
    return found
