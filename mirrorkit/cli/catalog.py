"""`mirrorkit catalog`: what each minikube release and Kubernetes version needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mirrorkit.cli.options import Json, number
from mirrorkit.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirrorkit.catalog.images import Image
    from mirrorkit.catalog.releases import Release

app = typer.Typer(
    help="Look up what each minikube release and Kubernetes version needs; offline.",
    rich_markup_mode=None,
)

Minikube = Annotated[str, typer.Option(help="The minikube release, as v1.25.2.")]
Kubernetes = Annotated[
    str | None,
    typer.Option(help="The Kubernetes version [default: the release's own].", show_default=False),
]
Runtime = Annotated[str, typer.Option(help="docker, containerd or cri-o.")]
Nodes = Annotated[int, number("Nodes of the cluster; from two on it needs a network.")]
Addons = Annotated[list[str] | None, typer.Option("--addon", help="An addon; may be given again.")]
AllAddons = Annotated[bool, typer.Option("--all-addons", help="Every addon the release has.")]
Cni = Annotated[
    str, typer.Option(help="auto, bridge, calico, cilium, false, flannel or kindnet, as minikube.")
]


@app.command("releases")
def releases(as_json: Json = False) -> int:
    """Print the minikube releases the catalog lists, the oldest first.

    \b
    Examples:
      mirrorkit catalog releases
      mirrorkit catalog releases --json | jq -r '.releases[-1].version'
    """
    from mirrorkit.catalog.releases import releases as listed

    _tell("releases", map(_release, listed()), as_json=as_json)
    return 0


def _release(one: Release) -> dict[str, str]:
    from mirrorkit.catalog.releases import kubernetes_versions

    known = kubernetes_versions(one.version)
    return {
        "version": one.version,
        "released": one.released,
        "kicbase": one.kicbase.tag or "",
        "kubernetes": one.default_kubernetes,
        "oldest": known[0],
        "newest": known[-1],
    }


@app.command("kubernetes")
def kubernetes(
    minikube: Annotated[
        str | None, typer.Option(help="Only what this minikube release lists.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Print the Kubernetes versions the catalog lists, with the images they have built in.

    \b
    Examples:
      mirrorkit catalog kubernetes --minikube v1.25.2
      mirrorkit catalog kubernetes | grep v1.23
    """
    from mirrorkit.catalog.needs import built_in
    from mirrorkit.catalog.releases import kubernetes_versions

    rows = [{"version": version, **built_in(version)} for version in kubernetes_versions(minikube)]
    _tell("kubernetes", rows, as_json=as_json)
    return 0


@app.command("images")
def images(
    minikube: Minikube,
    kubernetes: Kubernetes = None,
    runtime: Runtime = "docker",
    nodes: Nodes = 1,
    addon: Addons = None,
    all_addons: AllAddons = False,
    cni: Cni = "auto",
    as_json: Json = False,
) -> int:
    """Print every image that a class on minikube needs: name, published digest, what for.

    A `-` stands where nobody published a digest; `mirrorkit lock` finds it out online. With --json
    also the other names an image is asked under, and those below `--image-repository`.

    \b
    Examples:
      mirrorkit catalog images --minikube v1.25.2 --addon dashboard --addon ingress
      mirrorkit catalog images --minikube v1.32.0 --kubernetes v1.27.4 --runtime containerd
      mirrorkit catalog images --minikube v1.38.1 --nodes 3 --all-addons --json
    """
    from mirrorkit.catalog.needs import images_for
    from mirrorkit.catalog.releases import addons

    wanted = [*(addon or ()), *(addons(minikube) if all_addons else ())]
    found = images_for(minikube, kubernetes, runtime=runtime, nodes=nodes, addons=wanted, cni=cni)
    if as_json:
        say_json({"version": 1, "images": [_as_json(image) for image in found]}, indent=1)
        return 0
    _tell(
        "images",
        (
            {
                "image": str(image.name),
                "digest": image.digest or "-",
                "needed by": ", ".join(image.needed_by),
            }
            for image in found
        ),
    )
    return 0


def _as_json(image: Image) -> dict[str, object]:
    return {
        "name": str(image.name),
        "digest": image.digest,
        "platforms": {
            str(child.platform): {"digest": child.digest, "size": child.size}
            for child in image.children
        },
        "also": [str(name) for name in image.also],
        "below_image_repository": list(image.below),
        "needed_by": list(image.needed_by),
    }


def _tell(what: str, rows: Iterable[dict[str, str]], *, as_json: bool = False) -> None:
    """Print rows as columns under their names, or as data."""
    rows = list(rows)
    if as_json:
        say_json({"version": 1, what: rows}, indent=1)
        return
    table: Sequence[Sequence[str]] = [list(rows[0]), *([str(v) for v in r.values()] for r in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
