"""`mirrorkit load`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Config, Json, OneLock, Store, settings_from
from mirrorkit.cli.output import note, say_json
from mirrorkit.progress import counted

if TYPE_CHECKING:
    from mirrorkit.flows.load import LoadReport
    from mirrorkit.oci.platform import Platform

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME", help="Images of the lock, in any spelling; none: all.", show_default=False
    ),
]
PlatformName = Annotated[
    str | None, typer.Option("--platform", help="OS/ARCHITECTURE [default: the engine's own].")
]


def command(
    names: Names = None,
    platform: PlatformName = None,
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Load images from the store into this machine's Docker; no network is needed.

    They keep their own names. What Docker has already is left alone; an image that is not here
    whole stops no other. Which Docker is DOCKER_HOST's or the current context's business, as with
    the docker command.

    \b
    Examples:
      mirrorkit load
      mirrorkit load gcr.io/k8s-minikube/kicbase:v0.0.30 nginx:alpine
    """
    from mirrorkit.cli.display import choose_display
    from mirrorkit.wiring import load_images

    settings = settings_from(store=store, locks=lock, config=config, is_one_lock=True)
    chosen = _platform(platform) if platform else None
    with choose_display(as_json=as_json) as display:
        report = load_images(settings, names or (), chosen, display)
    _tell(report, as_json=as_json)
    return report.exit_status


def _platform(text: str) -> Platform:
    from mirrorkit.errors import UsageError
    from mirrorkit.oci.platform import Platform

    try:
        return Platform.parse(text)
    except ValueError as error:
        raise UsageError(f"--platform: {error}", hint="such as linux/arm64") from error


def _tell(report: LoadReport, *, as_json: bool) -> None:
    if as_json:
        failures = [{"name": name, **error.as_json()} for name, error in report.failures.items()]
        say_json(
            {
                "event": "report",
                "version": 1,
                "platform": str(report.platform),
                "loaded": report.loaded,
                "already": report.already,
                "not_for_platform": report.elsewhere,
                "failures": failures,
            }
        )
        return
    for name in report.already:
        note(f"already   {name}")
    for name, error in report.failures.items():
        note(f"error: {name}: {error.message}")
        if error.hint:
            note(f"hint: {error.hint}")
    failed = f", {len(report.failures)} failed" if report.failures else ""
    loaded = counted(len(report.loaded), "image")
    note(f"{loaded} loaded for {report.platform}, {len(report.already)} already there{failed}")
