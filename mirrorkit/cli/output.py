"""What commands print: words for people on stderr, results on stdout, both as data on request."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Final

from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from typing import TextIO

    from mirrorkit.errors import MirrorkitError

_INDENT: Final = 4


def say(text: str) -> None:
    """Print a result."""
    print(_fitted(text, sys.stdout), flush=True)


def note(text: str) -> None:
    """Print what is not the result itself."""
    print(_fitted(text, sys.stderr), file=sys.stderr, flush=True)


def say_data(text: str) -> None:
    """Print data, or what is to be pasted, as it is, whatever the width."""
    print(text, flush=True)


def say_json(value: object, *, indent: int | None = None) -> None:
    """Print a result as data; without indent on one line."""
    say_data(json.dumps(value, ensure_ascii=False, indent=indent))


def _fitted(text: str, stream: TextIO) -> str:
    """Break lines between words where a terminal would break them within one."""
    width = width_of(stream)
    if not width:
        return text
    return "\n".join(part for line in text.split("\n") for part in broken(line, width))


def width_of(stream: TextIO) -> int:
    """Return the columns of a terminal; 0 for a file, a pipe, or nothing at all."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def broken(line: str, width: int) -> list[str]:
    """Return a line in pieces of at most `width`; what is `quoted`, and one word, stays whole.

    So does a line that is a command, after its arrow.

    A terminal gives back a line that it broke as it was: a command is to be pasted.
    """
    from mirrorkit.classroom.wrapped import wrapped

    if line.lstrip().startswith("→ "):
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + _INDENT)
    return wrapped(line, width, indent=indent)


def note_wait(text: str) -> None:
    """Say what takes a while to somebody who watches; a log has no use for it."""
    if sys.stderr.isatty():
        note(text)


def tell(text: str, *, as_json: bool) -> None:
    """Print what is not the result itself, or the same as data on stdout."""
    if as_json:
        say_json({"event": "note", "text": text})
    else:
        note(text)


def tell_error(error: MirrorkitError, *, as_json: bool) -> None:
    """Print one error: a sentence and a hint, or the same as data on stdout."""
    if as_json:
        say_json({"error": error.as_json()})
        return
    note(f"error: {spoken(error.message)}")
    if error.hint:
        note(f"hint: {spoken(error.hint)}")


def spoken(text: str) -> str:
    """Return a sentence in the language of this terminal; other text as it is."""
    if not isinstance(text, Sentence):
        return text
    from mirrorkit.classroom.words import speaker
    from mirrorkit.host.language import language_of

    return speaker(language_of(os.environ))(text)


def tell_bug() -> None:
    """Print the exception being handled as what it is: our mistake."""
    import traceback

    traceback.print_exc()
    note("error: this is a bug in mirrorkit")
    note("hint: please report it with the lines above")


def printable(text: str) -> str:
    """Return text from elsewhere as one line that changes nothing in a terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
