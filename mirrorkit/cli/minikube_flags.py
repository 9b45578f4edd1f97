"""`mirrorkit minikube flags`: the flags, variables and files that a start needs, each with why."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from mirrorkit.cli.output import say


def command(
    address: Annotated[str, typer.Option(help="The mirror's HOST:PORT.")],
    minikube: Annotated[str, typer.Option(help="The minikube release.")] = "v1.25.2",
    kubernetes: Annotated[
        str | None, typer.Option(help="The Kubernetes version [default: the release's own].")
    ] = None,
) -> int:
    """Print how to start minikube so that everything comes from the mirror.

    \b
    Examples:
      mirrorkit minikube flags --minikube v1.25.2 --address 192.168.230.1:5080
    """
    from mirrorkit.catalog.releases import release
    from mirrorkit.classroom.minikube.recipe import recipe
    from mirrorkit.classroom.minikube.start import Mirror, Start

    chosen = release(minikube)
    start = Start(chosen, kubernetes or chosen.default_kubernetes)
    made = recipe(start, Mirror.at(address))
    say(shlex.join(made.command()))
    return 0
