"""Version numbers: their order, and which listed one is nearest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import UsageError
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeVar

    T = TypeVar("T")

_VERSION: Final = re.compile(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})(-[0-9A-Za-z.]+)?\Z", re.ASCII)


def rank(version: str) -> tuple[int, int, int, int]:
    """Return what versions sort by; a pre-release stands before its release.

    Two pre-releases of one version rank the same: the catalog lists none. UsageError for text
    that is no version.
    """
    found = _VERSION.match(version)
    if found is None:
        hint = Sentence("write it as v1.23.3")
        raise UsageError(Sentence("{version!r} is not a version", version=version[:60]), hint=hint)
    major, minor, patch, early = found.groups()
    return int(major), int(minor), int(patch), 0 if early else 1


def ordered(versions: Iterable[str]) -> list[str]:
    """Sort versions, the oldest first."""
    return sorted(versions, key=rank)


def minor(version: str) -> tuple[int, int]:
    """Return major and minor."""
    return rank(version)[:2]


def pick(asked: str, listed: Sequence[str], who_lists_no: str) -> str:
    """Return the listed version that was asked for, with or without its `v`.

    UsageError, naming the nearest listed below and above, where there is none.
    """
    normal = asked if asked.startswith("v") else f"v{asked}"
    if normal in listed:
        return normal
    near = nearest(asked, listed)
    versions = near[0]
    if len(near) > 1:
        versions = Sentence("{below} and {above}", below=near[0], above=near[1])
    told = Sentence("{who_lists_no} {version}", who_lists_no=who_lists_no, version=normal)
    raise UsageError(told, hint=Sentence("the nearest listed: {versions}", versions=versions))


def nearest(asked: str, listed: Sequence[str]) -> list[str]:
    """Return the listed versions next to one that is not listed: below it, above it."""
    place = rank(asked)
    below = [version for version in listed if rank(version) < place]
    above = [version for version in listed if rank(version) > place]
    return [*below[-1:], *above[:1]]


def at(changes: Mapping[str, T | None], version: str) -> T | None:
    """Read a table of changes: the value since the last release at or before this one."""
    place = rank(version)
    past = [value for release, value in changes.items() if rank(release) <= place]
    return past[-1] if past else None
