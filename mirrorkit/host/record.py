"""What was written below a root, so that it can be taken back: one small file for each client."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from mirrorkit.errors import DocumentError

if TYPE_CHECKING:
    from mirrorkit.host.root import Root

FOLDER: Final = "/etc/mirrorkit"
_VERSION: Final = 1


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: the SHA-256 it had before, if it was there, and the ones it was given."""

    path: str
    before: str | None
    after: tuple[str, ...]
    """Two while it is being written anew; else one."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that was written for one client, and the folders made for it, outermost first."""

    version: int = _VERSION
    files: tuple[Entry, ...] = ()
    folders: tuple[str, ...] = ()

    def of(self, path: str) -> Entry | None:
        """Return what is known of a file."""
        return next((entry for entry in self.files if entry.path == path), None)


def record_path(name: str) -> str:
    """Return where a client's record is."""
    return f"{FOLDER}/{name}.json"


def read_record(root: Root, name: str) -> Record:
    """Return a client's record, empty where there is none; DocumentError for a broken one."""
    path = record_path(name)
    data = root.read_bytes(path)
    if data is None:
        return Record()
    try:
        found = msgspec.json.decode(data, type=Record)
    except msgspec.MsgspecError as error:
        raise DocumentError(f"{path} is not mirrorkit's: {error}", hint="move it away") from error
    if found.version != _VERSION:
        raise DocumentError(f"{path} is of a later mirrorkit", hint="use that one")
    return found


def write_record(root: Root, name: str, record: Record) -> None:
    """Keep a client's record."""
    root.put(record_path(name), msgspec.json.format(msgspec.json.encode(record)) + b"\n")


def digest(data: bytes | None) -> str | None:
    """Return the SHA-256 of a file's bytes in hex; None for a file that is not there."""
    return None if data is None else hashlib.sha256(data).hexdigest()
