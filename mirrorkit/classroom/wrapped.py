"""Lines broken between words, as wide as a terminal shows them: Chinese is two columns a letter."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CLOSING: Final = "\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff1a\uff1b\uff1f"
"""Chinese punctuation that begins no line."""
_OPENING: Final = "\u3008\u300a\u300c\u300e\u3010\uff08"
"""Chinese punctuation that ends no line."""
_WIDE: Final = "\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6"
_PIECE: Final = re.compile(
    rf"\s*[{_OPENING}]*(?:(?:`[^`]*`|[^\s{_WIDE}])+|[{_WIDE}])?[{_CLOSING}]*"
)
"""What is never broken: a word, `a command`, or a Chinese letter, with its punctuation."""


def columns(text: str) -> int:
    """Return how many columns of a terminal a line takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def wrapped(text: str, width: int, *, begin: str = "", indent: str = "") -> list[str]:
    """Return a text in lines of at most `width` columns; a piece that is wider stays whole.

    The first line begins with `begin`, each other one with `indent`.
    """
    lines, line, is_begun = [], begin, False
    for piece in filter(None, _PIECE.findall(text)):
        if is_begun and columns(line) + columns(piece) > width:
            lines.append(line.rstrip())
            line, is_begun = indent, False
        line += piece if is_begun or not lines else piece.lstrip()
        is_begun = True
    return [*lines, line]
