"""A teacher's file on disk: read whole, replaced as one step."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mirrorkit.documents.yaml import DOCUMENT_MAX
from mirrorkit.errors import DocumentError, SurroundingsError, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_wish_file(path: Path) -> bytes:
    """Return the bytes of a wish; DocumentError where they cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(DOCUMENT_MAX + 1)
    except FileNotFoundError as error:
        hint = "`mirrorkit init` writes one, --file names another"
        raise DocumentError(f"there is no {path}", hint=hint) from error
    except OSError as error:
        raise unreadable(path, error) from error


def replace_wish_file(path: Path, data: bytes, *, before: bytes | None = None) -> None:
    """Write a file as one step, with its rights and through a link; else nothing is written.

    With `before`, only if that is still what it holds: an editor may have saved meanwhile.
    """
    from mirrorkit.store.durable import publish, write_all

    final = path.resolve()
    temporary = final.with_name(f".{final.name[:200]}.{os.getpid()}.new")
    with _told(path), _made(temporary) as fd:
        write_all(fd, data)
        if final.exists():
            os.fchmod(fd, stat.S_IMODE(final.stat().st_mode))
        if before is not None and read_wish_file(final) != before:
            raise DocumentError(f"{path} changed meanwhile; nothing was written", hint="run again")
        publish(fd, temporary, final)


@contextmanager
def _made(temporary: Path) -> Iterator[int]:
    """Make a new file to be published; it is gone when that fails."""
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        yield fd
    finally:
        os.close(fd)
        temporary.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SurroundingsError(
            f"{path} cannot be written: {reason}", hint="check the folder's rights and its disk"
        ) from error
