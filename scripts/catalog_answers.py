"""Hold the catalog's answers against columns of the facts that its data are not built from.

The facts spell every name below `--image-repository` out and record what real releases asked; the
catalog works the same names out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mirrorkit.catalog.files import files_for
from mirrorkit.catalog.images import Image
from mirrorkit.catalog.needs import control_plane, images_for
from mirrorkit.catalog.releases import kubernetes_versions, releases
from mirrorkit.oci.reference import Reference
from scripts.catalog_facts import Facts

RUNS = "minikube-runs.json"
_MANIFEST = re.compile(r"GET /v2/k8s/(\S+)/manifests/(\S+)")
_BINARY = re.compile(r"GET /(k8s-release/\S+?)(?:\.sha256)? *(?:x\d+)?\Z")


def complaints(facts: Facts, folder: Path) -> Iterator[str]:
    """Yield a sentence for each answer that the facts do not give."""
    for one in releases():
        row = facts["minikube-releases.json"][one.version]
        yield from _addons(one.version, row["addons"])
        yield from _networks(one.version, row["cni"])
    yield from _kubernetes(facts["kubeadm-images.json"]["versions"])
    runs = json.loads((folder / RUNS).read_text("utf-8"))
    for name, run in runs.items():
        if not name.startswith("_"):
            yield from _run(name, run)


def below(images: Iterable[Image]) -> set[str]:
    """Spell every name below `--image-repository` as the facts do."""
    return {
        f"{path}:{image.name.tag}" if image.name.tag else f"{path}@{image.digest}"
        for image in images
        for path in image.below
    }


def _addons(minikube: str, addons: Any) -> Iterator[str]:
    for addon, row in addons.items():
        images = images_for(minikube, addons=[addon])
        needed = [image for image in images if f"addon {addon}" in image.needed_by]
        expected = {_short(image["under_image_repository"]) for image in row["images"].values()}
        yield from _differ(f"minikube {minikube}, addon {addon}", below(needed), expected)
        digests = {image["digest"] for image in row["images"].values()} - {None, ""}
        found = {str(image.digest) for image in needed if image.digest}
        if not digests <= found:
            yield f"minikube {minikube}, addon {addon}: other digests"


def _short(text: str) -> str:
    """Spell a name of the facts as a tag, or as a digest where it has none."""
    name = text.removeprefix("{repo}/")
    path, at, _ = name.partition("@")
    if ":" in path.rpartition("/")[2]:
        return path
    return name if at else f"{path}:latest"


def _networks(minikube: str, row: Any) -> Iterator[str]:
    for cni, column in (("kindnet", "kindnetd"), ("calico", "calico")):
        images = images_for(minikube, cni=cni)
        needed = [image for image in images if f"cni {cni}" in image.needed_by]
        names = row[f"{column}_under_image_repository"]
        listed = [names] if isinstance(names, str) else names
        expected = {_short(name) for name in listed if name.startswith("{repo}/")}
        yield from _differ(f"minikube {minikube}, cni {cni}", below(needed), expected)


def _kubernetes(rows: Any) -> Iterator[str]:
    for version in kubernetes_versions():
        row, images = rows[version], list(control_plane(version))
        asked = row["under_image_repository"]
        expected = {_short(name) for names in asked.values() for name in names}
        expected -= {name for name in expected if name.startswith("k8s-minikube/")}
        yield from _differ(f"kubernetes {version}", below(images), expected)
        old = {str(name) for image in images for name in image.also}
        yield from _differ(f"kubernetes {version}", old, set(row["images_k8s_gcr_io"] or ()))
        new = {str(Reference.parse(name)) for name in row["images_registry_k8s_io"]}
        yield from _differ(f"kubernetes {version}", {str(image.name) for image in images}, new)


def _run(name: str, run: Any) -> Iterator[str]:
    """See that nothing a real release asked for is missing; more than it asked may be listed."""
    asked = "\n".join(run["host"])
    version = run["node"]["kubeadm_kubernetesVersion"]
    listed = below(images_for(run["release"], version, runtime=run["runtime"]))
    names = {f"{path}:{tag}" for path, tag in _MANIFEST.findall(asked)}
    yield from _differ(f"run {name}", listed & names, names)
    paths = {found[1] for line in run["host"] if (found := _BINARY.match(line))}
    served = {file.path for file in files_for(run["release"], version)}
    yield from _differ(f"run {name}", served & paths, paths)
    if not names or not paths:
        yield f"run {name}: nothing was asked"


def _differ(where: str, found: set[str], expected: set[str]) -> Iterator[str]:
    if found != expected:
        yield f"{where}: {', '.join(sorted(found ^ expected))}"
