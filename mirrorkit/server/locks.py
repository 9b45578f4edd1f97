"""The locks being served, followed as their files change."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from mirrorkit.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mirrorkit.documents.pins import Lock as ClassLock

_log = logging.getLogger(__name__)
_Stamp = tuple[int, int, int] | None


class LockFiles:
    """Reads locks again when somebody changed them; a broken one is served as it was."""

    def __init__(self, paths: Iterable[Path], read: Callable[[Path], ClassLock]) -> None:
        """Read every lock once; DocumentError when one is missing or broken."""
        self._read = read
        self._guard = Lock()  # /health asks from a thread
        self._stamps = {str(path): _stamp(str(path)) for path in paths}
        self._locks = {path: read(Path(path)) for path in self._stamps}

    def current(self) -> Mapping[str, ClassLock]:
        """Return the locks by name; the same object as long as no file changed."""
        with self._guard:
            for path, seen in self._stamps.items():
                stamp = _stamp(path)
                if stamp != seen:
                    self._stamps[path] = stamp
                    self._take(path)
            return self._locks

    def _take(self, path: str) -> None:
        try:
            lock = self._read(Path(path))
        except DocumentError as error:
            _log.warning("%s; serving what it said before", error.message)
        else:
            self._locks = {**self._locks, path: lock}


def _stamp(path: str) -> _Stamp:
    try:
        stat = os.stat(path)  # noqa: PTH116 - asked for with each manifest; Path takes thrice as long
    except OSError:
        return None
    return (stat.st_ino, stat.st_mtime_ns, stat.st_size)
