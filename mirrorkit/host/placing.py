"""Configuration files written so that they can be taken back, byte for byte.

The record stands before the first file changes, so what a kill or a power cut leaves is known: each
file is the one before, or one of those written.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.errors import SurroundingsError
from mirrorkit.host.record import (
    FOLDER,
    Entry,
    Record,
    digest,
    read_record,
    record_path,
    write_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mirrorkit.host.root import Root


class Undone(NamedTuple):
    """What an undo did: the files given back, and those taken away again."""

    restored: tuple[str, ...]
    removed: tuple[str, ...]


class Placing:
    """The files of one client below a root, and what was there before them.

    `is_forced` goes on where a file was changed since.
    """

    def __init__(self, root: Root, name: str, *, is_forced: bool = False) -> None:
        self._root = root
        self._name = name
        self._is_forced = is_forced
        self._record = read_record(root, name)

    @property
    def has_written(self) -> bool:
        """Say whether anything was written that is not taken back."""
        return bool(self._record.files)

    def read(self, path: str) -> str | None:
        """Return a file as it was before us; as it is where somebody changed it since."""
        entry = self._record.of(path)
        if entry is None or not self._is_ours(entry):
            return self._root.read(path)
        return None if entry.before is None else self._root.read_kept(path)

    def names(self, folder: str) -> tuple[str, ...]:
        """Return what a folder holds, sorted."""
        return self._root.names(folder)

    def states(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Say of each file whether writing would leave it `same`, `change` it, or make it `new`."""
        return {path: _state(self._root.read_bytes(path), data) for path, data in files.items()}

    def refused(self, paths: Iterable[str]) -> str | None:
        """Return the first file that may not be written, if any."""
        every = (*paths, *(entry.path for entry in self._record.files), record_path(self._name))
        return next((path for path in every if self._root.refused(path)), None)

    def write(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """Write files, and take back those of the last time that are no longer among them.

        Returns the paths that changed. SurroundingsError where somebody changed one since.
        """
        self._refuse_changed()
        states = self.states(files)
        changed = tuple(path for path, state in states.items() if state != "same")
        gone = tuple(entry for entry in self._record.files if entry.path not in files)
        if not changed and not gone:
            return ()
        entries = [self._entry(path, data) for path, data in files.items()]
        with _system_errors():
            folders = self._make_folders((record_path(self._name), *changed))
            self._keep(Record(files=(*entries, *gone), folders=folders))
            for folder in folders:
                self._root.make_folder(folder)
            for entry in entries:
                if entry.path in changed:
                    keeps = entry.before is not None
                    self._root.put(entry.path, files[entry.path], keeps=keeps)
            for entry in gone:
                self._give_back(entry)
            settled = tuple(Entry(one.path, one.before, one.after[-1:]) for one in entries)
            self._keep(Record(files=settled, folders=folders))
        return (*changed, *(entry.path for entry in gone))

    def undo(self) -> Undone:
        """Give every file back as it was; SurroundingsError where somebody changed one since."""
        self._refuse_changed()
        restored = tuple(one.path for one in self._record.files if one.before is not None)
        removed = tuple(one.path for one in self._record.files if one.before is None)
        with _system_errors():
            for entry in self._record.files:
                self._give_back(entry)
                self._root.sweep(entry.path)
            self._remove_folders()  # while the record still tells of them
            self._root.remove(record_path(self._name))
            self._root.sweep(record_path(self._name))
            self._remove_folders()
        self._record = Record()
        return Undone(restored, removed)

    def _remove_folders(self) -> None:
        """Remove what was made and is empty, the innermost first."""
        for folder in (FOLDER, *reversed(self._record.folders)):
            self._root.remove_folder(folder)

    def _is_ours(self, entry: Entry) -> bool:
        return digest(self._root.read_bytes(entry.path)) in entry.after

    def _refuse_changed(self) -> None:
        for entry in () if self._is_forced else self._record.files:
            if not self._is_ours(entry) and not self._is_as_before(entry):
                raise SurroundingsError(
                    f"{self._root.told(entry.path)} was changed since mirrorkit wrote it",
                    hint="keep what you need of it elsewhere, then again with --force",
                )

    def _is_as_before(self, entry: Entry) -> bool:
        """Say whether a file was not written yet, or is given back already."""
        return digest(self._root.read_bytes(entry.path)) == entry.before

    def _entry(self, path: str, data: bytes) -> Entry:
        """Return what to note of a file: what was there before our first time."""
        new = str(digest(data))
        known = self._record.of(path)
        if known is not None:
            return Entry(path, known.before, (*known.after[-1:], new))
        if self._root.is_kept(path):
            told = self._root.told(path)
            raise SurroundingsError(
                f"beside {told} a file of the same name before mirrorkit is kept already",
                hint=f"put {told}.before-mirrorkit back or move it away, then again",
            )
        return Entry(path, digest(self._root.read_bytes(path)), (new,))

    def _make_folders(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Make the record's own folder, the first; return all that will have been made."""
        missing = [self._root.missing_folders(path) for path in paths]
        for folder in missing[0]:
            self._root.make_folder(folder)
        return tuple(dict.fromkeys((*self._record.folders, *chain.from_iterable(missing))))

    def _keep(self, record: Record) -> None:
        write_record(self._root, self._name, record)
        self._record = record

    def _give_back(self, entry: Entry) -> None:
        if entry.before is None:
            self._root.remove(entry.path)
        elif self._root.is_kept(entry.path):
            self._root.put_back(entry.path)


@contextmanager
def _system_errors() -> Iterator[None]:
    """Turn what the system says into our error; what was done so far stands in the record."""
    try:
        yield
    except OSError as error:
        raise SurroundingsError(
            f"{error.filename or 'a file'}: {error.strerror or error}",
            hint="correct that, then again; --undo gives back what was written",
        ) from error


def _state(before: bytes | None, after: bytes) -> str:
    if before is None:
        return "new"
    return "same" if before == after else "change"
