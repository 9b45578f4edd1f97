"""A line that counts, on a terminal, while sources are asked."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from mirrorkit.cli.output import width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SECONDS: Final = 1.0


@contextmanager
def counting(words: str, *, is_quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how many are done of how many, and the seconds it took so far; a log sees nothing.

    Yields what takes the two numbers. The line is gone at the end.
    """
    state = [0, 0]

    def count(done: int, of: int) -> None:
        state[:] = done, of

    if is_quiet or not sys.stderr.isatty():
        yield count
        return
    ending = threading.Event()
    painter = threading.Thread(target=_paint, args=(words, state, ending), daemon=True)
    painter.start()
    try:
        yield count
    finally:
        ending.set()
        painter.join()


def _paint(words: str, state: list[int], ending: threading.Event) -> None:
    began = time.monotonic()
    while not ending.wait(_SECONDS):
        done, of = state
        counted = f"{done} of {of}, " if of else ""
        line = f"{words}: {counted}{time.monotonic() - began:.0f} s"
        # A line that a terminal broke could not be taken back.
        sys.stderr.write(f"\r\x1b[K{line[: width_of(sys.stderr) - 1]}")
        sys.stderr.flush()
    sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()
