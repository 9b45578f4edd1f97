"""From options to one Start: what is not said comes from this machine and from the lock."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorkit.catalog.releases import listed_kubernetes, release
from mirrorkit.classroom.minikube.start import Start
from mirrorkit.classroom.minikube.usual import usual
from mirrorkit.errors import UsageError
from mirrorkit.host.minikube import installed_minikube
from mirrorkit.oci.platform import Platform

if TYPE_CHECKING:
    from mirrorkit.documents.pins import Lock


@dataclass(frozen=True, slots=True)
class Choice:
    """What the options say; None where they say nothing."""

    minikube: str | None
    kubernetes: str | None
    driver: str
    runtime: str
    arch: str | None
    storage_driver: str | None = None
    asks: bool = True
    """Whether the minikube that is installed here is the one that will start."""


def start_of(choice: Choice, lock: Lock) -> Start:
    """Return what is to be started; UsageError where neither options nor lock say it."""
    known = usual(lock)
    chosen = release(choice.minikube or _installed(choice) or known.minikube or _unsaid("minikube"))
    kubernetes = choice.kubernetes or known.kubernetes or chosen.default_kubernetes
    return Start(
        chosen,
        listed_kubernetes(kubernetes, chosen.version),
        driver=choice.driver,
        runtime=choice.runtime,
        platform=Platform.of("linux", choice.arch or platform.machine()),
        storage_driver=choice.storage_driver,
    )


def _installed(choice: Choice) -> str | None:
    found = installed_minikube() if choice.asks else None
    return found.release if found is not None else None


def _unsaid(what: str) -> str:
    raise UsageError(f"the lock names no {what}", hint=f"name it with --{what}")
