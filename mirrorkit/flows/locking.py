"""What a locking came to, held against the lock before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorkit.documents.lockdiff import Change, changes, to_markdown, to_text
from mirrorkit.documents.lockwriter import write_lock
from mirrorkit.documents.pins import FIRST_SIGHT, PROVEN, Lock, PinnedFile
from mirrorkit.documents.seal import sealed
from mirrorkit.flows.likeness import Likeness
from mirrorkit.progress import counted

if TYPE_CHECKING:
    from mirrorkit.flows.likeness import Comparison
    from mirrorkit.flows.lock import Difference, Locking
    from mirrorkit.oci.digest import Digest

HEADING = "Written by `mirrorkit lock` from images.yaml; change that, not this."


@dataclass(frozen=True)
class Inquiry:
    """What one locking may do beside working out the lock."""

    is_online: bool = True
    notes_sources: bool = True
    """Ask every source where it has each image."""
    keeps_files: bool = True
    """Put into the store what has to be read to be pinned."""
    asks_pinned: bool = True
    """Look again at what the earlier lock has: Docker Hub counts each look."""


@dataclass(frozen=True)
class Locked:
    """A lock that was made, and the one before it."""

    lock: Lock
    before: Lock | None
    made: Locking
    likenesses: tuple[Comparison, ...] = ()
    """How each pin compares with what upstream published, where a source was asked instead."""

    @property
    def text(self) -> bytes:
        """The lock as it is written."""
        return sealed(write_lock(self.lock, HEADING))

    @property
    def has_changed(self) -> bool:
        """Say whether writing it would change the file."""
        return self.before is None or self.before.text != self.text

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is pinned differently than before."""
        return changes(self.before or Lock(()), self.lock)

    @property
    def first_seen(self) -> list[PinnedFile]:
        """Files pinned now by what was seen of them, for nobody publishes their checksum."""
        new = {change.name for change in self.changes}
        files = (file for file in self.lock.files if file.known == FIRST_SIGHT)
        return [file for file in files if file.path in new]

    @property
    def differences(self) -> list[Difference]:
        """Published digests that a source contradicts, by name."""
        return sorted(dict.fromkeys(self.made.differences), key=lambda one: one.name)

    @property
    def is_troubling(self) -> bool:
        """Say whether a source has something else than what was published."""
        return bool(self.differences) or any(
            one.likeness is Likeness.OTHER for one in self.likenesses
        )

    @property
    def is_unanswered(self) -> bool:
        """Say whether sources were asked, and nobody was there."""
        return self.made.is_unanswered

    @property
    def documents(self) -> dict[Digest, bytes]:
        """The small documents that were seen."""
        return self.made.documents

    @property
    def failures(self) -> dict[str, str]:
        """Why some images could not be seen, by name."""
        return {name: error.message for name, error in sorted(self.made.failures.items())}

    def diff(self, *, as_markdown: bool) -> str:
        """Write the changes for people."""
        return to_markdown(self.changes) if as_markdown else to_text(self.changes)

    def summary(self) -> str:
        """Say in one line how much of what is wanted is pinned, and how sure that is."""
        known = [image.known for image in self.lock.images]
        known += [file.known for file in self.lock.files]
        wanted = len(known) + len(self.lock.unpinned)
        counts = ((len(self.lock.images), "image"), (len(self.lock.files), "file"))
        parts = [", ".join(counted(count, noun) for count, noun in counts)]
        if self.lock.unpinned:
            parts = [f"{len(known)} of {wanted} pinned ({parts[0]})"]
            why = ": no source answered" if self.is_unanswered else ""
            parts.append(f"{len(self.lock.unpinned)} not pinned yet{why}")
        parts.append(f"{known.count(PROVEN)} of {len(known)} proven")
        if FIRST_SIGHT in known:
            parts.append(f"{known.count(FIRST_SIGHT)} first-sight")
        return ", ".join(parts)

    def as_json(self) -> dict[str, object]:
        """Return the same as data."""
        return {
            "version": 1,
            "changed": self.has_changed,
            "answered": not self.is_unanswered,
            "images": len(self.lock.images),
            "files": len(self.lock.files),
            "unpinned": [entry.name for entry in self.lock.unpinned],
            "changes": [
                {"name": change.name, "before": change.before, "after": change.after}
                for change in self.changes
            ],
            "differences": [
                {"name": one.name, "published": one.published, "found": one.found}
                for one in self.differences
            ],
            "first_sight": [file.path for file in self.lock.files if file.known == FIRST_SIGHT],
            "failures": self.failures,
            "compared": [
                {
                    "name": one.name,
                    "digest": one.pinned,
                    "published": one.published,
                    "answer": one.likeness.value,
                }
                for one in self.likenesses
            ],
        }
