"""Which start doctor looks at: as asked, else as the class has it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.releases import release, releases
from mirrorkit.classroom.doctor.status import class_of
from mirrorkit.classroom.minikube.start import USUAL_PROFILE, Start
from mirrorkit.oci.platform import Platform

if TYPE_CHECKING:
    from mirrorkit.classroom.doctor.status import Status
    from mirrorkit.classroom.minikube.start import Mode
    from mirrorkit.documents.pins import Lock

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says of a start; None where it is silent."""

    minikube: str | None = None
    kubernetes: str | None = None
    driver: str = "docker"
    runtime: str = "docker"
    nodes: int = 1
    addons: tuple[str, ...] = ()
    cni: str = "auto"
    profile: str = USUAL_PROFILE
    mode: Mode | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What the checks of the machine turn on, in minikube's words."""
        return f"--driver={self.driver}", f"--container-runtime={self.runtime}"


def start_of(
    wanted: Wanted, status: Status | None, lock: Lock | None, installed: str | None
) -> Start:
    """Return the start that is meant: by the command line, the class, or what is installed.

    UsageError for what no release has.
    """
    minikube, kubernetes = _class(status, lock)
    chosen = release(wanted.minikube or minikube or _listed(installed))
    is_of_class = chosen.version == minikube
    version = wanted.kubernetes or (kubernetes if is_of_class else None)
    return Start(
        chosen,
        version or chosen.default_kubernetes,
        driver=wanted.driver,
        runtime=wanted.runtime,
        nodes=wanted.nodes,
        addons=wanted.addons,
        cni=wanted.cni,
        profile=wanted.profile,
        mode=wanted.mode,
        platform=Platform("linux", _ARCHITECTURES.get(platform.machine().lower(), "amd64")),
        as_root=os.geteuid() == 0,
    )


def _class(status: Status | None, lock: Lock | None) -> tuple[str | None, str | None]:
    if lock is not None:
        told = [str(image.name) for image in lock.images]
        told += [file.path for file in lock.files]
        told += [need for image in lock.images for need in image.needed_by]
        return class_of(told)
    return (status.minikube, status.kubernetes) if status is not None else (None, None)


def _listed(installed: str | None) -> str:
    """Return the installed release if the catalog has it, else the newest that it has."""
    versions = [one.version for one in releases()]
    return installed if installed in versions else versions[-1]
