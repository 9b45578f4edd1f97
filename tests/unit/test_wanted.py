"""What a wish comes to: names, published digests, who needs them, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.wish import parse_wish
from mirrorkit.errors import DocumentError
from mirrorkit.flows.priority import rank
from mirrorkit.flows.wanted import Wanted, disagreement, wanted

CLASS = "version: 1\nminikube: v1.25.2\nkubernetes: v1.23.3\n"
APISERVER = "sha256:b8eba88862bab7d3d7cdddad669ff1ece006baa10d3a3df119683434497a0949"
BUSYBOX = "docker.io/library/busybox:latest"
LOCK = Path(__file__).parents[2] / "images.lock.yaml"


def come_to(text: str) -> Wanted:
    return wanted(parse_wish(text.encode()), text.encode())


def test_a_minikube_and_a_kubernetes_come_to_the_images_of_their_cluster() -> None:
    names = [str(image.name) for image in come_to(CLASS).images]
    assert names[0] == "gcr.io/k8s-minikube/kicbase:v0.0.30"
    assert set(names) >= {
        "registry.k8s.io/kube-apiserver:v1.23.3",
        "registry.k8s.io/etcd:3.5.1-0",
        "registry.k8s.io/coredns/coredns:v1.8.6",
        "registry.k8s.io/pause:3.6",
    }


def test_what_is_published_is_known_and_who_needs_it_is_said() -> None:
    found = {str(image.name): image for image in come_to(CLASS).images}
    apiserver = found["registry.k8s.io/kube-apiserver:v1.23.3"]
    assert apiserver.digest == APISERVER
    assert not apiserver.is_moving
    assert apiserver.needed_by == ("kubernetes v1.23.3",)
    assert [str(name) for name in apiserver.also] == ["k8s.gcr.io/kube-apiserver:v1.23.3"]
    assert {str(child.platform) for child in apiserver.children} == {"linux/amd64", "linux/arm64"}


@pytest.mark.parametrize("minikube", ["v1.25.2", "v1.30.0", "v1.38.1"])
def test_every_class_on_minikube_has_the_relay_and_fetches_it_with_kicbase(minikube: str) -> None:
    (relay,) = (
        image
        for image in come_to(f"version: 1\nminikube: {minikube}\n").images
        if "relay" in image.needed_by
    )
    assert str(relay.name) == "docker.io/library/nginx:1.22-alpine"
    assert relay.is_moving  # its registry is asked, when it answers
    assert {str(child.platform) for child in relay.children} == {"linux/amd64", "linux/arm64"}
    lock = parse_lock(LOCK.read_bytes())
    ranks = {str(image.name): rank(lock, image) for image in lock.images}
    assert ranks[str(relay.name)] == ranks["gcr.io/k8s-minikube/kicbase:v0.0.30"] == 0
    assert ranks["registry.k8s.io/pause:3.6"] == 1


def test_a_kubeadm_room_needs_no_relay() -> None:
    found = come_to("version: 1\nkubeadm: [{kubernetes: v1.23.3}]\n")
    assert not [image for image in found.images if "relay" in image.needed_by]


def test_lessons_keep_their_order_and_share_what_they_share() -> None:
    text = (
        "version: 1\nlessons:\n"
        "  - {name: b, images: [nginx, busybox]}\n  - {name: a, images: [busybox]}\n"
    )
    found = come_to(text)
    assert found.lessons == ("b", "a")
    assert [(str(image.name), image.needed_by) for image in found.images] == [
        ("docker.io/library/nginx:latest", ("b",)),
        (BUSYBOX, ("b", "a")),
    ]


@pytest.mark.parametrize(
    "minikube, digest", [("v1.25.2", "sha256:7b3ccabffc97"), ("v1.38.1", None), ("v1.30.0", None)]
)
def test_a_tag_that_moved_is_pinned_as_its_class_had_it(minikube: str, digest: str | None) -> None:
    text = f"version: 1\nminikube: {minikube}\nimages: [busybox]\n"
    (busybox,) = (image for image in come_to(text).images if str(image.name) == BUSYBOX)
    assert busybox.is_moving
    assert busybox.digest is None or busybox.digest.startswith(digest or "sha256:")
    if minikube == "v1.30.0":
        assert busybox.digest is None


def test_students_get_tools_for_their_machines_and_nodes_their_binaries() -> None:
    text = CLASS + "platforms: [linux/amd64]\ntools: [darwin/arm64, windows/amd64]\n"
    assert {file.path for file in come_to(text).files} == {
        "minikube/v1.25.2/minikube-darwin-arm64",
        "minikube/v1.25.2/minikube-windows-amd64.exe",
        "k8s-release/v1.23.3/bin/linux/amd64/kubeadm",
        "k8s-release/v1.23.3/bin/linux/amd64/kubectl",
        "k8s-release/v1.23.3/bin/linux/amd64/kubelet",
        "k8s-release/v1.23.3/bin/darwin/arm64/kubectl",
        "k8s-release/v1.23.3/bin/windows/amd64/kubectl.exe",
    }


@pytest.mark.parametrize("text", ["minikube: v9.9.9", "minikube: v1.25.2\naddons: [nope]"])
def test_what_nobody_lists_is_a_mistake_of_the_wish(text: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        come_to(f"version: 1\n{text}\n")
    assert refusal.value.hint


def test_one_path_for_two_files_is_a_mistake() -> None:
    files = "{path: a, urls: [http://a/]}, {path: a, urls: [http://b/]}"
    with pytest.raises(DocumentError, match="two different files"):
        come_to(f"version: 1\nfiles: [{files}]\n")


@pytest.mark.parametrize(
    "lock, how",
    [
        ("", "wants docker.io/library/busybox:latest, which the lock does not have"),
        ("unpinned: [{name: busybox}]", None),
        (
            f"images: [{{name: busybox, digest: {APISERVER}}}, {{name: old, digest: {APISERVER}}}]",
            "does not want docker.io/library/old:latest, which the lock has",
        ),
    ],
)
def test_a_lock_agrees_when_it_has_what_is_wanted_and_nothing_else(
    lock: str, how: str | None
) -> None:
    want = come_to("version: 1\nimages: [busybox]\n")
    assert disagreement(want, parse_lock(f"version: 1\n{lock}\n".encode())) == how
