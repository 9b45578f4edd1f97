"""The files of a class on disk: which ones, and their text. Every one of them is hostile."""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Tell = Callable[[str], None]

FILE_MAX: Final = 8 * 1024 * 1024
"""Bytes a file may have: the largest manifests people apply (bundles of CRDs) have half of it."""

_SKIPPED: Final = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"})
_NEWLINES: Final = re.compile(r"\r\n?")
# YAML ends a line at these too, editors and shells do not: lines must count the same for all.
_BLANKS: Final = dict.fromkeys(
    map(ord, "\N{NEXT LINE}\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"), " "
)


def files_below(path: Path, tell: Tell) -> Iterator[Path]:
    """Yield a file, or every regular file below a folder, by name.

    Links inside a folder are not followed: what lies in it is read under its own name, and what
    lies elsewhere is not the class. A folder that cannot be read is told.
    """
    if not path.is_dir():
        yield path
        return
    waiting = [path]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            folders = [folder / entry.name for entry in entries if _is_folder(entry)]
            files = [folder / entry.name for entry in entries if _is_file(entry)]
        except OSError as error:
            tell(f"skipped {shown(folder)}: {error.strerror}")
        else:
            waiting.extend(reversed(folders))
            yield from files


def read_text(path: Path, tell: Tell, *, is_chosen: bool = False) -> str | None:
    """Return a file's text, every line ended by a line feed; None where there is none.

    Why there is none is told, but for binaries, which are passed over unless chosen. What is not
    UTF-8 is read all the same: names of images are ASCII.
    """
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX + 1)
    except OSError as error:
        tell(f"skipped {shown(path)}: {error.strerror}")
        return None
    if len(data) > FILE_MAX:
        tell(f"skipped {shown(path)}: larger than {FILE_MAX // 1024 // 1024} MiB")
        return None
    text = text_of(data)
    if text is None and is_chosen:
        tell(f"skipped {shown(path)}: it is not text")
    return text


def read_head(path: Path) -> str:
    """Return the first line of a file, or as much of it as matters; nothing where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(128).partition(b"\n")[0].decode("ascii", "replace")
    except OSError:
        return ""


def text_of(data: bytes) -> str | None:
    """Decode a file; None for a binary, which is what has a zero byte."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # PowerShell's `>` writes it
        text = data.decode("utf-16", "replace")
    else:
        text = data.decode("utf-8-sig", "replace")
    return None if "\0" in text else _NEWLINES.sub("\n", text).translate(_BLANKS)


def shown(path: Path) -> str:
    """Return a path as text that can be printed, whatever bytes it has."""
    return os.fsencode(path).decode("utf-8", "replace")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)
