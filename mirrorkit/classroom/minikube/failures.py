"""Why a start failed: from what minikube printed to the cause and the one command that cures it.

The table is `failures.yaml`. What minikube prints is no interface; its exit codes are documented
(minikube docs, "Error Codes"), and both are the facts' (minikube.md §7, §8).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import msgspec

from mirrorkit.errors import (
    EXIT_INTERRUPTED,
    IntegrityError,
    SurroundingsError,
    UpstreamError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TAIL: Final = 64 << 10
"""Bytes of minikube's output, the last ones, that are looked at."""

_STATUS: Final = {
    kind.code: kind.exit_status
    for kind in (IntegrityError, SurroundingsError, UpstreamError, UsageError)
}
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])")
_ENDED: Final = re.compile(r"Exiting due to (?P<id>[A-Z][A-Z0-9_]*)")
_LINE_MOST: Final = 4096
_INTERRUPTED: Final = frozenset({130, -2, 2})
"""Of a shell, of a signal, and minikube's own (pkg/minikube/reason, `ExInterrupted`)."""
_USAGE: Final = frozenset({14, 34, 54, 64})
_INTERNET: Final = range(40, 50)

_Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2,14}\Z")]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in both languages."""

    en: str
    zh: str


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cause: what betrays it, and what cures it."""

    code: _Name
    """Short enough to be read aloud."""
    status: str
    """The code of the error it comes to."""
    cause: Words
    cure: Words
    command: str
    says: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    exits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a start failed, in one language."""

    code: str
    cause: str
    cure: str
    command: str
    exit_status: int
    """Ours."""


class _Hit(NamedTuple):
    """How well a row fits: sorts by how sure it is, then by what was printed last."""

    weight: int
    line: int
    column: int
    code: str
    row: Row
    found: Mapping[str, str]


@cache
def rows() -> tuple[Row, ...]:
    """Read the table that comes with the program."""
    text = (files(__package__) / "failures.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=tuple[Row, ...])


def explain(
    output: bytes,
    exit_code: int,
    language: str,
    facts: Mapping[str, str],
    table: Iterable[Row] | None = None,
) -> Explanation | None:
    """Find why minikube failed in the end of what it printed; None where nobody knows.

    `facts` are the words that cures name: driver, kubernetes, profile.
    """
    lines = _lines(output)
    hits = (hit for row in (table or rows()) for hit in _hits(row, lines, exit_code))
    best = max(hits, key=lambda hit: hit[:4], default=None)
    if best is None:
        return None
    row, known = best.row, {**facts, **best.found}
    quoted = {name: shlex.quote(value) for name, value in known.items()}
    return Explanation(
        code=row.code,
        cause=getattr(row.cause, language).format_map(known),
        cure=getattr(row.cure, language).format_map(known),
        command=row.command.format_map(quoted),
        exit_status=_STATUS[row.status],
    )


def exit_status(exit_code: int, explained: Explanation | None) -> int:
    """Return our exit status for minikube's: what was explained says it, else its kind.

    Wrong words (14, 34, 54) are usage, the internet's (40 to 49) upstream, and all that is of this
    machine, the node or the cluster is environment.
    """
    if exit_code == 0:
        return 0
    if exit_code in _INTERRUPTED:
        return EXIT_INTERRUPTED
    if explained is not None:
        return explained.exit_status
    if exit_code in _USAGE:
        return UsageError.exit_status
    is_internet = exit_code in _INTERNET
    return UpstreamError.exit_status if is_internet else SurroundingsError.exit_status


def _lines(output: bytes) -> list[str]:
    """Return the last lines, without what only moves or colours a terminal."""
    text = _ESCAPES.sub("", output[-TAIL:].decode("utf-8", "replace"))
    return [line[:_LINE_MOST] for line in re.split(r"[\r\n]+", text)]


def _hits(row: Row, lines: list[str], exit_code: int) -> Iterator[_Hit]:
    for weight, patterns in ((4, row.says), (3, row.hints)):
        for pattern in patterns:
            for number, line in enumerate(lines):
                if match := re.search(pattern, line):
                    found = {k: v for k, v in match.groupdict().items() if v}
                    yield _Hit(weight, number, match.start(), row.code, row, found)
    for number, line in enumerate(lines):
        if (ended := _ENDED.search(line)) and ended["id"] in row.ids:
            yield _Hit(2, number, ended.start(), row.code, row, {})
    if exit_code in row.exits:
        yield _Hit(1, 0, 0, row.code, row, {})
