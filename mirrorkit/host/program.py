"""Running a program of this machine for what it prints, within a time and a size."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BYTES_MOST: Final = 256 << 10
_SAID_SECONDS: Final = 3.0
_SYSTEM: Final = "/sbin:/usr/sbin:/usr/bin:/bin"


class Printed(NamedTuple):
    """How a program ended and what it printed."""

    status: int | None
    """None where it took too long; 1 where it printed too much."""
    text: str


class Program:
    """One that runs in a session of its own, so that what it starts can be ended with it."""

    def __init__(self, popen: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        self._popen = popen
        self._output = output

    def printed(self, seconds: float) -> Printed:
        """Read what it prints, to its end, 256 KiB or so many seconds."""
        until = time.monotonic() + seconds
        found = b""
        poll = select.poll()  # select(2) knows no descriptor above 1023, and a server has those
        poll.register(self._output)
        while len(found) < _BYTES_MOST:
            left = max(0.0, until - time.monotonic())
            if not poll.poll(left * 1000):
                return Printed(None, _text(found))
            part = os.read(self._output.fileno(), _BYTES_MOST - len(found))
            if not part:
                return Printed(self._status(until), _text(found))
            found += part
        return Printed(1, _text(found))

    def kill(self) -> None:
        """Kill what is left of it and of what it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def _status(self, until: float) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self._popen.wait(max(0.0, until - time.monotonic()))
        return None


def _text(printed: bytes) -> str:
    return printed.decode("utf-8", "replace")


@contextmanager
def started(
    *argv: str,
    script: str = "",
    environment: Mapping[str, str] | None = None,
    path: str | None = None,
) -> Iterator[Program | None]:
    """Start a program of a PATH, perhaps with a text on its standard input; end it afterwards.

    None where there is no such program.
    """
    found = shutil.which(argv[0], path=path)
    with tempfile.TemporaryFile() as text:  # it is read as fast as the program likes
        text.write(script.encode())
        text.seek(0)
        try:
            popen = (
                found
                and subprocess.Popen(  # noqa: S603 - what the user would run himself
                    (found, *argv[1:]),
                    stdin=text,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, **(environment or {})},
                    start_new_session=True,
                )
            )
        except OSError:  # not for this machine: another architecture's, a broken link
            popen = None
    if not popen or popen.stdout is None:
        yield None
        return
    with popen.stdout as output:
        program = Program(popen, output)
        try:
            yield program
        finally:
            program.kill()
            popen.wait()


def printed(*argv: str, seconds: float, path: str | None = None) -> Printed | None:
    """Run a program of a PATH; return what it printed, None where there is no such program."""
    with started(*argv, path=path) as program:
        return None if program is None else program.printed(seconds)


def said(*argv: str) -> str:
    """Return what a program of the system printed, or nothing; it gets a few seconds."""
    found = printed(*argv, seconds=_SAID_SECONDS, path=_SYSTEM)
    return "" if found is None or found.status is None else found.text.strip()
