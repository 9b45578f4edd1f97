"""What commands print: words for people on stderr, results on stdout, both as data on request."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirrorkit.errors import MirrorkitError


def say(text: str) -> None:
    """Print a result."""
    print(text, flush=True)


def note(text: str) -> None:
    """Print what is not the result itself."""
    print(text, file=sys.stderr, flush=True)


def say_json(value: object, *, indent: int | None = None) -> None:
    """Print a result as data; without indent on one line."""
    say(json.dumps(value, ensure_ascii=False, indent=indent))


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
    note(f"error: {error.message}")
    if error.hint:
        note(f"hint: {error.hint}")


def tell_bug() -> None:
    """Print the exception being handled as what it is: our mistake."""
    import traceback

    traceback.print_exc()
    note("error: this is a bug in mirrorkit")
    note("hint: please report it with the lines above")


def printable(text: str) -> str:
    """Return text from elsewhere as one line that changes nothing in a terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
