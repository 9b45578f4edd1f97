"""Variables in a text, as Dockerfiles, compose files and shells spell them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE: Final = re.compile(
    r"\$(?:(?P<bare>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<rule>:?[-=+])(?P<word>[^{}]*))?\})",
    re.ASCII,
)
_NESTED_MAX: Final = 4
NAME_MAX: Final = 1000
"""Characters looked at where a name is expected: twice the longest there can be."""


def expand(text: str, values: Mapping[str, str]) -> str:
    """Put in the values that are known and the defaults that are written; leave the rest as it is.

    `${NAME:-word}` and `${NAME:+word}` as in the Dockerfile reference, "Environment replacement".
    """
    for _ in range(_NESTED_MAX):  # a default may hold another variable: inside out
        if len(text) > NAME_MAX:  # variables made of variables grow without end
            break
        text = _VARIABLE.sub(lambda found: _value(found, values), text)
    return text


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    name = found["bare"] or found["name"]
    rule, word = found["rule"] or "", found["word"] or ""
    value = values.get(name)
    if rule.endswith("+"):
        return word if value else found[0]
    if rule:
        is_missing = not value if rule.startswith(":") else value is None
        return word if is_missing else str(value)
    return found[0] if value is None else value
