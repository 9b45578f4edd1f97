"""Seed: fill a `.minikube` from the store, in a release's layout, so that a start needs no network.

```
 lock, start → Contents → parts (store, Composer) → Placement → files that are whole or absent
```
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.layout import PRELOADS
from mirrorkit.classroom.minikube.place import Placement, holds, partial_of
from mirrorkit.classroom.minikube.seeds import PROGRAMS
from mirrorkit.errors import (
    DiskFullError,
    IncompleteError,
    IntegrityError,
    MirrorkitError,
    SurroundingsError,
)
from mirrorkit.events import FileFailed, FilePlaced, SeedPlanned
from mirrorkit.oci.tarball import StoredBlob, length
from mirrorkit.progress import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mirrorkit.classroom.minikube.contents import Contents
    from mirrorkit.content import FileShelf
    from mirrorkit.events import Listener
    from mirrorkit.flows.archive import Composer
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.tarball import Part

_SPARE: Final = 64 << 20
"""Bytes of the disk that are left free."""
_ADD: Final = "add it to images.yaml, then `mirrorkit lock` and `mirrorkit sync`"
_SYNC: Final = "run `mirrorkit sync`"
_MODE, _PROGRAM_MODE = 0o644, 0o755  # minikube makes executable only what it downloaded itself
_PRELOAD: Final = "preloaded-images-*.tar.lz4"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass
class SeedReport:
    """What lies in a `.minikube` now, and what could not be put there."""

    folder: Path
    placed: dict[str, int] = field(default_factory=dict)
    """Bytes, by the path below the folder."""
    loaded: list[str] = field(default_factory=list)
    """Images that the container engine took in."""
    already: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    """Empty folders and files that stood where minikube looks for a preload."""
    missing: dict[str, MirrorkitError] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0 when nothing is missing; else that of the worst."""
        return max((error.exit_status for error in self.missing.values()), default=0)


@dataclass(frozen=True)
class _Job:
    path: str
    parts: Sequence[Part]
    mode: int

    @property
    def size(self) -> int:
        return sum(map(length, self.parts))


@dataclass(frozen=True)
class Seeder:
    """What the steps of one seed share."""

    folder: Path
    """The `.minikube`; made where it is not there yet."""
    platform: Platform
    """Of the nodes."""
    shelf: FileShelf
    composer: Composer
    report: Listener

    def seed(self, contents: Contents) -> SeedReport:
        """Place what is not there yet; what the store lacks or is in the way stops nothing else.

        DiskFullError before anything is written where the disk has no room for all of it;
        SurroundingsError when the folder cannot be written.
        """
        done = SeedReport(self.folder, notes=list(contents.notes))
        for lacking in sorted(contents.lacking):
            done.missing[lacking] = IncompleteError(lacking, hint=_ADD)
        with self._clearly():
            self._clear_preloads(done)
            jobs = list(self._jobs(contents, done))
            jobs = [job for job in jobs if not self._is_there(job, done)]
            self._check_room(jobs)
            total = sum(job.size for job in jobs)
            self.report(SeedPlanned(len(jobs), len(done.already), total))
            for job in jobs:
                self._place(job, done)
        return done

    def _clear_preloads(self, done: SeedReport) -> None:
        """Remove what Docker left where minikube looks for a preload (minikube.md §3.5).

        A start with --image-repository mounts a tarball that is not there, and Docker makes a
        folder of root's for it; the next start believes it is the preload.
        """
        for path in sorted((self.folder / PRELOADS).glob(_PRELOAD)):
            if path.is_dir() or not path.stat().st_size:
                _remove(path)
                done.cleared.append(str(path.relative_to(self.folder)))

    def _jobs(self, contents: Contents, done: SeedReport) -> Iterator[_Job]:
        for placed in contents.texts:
            yield _Job(placed.path, (placed.text.encode(),), _MODE)
        for path, file in contents.files.items():
            size = self.shelf.size(file.digest)
            if size is not None:
                mode = _PROGRAM_MODE if path.stem in PROGRAMS else _MODE
                yield _Job(str(path), (StoredBlob(file.digest, size),), mode)
            else:
                hint = "run `mirrorkit sync`"
                self._miss(
                    str(path), IncompleteError(f"{file.path} is not here yet", hint=hint), done
                )
        for path, image in contents.images.items():
            try:
                archive = self.composer.compose(image.name, image.digest, self.platform)
            except SurroundingsError:
                raise
            except MirrorkitError as error:
                self._miss(str(path), error, done)
            else:
                yield _Job(str(path), archive.parts, _MODE)

    def _miss(self, path: str, error: MirrorkitError, done: SeedReport) -> None:
        done.missing[path] = error
        self.report(FileFailed(path, error.message))

    def _is_there(self, job: _Job, done: SeedReport) -> bool:
        path = self.folder / job.path
        if path.is_dir():
            _remove(path)
            done.cleared.append(job.path)
        if not holds(path, job.parts):
            return False
        if path.stat().st_mode & 0o777 != job.mode:
            path.chmod(job.mode)
        done.already.append(job.path)
        return True

    def _check_room(self, jobs: Sequence[_Job]) -> None:
        """Refuse to begin what cannot be finished; what an interrupted run left counts."""
        left = (partial_of(self.folder / job.path) for job in jobs)
        held = sum(path.stat().st_size for path in left if path.is_file())
        needed = sum(job.size for job in jobs) - held
        free = shutil.disk_usage(_existing(self.folder)).free
        if jobs and needed + _SPARE > free:
            raise DiskFullError(
                f"{self.folder} needs {readable(needed)}, and its disk has {readable(free)} left",
                hint="free some space, or set MINIKUBE_HOME to a folder on another disk",
            )

    def _place(self, job: _Job, done: SeedReport) -> None:
        path = self.folder / job.path
        owner = _make_folder(path.parent)
        try:
            Placement(self.shelf, self.report, job.path, owner).place(path, job.parts, job.mode)
        except IntegrityError as error:
            self._miss(job.path, error, done)
        else:
            done.placed[job.path] = job.size
            self.report(FilePlaced(job.path))

    @contextmanager
    def _clearly(self) -> Iterator[None]:
        """Turn what the system says about the folder into our errors."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFullError(
                    f"no room left on the disk of {self.folder}",
                    hint="free some space and run this again: what was copied is kept",
                ) from error
            where = error.filename or self.folder
            raise SurroundingsError(
                f"{where} cannot be written: {error.strerror or error}",
                hint=f'`sudo chown -R "$(id -un)" {shlex.quote(str(self.folder))}`',
            ) from error


def _remove(path: Path) -> None:
    """Remove an empty folder or file that stands in the way; SurroundingsError when it cannot."""
    try:
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    except OSError as error:
        name = shlex.quote(str(path))
        raise SurroundingsError(
            f"{path} is a folder where minikube looks for a file; Docker left it",
            hint=f"`sudo rm -r {name}`, then run this again",
        ) from error


def _existing(path: Path) -> Path:
    """Return the nearest folder that is there."""
    return next(one for one in (path, *path.parents) if one.exists())


def _make_folder(path: Path) -> tuple[int, int] | None:
    """Make a folder; return whom it belongs to where that is not the one who runs this.

    Root fills a student's folder, or an image of a machine, for the one who will use it.
    """
    there = _existing(path)
    stat = there.stat()
    is_other = os.geteuid() == 0 and stat.st_uid != 0
    owner = (stat.st_uid, stat.st_gid) if is_other else None
    for one in reversed([path, *path.parents]):
        if not one.exists():
            one.mkdir()
            if owner is not None:
                os.chown(one, *owner)
    return owner
