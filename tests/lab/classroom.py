"""Twenty made-up images under the names a real class pulls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.images import DOCKER, OCI, Format, Made, attestation, image, index
from tests.lab.layers import Layer, busybox_layer, random_layer

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
PAIR = ("linux/amd64", "linux/arm64")
HUB = ("linux/amd64", "linux/arm/v7", "linux/arm64/v8")
AMD64 = ("linux/amd64",)
WINDOWS = ("windows/amd64:10.0.17763.2114", "windows/amd64:10.0.20348.169")
# Bases that several images stand on, by name and size in MiB.
BASES = {"go-runner": 1.0, "alpine": 1.5, "debian": 5.0}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one image of the class is made; sizes are MiB a platform at scale 1."""

    name: str
    sizes: tuple[float, ...]
    base: str = ""
    platforms: tuple[str, ...] = PAIR
    kind: Format = DOCKER
    attested: bool = False


RECIPES = (
    Recipe("registry.k8s.io/kube-apiserver:v1.23.3", (8,), "go-runner"),
    Recipe("registry.k8s.io/kube-controller-manager:v1.23.3", (7,), "go-runner"),
    Recipe("registry.k8s.io/kube-scheduler:v1.23.3", (3,), "go-runner"),
    Recipe("registry.k8s.io/kube-proxy:v1.23.3", (2, 6), "debian"),
    Recipe("registry.k8s.io/pause:3.6", (0.3,), platforms=(*PAIR, "linux/arm/v7", *WINDOWS)),
    Recipe("registry.k8s.io/etcd:3.5.1-0", (9, 4, 1)),
    Recipe("registry.k8s.io/coredns/coredns:v1.8.6", (0.2, 4)),
    Recipe("registry.k8s.io/metrics-server/metrics-server:v0.6.1", (0.4, 5), kind=OCI),
    Recipe("registry.k8s.io/ingress-nginx/controller:v1.1.1", (6, 3), "alpine"),
    Recipe("gcr.io/k8s-minikube/kicbase:v0.0.30", (22, 12, 6, 3, 1, 0.1)),
    Recipe("gcr.io/k8s-minikube/storage-provisioner:v5", (3,), platforms=AMD64),
    Recipe("docker.io/kubernetesui/dashboard:v2.3.1", (6,)),
    Recipe("docker.io/kubernetesui/metrics-scraper:v1.0.7", (3,)),
    Recipe("docker.io/library/nginx:alpine", (3, 0.1), "alpine", HUB, OCI, attested=True),
    Recipe("docker.io/library/busybox:latest", (0.7,), "busybox", HUB, OCI),
    Recipe("docker.io/library/redis:5-alpine", (2, 0.5), "alpine", HUB, OCI),
    Recipe("docker.io/library/mariadb:10", (7, 2), "debian", PAIR, OCI, attested=True),
    Recipe("docker.io/library/wordpress:5", (8, 3, 1), "debian", PAIR, OCI),
    Recipe("docker.io/calico/node:v3.23.1", (11,), platforms=AMD64, kind=OCI),
    Recipe("docker.io/calico/cni:v3.23.1", (7,), platforms=AMD64),
)


def classroom(scale: float = 1.0) -> dict[str, Made]:
    """Make the class's images by canonical name: at scale 1 some 300 MB that are unique."""
    return {recipe.name: _cook(recipe, scale) for recipe in RECIPES}


def split_name(name: str) -> tuple[str, str, str]:
    """Split a canonical name into host, repository and tag."""
    host, _, rest = name.partition("/")
    repository, _, tag = rest.rpartition(":")
    return host, repository, tag


def _cook(recipe: Recipe, scale: float) -> Made:
    images = [
        image(list(_layers(recipe, platform, scale)), platform, kind=recipe.kind, label=recipe.name)
        for platform in recipe.platforms
    ]
    if recipe.attested:
        images += [attestation(made) for made in images]
    return images[0] if len(images) == 1 else index(images, kind=recipe.kind)


def _layers(recipe: Recipe, platform: str, scale: float) -> Iterator[Layer]:
    if recipe.base == "busybox" and platform == "linux/amd64":
        yield busybox_layer()
        return
    if recipe.base in BASES:
        yield _noise(f"{recipe.base} {platform}", BASES[recipe.base] * scale)
    for number, size in enumerate(recipe.sizes):
        yield _noise(f"{recipe.name} {platform} {number}", size * scale)


def _noise(seed: str, mib: float) -> Layer:
    # Never so small that two layers could be mistaken for another by size alone.
    return random_layer(seed, 512 + int(mib * MIB))
