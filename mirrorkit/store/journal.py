"""The journal beside a partial blob: which of its bytes can be believed after a crash.

One JSON line a fact, appended: `{start, stop, hash}` says what bytes hashed to when they were
written, in the algorithm of the blob's digest (from 0 on it is the whole beginning), and
`{start, stop, source}` who sent them. Nothing is forced to disk before its line: reading hashes
again and believes only what fits, so a power cut costs what it took and no more. What did not fit
is left out then, for it would be hashed again at each resume.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from mirrorkit.spans import Parts, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from hashlib import _Hash
    from pathlib import Path

    Hashing = Callable[[], _Hash]

_JOURNAL_MAX: Final = 16 << 20
_READ_SIZE: Final = 1 << 20


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fact about the bytes from `start` up to `stop`."""

    start: int
    stop: int
    hash: str = ""
    source: str = ""

    @property
    def span(self) -> Span:
        """The bytes it is about."""
        return Span(self.start, self.stop)


class Journal:
    """Appends lines; an append is one write, so that a crash tears the last line at most."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def begin(self) -> None:
        """Take up a block of the disk, so that what comes can be noted when the disk is full."""
        self._write(b'{"version":1}\n')

    def append(self, lines: Iterable[Line]) -> None:
        """Note facts; threads may do so at once."""
        self._write(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            self._fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            size = os.fstat(self._fd).st_size
            if size and os.pread(self._fd, 1, size - 1) != b"\n":
                data = b"\n" + data  # the last line was torn; this one shall not be part of it
        os.write(self._fd, data)

    def replace(self, lines: Iterable[Line]) -> None:
        """Put these facts in the place of all; where that fails (a full disk) the old ones stay."""
        fresh = Journal(self._path.with_name(f"{self._path.name}.new"))
        fresh.clear()
        try:
            fresh.begin()
            fresh.append(lines)
            fresh.rename(self._path)
        except OSError:
            fresh.clear()
        else:
            self.close()

    def rename(self, path: Path) -> None:
        """Take the place of another journal."""
        self.close()
        self._path.rename(path)

    def clear(self) -> None:
        """Forget everything."""
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def lines(self, size: int = sys.maxsize) -> Iterator[Line]:
        """Return what can be read of it and fits a blob of `size` bytes."""
        try:
            with self._path.open("rb") as file:
                data = file.read(_JOURNAL_MAX)
        except FileNotFoundError:
            return
        for text in data.splitlines():
            try:
                line = msgspec.json.decode(text, type=Line)
            except msgspec.DecodeError:
                continue  # torn by a crash, or another's writing
            if 0 <= line.start < line.stop <= size:
                yield line


def noted(journal: Journal) -> int:
    """Return how many bytes a journal vouches for; nothing is read again."""
    parts = Parts()
    for line in journal.lines():
        if line.hash:
            parts.add(line.span, "")
    return parts.count


def believed(journal: Journal, fd: int, size: int, hashing: Hashing) -> Parts:
    """Hash again what a journal vouches for; return what is still as it was, and whose it is.

    A line that is not so any more is dropped from the journal.
    """
    lines = list(journal.lines(size))
    beginnings = {line.stop: line.hash for line in lines if line.hash and not line.start}
    reach = _proven_beginning(fd, beginnings, hashing)
    proven = Parts()
    proven.add(Span(0, reach), "")
    kept: list[Line] = []
    for line in lines:
        if line.hash and line.start and proven.gaps(line.span):
            if hash_of(fd, line.span, hashing) != line.hash:
                continue
            proven.add(line.span, "")
        if line.start or not line.hash or line.stop <= reach:
            kept.append(line)
    if proven.count and len(kept) < len(lines):
        journal.replace(line for line in kept if line.hash or proven.within(line.span))
    return _sent(proven, lines)


def _sent(proven: Parts, lines: Iterable[Line]) -> Parts:
    """Return proven bytes with those who sent them, as far as lines say."""
    parts = Parts()
    for part in proven:
        parts.add(Span(part.start, part.stop), part.source)
    for line in lines:
        if line.source:
            for part in proven.within(line.span):
                parts.add(Span(part.start, part.stop), line.source)
    return parts


def _proven_beginning(fd: int, digests: dict[int, str], hashing: Hashing) -> int:
    """Return the most bytes from the start on that hash to what was noted."""
    hasher, at, proven = hashing(), 0, 0
    for stop in sorted(digests):
        for data in read_span(fd, Span(at, stop)):
            hasher.update(data)
            at += len(data)
        if at < stop:
            break
        if hasher.hexdigest() == digests[stop]:
            proven = stop
    return proven


def hash_of(fd: int, span: Span, hashing: Hashing) -> str:
    """Hash bytes of a file; of fewer, where it ends before them."""
    hasher = hashing()
    for data in read_span(fd, span):
        hasher.update(data)
    return hasher.hexdigest()


def read_span(fd: int, span: Span) -> Iterator[bytes]:
    """Yield bytes of a file a piece at a time, as far as it goes."""
    at = span.start
    while at < span.stop and (data := os.pread(fd, min(_READ_SIZE, span.stop - at), at)):
        yield data
        at += len(data)
