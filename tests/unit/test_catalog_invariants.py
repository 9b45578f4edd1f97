"""What holds for every release, runtime, number of nodes and all addons at once."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

import pytest

from mirrorkit.catalog.needs import RUNTIMES, images_for, kubeadm_room
from mirrorkit.catalog.releases import (
    addon_images,
    addons,
    kubernetes_versions,
    release,
    releases,
)
from mirrorkit.catalog.versions import minor
from mirrorkit.oci.reference import KUBERNETES, KUBERNETES_OLD, Reference

if TYPE_CHECKING:
    from mirrorkit.catalog.images import Image

RELEASES = [one.version for one in releases()]
CLASSES = list(product(RELEASES, RUNTIMES, (1, 3)))
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")


def whole(minikube: str, runtime: str, nodes: int) -> tuple[Image, ...]:
    return images_for(minikube, runtime=runtime, nodes=nodes, addons=addons(minikube))


def named(images: tuple[Image, ...], path: str) -> list[Image]:
    return [image for image in images if image.name.repository == path]


def test_the_catalog_lists_the_releases_it_was_built_from() -> None:
    assert len(RELEASES) == len(set(RELEASES)) == 27
    assert (RELEASES[0], RELEASES[-1]) == ("v1.23.0", "v1.38.1")


@pytest.mark.parametrize("minikube, runtime, nodes", CLASSES)
def test_no_name_stands_for_two_images(minikube: str, runtime: str, nodes: int) -> None:
    images = whole(minikube, runtime, nodes)
    names = Counter(name for image in images for name in (image.name, *image.also))
    below = Counter(
        (path, image.name.tag or image.digest) for image in images for path in image.below
    )
    assert [name for name, count in (names + below).items() if count > 1] == []


@pytest.mark.parametrize("minikube, runtime, nodes", CLASSES)
def test_every_name_is_canonical_and_every_image_says_what_needs_it(
    minikube: str, runtime: str, nodes: int
) -> None:
    for image in whole(minikube, runtime, nodes):
        assert image.name == image.name.canonical
        assert Reference.parse(str(image.name)) == image.name
        assert image.name.digest == (None if image.name.tag else image.digest)
        assert image.needed_by
        assert len({child.platform for child in image.children}) == len(image.children)


@pytest.mark.parametrize("minikube, runtime, nodes", CLASSES)
def test_kindnetd_is_listed_exactly_when_runtime_or_nodes_ask_for_it(
    minikube: str, runtime: str, nodes: int
) -> None:
    wanted = runtime in {"containerd", "cri-o"} or nodes == 3
    found = named(images_for(minikube, runtime=runtime, nodes=nodes), "kindest/kindnetd")
    assert len(found) == int(wanted)
    assert all(image.below == ("kindnetd",) for image in found)


@pytest.mark.parametrize("minikube", RELEASES)
@pytest.mark.parametrize("cni", ["bridge", "false", "calico", "flannel", "cilium", "kindnet"])
def test_a_network_that_is_named_replaces_the_one_minikube_would_choose(
    minikube: str, cni: str
) -> None:
    images = images_for(minikube, runtime="containerd", nodes=3, cni=cni)
    networks = {text for image in images for text in image.needed_by if text.startswith("cni ")}
    assert networks == (set() if cni in {"bridge", "false"} else {f"cni {cni}"})


@pytest.mark.parametrize("minikube", RELEASES)
def test_coredns_is_found_as_kubeadm_and_as_minikube_spell_it(minikube: str) -> None:
    (coredns,) = named(images_for(minikube), "coredns/coredns")
    assert coredns.below == ("coredns", "coredns/coredns")


@pytest.mark.parametrize("minikube", RELEASES)
def test_each_start_needs_one_of_everything(minikube: str) -> None:
    images = images_for(minikube)
    version = release(minikube).default_kubernetes
    for path in CONTROL_PLANE:
        assert [image.name.tag for image in named(images, path)] == [version]
    for path in ("etcd", "k8s-minikube/storage-provisioner", "coredns/coredns"):
        assert len(named(images, path)) == 1
    kicbase = images[0]
    assert kicbase.name.repository.startswith("k8s-minikube/kicbase")
    assert kicbase.digest == release(minikube).kicbase.digest
    assert [name.name for name in kicbase.also] in (
        ["docker.io/kicbase/stable"],
        ["docker.io/kicbase/build"],
    )


@pytest.mark.parametrize("minikube", RELEASES)
def test_every_image_of_every_addon_is_listed_once(minikube: str) -> None:
    images = whole(minikube, "docker", 1)
    for addon in addons(minikube):
        by_key = addon_images(addon, minikube)
        alone = [image for image in images if f"addon {addon}" in image.needed_by]
        repositories = {Reference.parse(one.image).repository for one in by_key.values()}
        assert {image.name.repository.removeprefix("library/") for image in alone} == {
            path.removeprefix("library/") for path in repositories
        }


@pytest.mark.parametrize("minikube", RELEASES)
def test_an_addon_follows_the_image_repository_with_its_path_as_it_stands(minikube: str) -> None:
    for addon in addons(minikube):
        for image in images_for(minikube, addons=[addon]):
            if image.needed_by != (f"addon {addon}",):
                continue
            repository = image.name.repository
            spellings = {
                repository,
                repository.removeprefix("library/"),
                f"k8s.gcr.io/{repository}",
            }
            assert set(image.below) <= spellings
            assert len(image.below) == int(repository != "library/haproxy")


def test_a_host_inside_an_addons_path_is_kept_up_to_v1_26_1() -> None:
    path = "ingress-nginx/kube-webhook-certgen"
    for minikube in RELEASES:
        (certgen,) = named(images_for(minikube, addons=["ingress"]), path)
        old = RELEASES.index(minikube) <= RELEASES.index("v1.26.1")
        assert certgen.below == (f"k8s.gcr.io/{path}" if old else path,)


def test_a_kubeadm_room_needs_seven_images_and_its_network() -> None:
    for kubernetes in kubernetes_versions():
        plain = kubeadm_room(kubernetes)
        assert [image.name.registry for image in plain] == [KUBERNETES] * 7
        assert {image.needed_by for image in plain} == {(f"kubernetes {kubernetes}",)}
        assert len(kubeadm_room(kubernetes, "flannel")) == 7 + 2
        assert len(kubeadm_room(kubernetes, "calico")) == 7 + 3


def test_the_old_registry_is_a_name_for_what_was_published_there() -> None:
    for kubernetes in kubernetes_versions():
        old = minor(kubernetes) <= (1, 26)
        for image in kubeadm_room(kubernetes):
            assert image.also == ((image.name.on(KUBERNETES_OLD),) if old else ())
