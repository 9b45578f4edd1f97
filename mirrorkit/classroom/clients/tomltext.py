"""Setting a key of a TOML table in its text: comments, order and layout stay.

tomllib only reads; what comes out is read by it again and must be what was meant.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
_VALUE: Final = r"""(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|\[[^\[\]#]*\])"""


class UnusualError(Exception):
    """The text is laid out in a way that is not edited; a person can."""


def with_value(text: str, table: tuple[str, ...], key: str, value: str | list[str]) -> str:
    """Set one key of a table; UnusualError where the layout does not allow it."""
    meant = copy.deepcopy(tomllib.loads(text))
    inner = _table(meant, table)
    if key in inner and inner[key] == value:
        return text
    is_there = key in inner
    inner[key] = value
    done = _replaced(text, table, key, value) if is_there else _inserted(text, table, key, value)
    try:
        read = tomllib.loads(done)
    except tomllib.TOMLDecodeError as error:
        raise UnusualError from error
    if read != meant:
        raise UnusualError
    return done


def _table(document: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return a table, made where there is none."""
    for part in path:
        document = document.setdefault(part, {})
        if not isinstance(document, dict):
            raise UnusualError
    return document


def _replaced(text: str, table: tuple[str, ...], key: str, value: str | list[str]) -> str:
    """Put another value in the place of one that is a string or a list on the key's line."""
    line_of = re.compile(
        rf"(?P<head>\s*{re.escape(key)}\s*=\s*){_VALUE}(?P<tail>\s*(?:#[^\n]*)?\s*)\Z"
    )
    lines = text.splitlines(keepends=True)
    here: tuple[str, ...] = ()
    for number, line in enumerate(lines):
        here = _header(line, here)
        found = line_of.match(line) if here == table else None
        if found:
            lines[number] = f"{found['head']}{_written(value)}{found['tail']}"
            return "".join(lines)
    raise UnusualError


def _inserted(text: str, table: tuple[str, ...], key: str, value: str | list[str]) -> str:
    """Put a key below its table's head, or with a head of its own at the end."""
    ending = "\r\n" if "\r\n" in text else "\n"
    line = f"{key} = {_written(value)}{ending}"
    if not table:
        return f"{line}{text}"
    lines = text.splitlines(keepends=True)
    here: tuple[str, ...] = ()
    for number, one in enumerate(lines):
        before, here = here, _header(one, here)
        if here == table != before:
            indent = one[: len(one) - len(one.lstrip())]
            lines[number] = one.rstrip("\r\n") + ending
            lines.insert(number + 1, f"{indent}  {line}")
            return "".join(lines)
    gap = "" if not text or text.endswith("\n") else ending
    return f"{text}{gap}{ending if text else ''}[{_path(table)}]{ending}  {line}"


def _header(line: str, here: tuple[str, ...]) -> tuple[str, ...]:
    """Return the table that a line begins, or the one it stands in."""
    head = line.strip()
    if not head.startswith("["):
        return here
    try:
        found: Any = tomllib.loads(head)
    except tomllib.TOMLDecodeError:
        return here
    path: tuple[str, ...] = ()
    while isinstance(found, dict) and found:
        ((part, found),) = found.items()
        path = (*path, part)
    return path


def _path(table: tuple[str, ...]) -> str:
    return ".".join(part if _BARE.match(part) else json.dumps(part) for part in table)


def _written(value: str | list[str]) -> str:
    """Write a string or a list of them; JSON's spelling of plain text is TOML's too."""
    return json.dumps(value)
