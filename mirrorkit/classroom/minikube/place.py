"""Place: a file of a store, or an archive composed from it, as a file that others use.

Bytes are copied, never linked: who gets the file may write it, and the store must stay as it is.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import IntegrityError, SurroundingsError
from mirrorkit.events import BytesArrived, BytesDropped
from mirrorkit.oci.tarball import StoredBlob, length
from mirrorkit.store.durable import is_same_file, publish, try_lock_fd, write_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from mirrorkit.content import FileShelf
    from mirrorkit.events import Listener
    from mirrorkit.oci.tarball import Part

_PIECE: Final = 1 << 20


def partial_of(path: Path) -> Path:
    """Return where the bytes of a file are until all of them are right."""
    return path.with_name(f".{path.name}.mirrorkit")


def holds(path: Path, parts: Sequence[Part]) -> bool:
    """Say whether a file has just these bytes; a part from the store is held against its digest."""
    try:
        if path.stat().st_size != sum(map(length, parts)):
            return False
        with path.open("rb", 0) as file:
            return all(_agrees(file, part) for part in parts)
    except FileNotFoundError:
        return False


def _agrees(file: BinaryIO, part: Part) -> bool:
    if not isinstance(part, StoredBlob):
        return file.read(len(part)) == part
    hasher = part.digest.hasher()
    for piece in _pieces(file, part.size):
        hasher.update(piece)
    return bool(hasher.hexdigest() == part.digest.hex)


def _pieces(file: BinaryIO, count: int) -> Iterator[bytes]:
    """Yield so many bytes from where a file stands, or as many as there are."""
    while count and (piece := file.read(min(_PIECE, count))):
        count -= len(piece)
        yield piece


@dataclass
class Placement:
    """One file being placed: what an interrupted run left is checked and gone on with."""

    shelf: FileShelf
    report: Listener
    name: str
    """What to call it in events."""
    owner: tuple[int, int] | None = None
    """User and group it is to belong to; None for whoever runs this."""
    _file: BinaryIO = field(init=False, repr=False)
    _left: int = field(init=False, default=0)
    """Bytes of an interrupted run that are yet to be looked at."""

    def place(self, path: Path, parts: Sequence[Part], mode: int) -> None:
        """Make a file of these parts, whole and right or not at all.

        IntegrityError where a blob of the store is not what its digest says, OSError as the
        system says it, SurroundingsError where another run is at it.
        """
        partial = partial_of(path)
        with _alone(partial) as file:
            self._file, self._left = file, os.fstat(file.fileno()).st_size
            for part in parts:
                self._take(part)
            file.truncate()
            if self.owner is not None:
                os.fchown(file.fileno(), *self.owner)
            os.fchmod(file.fileno(), mode)
            publish(file.fileno(), partial, path)

    def _take(self, part: Part) -> None:
        """Go on with one part; what is left of it and wrong is written anew, once."""
        start = self._file.tell()
        before = min(self._left, length(part))
        if self._written(part, before):
            self._left -= before
            return
        self._left = 0
        self._file.seek(start)
        self.report(BytesDropped(self.name, length(part)))
        if not before or not self._written(part, 0):
            what = part.digest if isinstance(part, StoredBlob) else self.name
            hint = "run `mirrorkit verify --repair`"
            raise IntegrityError(f"the store's bytes of {what} are wrong", hint=hint)

    def _written(self, part: Part, before: int) -> bool:
        """Read what is there of a part, write the rest; say whether all of it is right."""
        if not isinstance(part, StoredBlob):
            write_all(self._file.fileno(), part)
            return True
        hasher = part.digest.hasher()
        for piece in _pieces(self._file, before):
            hasher.update(piece)
            self._tell(piece, is_resumed=True)
        with suppress(FileNotFoundError), self.shelf.path(part.digest).open("rb", 0) as blob:
            blob.seek(before)
            for piece in _pieces(blob, part.size - before):
                hasher.update(piece)
                write_all(self._file.fileno(), piece)
                self._tell(piece, is_resumed=False)
        return bool(hasher.hexdigest() == part.digest.hex)

    def _tell(self, piece: bytes, *, is_resumed: bool) -> None:
        self.report(BytesArrived("store", self.name, len(piece), is_resumed))


@contextmanager
def _alone(partial: Path) -> Iterator[BinaryIO]:
    """Open a partial file that nobody else writes; it stays when something is in the way."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    with os.fdopen(os.open(partial, flags, 0o600), "r+b", buffering=0) as file:
        # Who had it before us may have made it the file itself.
        if not try_lock_fd(file.fileno()) or not is_same_file(file.fileno(), partial):
            hint = "let it end, then run this again"
            raise SurroundingsError(f"another mirrorkit is writing {partial.parent}", hint=hint)
        yield file
