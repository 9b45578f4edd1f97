"""Check: how complete a store is against a lock; offline, in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mirrorkit.flows.needs import needs_of, walk
from mirrorkit.flows.substitutes import covers
from mirrorkit.oci.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirrorkit.content import Shelf
    from mirrorkit.documents.pins import Lock, PinnedFile, PinnedImage, Unpinned
    from mirrorkit.flows.manifests import Manifests
    from mirrorkit.flows.needs import Needs

STATUS_VERSION = 1


class State(StrEnum):
    """How much of an item is held."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    ABSENT = "absent"
    CORRUPT = "corrupt"


class Level(StrEnum):
    """What a complete item is complete in."""

    EXACT = "exact"
    """The bytes that the lock pins."""
    SAME_IMAGE = "same-image"
    """The same image with layers packed anew: served under its tag, not under its pinned digest."""


@dataclass(frozen=True)
class Item:
    """One image or file of the lock, and how much of it is held."""

    name: str
    kind: str
    state: State
    digest: Digest | None
    missing: tuple[Digest, ...]
    sizes: Mapping[Digest, int]
    """Bytes of each part that is known."""
    needed: int | None
    """Bytes it needs in all, where that is known."""
    present: int
    known: str | None = None
    """How its digest is known: as in the lock, or None where that does not say."""
    needed_by: tuple[str, ...] = ()
    held_as: Level = Level.EXACT
    """What the state and the sizes are those of."""

    @property
    def level(self) -> Level | None:
        """What it is complete in; None while it is not complete."""
        return self.held_as if self.state is State.COMPLETE else None

    def as_json(self) -> dict[str, object]:
        """Return the item as the status document has it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "state": self.state.value,
            "digest": str(self.digest) if self.digest else None,
            "missing": [str(digest) for digest in self.missing],
            "bytes": {"needed": self.needed, "present": self.present},
            "known": self.known,
            "level": self.level.value if self.level else None,
            "needed_by": list(self.needed_by),
        }


@dataclass(frozen=True)
class Completeness:
    """How complete a store is against one lock."""

    items: tuple[Item, ...]
    lessons: tuple[str, ...] = ()
    """The lessons' names in their order."""
    verified_at: str | None = None
    """When all of it was last read again and found right (ISO 8601), as far as is known."""

    @property
    def is_complete(self) -> bool:
        """Say whether everything the lock pins is held."""
        return all(item.state is State.COMPLETE for item in self.items)

    @property
    def same_images(self) -> tuple[Item, ...]:
        """Return what is complete as the same image in other bytes."""
        return tuple(item for item in self.items if item.level is Level.SAME_IMAGE)

    @property
    def missing_items(self) -> tuple[Item, ...]:
        """The items that are not complete."""
        return tuple(item for item in self.items if item.state is not State.COMPLETE)

    def as_json(self) -> dict[str, object]:
        """Return the status document: `status --json` and `/health` say the same."""
        return {
            "version": STATUS_VERSION,
            "complete": self.is_complete,
            "verified_at": self.verified_at,
            "images": self.count("image"),
            "files": self.count("file"),
            "bytes": self.bytes(),
            "items": [item.as_json() for item in self.items],
        }

    def count(self, kind: str) -> dict[str, int]:
        """Count the items of a kind, all and complete ones."""
        states = [item.state for item in self.items if item.kind == kind]
        return {"total": len(states), "complete": states.count(State.COMPLETE)}

    def bytes(self) -> dict[str, int | None]:
        """Add up bytes, those shared by several items once; needed is None if any is unknown."""
        return {"needed": self._needed(), "present": self._present()}

    def _needed(self) -> int | None:
        union: dict[Digest, int] = {}
        beside = 0
        for item in self.items:
            if item.needed is None:
                return None
            union.update(item.sizes)
            beside += item.needed - sum(item.sizes.values())
        return sum(union.values()) + beside

    def _present(self) -> int:
        held: dict[Digest, int] = {}
        for item in self.items:
            absent = set(item.missing)
            held.update((key, size) for key, size in item.sizes.items() if key not in absent)
        return sum(held.values())


def check(lock: Lock, shelf: Shelf, manifests: Manifests) -> Completeness:
    """Hold a lock against a shelf."""
    return Completeness(
        (
            *(_check_image(image, shelf, manifests) for image in lock.images),
            *(_check_file(file, shelf) for file in lock.files),
            *(_unpinned(entry) for entry in lock.unpinned),
        ),
        lock.lessons,
        shelf.verified_at(Digest.of(lock.text)),
    )


def as_json(checked: Mapping[str, Completeness]) -> dict[str, object]:
    """Return one status document for one lock or several, by the lock's name."""
    if len(checked) == 1:
        return next(iter(checked.values())).as_json()
    return {
        "version": STATUS_VERSION,
        "complete": all(one.is_complete for one in checked.values()),
        "locks": [{"lock": name, **one.as_json()} for name, one in checked.items()],
    }


def _check_image(image: PinnedImage, shelf: Shelf, manifests: Manifests) -> Item:
    """Look for the pinned bytes and, where they are not whole, for the same image in others."""
    pinned = needs_of(image, manifests)
    # Fit for the platforms asked, and named, which is the last step: else it cannot be pulled.
    is_ready = pinned.is_fit(image) and image.digest in shelf.index().roots
    exact = _item(image, pinned, shelf, is_ready=is_ready)
    substitute = shelf.index().substitutes.get(image.digest)
    if exact.state is State.COMPLETE or substitute is None:
        return exact
    if not covers(substitute, image, pinned, manifests):
        return exact
    needs = walk(substitute.digest, image.platforms, manifests)
    return replace(_item(image, needs, shelf, is_ready=True), held_as=Level.SAME_IMAGE)


def _item(image: PinnedImage, needs: Needs, shelf: Shelf, *, is_ready: bool) -> Item:
    sizes = {digest: held.size for digest, held in needs.manifests.items()}
    missing = [*needs.missing, *needs.corrupt]
    is_corrupt = bool(needs.corrupt)
    for digest, blob in needs.blobs.items():
        sizes[digest] = blob.size
        held = shelf.size(digest)
        if held != blob.size:
            missing.append(digest)
            is_corrupt |= held is not None
    if not missing and not is_ready:
        missing.append(image.digest)
    present = _sum_without(sizes, missing)
    needed = sum(sizes.values()) if needs.is_known else None
    if needed is None and image.size is not None:
        needed = max(image.size, sum(sizes.values()))
    state = _state(missing=missing, is_corrupt=is_corrupt, has_some=bool(present))
    return Item(
        name=str(image.name),
        kind="image",
        state=state,
        digest=image.digest,
        missing=tuple(missing),
        sizes=sizes,
        needed=needed,
        present=present,
        known=image.known,
        needed_by=image.needed_by,
    )


def _check_file(file: PinnedFile, shelf: Shelf) -> Item:
    held = shelf.size(file.digest)
    size = file.size if file.size is not None else held
    is_corrupt = held is not None and held != size
    missing = () if held is not None and not is_corrupt else (file.digest,)
    sizes = {} if size is None else {file.digest: size}
    state = _state(missing=missing, is_corrupt=is_corrupt, has_some=False)
    present = _sum_without(sizes, missing)
    return Item(
        name=file.path,
        kind="file",
        state=state,
        digest=file.digest,
        missing=missing,
        sizes=sizes,
        needed=size,
        present=present,
        known=file.known,
        needed_by=file.needed_by,
    )


def _unpinned(entry: Unpinned) -> Item:
    kind = "file" if entry.is_file else "image"
    return Item(entry.name, kind, State.ABSENT, None, (), {}, None, 0, needed_by=entry.needed_by)


def _state(*, missing: Iterable[Digest], is_corrupt: bool, has_some: bool) -> State:
    if is_corrupt:
        return State.CORRUPT
    if not tuple(missing):
        return State.COMPLETE
    return State.PARTIAL if has_some else State.ABSENT


def _sum_without(sizes: Mapping[Digest, int], missing: Iterable[Digest]) -> int:
    absent = set(missing)
    return sum(size for digest, size in sizes.items() if digest not in absent)
