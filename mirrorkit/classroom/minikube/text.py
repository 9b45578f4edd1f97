"""A recipe explained: command, variables, flags, files and downloads, each with its reason."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.wrapped import wrapped
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.classroom.minikube.start import Mirror
    from mirrorkit.classroom.words import Say

WIDTH: Final = 80
"""Columns, where no terminal says how many it has."""
_BELOW_NOTE: Final = " " * len("note: ")


def text(recipe: Recipe, mirror: Mirror, say: Say, width: int = WIDTH, whole: str = "") -> str:
    """Return the command, and below it what each word is for, in lines of `width` columns.

    What is to be copied is never broken. `whole` is a command that does all of it, named last.
    """
    start = recipe.start
    about = f"minikube {start.release.version}, Kubernetes {start.kubernetes}, {start.runtime}"
    limits = start.release.limits
    wants = say(
        "it wants {cpus} CPUs and {mib} MiB of memory at least",
        cpus=limits.cpus,
        mib=limits.memory_mib,
    )
    mode = say("{start}: mode {mode}", start=about, mode=recipe.mode)
    lines = [" ".join(map(_shown, recipe.command())), ""]
    lines += [*wrapped(mode, width, indent="  "), *wrapped(wants, width, indent="  ")]
    for head, rows in _parts(recipe, mirror, say):
        if rows:
            lines += ["", *wrapped(head, width, indent="  "), *_rows(rows, width)]
    lines += [""]
    for note in (*relay_note(mirror), *recipe.notes):
        lines += wrapped(say("note: {note}", note=note), width, indent=_BELOW_NOTE)
    lines += ["", say("all of this at once: {command}", command=whole)] if whole else []
    return "\n".join([*lines, ""])


def relay_note(mirror: Mirror) -> Iterator[Sentence]:
    """Say that a start through the relay needs one, and how it is made."""
    if mirror.has_relay:
        yield Sentence(
            "{relay} is the relay; `curl {address} | sh -s -- relay` makes it, or say --no-relay",
            relay=mirror.address.rpartition(":")[0],
            address=mirror.origin or "ADDRESS:5080",
        )


def _shown(word: str) -> str:
    """Quote what a shell would change; of an assignment only its value."""
    name, equals, value = word.partition("=")
    is_assignment = equals and name.isidentifier()
    return f"{name}={shlex.quote(value)}" if is_assignment else shlex.quote(word)


def _parts(recipe: Recipe, mirror: Mirror, say: Say) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield say("environment"), [(one.word, say(one.why)) for one in recipe.environment]
    yield say("flags"), [(one.word, say(one.why)) for one in recipe.flags]
    yield say("files, below ~/.minikube"), [(one.path, say(one.why)) for one in recipe.files]
    fetched = [
        (one.path, say("{why}; from {path}", why=one.why, path=one.url_path))
        for one in recipe.seeds
    ]
    yield say("downloads from {address}, to below ~/.minikube", address=mirror.local), fetched
    why = say("the node's image, from the mirror's /archives")
    yield say("loaded on this machine"), [(str(recipe.load), why)] if recipe.load else []
    head = say("put into each node after the start, for its runtime would ask the internet for it")
    yield head, [(str(one), "") for one in recipe.plants]


def _rows(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield words to copy with their reasons beside them, of a long word below it."""
    most = width // 2 - 4
    column = max((len(first) for first, _ in rows if len(first) <= most), default=2)
    indent = " " * (column + 4)
    for first, second in rows:
        if not second or len(first) > column:
            yield f"  {first}"
        if second:
            begin = indent if len(first) > column else f"  {first:<{column}}  "
            yield from wrapped(second, width, begin=begin, indent=indent)
