"""The disk of a virtual machine's node: by the lock, if it has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.catalog.files import files_for

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock


def iso_path(start: Start) -> str | None:
    """Return the path a release's ISO has in a lock; None where there is none for the platform."""
    for file in files_for(start.release.version):
        if file.kind == "iso" and file.platform == start.platform:
            return file.path
    return None


def iso_of(start: Start, lock: Lock | None) -> str | None:
    """Return the ISO's path where the lock has it, or where no lock is known."""
    path = iso_path(start)
    if lock is None:
        return path
    return path if path in {file.path for file in lock.files} else None
