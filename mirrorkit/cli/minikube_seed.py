"""`mirrorkit minikube seed`."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.minikube_flags import (  # noqa: TC001 - typer reads them
    Driver,
    Kubernetes,
    Minikube,
    Runtime,
)
from mirrorkit.cli.options import Config, Json, OneLock, Store, settings_from
from mirrorkit.cli.output import note, say_json
from mirrorkit.progress import counted, readable

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.seed import SeedReport
    from mirrorkit.events import Event, Listener

Target = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="A home whose .minikube is filled, as of a machine's image; no loading."
    ),
]
Arch = Annotated[
    str | None, typer.Option(help="The nodes' architecture: amd64, arm64 [default: this one].")
]
StorageDriver = Annotated[
    str | None,
    typer.Option(help="Docker's on the machine that starts [default: asked of this Docker]."),
]
NoLoad = Annotated[
    bool,
    typer.Option("--no-load", help="Place kicbase as a file too; this Docker is not touched."),
]


def command(
    target: Target = None,
    minikube: Minikube = None,
    kubernetes: Kubernetes = None,
    driver: Driver = "docker",
    runtime: Runtime = "docker",
    arch: Arch = None,
    storage_driver: StorageDriver = None,
    no_load: NoLoad = False,
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Fill minikube's cache from the store, so that a start needs no network.

    kicbase goes into Docker; kubeadm, kubelet, kubectl and the preload, or the images it is made
    of, go where that release looks for them. Everything is copied and verified; what is there
    already stays, and an interrupted run is gone on with. Ends with 1 when something is missing.

    \b
    Examples:
      mirrorkit minikube seed
      mirrorkit minikube seed --target /mnt/golden/home/student
    """
    from mirrorkit.classroom.minikube.choice import Choice, start_from
    from mirrorkit.cli.display import choose_display
    from mirrorkit.host.minikube import installed_minikube
    from mirrorkit.wiring import read_lock, seed_minikube
    from mirrorkit.wiring.seeding import SeedOrder

    settings = settings_from(store=store, locks=lock, config=config, is_one_lock=True)
    choice = Choice(
        minikube=minikube or (None if target else installed_minikube()),
        kubernetes=kubernetes,
        driver=driver,
        runtime=runtime,
        architecture=arch or platform.machine(),
        storage_driver=storage_driver,
    )
    start = start_from(choice, read_lock(settings.locks[0]))
    order = SeedOrder(start, target, loads=not no_load)
    with choose_display(as_json=as_json) as display:
        report = seed_minikube(settings, order, display if as_json else without_failures(display))
    _tell(report, as_json=as_json)
    return report.exit_status


def _tell(report: SeedReport, *, as_json: bool) -> None:
    if as_json:
        missing = [{"what": what, **error.as_json()} for what, error in report.missing.items()]
        say_json(
            {
                "event": "report",
                "version": 1,
                "folder": str(report.folder),
                "placed": [{"path": path, "size": size} for path, size in report.placed.items()],
                "loaded": report.loaded,
                "already": report.already,
                "cleared": report.cleared,
                "missing": missing,
                "notes": report.notes,
            }
        )
        return
    for path in report.cleared:
        note(f"removed   {path}, an empty thing where minikube looks for a preload")
    for text in report.notes:
        note(f"note      {text}")
    tell_missing(report)
    placed = (
        f"{counted(len(report.placed), 'file')} placed, {readable(sum(report.placed.values()))}"
    )
    loaded = f", {counted(len(report.loaded), 'image')} loaded" if report.loaded else ""
    missing_ = f", {len(report.missing)} missing" if report.missing else ""
    note(f"{report.folder}: {placed}{loaded}, {len(report.already)} already there{missing_}")


def without_failures(display: Listener) -> Listener:
    """Return a listener to whom what is missing is no news: it is said at the end, with why."""
    from mirrorkit.events import FileFailed, ImageFailed

    def listen(event: Event) -> None:
        if not isinstance(event, (FileFailed, ImageFailed)):
            display(event)

    return listen


def tell_missing(report: SeedReport) -> None:
    """Print what is missing, a line each, and below it each different hint once."""
    for what, error in report.missing.items():
        is_named = what in error.message
        note(f"error: {error.message}" if is_named else f"error: {what}: {error.message}")
    for hint in dict.fromkeys(error.hint for error in report.missing.values() if error.hint):
        note(f"hint: {hint}")
