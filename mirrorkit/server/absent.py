"""What is said of an image that is not held: a sentence, a hint, and what the teacher types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from mirrorkit.oci.digest import Digest
    from mirrorkit.server.names import Names

_HOW_TO_PIN: Final = (
    "the teacher runs: `mirrorkit lock` and `mirrorkit sync` while there is a network"
)
_SYNC: Final = "mirrorkit sync"
_THEN: Final = ", `mirrorkit lock` and `mirrorkit sync`"
COMING: Final = "it is on its way: try again later"
TEACHER_SYNCS: Final = f"the teacher runs: `{_SYNC}`"


class Absent(NamedTuple):
    """A name that was asked and is not held."""

    name: str
    is_locked: bool
    """Whether the lock has it, so that it comes by itself."""
    sentence: str
    hint: str
    nearest: str | None
    """The held `name:tag` that was perhaps meant."""
    command: str | None
    """What the teacher types to have it; a wish has names, so no command adds a digest."""


def absent(
    names: Names, name: str, tag: str | None, digest: Digest | None = None, *, fetches: bool
) -> Absent:
    """Say of a canonical repository with a tag or a digest, or neither, what is to be done.

    Where the mirror `fetches`, what is locked comes by itself, and what is added too.
    """
    asked = f"{name}:{tag}" if tag else f"{name}@{digest}" if digest else name
    nearest = names.nearest_tagged(name, tag)
    if asked in names.pinned:
        sentence = f"{asked} is in the lock but not here yet"
        hint, command = (COMING, None) if fetches else (TEACHER_SYNCS, _SYNC)
        return Absent(asked, True, sentence, hint, nearest, command)  # noqa: FBT003
    if asked in names.unpinned:
        sentence, hint = f"{asked} is wanted, but its digest is not known yet", _HOW_TO_PIN
        return Absent(asked, False, sentence, hint, nearest, "mirrorkit lock")  # noqa: FBT003
    add = f"mirrorkit add {asked if tag else f'{name}:TAG'}"
    held = _held(names, name)
    unless = "unless that was meant, " if held else ""
    return Absent(
        name=asked,
        is_locked=False,
        sentence=f"{asked} is not in this mirror{held}",
        hint=f"{unless}the teacher runs: `{add}`{'' if fetches else _THEN}",
        nearest=nearest,
        command=None if digest and not tag else f"mirrorkit add {asked}",
    )


def _held(names: Names, name: str) -> str:
    tags, near = sorted(names.tags(name)), names.nearest(name)
    if tags:
        return f"; {name} is here as {', '.join(tags[:5])}"
    return f"; the nearest is {near}" if near else ""
