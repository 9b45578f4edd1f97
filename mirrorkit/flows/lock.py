"""Lock: from what is wanted to exactly which bytes; published digests first, then the network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from mirrorkit.documents.pins import (
    EXPECTED,
    PROVEN,
    Lock,
    PinnedChild,
    PinnedFile,
    PinnedImage,
    Unpinned,
)
from mirrorkit.errors import MirrorkitError, NotFoundError, SurroundingsError, UnreachableError
from mirrorkit.flows.attempts import each
from mirrorkit.flows.lockfiles import pin_at_sight, pinned_before
from mirrorkit.flows.sight import see
from mirrorkit.flows.whereabouts import located, origins_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from mirrorkit.content import SizedSource, Source, Store
    from mirrorkit.flows.run import Candidate
    from mirrorkit.flows.sight import Sight
    from mirrorkit.flows.wanted import Wanted, WantedFile, WantedImage
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.reference import Reference

_NOBODY: Final = "nobody published a digest, and no source answered"


@dataclass(frozen=True, slots=True)
class Difference:
    """A published digest that the source's own answer contradicts; nothing is replaced silently."""

    name: str
    published: Digest
    found: Digest


@dataclass
class Locking:
    """A lock being made: what came of each wanted image, and what was seen on the way."""

    pins: dict[Reference, PinnedImage | Unpinned] = field(default_factory=dict)
    files: dict[str, PinnedFile | Unpinned] = field(default_factory=dict)
    documents: dict[Digest, bytes] = field(default_factory=dict)
    """Indexes, manifests and configs that were seen, for `images.lock.d`."""
    differences: list[Difference] = field(default_factory=list)
    failures: dict[str, MirrorkitError] = field(default_factory=dict)
    is_answered: bool = False
    """Whether anybody who was asked was there, if only to say no."""

    @property
    def is_unanswered(self) -> bool:
        """Say whether sources were asked, and nobody was there."""
        return bool(self.failures) and not self.is_answered


@dataclass(frozen=True)
class Choices:
    """What one locking may use: the lock before it, and whose tags are asked anew."""

    before: Lock | None = None
    upgrade: Collection[str] | None = frozenset()
    """Canonical names whose pins are given up; None means all."""
    sources_of: Callable[[Sequence[Reference], Digest | None], Sequence[Source]] | None = None
    """Where an image of these names is looked at: by a digest anywhere, by its tag only where the
    tag means what its name says. None works offline."""
    files_of: Callable[[Sequence[str]], Sequence[SizedSource]] | None = None
    store: Store | None = None
    """Where a file goes that is read to be pinned. None keeps nothing of it."""
    candidates_of: Callable[[PinnedImage], Sequence[Candidate]] | None = None
    """Where each source has an image under its tag, to be noted. None asks nobody."""
    is_by_source: bool = False
    """Whether what a source has under a tag is wanted, rather than what is published."""
    jobs: int = 8
    count: Callable[[int, int], None] = lambda _done, _all: None
    """Is told how many images and files are done, and how many there are."""
    asks_pinned: bool = True
    """Whether what the earlier lock has is looked at again: Docker Hub counts each look."""

    def asks_tag(self, image: WantedImage) -> bool:
        """Say whether a tag decides, although something is published: somebody asked for that."""
        is_named = self.upgrade is not None and str(image.name) in self.upgrade
        return is_named or (self.is_by_source and self.kept(image.name) is None)

    def kept(self, name: Reference) -> PinnedImage | None:
        """Return the pin an earlier lock has for a name, unless it is to be given up."""
        if self.before is None or self.upgrade is None or str(name) in self.upgrade:
            return None
        return next((image for image in self.before.images if image.name == name), None)


async def make_lock(want: Wanted, choices: Choices) -> tuple[Lock, Locking]:
    """Pin everything wanted; what cannot be pinned yet is listed as unpinned.

    Offline the published digests and the earlier lock decide. Online every digest is proven by its
    bytes, and tags that move are asked. Raises SurroundingsError only.
    """
    locking = Locking()

    def count() -> None:
        done = len(locking.pins) + len(locking.files)
        choices.count(done, len(want.images) + len(want.files))

    async def one(image: WantedImage) -> None:
        locking.pins[image.name] = await _pin(image, want.platforms, choices, locking)
        count()

    async def one_file(file: WantedFile) -> None:
        locking.files[file.path] = await _pin_file(file, choices, locking)
        count()

    count()
    await each(want.images, one, jobs=choices.jobs)
    await each(want.files, one_file, jobs=choices.jobs)
    # Where nobody was there, the others need not be waited for, image by image.
    await _note_sources(
        replace(choices, candidates_of=None) if locking.is_unanswered else choices, locking
    )
    pins = [locking.pins[image.name] for image in want.images]
    files = [locking.files[file.path] for file in want.files]
    return (
        Lock(
            images=tuple(pin for pin in pins if isinstance(pin, PinnedImage)),
            files=tuple(file for file in files if isinstance(file, PinnedFile)),
            unpinned=tuple(pin for pin in (*pins, *files) if isinstance(pin, Unpinned)),
            platforms=want.platforms,
            lessons=want.lessons,
            wish=want.wish,
        ),
        locking,
    )


async def _pin(
    image: WantedImage, platforms: Sequence[Platform], choices: Choices, locking: Locking
) -> PinnedImage | Unpinned:
    """Pin one image: by the earlier lock, the published digest or, where the tag moves, its tag."""
    kept = choices.kept(image.name)
    digest = _digest_of(image, kept, choices)
    if kept is not None and kept.digest == digest and not choices.asks_pinned:
        return _renewed(image, kept)
    sources = choices.sources_of(origins_of(image.name), digest) if choices.sources_of else ()
    seen = await _look(image, digest, platforms, sources, locking)
    if seen is not None:
        return _proven(image, seen, platforms, locking)
    if kept is not None and digest in (None, kept.digest):
        return _renewed(image, kept)
    if image.digest is not None:
        return _expected(image, image.digest, platforms)
    return Unpinned(str(image.name), is_file=False, reason=_NOBODY, needed_by=image.needed_by)


def _digest_of(image: WantedImage, kept: PinnedImage | None, choices: Choices) -> Digest | None:
    """Choose the digest to look at, or None where the tag decides.

    What is published goes before an earlier pin, unless that was seen: then bytes overrule.
    """
    if choices.asks_tag(image):
        return None
    if image.digest is not None and not image.is_moving and (not kept or kept.known != PROVEN):
        return image.digest
    return kept.digest if kept else None


async def _note_sources(choices: Choices, locking: Locking) -> None:
    """Note where each source has each pinned image; what the earlier lock says of a pin stays."""
    before = choices.before.images if choices.before else ()
    earlier = {(image.name, image.digest): image.sources for image in before}
    images = [
        replace(pin, sources=earlier.get((pin.name, pin.digest), pin.sources))
        for pin in locking.pins.values()
        if isinstance(pin, PinnedImage)
    ]
    if choices.candidates_of is not None:
        images = await located(images, choices.candidates_of, jobs=choices.jobs)
    locking.pins.update({image.name: image for image in images})


async def _look(
    image: WantedImage,
    digest: Digest | None,
    platforms: Sequence[Platform],
    sources: Sequence[Source],
    locking: Locking,
) -> Sight | None:
    """See an image at its sources; what fails is noted and leaves the pin to what is published."""
    failure: MirrorkitError | None = None
    for source in sources:
        try:
            seen = await see(source, digest or image.name.tag or "", platforms)
        except NotFoundError as error:
            failure = error
            locking.is_answered = True
            await _compare(source, image, digest, locking)
        except SurroundingsError:
            raise
        except MirrorkitError as error:
            failure = error
            locking.is_answered |= not _is_silence(error)
        else:
            locking.is_answered = True
            return seen
    if failure is not None:
        locking.failures[str(image.name)] = failure
    return None


def _is_silence(error: MirrorkitError) -> bool:
    return isinstance(error, UnreachableError) and error.is_unreached


async def _compare(
    source: Source, image: WantedImage, digest: Digest | None, locking: Locking
) -> None:
    """Where a source lacks the digest, look what its tag stands for: the facts may be wrong."""
    if digest is None or image.name.tag is None:
        return
    try:
        found = await source.resolve(image.name.tag)
    except MirrorkitError:
        return
    if found != digest:
        locking.differences.append(Difference(str(image.name), digest, found))


def _proven(
    image: WantedImage, seen: Sight, platforms: Sequence[Platform], locking: Locking
) -> PinnedImage:
    locking.documents.update(seen.documents)
    children = {key: seen.children[key] for key in platforms if key in seen.children}
    return PinnedImage(
        name=image.name,
        digest=seen.digest,
        platforms=frozenset(children) or None,
        also=image.also,
        children=children,
        needed_by=image.needed_by,
        known=PROVEN,
    )


def _expected(image: WantedImage, digest: Digest, platforms: Sequence[Platform]) -> PinnedImage:
    children = {
        child.platform: PinnedChild(child.digest, None, child.size)
        for child in image.children
        if child.platform in platforms
    }
    return PinnedImage(
        name=image.name,
        digest=digest,
        also=image.also,
        children=children,
        needed_by=image.needed_by,
        known=EXPECTED,
    )


def _renewed(image: WantedImage, kept: PinnedImage) -> PinnedImage:
    """Keep a pin, with the names and needs the wish has now."""
    return PinnedImage(
        name=kept.name,
        digest=kept.digest,
        also=image.also,
        children=kept.children,
        needed_by=image.needed_by,
        known=kept.known,
    )


async def _pin_file(file: WantedFile, choices: Choices, locking: Locking) -> PinnedFile | Unpinned:
    before = choices.before.files if choices.before else ()
    earlier = next((old for old in before if old.path == file.path), None)
    sources = choices.files_of(file.urls) if choices.files_of else ()
    pinned = pinned_before(file, earlier)
    if pinned is not None:
        return pinned
    seen = await pin_at_sight(file, sources, choices.store, locking.failures)
    failure = locking.failures.get(file.path)
    locking.is_answered |= bool(sources) and (failure is None or not _is_silence(failure))
    return seen
