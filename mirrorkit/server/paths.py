"""Which plain files are served: those that a lock lists, by their paths and no others."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirrorkit.documents.pins import Lock, PinnedFile


class Paths:
    """Every file of the locks; made anew whenever one changed. The first lock has the last word."""

    def __init__(self, locks: Sequence[Lock]) -> None:
        self.pinned: Mapping[str, PinnedFile] = {
            file.path: file for lock in reversed(locks) for file in lock.files
        }
        self.unpinned = {one.name for lock in locks for one in lock.unpinned if one.is_file}
        """Files that are wanted and whose hash nobody knows yet."""

    def nearest(self, path: str) -> str | None:
        """Return the listed path most like an unknown one: first among those of the same name."""
        name = path.rpartition("/")[2]
        same = [known for known in self.pinned if known.rpartition("/")[2] == name]
        cutoff = 0.0 if same else 0.6
        near = difflib.get_close_matches(path, same or self.pinned, n=1, cutoff=cutoff)
        return near[0] if near else None
