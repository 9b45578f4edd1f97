"""Findings: what a look at a machine came to, one a line, as setup.sh writes them and doctor too.

`STATE<TAB>CODE<TAB>SENTENCE<TAB>COMMAND`; the command may be empty.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_CODE: Final = re.compile(r"[A-Z][A-Z0-9-]{0,15}\Z")
_SENTENCE_MOST: Final = 400
_FIELDS: Final = 4


class State(StrEnum):
    """How good a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One thing that was looked at."""

    state: State
    code: str
    """A word in capitals, short enough to be read aloud."""
    sentence: str
    command: str = ""
    """What to type about it, as it is; empty where nothing helps that is one line of a shell."""

    def as_json(self) -> dict[str, str]:
        """Return the same as data."""
        return self._asdict()


def read_finding(line: str) -> Finding:
    """Read one line; what would steer a terminal is taken out, what is too long is cut.

    ValueError where it is none.
    """
    state, code, sentence, command, *_ = [*line.split("\t"), *[""] * _FIELDS]
    if not _CODE.match(code) or not sentence.strip():
        raise ValueError(f"{line[:80]!r} is no finding")
    return Finding(State(state), code, plain(sentence), plain(command))


def read_findings(text: str) -> tuple[Finding, ...]:
    """Read lines; ValueError where one of them is no finding."""
    return tuple(read_finding(line) for line in text.splitlines() if line)


def is_sound(findings: Iterable[Finding]) -> bool:
    """Say whether nothing of it stands in the way."""
    return all(finding.state is not State.FAIL for finding in findings)


def plain(text: str, most: int = _SENTENCE_MOST) -> str:
    """Return what can be printed of a text, at most so many characters."""
    return "".join(char for char in text if char.isprintable())[:most].strip()
