"""The documents of a class on disk: images.yaml and images.lock.yaml."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import DocumentError, unreadable
from mirrorkit.oci.digest import Digest
from mirrorkit.settings import WISH_NAME, wish_of

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.documents.pins import Lock
    from mirrorkit.flows.locking import Locked
    from mirrorkit.flows.wanted import Wanted


def read_lock(path: Path) -> Lock:
    """Read a lock file; DocumentError when it is not there or has mistakes."""
    hint = "make one with `mirrorkit lock` or `mirrorkit up`, or name it with --lock FILE"
    return parse_lock(_read(path, f"there is no lock {path}", hint), str(path))


def _read(path: Path, absent: str, hint: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DocumentError(absent, hint=hint) from error
    except OSError as error:
        raise unreadable(path, error) from error


def read_wanted(path: Path) -> Wanted:
    """Read a wish and work out what it comes to; DocumentError when it has mistakes."""
    from mirrorkit.documents.wish import parse_wish
    from mirrorkit.flows.wanted import wanted

    hint = "start one with `mirrorkit init`, or name it with --wish FILE"
    text = _read(path, f"there is no {path}", hint)
    return wanted(parse_wish(text, str(path)), text, str(path))


def refuse_disagreement(lock: Lock, path: Path) -> None:
    """Hold a lock against the wish it belongs to, if that is there: DocumentError."""
    wish = wish_of(path)
    if not wish.exists() or lock.wish == Digest.of(wish.read_bytes()):
        return
    from mirrorkit.flows.wanted import disagreement

    how = disagreement(read_wanted(wish), lock)
    if how is not None:
        raise DocumentError(
            f"{wish} {how}",
            hint=f"run `mirrorkit lock{_naming(wish)}`, or leave it so this once with --frozen",
        )


def _naming(wish: Path) -> str:
    return "" if wish.name == WISH_NAME else f" --wish {shlex.quote(wish.name)}"


def earlier(path: Path) -> Lock | None:
    """Read the lock that is there; None where there is none yet."""
    return read_lock(path) if path.exists() else None


def canonical(name: str) -> str:
    """Return the canonical spelling of an image's name; UsageError where it is none."""
    from mirrorkit.errors import UsageError
    from mirrorkit.oci.reference import Reference

    try:
        return str(Reference.parse(name).canonical)
    except ValueError as error:
        raise UsageError(str(error)) from error


def write_locked(path: Path, locked: Locked) -> None:
    """Write a lock and, beside it, the small documents that were seen."""
    from mirrorkit.store.durable import storage_errors, write_file

    folder = path.with_suffix(".d")
    with storage_errors(path.parent):
        if locked.documents:
            folder.mkdir(exist_ok=True)
        for digest, data in sorted(locked.documents.items()):
            write_file(folder / f"{digest.algorithm}-{digest.hex}", data)
        write_file(path, locked.text)
