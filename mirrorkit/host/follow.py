"""A program in the foreground: its user sees it live, and its end is remembered."""

from __future__ import annotations

import os
import pty
import selectors
import signal
import subprocess
import sys
import termios
import tty
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

_STDOUT: Final = 1
_STDERR: Final = 2
_PIECE: Final = 64 << 10
_LOOK_SECONDS: Final = 0.5
# The child's own terminal has no session whose programs the kernel would tell of a new size.
_FORWARDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)


@dataclass
class Ended:
    """How a program ended: its exit code, or minus a signal's number, and the last it printed."""

    exit_code: int = 0
    tail: bytes = b""


@dataclass
class _Tail:
    """The last bytes of all that was printed, on whichever stream."""

    most: int
    kept: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> None:
        self.kept += data
        del self.kept[: -self.most]


def follow(argv: Sequence[str], environment: Mapping[str, str], most: int) -> Ended:
    """Run a program to its end in our place; keep the last bytes (`most`) that it printed.

    It has our standard input and our terminal, so it asks for passwords and Ctrl-C reaches it; a
    signal sent to us alone is passed on, and a window's new size. OSError where none can start.
    """
    tail = _Tail(most)
    with ExitStack() as stack:
        ends, streams = _streams(stack)
        child: subprocess.Popen[bytes] | None = None

        def passed_on(number: int) -> None:
            if number == signal.SIGWINCH:
                _fit_window(next(iter(streams)))
            _pass_on(child, number)

        with _signals(passed_on):
            child = subprocess.Popen(  # noqa: S603 - what the user wants started
                argv, env=dict(environment), stdout=ends[0], stderr=ends[1]
            )
            for end in set(ends):
                os.close(end)
            _copy(streams, child, tail)
            child.wait()
    return Ended(child.returncode, bytes(tail.kept))


def _streams(stack: ExitStack) -> tuple[tuple[int, int], dict[int, int]]:
    """Return the child's ends of stdout and stderr, and ours with where each leads.

    On a terminal it gets one, else it would print neither colours nor progress. It is not the
    child's controlling terminal: that stays the user's own.
    """
    if os.isatty(_STDOUT) and os.isatty(_STDERR):
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        _fit_window(ours)
        stack.callback(os.close, ours)
        return (theirs, theirs), {ours: _STDOUT}
    ends, streams = [], {}
    for stream in (_STDOUT, _STDERR):
        ours, theirs = os.pipe()
        stack.callback(os.close, ours)
        ends.append(theirs)
        streams[ours] = stream
    return (ends[0], ends[1]), streams


def _fit_window(terminal: int) -> None:
    """Give the child's terminal the size of the user's; pipes have none."""
    with suppress(termios.error):
        termios.tcsetwinsize(terminal, termios.tcgetwinsize(_STDOUT))


def _copy(streams: Mapping[int, int], child: subprocess.Popen[bytes], tail: _Tail) -> None:
    """Hand on what is printed until the child has ended and nothing of it is left.

    What it leaves running in the background may hold its end open for ever.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with selectors.DefaultSelector() as selector:
        for ours in streams:
            selector.register(ours, selectors.EVENT_READ)
        while selector.get_map():
            has_ended = child.poll() is not None
            ready = selector.select(0 if has_ended else _LOOK_SECONDS)
            if has_ended and not ready:
                return
            for key, _ in ready:
                data = _read(key.fd)
                if not data:
                    selector.unregister(key.fd)
                tail.add(data)
                _write(streams[key.fd], data)


def _read(fd: int) -> bytes:
    """Return what there is; nothing at the end, which a terminal of Linux calls an error (EIO)."""
    try:
        return os.read(fd, _PIECE)
    except OSError:
        return b""


def _write(stream: int, data: bytes) -> None:
    """Hand bytes on; whoever does not read them any more must not end the program."""
    view = memoryview(data)
    with suppress(BrokenPipeError):
        while view:
            view = view[os.write(stream, view) :]


@contextmanager
def _signals(passed_on: Callable[[int], None]) -> Iterator[None]:
    """Let signals to us be the child's; the old ways come back at the end."""

    def heard(number: int, _frame: FrameType | None) -> None:
        if not (number == signal.SIGINT and _is_from_keyboard()):
            passed_on(number)

    before = {number: signal.signal(number, heard) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _is_from_keyboard() -> bool:
    """Say whether Ctrl-C reaches the child without us: its terminal sends it to the whole group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _pass_on(child: subprocess.Popen[bytes] | None, number: int) -> None:
    if child is not None and child.poll() is None:
        with suppress(OSError):  # of another user, as under sudo, which hears the terminal itself
            child.send_signal(number)
