"""Load: images from a store into a container engine, each as one tar that nobody writes down."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import (
    EngineError,
    IncompleteError,
    IntegrityError,
    MirrorkitError,
    NoPlatformError,
    SurroundingsError,
    UsageError,
)
from mirrorkit.events import (
    BytesArrived,
    ImageFailed,
    ImageLoaded,
    LoadPlanned,
    PlatformMissing,
)
from mirrorkit.oci.nearest import nearest
from mirrorkit.oci.reference import Reference
from mirrorkit.oci.tarball import StoredBlob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from mirrorkit.content import Engine, FileShelf
    from mirrorkit.documents.pins import Lock, PinnedImage
    from mirrorkit.events import Listener
    from mirrorkit.flows.archive import Archive, Composer
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.tarball import Part

_PIECE: Final = 1 << 20


def named(lock: Lock, names: Sequence[str]) -> list[tuple[Reference, Digest]]:
    """Find images of a lock by any of their names, or all.

    UsageError for one it does not have, IncompleteError for one it does not pin yet.
    """
    known = {name: image for image in lock.images for name in (image.name, *image.also)}
    if not names:
        return [(image.name, image.digest) for image in lock.images]
    unpinned = {one.name for one in lock.unpinned}
    found = [_find(name, known, unpinned) for name in names]
    return list(dict.fromkeys(found))


def _find(
    text: str, known: Mapping[Reference, PinnedImage], unpinned: Collection[str]
) -> tuple[Reference, Digest]:
    try:
        asked = Reference.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from error
    name = replace(asked, digest=None)
    image = known.get(name)
    if image is not None and asked.digest in (None, image.digest):
        return name, image.digest
    if str(name) in unpinned:
        raise IncompleteError(
            f"{name} is wanted, but its digest is not known yet",
            hint="run `mirrorkit lock` and `mirrorkit sync` while there is a network",
        )
    near = nearest(name, known) if image is None else None
    hint = f"the nearest is {near}" if near else "`mirrorkit status --all` names what is"
    raise UsageError(f"{asked} is not in the lock", hint=hint)


@dataclass
class LoadReport:
    """What an engine has now, and what it could not be given."""

    platform: Platform
    loaded: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    """Images that do not exist for the platform, where nobody asked for them by name."""
    failures: dict[str, MirrorkitError] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """0 when nothing failed; else that of the worst failure."""
        return max((error.exit_status for error in self.failures.values()), default=0)


@dataclass(frozen=True)
class Loader:
    """What the steps of one load share."""

    composer: Composer
    shelf: FileShelf
    engine: Engine
    platform: Platform
    report: Listener

    def load(
        self, images: Iterable[tuple[Reference, Digest]], *, is_named: bool = False
    ) -> LoadReport:
        """Load images by the names given; one that is not held or does not fit stops no other.

        What the engine has already is left alone. `is_named`: somebody asked for just these, so
        that one which does not exist for the platform is a failure. SurroundingsError when the
        engine is in the way.
        """
        done = LoadReport(self.platform)
        archives = []
        for name, digest in images:
            archive = self._compose(name, digest, done, is_named=is_named)
            if archive is None:
                continue
            if self._has(archive):
                done.already.append(str(name))
            else:
                archives.append(archive)
        total = sum(archive.size for archive in archives)
        self.report(LoadPlanned(len(archives), len(done.already), total))
        for archive in archives:
            self._load(archive, done)
        return done

    def _has(self, archive: Archive) -> bool:
        """Say whether the engine has it; by an index's id alone another platform may be there."""
        there = self.engine.image(str(archive.name))
        return there is not None and there.id in archive.ids and there.platform == self.platform

    def _compose(
        self, name: Reference, digest: Digest, done: LoadReport, *, is_named: bool
    ) -> Archive | None:
        try:
            return self.composer.compose(name, digest, self.platform)
        except SurroundingsError:
            raise
        except NoPlatformError as error:
            if is_named:
                self._fail(name, error, done)
            else:
                done.elsewhere.append(str(name))
                self.report(PlatformMissing(str(name), str(self.platform)))
        except MirrorkitError as error:
            self._fail(name, error, done)
        return None

    def _load(self, archive: Archive, done: LoadReport) -> None:
        name = archive.name
        try:
            self.engine.load(self._pieces(archive))
        except (IntegrityError, EngineError) as error:
            self._fail(name, error, done)
        else:
            done.loaded.append(str(name))
            self.report(ImageLoaded(str(name)))

    def _fail(self, name: Reference, error: MirrorkitError, done: LoadReport) -> None:
        done.failures[str(name)] = error
        self.report(ImageFailed(str(name), error.message))

    def _pieces(self, archive: Archive) -> Iterator[bytes]:
        for part in archive.parts:
            for piece in self._pieces_of(part):
                yield piece
                self.report(BytesArrived("store", str(archive.name), len(piece)))

    def _pieces_of(self, part: Part) -> Iterator[bytes]:
        """Read a blob a piece at a time; IntegrityError when it is gone or ends early."""
        if not isinstance(part, StoredBlob):
            yield part
            return
        left = part.size
        with suppress(FileNotFoundError), self.shelf.path(part.digest).open("rb", 0) as file:
            while left and (piece := file.read(min(_PIECE, left))):
                left -= len(piece)
                yield piece
        if left:
            hint = "run `mirrorkit sync` again"
            raise IntegrityError(f"the store's file of {part.digest} ends early", hint=hint)
