"""Start writers, watch their system calls, and find the fault they are given."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from tests.lab.ingests import append, offset
from tests.lab.process import end, unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirrorkit.store.disk import DiskStore

SCRIPT = Path(__file__).with_name("writer.py")
LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. \w+ resumed>|(?P<name>\w+)\()(?P<rest>.*)")


def blob_of(data: bytes) -> Descriptor:
    return Descriptor("application/octet-stream", Digest.of(data), len(data))


async def put(store: DiskStore, data: bytes) -> None:
    async with store.ingest(blob_of(data)) as ingest:
        if ingest is not None:
            await append(ingest, data[offset(ingest) :])
            await ingest.publish()


def files_below(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


@dataclass(frozen=True, slots=True)
class Writer:
    """A running writer: what it says, and where the blob's bytes go in."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]
    stdin: IO[bytes]

    def line(self) -> str:
        """Wait for what it says next; nothing when it has ended."""
        return self.said.readline().decode().strip()

    def give(self, data: bytes) -> None:
        """Send bytes of the blob; one that died tells so when it is asked."""
        with suppress(BrokenPipeError):
            self.stdin.write(data)

    def has_open(self, path: Path) -> bool:
        """Tell whether it has a file open."""
        found = set()
        for fd in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed while we look
                found.add(fd.readlink())
        return path in found

    def end(self) -> str:
        """Send no more, wait for its end, and return what else it said."""
        said, complaint = self.process.communicate(timeout=60)
        return (said + complaint).decode()


@contextmanager
def writer(
    root: Path, blob: Descriptor, *names: str, prefix: Sequence[str] = ()
) -> Iterator[Writer]:
    """Run a writer; it does not outlive the block."""
    arguments = (str(root), blob.digest, str(blob.size), *names)
    # Whoever counts system calls must not meet those of Python's cache or of coverage.
    kept = unmeasured()
    process = subprocess.Popen(
        (*prefix, sys.executable, "-B", str(SCRIPT), *arguments),
        env=kept,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdin
    with process:
        try:
            yield Writer(process, process.stdout, process.stdin)
        finally:
            if process.returncode is None:
                end(process)


def write_all(
    root: Path, data: bytes, *names: str, prefix: Sequence[str] = ()
) -> tuple[int, int | None, str]:
    """Write a blob from where the store goes on; return status, that offset, and what was said."""
    with writer(root, blob_of(data), *names, prefix=prefix) as one:
        first = one.line()
        offset = int(first.removeprefix("at ")) if first.startswith("at ") else None
        if offset is not None:
            one.give(data[offset:])
        said = one.end()
        return one.process.returncode, offset, said


@dataclass(frozen=True, slots=True)
class Call:
    """A system call: its name, its arguments, and the log's lines where it began and ended."""

    name: str
    arguments: str
    began: int
    ended: int


def calls_of(log: Path) -> list[Call]:
    """Read a log of `strace -f -y`, where threads interrupt one another."""
    found: list[Call] = []
    begun: dict[str, tuple[str, str, int]] = {}
    for number, line in enumerate(log.read_text().splitlines()):
        part = LINE.match(line)
        if part is None:
            continue
        name, start, began = part["name"] or "", "", number
        if not name:
            name, start, began = begun.pop(part["thread"])
        if part["rest"].endswith("<unfinished ...>"):
            begun[part["thread"]] = (name, part["rest"], number)
        else:
            found.append(Call(name, start + part["rest"], began, number))
    return found
