"""Verify: read blobs again, hold them against their digests, and fetch anew what is wrong."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from mirrorkit.errors import (
    IncompleteError,
    IntegrityError,
    MirrorkitError,
    SurroundingsError,
)
from mirrorkit.events import BlobWrong, BytesVerified, VerifyPlanned
from mirrorkit.flows.attempts import each
from mirrorkit.flows.check import Completeness, check
from mirrorkit.flows.manifests import Manifests
from mirrorkit.flows.needs import needs_of
from mirrorkit.oci.artifact import EMPTY_DIGEST, file_manifest
from mirrorkit.oci.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from mirrorkit.content import Store
    from mirrorkit.documents.pins import Lock, PinnedFile
    from mirrorkit.events import Listener
    from mirrorkit.flows.sync import SyncReport

    Repair: TypeAlias = Callable[[str], Awaitable[SyncReport]]


@dataclass
class VerifyReport:
    """What was read again, what of it was wrong, and how complete the store is now."""

    blobs: int = 0
    bytes: int = 0
    wrong: dict[Digest, str] = field(default_factory=dict)
    """Moved out of sight, and why."""
    repaired: set[Digest] = field(default_factory=set)
    """Those of them that are held again."""
    unread: dict[Digest, MirrorkitError] = field(default_factory=dict)
    """What could not be read, or is wrong and could not be moved."""
    failures: dict[str, MirrorkitError] = field(default_factory=dict)
    """What a repair could not fetch, by the name of an image or the path of a file."""
    checked: Mapping[str, Completeness] = field(default_factory=dict)
    """How complete each lock is in the end."""

    @property
    def is_right(self) -> bool:
        """Say whether every byte that was to be read is right, or right again."""
        return self.repaired == self.wrong.keys() and not self.unread

    @property
    def is_complete(self) -> bool:
        """Say whether everything the locks pin is held."""
        return all(whole.is_complete for whole in self.checked.values())

    @property
    def exit_status(self) -> int:
        """0 when all is right and complete, else that of the worst: 5 for wrong bytes."""
        errors = (*self.unread.values(), *self.failures.values())
        statuses = [error.exit_status for error in errors]
        if self.repaired != self.wrong.keys():
            statuses.append(IntegrityError.exit_status)
        return max(statuses, default=0 if self.is_complete else IncompleteError.exit_status)


@dataclass
class Verifier:
    """What the steps of one verify share."""

    store: Store
    locks: Mapping[str, Lock]
    report: Listener
    repair: Repair | None = None
    """Syncs a lock, by its name."""
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    """Threads that hash."""

    async def verify(self, *, is_all: bool = False) -> VerifyReport:
        """Read again what the locks need of the store, or all that it holds.

        What is wrong is moved out of sight at once; a repair then syncs each lock that is not
        complete. Below a damaged manifest nothing is known until it is back: what lay there is
        read in another round. Bytes that a sync fetches are checked as they arrive.
        """
        done, held, seen = VerifyReport(), set(self.store.digests()), set[Digest]()
        needed = self._needed()
        todo = held if is_all else held & needed.keys()
        while True:
            await self._read_again(todo, needed, done)
            seen |= todo
            if self.repair is None or not await self._repair(self.repair, done):
                break
            needed = self._needed()
            todo = held & needed.keys() - seen
            if not todo:
                break
        return await self._conclude(done)

    def _needed(self) -> dict[Digest, list[str]]:
        """Return what the locks need, as far as its manifests are held, and for what."""
        manifests = Manifests(self.store)
        found: dict[Digest, list[str]] = {}
        for lock in self.locks.values():
            for image in lock.images:
                needs = needs_of(image, manifests)
                every = (*needs.manifests, *needs.corrupt, *needs.blobs)
                _add(found, str(image.name), every)
            for file in lock.files:
                _add(found, file.path, _parts(file))
        return found

    async def _read_again(
        self, todo: Iterable[Digest], needed: Mapping[Digest, list[str]], done: VerifyReport
    ) -> None:
        """Read the largest first, so that none is left to run alone at the end."""
        sizes = {digest: self.store.size(digest) or 0 for digest in todo}
        if not sizes:
            return
        self.report(VerifyPlanned(len(sizes), sum(sizes.values())))

        async def one(digest: Digest) -> None:
            def told(count: int) -> None:
                done.bytes += count
                self.report(BytesVerified(str(digest), count))

            try:
                reason = await self.store.verify(digest, told)
            except MirrorkitError as error:
                done.unread[digest] = error
            else:
                done.blobs += 1
                if reason is not None:
                    done.wrong[digest] = reason
                    names = tuple(needed.get(digest, ()))
                    self.report(BlobWrong(str(digest), reason, names))

        await each(sorted(sizes, key=lambda digest: -sizes[digest]), one, jobs=self.jobs)

    async def _repair(self, repair: Repair, done: VerifyReport) -> bool:
        """Sync what is not complete; say whether anything was to be done."""
        missing = [name for name, whole in self._checked().items() if not whole.is_complete]
        done.failures.clear()
        for name in missing:
            done.failures.update((await repair(name)).failures)
        return bool(missing)

    async def _conclude(self, done: VerifyReport) -> VerifyReport:
        """Note when it was, where all is right."""
        done.repaired = {digest for digest in done.wrong if self.store.size(digest) is not None}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for name, whole in self._checked().items():
            if whole.is_complete and done.is_right:
                with suppress(SurroundingsError):  # a stick that cannot be written is right, too
                    await self.store.keep_verified(Digest.of(self.locks[name].text), now)
        done.checked = self._checked()
        return done

    def _checked(self) -> dict[str, Completeness]:
        manifests = Manifests(self.store)
        return {name: check(lock, self.store, manifests) for name, lock in self.locks.items()}


def _add(found: dict[Digest, list[str]], name: str, digests: Iterable[Digest]) -> None:
    for digest in digests:
        names = found.setdefault(digest, [])
        if name not in names:
            names.append(name)


def _parts(file: PinnedFile) -> Iterator[Digest]:
    """Yield a plain file's bytes and what makes it an artifact."""
    yield file.digest
    yield EMPTY_DIGEST
    if file.size is not None:
        yield Digest.of(file_manifest(file.digest, file.size))
