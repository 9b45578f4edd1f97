"""A recipe in the forms people and programs read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.powershell import powershell
from mirrorkit.classroom.minikube.shell import calls, env, shell
from mirrorkit.classroom.minikube.text import text
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.classroom.minikube.start import Mirror

_FORMS: Final[dict[str, Callable[[Recipe, Mirror], str]]] = {
    "shell": shell,
    "powershell": powershell,
    "env": env,
    "calls": calls,
    "text": text,
}


def rendered(recipe: Recipe, mirror: Mirror, form: str) -> str:
    """Return a recipe in a form; UsageError where there is no such."""
    if form not in _FORMS:
        hint = f"one of json, {', '.join(_FORMS)}"
        raise UsageError(f"{form[:60]!r} is no format", hint=hint)
    return _FORMS[form](recipe, mirror)


def as_json(recipe: Recipe, mirror: Mirror) -> dict[str, object]:
    """Return a recipe as data."""
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
        "mirror": asdict(mirror),
        "command": recipe.command(),
        "environment": [asdict(one) for one in recipe.environment],
        "flags": [asdict(one) for one in recipe.flags],
        "files": [asdict(one) for one in recipe.files],
        "seeds": [asdict(one) for one in recipe.seeds],
        "load": str(recipe.load) if recipe.load else None,
        "plants": [str(one) for one in recipe.plants],
        "notes": list(recipe.notes),
    }
