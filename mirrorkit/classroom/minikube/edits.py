"""Changes to a text, each with its reason; what no change names stays byte for byte."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mirrorkit.scan.lexer import Word

_PLAIN: Final = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_NAMED: Final = re.compile(r"((?:--)?[A-Za-z_][\w-]*=)(.*)", re.ASCII | re.DOTALL)


class Kind(StrEnum):
    """What became of a part of the text."""

    REMOVED = "removed"
    CHANGED = "changed"
    ADDED = "added"
    KEPT = "kept"
    """Although there is something to say of it."""
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, or one thing to know of what stays."""

    kind: Kind
    text: str
    """As it is or was written."""
    why: str
    line: int
    """Of the text as it came; from 1, and 0 for a note on no line."""


@dataclass(slots=True)
class Edits:
    """Replacements in one text, and what is said of them."""

    text: str
    changes: list[Change] = field(default_factory=list)
    _spans: list[tuple[int, int, str]] = field(default_factory=list)

    def replace(self, start: int, end: int, new: str) -> None:
        """Put other text in a place that no other replacement touches."""
        self._spans.append((start, end, new))

    def drop(self, words: tuple[Word, ...]) -> None:
        """Take words out, each with what separates it from the one before."""
        for word in words:
            self.replace(word.gap, word.end, "")

    def tell(self, kind: Kind, text: str, why: str, line: int) -> None:
        """Note a difference."""
        self.changes.append(Change(kind, text, why, line))

    def written(self, words: tuple[Word, ...]) -> str:
        """Return words as they stand in the text, one blank between them."""
        return " ".join(self.text[word.start : word.end] for word in words)

    def result(self) -> str:
        """Return the text with every replacement made."""
        pieces: list[str] = []
        at = 0
        for start, end, new in sorted(self._spans, key=lambda span: span[:2]):
            if start < at:  # inside what has been taken out
                continue
            pieces += (self.text[at:start], new)
            at = end
        return "".join((*pieces, self.text[at:]))


def quoted(word: str) -> str:
    """Return a word as a shell reads it; the name before a `=` stays outside the quotes."""
    if _PLAIN.fullmatch(word):
        return word
    named = _NAMED.fullmatch(word)
    name, value = (named[1], named[2]) if named else ("", word)
    return name + "'" + value.replace("'", "'\\''") + "'"
