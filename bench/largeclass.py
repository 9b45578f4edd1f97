"""The class of the benches: 17 images, 60 layers, 1.1 GB; one image has 400 MB in 12 layers."""

from __future__ import annotations

from tests.lab.images import OCI, Made, image
from tests.lab.layers import random_layer

MB = 1_000_000
KICBASE = "gcr.io/k8s-minikube/kicbase:v0.0.30"
KICBASE_SIZES = (180, 80, 50, 30, 20, 15, 10, 6, 4, 3, 1, 1)
OTHER_SIZES = (30.0, 12.0, 1.75)


def large_class() -> dict[str, Made]:
    """Make the images by canonical name."""
    images = {KICBASE: large_image()}
    for number in range(16):
        images[f"registry.k8s.io/part-{number}:v1"] = _image(f"part {number}", OTHER_SIZES)
    return images


def large_image() -> Made:
    """Make the one of 400 MB."""
    return _image("kicbase", KICBASE_SIZES)


def _image(seed: str, sizes: tuple[float, ...]) -> Made:
    layers = [random_layer(f"{seed} {n}", int(size * MB)) for n, size in enumerate(sizes)]
    return image(layers, kind=OCI, label=seed)
