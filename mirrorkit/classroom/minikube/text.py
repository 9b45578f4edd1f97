"""A recipe explained: command, variables, flags, files and downloads, each with its reason."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.classroom.minikube.start import Mirror
    from mirrorkit.classroom.words import Say


def text(recipe: Recipe, mirror: Mirror, say: Say) -> str:
    """Return the command, and below it what each word is for, in columns."""
    start = recipe.start
    about = f"minikube {start.release.version}, Kubernetes {start.kubernetes}, {start.runtime}"
    mode = say("{start}: mode {mode}", start=about, mode=recipe.mode)
    lines = [" ".join(map(_shown, recipe.command())), "", mode]
    limits = start.release.limits
    lines += [
        say(
            "it wants {cpus} CPUs and {mib} MiB of memory at least",
            cpus=limits.cpus,
            mib=limits.memory_mib,
        )
    ]
    for head, rows in _parts(recipe, mirror, say):
        if rows:
            lines += ["", head, *_columns(rows)]
    lines += [
        "",
        *(say("note: {note}", note=note) for note in (*relay_note(mirror), *recipe.notes)),
    ]
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
    why = say("the node's runtime would ask the internet for it")
    yield say("put into each node after the start"), [(str(one), why) for one in recipe.plants]


def _columns(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    rows = list(rows)
    width = min(max(len(first) for first, _ in rows), 60)
    for first, second in rows:
        yield f"  {first:<{width}}  {second}"
