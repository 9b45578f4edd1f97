"""Which start doctor looks at: as chosen, else that of `minikube start`, else the class's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mirrorkit.catalog.releases import releases
from mirrorkit.classroom.minikube.choice import start_from

if TYPE_CHECKING:
    from mirrorkit.classroom.doctor.status import Status
    from mirrorkit.classroom.minikube.choice import Choice
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock


def meant(choice: Choice, status: Status | None, lock: Lock | None, installed: str | None) -> Start:
    """Return the start that is meant.

    Beside a lock it is the one that `mirrorkit minikube start` makes there: of the installed
    release, else of the lock's. Elsewhere it is setup.sh's, which brings the mirror's release;
    where the mirror says none, of the installed one, else of the newest that is listed.

    UsageError for what no release has.
    """
    if lock is None:
        of_class = status.minikube if status else None
        minikube = choice.minikube or of_class or _listed(installed)
        kubernetes = status.kubernetes if status and minikube == of_class else None
        choice = replace(choice, minikube=minikube, kubernetes=choice.kubernetes or kubernetes)
    elif installed in _versions():
        choice = replace(choice, minikube=choice.minikube or installed)
    return start_from(choice, lock)


def words_of(choice: Choice) -> tuple[str, ...]:
    """Return what the checks of a machine turn on, in minikube's words."""
    return f"--driver={choice.driver}", f"--container-runtime={choice.runtime}"


def _listed(installed: str | None) -> str:
    """Return the installed release if the catalog has it, else the newest there."""
    versions = _versions()
    return installed if installed in versions else versions[-1]


def _versions() -> list[str]:
    return [one.version for one in releases()]
