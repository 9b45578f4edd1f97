"""`mirrorkit client`: the exact configuration of each program that pulls, printed or written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Address, Config, Json, OneLock, Store, settings_from

if TYPE_CHECKING:
    from mirrorkit.classroom.clients.shape import Configuration, Target, There
    from mirrorkit.documents.pins import Lock

app = typer.Typer(
    help="Point docker, containerd, podman or kubeadm at the mirror: print what to set, or write"
    " it.",
    rich_markup_mode=None,
)
Strict = Annotated[
    bool,
    typer.Option(
        "--strict/--fallback",
        help="Ask the mirror alone, or the registries themselves too for what it lacks.",
        show_default=False,
    ),
]
Write = Annotated[
    bool, typer.Option("--write", help="Write it; what was there before is kept beside it.")
]
Undo = Annotated[
    bool, typer.Option("--undo", help="Give back what was there before --write, byte for byte.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Go on although somebody changed a file since.")
]
RootFolder = Annotated[
    Path, typer.Option("--root", metavar="DIR", help="The system whose files they are.")
]
Release = Annotated[
    str | None,
    typer.Option(
        "--containerd",
        metavar="VERSION",
        help="Its release, as 1.7 or 2.1 [default: what `containerd --version` says].",
    ),
]
Kubernetes = Annotated[
    str | None,
    typer.Option(help="The version to start, as v1.23.9 [default: the newest in the lock]."),
]


@app.command("docker")
def docker(
    address: Address = None,
    strict: Strict = True,
    write: Write = False,
    undo: Undo = False,
    force: Force = False,
    root: RootFolder = Path("/"),
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Configure Docker: registry-mirrors and insecure-registries of /etc/docker/daemon.json.

    Every other key stays as it is, and Docker takes both over while containers run on. Only Docker
    Hub's images follow a mirror; any other is pulled as HOST:PORT/registry.k8s.io/pause:3.6.
    --strict, the default, takes other mirrors out; Docker asks Docker Hub all the same for what
    ours lacks.

    \b
    Examples:
      mirrorkit client docker
      mirrorkit client docker --address 192.168.1.10:5080 --write
      mirrorkit client docker --undo
    """
    from mirrorkit.classroom.clients.docker import docker as configured
    from mirrorkit.cli.clientfiles import Asked, run

    def render(target: Target, _: Lock | None, there: There) -> Configuration:
        return configured(target, there)

    settings = settings_from(store=store, locks=lock, config=config, is_one_lock=True)
    asked = Asked("docker", address, root, strict, write, undo, force, as_json)
    return run(asked, settings, render)


@app.command("containerd")
def containerd(
    address: Address = None,
    strict: Strict = True,
    release: Release = None,
    write: Write = False,
    undo: Undo = False,
    force: Force = False,
    root: RootFolder = Path("/"),
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Configure containerd: a hosts.toml for each registry, and config.toml so that it reads them.

    Also for the kubelet that uses this containerd; every image keeps its own name. --strict, the
    default, asks the mirror alone, for any registry whatever; it suits a room without internet.
    What else stands in config.toml stays; where it cannot be edited safely, it says what to do.

    \b
    Examples:
      mirrorkit client containerd --address 192.168.1.10:5080
      mirrorkit client containerd --address 192.168.1.10:5080 --fallback --write
      mirrorkit client containerd --containerd 2.1 --root /mnt/golden --write
    """
    from mirrorkit.classroom.clients.containerd import containerd as configured
    from mirrorkit.cli.clientfiles import Asked, release_of, run

    def render(target: Target, _: Lock | None, there: There) -> Configuration:
        return configured(target, there, release_of(release, root))

    settings = settings_from(store=store, locks=lock, config=config, is_one_lock=True)
    asked = Asked(
        "containerd",
        address,
        root,
        strict,
        write,
        undo,
        force,
        as_json,
        _given("containerd", release),
    )
    return run(asked, settings, render)


@app.command("podman")
def podman(
    address: Address = None,
    strict: Strict = True,
    write: Write = False,
    undo: Undo = False,
    force: Force = False,
    root: RootFolder = Path("/"),
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Configure podman, buildah and skopeo: a drop-in of /etc/containers/registries.conf.d.

    Every image keeps its own name. --strict, the default, puts the mirror in the place of each
    registry; with --fallback it comes before it.

    \b
    Examples:
      mirrorkit client podman --address 192.168.1.10:5080
      sudo mirrorkit client podman --address 192.168.1.10:5080 --write
    """
    from mirrorkit.classroom.clients.podman import podman as configured
    from mirrorkit.cli.clientfiles import Asked, run

    def render(target: Target, _: Lock | None, there: There) -> Configuration:
        return configured(target, there)

    settings = settings_from(store=store, locks=lock, config=config, is_one_lock=True)
    asked = Asked("podman", address, root, strict, write, undo, force, as_json)
    return run(asked, settings, render)


@app.command("kubeadm")
def kubeadm(
    address: Address = None,
    strict: Strict = True,
    kubernetes: Kubernetes = None,
    release: Release = None,
    write: Write = False,
    undo: Undo = False,
    force: Force = False,
    root: RootFolder = Path("/"),
    lock: OneLock = None,
    store: Store = None,
    config: Config = None,
    as_json: Json = False,
) -> int:
    """Configure a machine of a kubeadm room: containerd as above, its pause image, `kubeadm init`.

    kubeadm takes everything from HOST:PORT/k8s; pods keep their images' own names. Run it on each
    machine of the room, before `kubeadm init` or `kubeadm join`.

    \b
    Examples:
      mirrorkit client kubeadm --address 192.168.1.10:5080
      mirrorkit client kubeadm --kubernetes v1.23.9 --address 192.168.1.10:5080 --write
    """
    from mirrorkit.classroom.clients.kubeadm import kubeadm as configured
    from mirrorkit.classroom.clients.kubeadm import kubernetes_of
    from mirrorkit.cli.clientfiles import Asked, release_of, run

    def render(target: Target, pinned: Lock | None, there: There) -> Configuration:
        version = kubernetes_of(pinned, kubernetes)
        return configured(target, there, version, release_of(release, root))

    settings = settings_from(store=store, locks=lock, config=config, is_one_lock=True)
    more = (*_given("containerd", release), *_given("kubernetes", kubernetes))
    asked = Asked("kubeadm", address, root, strict, write, undo, force, as_json, more)
    return run(asked, settings, render)


def _given(name: str, value: str | None) -> tuple[str, ...]:
    return () if value is None else (f"--{name}={value}",)
