"""What a client's configuration is made from, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from mirrorkit.oci.reference import DOCKER_HUB, KUBERNETES, KUBERNETES_OLD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirrorkit.documents.pins import Lock

PUBLIC: Final = (DOCKER_HUB, KUBERNETES, KUBERNETES_OLD, "gcr.io", "quay.io", "ghcr.io")
"""Redirected whatever the lock names, so that what is added tomorrow needs no new configuration."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client is sent, for which registries, and whether it may go elsewhere."""

    address: str
    """HOST:PORT of the mirror, by plain HTTP."""
    registries: tuple[str, ...]
    is_strict: bool = True
    """Whether the mirror alone is asked; else a registry itself is asked for what it lacks."""

    @property
    def url(self) -> str:
        """The mirror's URL, without a slash at its end."""
        return f"http://{self.address}"


class There(Protocol):
    """The files that are there already; paths are absolute."""

    def read(self, path: str) -> str | None:
        """Return a small text file, None where there is none; DocumentError where it is no text."""

    def names(self, folder: str) -> Sequence[str]:
        """Return what a folder holds, sorted; nothing where there is none."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file as it should be, whole."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The files of one client, what to type once they are there, and what to know."""

    files: tuple[ConfigFile, ...]
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def reach(target: Target) -> str:
    """Say who is asked."""
    if target.is_strict:
        return f"strict: {target.url} alone is asked; --fallback asks the registries too"
    return f"{target.url} is asked first, then the registry itself"


def registries_of(lock: Lock | None) -> tuple[str, ...]:
    """Return the registries to redirect: the public ones, then what else the lock names."""
    images = lock.images if lock is not None else ()
    named = {name.registry for image in images for name in (image.name, *image.also)}
    return tuple(dict.fromkeys((*PUBLIC, *sorted(named))))
