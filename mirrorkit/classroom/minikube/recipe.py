"""From what is wanted and where the mirror is to everything a start needs (design §7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.classroom.minikube.flags import environment, flags
from mirrorkit.classroom.minikube.notes import notes
from mirrorkit.classroom.minikube.parts import Placed, Recipe, Seed, Setting
from mirrorkit.classroom.minikube.placed import placed
from mirrorkit.classroom.minikube.plants import plants
from mirrorkit.classroom.minikube.refusals import refusals
from mirrorkit.classroom.minikube.seeds import loaded, seeds
from mirrorkit.classroom.minikube.ways import mode_of
from mirrorkit.errors import RefusedStartError
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.documents.pins import Lock

__all__ = ["Placed", "Recipe", "Seed", "Setting", "recipe"]


def recipe(start: Start, mirror: Mirror, lock: Lock | None = None) -> Recipe:
    """Return what a start needs; without a lock everything it may need is taken to be held.

    RefusedStartError where it is known to fail, naming minikube's issue and a way that works; with
    `force` that becomes a note.
    """
    overruled = _overruled(start, lock)
    mode, planted = mode_of(start), plants(start, lock)
    return Recipe(
        start=start,
        mode=mode,
        environment=tuple(environment(start, mode, mirror)),
        flags=tuple(flags(start, mode, mirror, lock)),
        files=tuple(placed(start, mirror, lock)),
        seeds=tuple(seeds(start, mode, lock)),
        load=loaded(start),
        plants=planted,
        notes=(*overruled, *notes(start, mode, mirror, lock, planted)),
    )


def _overruled(start: Start, lock: Lock | None) -> list[Sentence]:
    """Refuse a start that fails, or return the reasons that `force` overrules."""
    found = list(refusals(start, lock))
    if found and not start.force:
        first = found[0]
        hint = Sentence("{instead}; --force starts it anyway", instead=first.instead)
        raise RefusedStartError(first.sentence, hint=hint)
    return [
        Sentence(
            "known to fail: {why}; what works: {instead}", why=one.sentence, instead=one.instead
        )
        for one in found
    ]
