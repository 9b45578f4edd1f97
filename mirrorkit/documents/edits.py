"""Small edits to a YAML text: its comments, order, quoting and line ends stay as they are.

Places come from PyYAML's nodes, whose marks count characters.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    import yaml

BREAKS: Final = "\n\r\N{NEXT LINE}\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
BREAK: Final = re.compile(rf"\r\n|[{BREAKS}]")
# What YAML 1.1 reads as plain text wherever it stands; anything else is quoted.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9./_-]*(?::[A-Za-z0-9./_-]+)*\Z")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class UnusualError(Exception):
    """The text is laid out in a way that is not edited; a person can."""


class Edit(NamedTuple):
    """Replace the characters from start to end."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Make edits that do not overlap; two at one place stand in the order given."""
    parts, done = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join((*parts, text[done:]))


def spelled(text: str, style: str | None = None) -> str:
    """Write text as a scalar, in the quotes of its neighbours if they have any."""
    if style == "'" and "'" not in text:
        return f"'{text}'"
    is_plain = _PLAIN.match(text) and text.lower() not in _WORDS
    return text if is_plain and style != '"' else _quoted(text)


def _quoted(text: str) -> str:
    """Quote text as YAML does, whose escapes are whole code points and not JSON's surrogates."""
    escaped = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in escaped)


def replaced(node: yaml.Node, value: str) -> Edit:
    """Put another value in the place of one that stands on its key's line."""
    return Edit(start_of(node), end_of(node), value)


def insert_lines(text: str, place: int, lines: Iterable[str]) -> Edit:
    """Insert lines below the one that a place is on; a last line without an end keeps none."""
    end = line_end(text, place)
    newline = BREAK.match(text, end) or BREAK.search(text)
    ending = newline.group() if newline else "\n"
    return Edit(end, end, "".join(f"{ending}{line}" for line in lines))


def whole_lines(text: str, start: int, end: int) -> Edit:
    """Take out the lines that a range touches; the inverse of inserting them."""
    first, last = line_start(text, start), line_end(text, end)
    if ending := BREAK.match(text, last):
        return Edit(first, ending.end(), "")
    is_pair = text[first - 2 : first] == "\r\n"
    return Edit(max(first - (2 if is_pair else 1), 0), last, "")


def line_start(text: str, place: int) -> int:
    """Return where the line that a place is on begins."""
    return max(text.rfind(char, 0, place) for char in BREAKS) + 1


def line_end(text: str, place: int) -> int:
    """Return where it ends, before its line break."""
    found = BREAK.search(text, place)
    return found.start() if found else len(text)


def start_of(node: yaml.Node) -> int:
    """Return where a node begins, in characters."""
    if node.start_mark is None:
        raise UnusualError
    return node.start_mark.index


def end_of(node: yaml.Node) -> int:
    """Return where a node ends; exact for scalars and brackets."""
    if node.end_mark is None:
        raise UnusualError
    return node.end_mark.index


def column_of(node: yaml.Node) -> int:
    """Return the column that a node begins at."""
    if node.start_mark is None:
        raise UnusualError
    return node.start_mark.column
