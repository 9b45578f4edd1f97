"""`mirrorkit doctor`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.minikube_flags import (  # noqa: TC001 - typer reads them
    Addons,
    Cni,
    Driver,
    Force,
    Kubernetes,
    ModeWord,
    Nodes,
    Profile,
    Runtime,
)
from mirrorkit.cli.options import Config, Json, OneLock, Store, settings_from
from mirrorkit.cli.output import say, say_json

if TYPE_CHECKING:
    from mirrorkit.classroom.doctor.examination import Section
    from mirrorkit.settings import Settings

MirrorAt = Annotated[
    str | None,
    typer.Option("--mirror", metavar="HOST:PORT", help="The mirror [default: this machine's]."),
]

Minikube = Annotated[
    str | None,
    typer.Option(
        help="The minikube release [default: beside a lock the installed one, else the lock's;"
        " elsewhere the mirror's]."
    ),
]


def command(
    mirror: MirrorAt = None,
    minikube: Minikube = None,
    kubernetes: Kubernetes = None,
    driver: Driver = "docker",
    runtime: Runtime = "docker",
    nodes: Nodes = 1,
    addons: Addons = None,
    cni: Cni = "auto",
    profile: Profile = "minikube",
    mode: ModeWord = None,
    force: Force = False,
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Look at this machine and the mirror: would this start work, and if not, what helps?

    The machine's checks are those of setup.sh; beside them minikube and kubectl, the mirror,
    every name that the start will ask it for, and old profiles. Each finding is ok, warn or fail,
    with a short code and one command. Nothing is changed. Ends with 0 where nothing fails, with 1
    where something does.

    \b
    Examples:
      mirrorkit doctor
      mirrorkit doctor --mirror 192.168.1.10:5080
      mirrorkit doctor --runtime containerd --addons ingress,metrics-server
    """
    import asyncio
    import os
    import platform

    from mirrorkit.classroom.minikube.choice import Choice
    from mirrorkit.wiring.examining import examine_machine

    settings = settings_from(store=store, locks=lock, config=config, is_one_lock=True)
    choice = Choice(
        minikube=minikube,
        kubernetes=kubernetes,
        driver=driver,
        runtime=runtime,
        nodes=nodes,
        addons=tuple(name for word in addons or () for name in word.split(",") if name),
        cni=cni,
        architecture=platform.machine(),
        profile=profile,
        mode=mode,
        force=force,
        as_root=os.geteuid() == 0,
    )
    address = mirror or _own_address(settings)
    sections = asyncio.run(examine_machine(settings, choice, address))
    return _tell(sections, address, as_json=as_json)


def _own_address(settings: Settings) -> str:
    """Return where the mirror of this machine answers, or the relay to the class's."""
    host = settings.listen.host
    is_any = host is None or host in ("0.0.0.0", "::")  # noqa: S104 - read, not listened on
    name = "localhost" if is_any or host is None else f"[{host}]" if ":" in host else host
    return f"{name}:{settings.listen.port}"


def _tell(sections: list[Section], address: str, *, as_json: bool) -> int:
    from mirrorkit.classroom.findings import is_sound

    findings = [finding for section in sections for finding in section.findings]
    is_fine = is_sound(findings)
    if as_json:
        told = [
            {"section": section.title, **finding.as_json()}
            for section in sections
            for finding in section.findings
        ]
        document = {"version": 1, "ok": is_fine, "mirror": address, "findings": told}
        say_json(document, indent=1)
    else:
        from mirrorkit.cli.doctortable import grouped, lines

        for line in grouped(sections) if sys.stdout.isatty() else lines(sections):
            say(line)
    return 0 if is_fine else 1
