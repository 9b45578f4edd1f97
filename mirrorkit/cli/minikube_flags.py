"""`mirrorkit minikube flags`: the flags, variables and files that a start needs, each with why."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mirrorkit.cli.options import Config, Json, OneLock, number, settings_from
from mirrorkit.cli.output import say_data, say_json, width_of
from mirrorkit.cli.retyped import retyped

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.start import Mirror
    from mirrorkit.documents.pins import Lock
    from mirrorkit.settings import Settings

COMMAND: Final = ("mirrorkit", "minikube", "flags")

Minikube = Annotated[
    str | None,
    typer.Option(help="The minikube release [default: the installed one, else the lock's]."),
]
Kubernetes = Annotated[
    str | None,
    typer.Option(help="The Kubernetes version [default: the lock's, else the release's own]."),
]
Driver = Annotated[str, typer.Option(help="What the node runs on, as minikube's --driver.")]
Runtime = Annotated[str, typer.Option(help="docker, containerd or cri-o.")]
Nodes = Annotated[int, number("Nodes of the cluster.")]
Addons = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME[,NAME…]", help="Addons to enable; may be given again."),
]
Cni = Annotated[
    str, typer.Option(help="auto, bridge, calico, cilium, false, flannel or kindnet, as minikube.")
]
Ha = Annotated[bool, typer.Option("--ha", help="Several control planes.")]
Arch = Annotated[
    str | None, typer.Option(help="The nodes' architecture [default: amd64, if the lock has it].")
]
Profile = Annotated[str, typer.Option(help="The cluster's name; another is a cluster beside it.")]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="The mirror's address for host and nodes [default: the relay's].",
    ),
]
Relay = Annotated[
    bool, typer.Option("--relay/--no-relay", help="Through the relay, or at this machine itself.")
]
ModeWord = Annotated[
    str | None,
    typer.Option("--mode", help="seed, mirror or transparent [default: what works best]."),
]
StorageDriver = Annotated[
    str | None, typer.Option(help="Docker's on the host [default: overlay2, as far as is known].")
]
Root = Annotated[bool, typer.Option("--root", help="For root, whom minikube wants to be forced.")]
Rootless = Annotated[bool, typer.Option("--rootless", help="For a Docker without root.")]
Force = Annotated[bool, typer.Option("--force", help="Also what is known to fail.")]
Form = Annotated[
    str | None,
    typer.Option("--format", help="shell, powershell, env or calls, instead of the explanation."),
]


def command(
    context: typer.Context,
    minikube: Minikube = None,
    kubernetes: Kubernetes = None,
    driver: Driver = "docker",
    runtime: Runtime = "docker",
    nodes: Nodes = 1,
    addons: Addons = None,
    cni: Cni = "auto",
    ha: Ha = False,
    arch: Arch = None,
    profile: Profile = "minikube",
    address: Address = None,
    relay: Relay = True,
    mode: ModeWord = None,
    storage_driver: StorageDriver = None,
    root: Root = False,
    rootless: Rootless = False,
    force: Force = False,
    lock: OneLock = None,
    config: Config = None,
    form: Form = None,
    as_json: Json = False,
) -> int:
    """Print how to start minikube so that everything comes from the mirror, each word with why.

    Asks no network. Known-bad choices are refused, with minikube's issue and a way that works;
    --force prints them all the same. Without a lock everything is taken to be held.

    \b
    Examples:
      mirrorkit minikube flags
      mirrorkit minikube flags --minikube v1.38.1 --runtime containerd --nodes 3
      mirrorkit minikube flags --addons ingress,dashboard --no-relay --format shell
    """
    from mirrorkit.classroom.minikube.choice import Choice, start_from
    from mirrorkit.classroom.minikube.recipe import recipe
    from mirrorkit.classroom.minikube.render import as_json as data_of
    from mirrorkit.classroom.minikube.render import rendered
    from mirrorkit.classroom.minikube.text import WIDTH, text
    from mirrorkit.classroom.words import speaker
    from mirrorkit.host.language import language_of

    settings = settings_from(locks=lock, config=config, is_one_lock=True)
    held = held_lock(settings, is_named=lock is not None)
    choice = Choice(
        minikube=minikube or installed(),
        kubernetes=kubernetes,
        driver=driver,
        runtime=runtime,
        nodes=nodes,
        addons=split_names(addons),
        cni=cni,
        architecture=arch,
        profile=profile,
        mode=mode,
        force=force,
        storage_driver=storage_driver,
        as_root=root,
        rootless=rootless,
        ha=ha,
    )
    start = start_from(choice, held)
    mirror = mirror_for(settings, address, driver, relay=relay)
    made = recipe(start, mirror, held)
    spoken, form = speaker(language_of(os.environ)), form or "text"
    if as_json:
        say_json(data_of(made, mirror), indent=1)
    elif form == "text":
        words = retyped(context, without=("form",))
        whole = f"{shlex.join((*COMMAND, *words, '--format', 'shell'))} | sh"
        say_data(text(made, mirror, spoken, width_of(sys.stdout) or WIDTH, whole).rstrip("\n"))
    else:
        say_data(rendered(made, mirror, form, spoken).rstrip("\n"))
    return 0


def split_names(words: list[str] | None) -> tuple[str, ...]:
    """Return names that may come repeatedly, or with commas."""
    return tuple(name for word in words or () for name in word.split(",") if name)


def installed() -> str | None:
    """Return the release of this machine's minikube, if there is one."""
    from mirrorkit.host.minikube import installed_minikube

    return installed_minikube()


def held_lock(settings: Settings, *, is_named: bool) -> Lock | None:
    """Read the lock; without one that was named, or is there, there is none."""
    from mirrorkit.wiring.documents import read_lock

    path: Path = settings.locks[0]
    return read_lock(path) if is_named or path.exists() else None


def mirror_for(settings: Settings, address: str | None, driver: str, *, relay: bool) -> Mirror:
    """Return the address given, else the relay's for nodes in containers, else this machine's."""
    from mirrorkit.classroom.minikube.start import CONTAINER_DRIVERS, Mirror
    from mirrorkit.host.own import own_address, own_reach

    if address is not None:
        return Mirror.at(address)
    if relay and driver in CONTAINER_DRIVERS:
        return Mirror.relayed(origin=own_reach(settings).best)
    return Mirror.at(own_address(settings))
