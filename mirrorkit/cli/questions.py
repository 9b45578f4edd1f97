"""Questions to a person on a terminal: each has a default, a wrong answer is asked for again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from mirrorkit.cli.output import note
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class NotAnsweredError(KeyboardInterrupt):
    """Ctrl-C at a question: nothing was begun, so there is nothing to keep."""


def is_terminal() -> bool:
    """Say whether a person can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, default: str, read: Callable[[str], T]) -> T:
    """Ask until the answer can be read; Enter takes the default.

    UsageError when there will be no answer (Ctrl-D), NotAnsweredError at Ctrl-C.
    """
    while True:
        print(f"{question} [{default}]: ", end="", file=sys.stderr, flush=True)
        try:
            answer = sys.stdin.buffer.readline().decode(errors="replace")
        except KeyboardInterrupt as error:
            note("")
            raise NotAnsweredError from error
        if not answer:
            note("")
            raise UsageError("no answer; nothing was written", hint="mirrorkit init --help")
        try:
            return read(answer.strip() or default)
        except UsageError as error:
            note(f"  {error.message}; {error.hint}")


def words(text: str) -> tuple[str, ...]:
    """Split an answer of several words; `none` is no word at all."""
    found = text.replace(",", " ").split()
    return () if found == ["none"] else tuple(found)
