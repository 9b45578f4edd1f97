"""Which flags and variables fight the mirror, and which only look as if; each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.catalog.releases import releases
from mirrorkit.classroom.minikube.arguments import SWITCHES, VALUED, is_true
from mirrorkit.classroom.minikube.chosen import UNREAD, variable_of
from mirrorkit.classroom.minikube.start import CONTAINER_DRIVERS, Mode
from mirrorkit.documents.configuration import PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirrorkit.catalog.releases import Release
    from mirrorkit.classroom.minikube.arguments import Argument
    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.classroom.minikube.start import Mirror, Start

FIGHTING: Final = {
    "image-mirror-country": "looks for a mirror on the internet",
    "image-repository": "the images come from this mirror; no release misreads the variable",
    "base-image": "kicbase is loaded from this mirror, under the name it is asked by",
    "binary-mirror": "kubeadm, kubelet and kubectl come from this mirror",
    "registry-mirror": "Docker Hub's images come from this mirror, and others would be waited for",
    "preload-source": "the preloaded images are on the internet",
}
"""Flags whose value is the recipe's, or none at all."""
_SEEDING: Final = {
    "preload": "the preloaded images in the cache are what this start lives on",
    "cache-images": "the images in the cache are what this start lives on",
}
_PROXIES: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
_MEANS: Final = "the mirror's address must stand in NO_PROXY too, or it is asked through the proxy"


class Wanted(NamedTuple):
    """One flag of a recipe."""

    name: str
    """Without its dashes."""
    value: str
    """`true` for a bare switch."""
    why: str


def wanted(recipe: Recipe) -> list[Wanted]:
    """Return the flags of a recipe in their order; what adds up may stand there repeatedly."""
    return [
        Wanted(flag.name.removeprefix("--"), "true" if flag.value is None else flag.value, flag.why)
        for flag in recipe.flags
    ]


def quarrel(argument: Argument, recipe: Recipe) -> str | None:
    """Say why a flag that the recipe does not want must go; None where it may stay."""
    if argument.name in FIGHTING:
        return FIGHTING[argument.name]
    if argument.name in _SEEDING and recipe.mode is Mode.SEED and is_true(argument.value) is False:
        return _SEEDING[argument.name]
    is_mirror = argument.name == "docker-opt" and argument.value.startswith("registry-mirror=")
    return FIGHTING["registry-mirror"] if is_mirror else None


def is_ours(item: str, mirror: Mirror) -> bool:
    """Say whether a registry is this mirror: misspelt, or by mirrorkit's usual port."""
    bare = (item.partition("://")[2] or item).rstrip("/")
    return bare in {mirror.address, mirror.local} or bare.rpartition(":")[2] == str(PORT)


def although(argument: Argument, recipe: Recipe) -> str | None:
    """Say what is to know of a flag that stays."""
    name, value = argument.name, argument.value
    if name == "iso-url" and recipe.start.driver not in CONTAINER_DRIVERS:
        return "the machine is made from it, so it must be an address that answers in class"
    if name == "insecure-registry" and value:
        return "it is another registry than the mirror"
    if name == "docker-env" and value.partition("=")[0].upper() in _PROXIES:
        return _MEANS
    if name == "cni" and "/" in value:
        return "nobody knows which images that file names: `mirrorkit scan` lists them"
    return _unknown(name, recipe.start.release) if name else None


def _unknown(name: str, release: Release) -> str | None:
    if name not in SWITCHES | VALUED:
        return "minikube has no such flag and will not start"
    is_late = name not in release.flags and any(name in other.flags for other in releases())
    return f"minikube {release.version} has no such flag and will not start" if is_late else None


def although_exported(name: str) -> str | None:
    """Say what is to know of a variable that a script exports before its starts."""
    if name.upper() in _PROXIES:
        return _MEANS
    if name in {variable_of(flag) for flag in FIGHTING}:
        return "it fights the mirror where a start does not say the same itself: take it out"
    return None


def unheard(setting: Sequence[str], usual: Start) -> str | None:
    """Return the flag that would say what `minikube config set` is given, unless it is usual."""
    if len(setting) != 2:  # noqa: PLR2004 - a name and a value
        return None
    name, value = setting
    name = "driver" if name == "vm-driver" else name
    known = {
        "driver": usual.driver,
        "container-runtime": usual.runtime,
        "kubernetes-version": usual.kubernetes,
        "profile": usual.profile,
    }
    return f"--{name}={value}" if known.get(name, value) != value else None


def although_variable(name: str, recipe: Recipe) -> str | None:
    """Say what is to know of a variable that stays."""
    if name.upper() in _PROXIES:
        return _MEANS
    if name in {variable_of(flag) for flag in UNREAD}:
        return "no minikube reads this variable; the flag it reads"
    if name == "MINIKUBE_HOME" and (recipe.seeds or recipe.files):
        return "what is put into minikube's home for this start belongs below this one"
    return None
