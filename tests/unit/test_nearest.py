"""The image that was perhaps meant: told only where it is near."""

from __future__ import annotations

import pytest

from mirrorkit.oci.nearest import nearest
from mirrorkit.oci.reference import Reference

KNOWN = (
    "docker.io/library/busybox:latest",
    "docker.io/library/mariadb:10",
    "docker.io/library/nginx:1.22-alpine",
    "docker.io/library/nginx:alpine",
    "docker.io/library/wordpress:5",
    "registry.k8s.io/kube-apiserver:v1.23.3",
    "registry.k8s.io/kube-apiserver:v1.23.9",
    "registry.k8s.io/pause:3.6",
)


@pytest.mark.parametrize(
    "asked, near",
    [
        ("nginx:alpin", "docker.io/library/nginx:alpine"),
        ("ngimx:1.22", "docker.io/library/nginx:1.22-alpine"),
        ("wordpres", "docker.io/library/wordpress:5"),
        ("pause:3.5", "registry.k8s.io/pause:3.6"),
        ("kube-apiserver:v1.23.8", "registry.k8s.io/kube-apiserver:v1.23.9"),
        ("redis", None),
        ("redis:5", None),
        ("nope", None),
    ],
)
def test_the_nearest_image_is_near_in_its_own_name(asked: str, near: str | None) -> None:
    found = nearest(Reference.parse(asked), map(Reference.parse, KNOWN))
    assert (str(found) if found else None) == near


def test_of_the_same_image_in_two_places_the_one_that_was_named_is_nearest() -> None:
    known = [Reference.parse(f"{place}/nginx:1") for place in ("quay.io/a", "docker.io/library")]
    assert nearest(Reference.parse("nginx:2"), known) == known[1]
    assert nearest(Reference.parse("quay.io/a/nginx:2"), known) == known[0]
