"""A recipe explained: command, variables, flags, files and downloads, each with its reason."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.classroom.minikube.start import Mirror


def text(recipe: Recipe, mirror: Mirror) -> str:
    """Return the command, and below it what each word is for, in columns."""
    start = recipe.start
    about = f"minikube {start.release.version}, Kubernetes {start.kubernetes}, {start.runtime}"
    lines = [" ".join(map(_shown, recipe.command())), "", f"{about}: mode {recipe.mode}"]
    limits = start.release.limits
    lines += [f"it wants {limits.cpus} CPUs and {limits.memory_mib} MiB of memory at least"]
    for head, rows in _parts(recipe, mirror):
        if rows:
            lines += ["", head, *_columns(rows)]
    lines += ["", *(f"note: {note}" for note in recipe.notes)]
    return "\n".join([*lines, ""])


def _shown(word: str) -> str:
    """Quote what a shell would change; of an assignment only its value."""
    name, equals, value = word.partition("=")
    is_assignment = equals and name.isidentifier()
    return f"{name}={shlex.quote(value)}" if is_assignment else shlex.quote(word)


def _parts(recipe: Recipe, mirror: Mirror) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield "environment", [(one.word, one.why) for one in recipe.environment]
    yield "flags", [(one.word, one.why) for one in recipe.flags]
    yield "files, below ~/.minikube", [(one.path, one.why) for one in recipe.files]
    fetched = [(one.path, f"{one.why}; from {one.url_path}") for one in recipe.seeds]
    yield f"downloads from {mirror.local}, to below ~/.minikube", fetched
    why = "the node's image, from the mirror's /archives"
    yield "loaded on this machine", [(str(recipe.load), why)] if recipe.load else []
    why = "the node's runtime would ask the internet for it"
    yield "put into each node after the start", [(str(one), why) for one in recipe.plants]


def _columns(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    rows = list(rows)
    width = min(max(len(first) for first, _ in rows), 60)
    for first, second in rows:
        yield f"  {first:<{width}}  {second}"
