"""A recipe in the forms people and programs read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.powershell import powershell
from mirrorkit.classroom.minikube.shell import calls, env, shell
from mirrorkit.classroom.minikube.text import text
from mirrorkit.classroom.words import english
from mirrorkit.errors import UsageError
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mirrorkit.classroom.minikube.parts import Placed, Recipe, Seed, Setting
    from mirrorkit.classroom.minikube.start import Mirror
    from mirrorkit.classroom.words import Say

_FORMS: Final[dict[str, Callable[[Recipe, Mirror, Say], str]]] = {
    "shell": shell,
    "powershell": powershell,
    "env": env,
    "calls": calls,
    "text": text,
}


def rendered(recipe: Recipe, mirror: Mirror, form: str, say: Say = english) -> str:
    """Return a recipe in a form and a language; UsageError where there is no such form."""
    if form not in _FORMS:
        hint = Sentence("one of {words}", words=", ".join(("json", *_FORMS)))
        what = Sentence("format")
        raise UsageError(Sentence("{word!r} is no {what}", word=form[:60], what=what), hint=hint)
    return _FORMS[form](recipe, mirror, say)


def as_json(recipe: Recipe, mirror: Mirror, say: Say = english) -> dict[str, object]:
    """Return a recipe as data, its sentences in a language."""
    start = recipe.start
    return {
        "version": 1,
        "minikube": start.release.version,
        "kubernetes": start.kubernetes,
        "driver": start.driver,
        "runtime": start.runtime,
        "nodes": start.nodes,
        "addons": list(start.addons),
        "cni": start.cni,
        "platform": str(start.platform),
        "profile": start.profile,
        "mode": recipe.mode,
        "limits": asdict(start.release.limits),
        "mirror": {"address": mirror.address, "local": mirror.local},
        "command": recipe.command(),
        "environment": _told(recipe.environment, say),
        "flags": _told(recipe.flags, say),
        "files": _told(recipe.files, say),
        "seeds": _told(recipe.seeds, say),
        "load": str(recipe.load) if recipe.load else None,
        "plants": [str(one) for one in recipe.plants],
        "notes": [say(note) for note in recipe.notes],
    }


def _told(parts: Iterable[Setting | Placed | Seed], say: Say) -> list[dict[str, object]]:
    return [asdict(one) | {"why": say(one.why)} for one in parts]
