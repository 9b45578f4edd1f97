"""The wishes that `mirrorkit init` starts from: the course's, and one of today's versions.

A preset is itself a complete images.yaml; what is chosen takes the place of its values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.needs import checked, images_for
from mirrorkit.catalog.releases import listed_kubernetes, release
from mirrorkit.documents.wish import NODES_MOST, Wish, parse_wish
from mirrorkit.documents.wishedit import set_values
from mirrorkit.errors import UsageError
from mirrorkit.oci.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable

PRESETS: Final = ("course", "current")
PLATFORMS: Final = ("linux/amd64", "linux/arm64")
"""What minikube's nodes are published for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants otherwise than the preset has it; None for what stays."""

    minikube: str | None = None
    kubernetes: tuple[str, ...] | None = None
    runtime: str | None = None
    nodes: int | None = None
    addons: tuple[str, ...] | None = None
    cni: str | None = None
    platforms: tuple[str, ...] | None = None


def preset_text(name: str) -> bytes:
    """Return a preset's images.yaml; UsageError where there is no such preset."""
    known = checked(name, PRESETS, "preset")
    return (files(__package__) / f"{known}.yaml").read_bytes()


def preset_wish(name: str) -> Wish:
    """Return what a preset wishes."""
    return parse_wish(preset_text(name), f"{name}.yaml")


def started(name: str, choice: Choice) -> tuple[bytes, Wish]:
    """Return a new images.yaml and what it says; UsageError for what the catalog lacks.

    A release that does not know the preset's Kubernetes gets its own default.
    """
    wish = _chosen(preset_wish(name), choice)
    return set_values(preset_text(name), _values(wish), wish), wish


def kubernetes_for(minikube: str, versions: Iterable[str]) -> tuple[str, ...]:
    """Return those versions a release lists, or its default where it lists none of them."""
    chosen = release(minikube)
    known = tuple(version for version in versions if _is_listed(version, chosen.version))
    return known or (chosen.default_kubernetes,)


def _chosen(wish: Wish, choice: Choice) -> Wish:
    minikube = release(choice.minikube or wish.minikube[0]).version
    asked = choice.kubernetes or kubernetes_for(minikube, wish.kubernetes)
    kubernetes = tuple(dict.fromkeys(listed_kubernetes(one, minikube) for one in asked))
    chosen = replace(
        wish,
        minikube=(minikube,),
        kubernetes=kubernetes,
        runtime=choice.runtime or wish.runtime,
        nodes=wish.nodes if choice.nodes is None else choice.nodes,
        addons=wish.addons if choice.addons is None else tuple(dict.fromkeys(choice.addons)),
        cni=choice.cni or wish.cni,
        platforms=_platforms(choice.platforms) or wish.platforms,
    )
    _refuse_unknown(chosen)
    return chosen


def _refuse_unknown(wish: Wish) -> None:
    """Ask the catalog for all of it: it names what it does not have."""
    if wish.nodes > NODES_MOST:
        raise UsageError(f"a class has no {wish.nodes} nodes", hint=f"at most {NODES_MOST}")
    for version in wish.kubernetes:
        images_for(
            wish.minikube[0],
            version,
            runtime=wish.runtime,
            nodes=wish.nodes,
            addons=wish.addons,
            cni=wish.cni or "auto",
        )


def _is_listed(kubernetes: str, minikube: str) -> bool:
    try:
        listed_kubernetes(kubernetes, minikube)
    except UsageError:
        return False
    return True


def _platforms(texts: tuple[str, ...] | None) -> tuple[Platform, ...]:
    """Read platforms in any spelling that is known."""
    return tuple(dict.fromkeys(_platform(text) for text in texts or ()))


def _platform(text: str) -> Platform:
    try:
        normal = str(Platform.parse(text))
    except ValueError:
        normal = text
    return Platform.parse(checked(normal, PLATFORMS, "platform of nodes"))


def _values(wish: Wish) -> dict[str, str]:
    return {
        "minikube": wish.minikube[0],
        "kubernetes": _list(wish.kubernetes),
        "runtime": wish.runtime,
        "nodes": str(wish.nodes),
        "addons": _list(wish.addons),
        "cni": _text(wish.cni or "auto"),
        "platforms": _list(wish.platforms),
    }


def _list(items: Iterable[object]) -> str:
    return "[" + ", ".join(map(str, items)) + "]"


def _text(word: str) -> str:
    """Quote `false`, which minikube has for a network's name, for other readers of YAML."""
    return f'"{word}"' if word == "false" else word
