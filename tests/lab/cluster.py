"""A class on minikube, made up: a store with every image and file of one release, and its lock."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorkit.catalog.needs import images_for
from mirrorkit.catalog.releases import release
from tests.integration.filled import fill, lock_of, put
from tests.lab.images import DOCKER, image
from tests.lab.layers import busybox_layer, random_layer
from tests.lab.process import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.lab.images import Made

PROGRAM = (sys.executable, "-m", "mirrorkit")
PRELOADS = {"v1.25.2": "v17", "v1.34.0": "v18", "v1.38.1": "v18"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folder of one class, held whole: documents, store, and homes to fill."""

    folder: Path
    minikube: str
    kubernetes: str
    images: Mapping[str, Made]
    files: Mapping[str, bytes]

    @property
    def kicbase(self) -> str:
        """The base image's name and tag."""
        return str(release(self.minikube).kicbase).partition("@")[0]

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `mirrorkit minikube …` to its end."""
        verb, *others = words
        documents = ("--store", str(self.folder / "store"), "--lock", str(self.lock))
        return subprocess.run(
            (*PROGRAM, "minikube", verb, *documents, *others),
            cwd=self.folder,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @property
    def lock(self) -> Path:
        """The lock's file."""
        return self.folder / "images.lock.yaml"


def cluster(
    folder: Path,
    minikube: str = "v1.25.2",
    kubernetes: str = "v1.23.3",
    *,
    more: Mapping[str, bytes] | None = None,
    without: str = "no name",
) -> Cluster:
    """Make a class; `more` are files for its lock, `without` is part of a name that is left out."""
    names = [str(one.name) for one in images_for(minikube, kubernetes) if one.name.tag]
    layers = [busybox_layer(), random_layer("a machine", 300_000)]
    images = {
        name: image(layers if "kicbase" in name else [random_layer(name, 2000)], kind=DOCKER)
        for name in names
    }
    files = {path: path.encode() * 3000 for path in _programs(minikube, kubernetes)}
    files |= more or {}
    images = {name: made for name, made in images.items() if without not in name}
    files = {path: data for path, data in files.items() if without not in path}
    asyncio.run(_fill(folder / "store", images, files.values()))
    made = Cluster(folder, minikube, kubernetes, images, files)
    text = lock_of(images, platforms=("linux/amd64",), files=files).text.decode()
    needs = f"needed_by: [minikube {minikube}]"
    made.lock.write_text(
        re.sub(r"^    digest: .*$", rf"\g<0>\n    {needs}", text, flags=re.MULTILINE)
    )
    return made


async def _fill(store: Path, images: Mapping[str, Made], files: Iterable[bytes]) -> None:
    filled = await fill(store, images)
    for data in files:
        await put(filled, data)


def _programs(minikube: str, kubernetes: str) -> list[str]:
    names = ("kubeadm", "kubectl", "kubelet")
    return [
        f"minikube/{minikube}/minikube-linux-amd64",
        *(f"k8s-release/{kubernetes}/bin/linux/amd64/{name}" for name in names),
    ]


def preload_of(made_for: tuple[str, str], runtime: str = "docker") -> str:
    """Return the path of a release's preload in a lock."""
    minikube, kubernetes = made_for
    name = f"preloaded-images-k8s-{PRELOADS[minikube]}-{kubernetes}-{runtime}-overlay2-amd64"
    return f"minikube/preload/{name}.tar.lz4"
