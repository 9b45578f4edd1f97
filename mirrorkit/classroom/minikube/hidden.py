"""Starts that are data to the shell that reads them: in quotes, in a here-document, for ssh."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.scan.lexer import Script

_START: Final = re.compile(
    r"(?P<program>minikube(?:\.exe|-[a-z]{1,9}-[a-z0-9]{1,9})?)"
    r"(?:[ \t]{1,9}-\S{1,99}(?:[ \t]{1,9}[^\s-]\S{0,99})?){0,9}[ \t]{1,9}start(?![\w-])"
)


class Hidden(NamedTuple):
    """A start that is not a command of the script itself."""

    text: str
    line: int


def starts_in(text: str) -> list[str]:
    """Return what reads as a start in text that is no shell's."""
    return [found[0] for found in _START.finditer(text)]


def hidden_starts(script: Script, text: str, called: set[int]) -> Iterator[Hidden]:
    """Yield the starts in words and documents; `called` is where the calls' programs end."""
    for command in script.commands:
        first, last = command.words[0], command.words[-1]
        line, at = first.line, first.start
        for found in _START.finditer(text, first.start, last.end):
            line, at = line + text.count("\n", at, found.start()), found.start()
            if found.end("program") not in called:
                yield Hidden(found[0], line)
    for first_line, body in script.documents:
        line, at = first_line, 0
        for found in _START.finditer(body):
            line, at = line + body.count("\n", at, found.start()), found.start()
            yield Hidden(found[0], line)
