"""Files of a system below its root: this machine's, or an image's that is being made."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import DocumentError, SurroundingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_MOST: Final = 1 << 20
"""Bytes of a configuration file; no real one comes near."""


class Root:
    """A system's files, by their absolute paths in it; no symbolic link leads out of it."""

    def __init__(self, folder: Path = Path("/")) -> None:
        self.folder = folder.resolve()

    @contextmanager
    def locked(self, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
        """Keep every other mirrorkit from reading what it will write here, until this one wrote.

        It waits so many seconds at most; SurroundingsError where the other one takes longer.
        """
        # A flock on the folder itself: an undo leaves nothing, so no lock file either.
        fd = os.open(_nearest(self.folder), os.O_RDONLY | os.O_DIRECTORY)
        try:
            until = time.monotonic() + seconds
            while not _is_locked(fd):
                if time.monotonic() >= until:
                    raise SurroundingsError(
                        f"another mirrorkit is writing below {self.folder}",
                        hint="wait until it has ended, then again",
                    )
                time.sleep(_LOOK_SECONDS)
            yield
        finally:
            os.close(fd)

    def told(self, path: str) -> str:
        """Return a path as this machine has it, for people."""
        return str(self.folder / path.lstrip("/"))

    def place(self, path: str) -> Path:
        """Return where a path really is; SurroundingsError where that is outside."""
        found = (self.folder / path.lstrip("/")).resolve()
        if not found.is_relative_to(self.folder):
            raise SurroundingsError(
                f"{path} leads out of {self.folder} to {found}",
                hint="write that file by hand, or put a plain one in the link's place",
            )
        return found

    def read_bytes(self, path: str) -> bytes | None:
        """Return a file, None where there is none; SurroundingsError where it cannot be read."""
        place = self.place(path)
        try:
            # Without waiting for the other end, should it be a pipe.
            with os.fdopen(os.open(place, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise SurroundingsError(f"{place} is not a file", hint="move it away")
                data = file.read(_MOST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SurroundingsError(
                f"{place} cannot be read: {error.strerror}", hint="run it with sudo"
            ) from error
        if len(data) > _MOST:
            raise SurroundingsError(
                f"{place} is larger than a configuration", hint="look what it is"
            )
        return data

    def read(self, path: str) -> str | None:
        """Return a text file, None where there is none; DocumentError where it is not UTF-8."""
        data = self.read_bytes(path)
        try:
            return None if data is None else data.decode()
        except UnicodeDecodeError as error:
            raise DocumentError(f"{path} is not UTF-8", hint="correct it") from error

    def names(self, folder: str) -> tuple[str, ...]:
        """Return what a folder holds, sorted; nothing where there is none or it may not be read."""
        try:
            return tuple(sorted(one.name for one in self.place(folder).iterdir()))
        except OSError:
            return ()

    def refused(self, path: str) -> Path | None:
        """Return the folder that would have to be written for a file and may not be, if any."""
        folder = _nearest(self.place(path).parent)
        return None if os.access(folder, os.W_OK | os.X_OK) else folder

    def missing_folders(self, path: str) -> list[str]:
        """Return the folders above a file that are not there, the outermost first."""
        folder = self.place(path).parent
        missing = [one for one in (*reversed(folder.parents), folder) if not one.exists()]
        return [f"/{one.relative_to(self.folder)}" for one in missing]

    def make_folder(self, path: str) -> None:
        """Make one folder, unless it is there."""
        self.place(path).mkdir(mode=0o755, exist_ok=True)

    def put(self, path: str, data: bytes, *, keeps: bool = False) -> None:
        """Replace a file in one step, with its owner and mode; `keeps` the first one beside it.

        A new file is everybody's to read. After a power cut it is the old one or the new one.
        """
        place = self.place(path)
        if keeps:
            _keep(place, _backup(place))
        temporary = _temporary(place)
        temporary.unlink(missing_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                _like(place, file.fileno())
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(place.parent)

    def is_kept(self, path: str) -> bool:
        """Say whether a file's first one is kept beside it."""
        return _backup(self.place(path)).exists()

    def read_kept(self, path: str) -> str | None:
        """Return the text of a file's first one; of itself where none is kept."""
        place = self.place(path)
        there = f"/{_backup(place).relative_to(self.folder)}"
        return self.read(there if self.is_kept(path) else path)

    def put_back(self, path: str) -> None:
        """Put a kept file in its place again, the very one that was there."""
        place = self.place(path)
        backup = _backup(place)
        if place.exists() and place.samefile(backup):
            backup.unlink()  # rename(2) does nothing between two names of one file
        else:
            backup.replace(place)
        _sync(place.parent)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        self.place(path).unlink(missing_ok=True)

    def sweep(self, path: str) -> None:
        """Remove what a kill may have left beside a file."""
        _temporary(self.place(path)).unlink(missing_ok=True)

    def remove_folder(self, path: str) -> None:
        """Remove a folder, if it is there and empty."""
        with suppress(OSError):
            self.place(path).rmdir()


def _nearest(folder: Path) -> Path:
    """Return a folder, or the nearest above it that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder


def _is_locked(fd: int) -> bool:
    """Take a folder's lock, or say that another has it; NFS locks no folders, and has none."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _temporary(place: Path) -> Path:
    return place.with_name(f".{place.name}.mirrorkit-new")


def _backup(place: Path) -> Path:
    return place.with_name(f"{place.name}.before-mirrorkit")


def _keep(place: Path, backup: Path) -> None:
    """Give a file a second name, or where the file system has none a copy."""
    if backup.exists() or not place.exists():
        return
    try:
        os.link(place, backup, follow_symlinks=False)
    except OSError:
        shutil.copy2(place, backup)
        found = place.stat()
        os.chown(backup, found.st_uid, found.st_gid)


def _like(place: Path, fd: int) -> None:
    """Give a new file the owner, the mode and the labels of the one whose place it takes."""
    try:
        found = place.stat()
    except FileNotFoundError:
        os.fchmod(fd, 0o644)
        return
    os.fchown(fd, found.st_uid, found.st_gid)
    os.fchmod(fd, stat.S_IMODE(found.st_mode))
    if hasattr(os, "listxattr"):
        for name in os.listxattr(place):
            with suppress(OSError):  # some are the system's alone to give
                os.setxattr(fd, name, os.getxattr(place, name))


def _sync(folder: Path) -> None:
    """Make a rename inside a folder survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
