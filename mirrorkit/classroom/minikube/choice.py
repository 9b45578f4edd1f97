"""From what somebody chose, and the lock where they chose nothing, to a start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.files import node_architectures
from mirrorkit.catalog.releases import kubernetes_versions, listed_kubernetes, release
from mirrorkit.classroom.minikube.start import AMD64, USUAL_PROFILE, Mode, Start
from mirrorkit.errors import UsageError
from mirrorkit.oci.platform import Platform
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.catalog.releases import Release
    from mirrorkit.documents.pins import Lock

_APISERVER: Final = "kube-apiserver"
_WHAT: Final = Sentence("architecture")
_PROGRAM: Final = re.compile(r"minikube/(?P<version>v[0-9][0-9A-Za-z.-]*)/minikube-")


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody chose of a start; None is left to the lock, or to the release."""

    minikube: str | None = None
    kubernetes: str | None = None
    driver: str = "docker"
    runtime: str = "docker"
    nodes: int = 1
    addons: tuple[str, ...] = ()
    cni: str = "auto"
    architecture: str | None = None
    """Of the nodes, as amd64 or x86_64."""
    profile: str = USUAL_PROFILE
    mode: str | None = None
    force: bool = False
    storage_driver: str | None = None
    as_root: bool = False
    rootless: bool = False
    ha: bool = False


def start_from(choice: Choice, lock: Lock | None = None) -> Start:
    """Return the start that is meant; UsageError where its words are none of the release's."""
    chosen = release(choice.minikube or _minikube(lock))
    return Start(
        release=chosen,
        kubernetes=_kubernetes(choice, chosen, lock),
        driver=choice.driver,
        runtime=choice.runtime,
        nodes=choice.nodes,
        addons=tuple(dict.fromkeys(choice.addons)),
        cni=choice.cni,
        platform=_platform(choice.architecture, lock),
        profile=choice.profile,
        mode=_mode(choice.mode),
        force=choice.force,
        storage_driver=choice.storage_driver,
        as_root=choice.as_root,
        rootless=choice.rootless,
        ha=choice.ha,
    )


def minikubes(lock: Lock) -> Iterator[str]:
    """Yield the minikube releases a lock is for: those whose programs it has, then by its needs."""
    found = (_PROGRAM.match(file.path) for file in lock.files)
    yield from (match["version"] for match in found if match)
    needs = (need.split() for image in lock.images for need in image.needed_by)
    yield from (words[1] for words in needs if len(words) > 1 and words[0] == "minikube")


def _minikube(lock: Lock | None) -> str:
    version = next(minikubes(lock), None) if lock else None
    if version is None:
        hint = Sentence("name one: --minikube v1.38.1")
        raise UsageError(Sentence("no minikube release is known"), hint=hint)
    return version


def _kubernetes(choice: Choice, chosen: Release, lock: Lock | None) -> str:
    """Return what was chosen, else the first of the lock that the release lists, else its own."""
    listed = kubernetes_versions(chosen.version)
    if choice.kubernetes is None:
        names = [image.name for image in lock.images] if lock else []
        held = (name.tag for name in names if name.repository == _APISERVER)
        return next((tag for tag in held if tag in listed), chosen.default_kubernetes)
    if choice.force:
        return f"v{choice.kubernetes.removeprefix('v')}"
    return listed_kubernetes(choice.kubernetes, chosen.version)


def _platform(architecture: str | None, lock: Lock | None) -> Platform:
    """Return the nodes' platform: the lock's only one, else linux/amd64."""
    if architecture is None:
        platforms = lock.platforms if lock else ()
        return platforms[0] if platforms and AMD64 not in platforms else AMD64
    platform, known = Platform.of("linux", architecture), node_architectures()
    if platform.architecture not in known:
        told = Sentence("{word!r} is no {what}", word=architecture[:60], what=_WHAT)
        raise UsageError(told, hint=Sentence("one of {words}", words=", ".join(known)))
    return platform


def _mode(word: str | None) -> Mode | None:
    if word is None:
        return None
    if word not in list(Mode):
        told = Sentence("{word!r} is no {what}", word=word[:60], what=Sentence("mode"))
        raise UsageError(told, hint=Sentence("one of {words}", words=", ".join(Mode)))
    return Mode(word)
