"""What six real minikube releases asked a mirror for, written down by hand, is what is listed.

minikube itself asked for the images of ASKED below its `--image-repository` and for the files of
FILES; kubeadm, in the node, for `coredns` without its folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.catalog.files import files_for
from mirrorkit.catalog.needs import RELAY, images_for
from mirrorkit.catalog.releases import release

if TYPE_CHECKING:
    from mirrorkit.catalog.images import Image

COURSE = (
    "kube-apiserver:v1.23.3 kube-controller-manager:v1.23.3 kube-proxy:v1.23.3"
    " kube-scheduler:v1.23.3 pause:3.6 etcd:3.5.1-0 coredns/coredns:v1.8.6"
    " k8s-minikube/storage-provisioner:v5"
    " kubernetesui/dashboard:v2.3.1 kubernetesui/metrics-scraper:v1.0.7"
)
CURRENT = (
    "kube-apiserver:v1.35.1 kube-controller-manager:v1.35.1 kube-proxy:v1.35.1"
    " kube-scheduler:v1.35.1 pause:3.10.1 etcd:3.6.6-0 coredns/coredns:v1.13.1"
    " k8s-minikube/storage-provisioner:v5"
)
ASKED = {
    "v1.25.2": COURSE,
    "v1.28.0": (
        "kube-apiserver:v1.25.3 kube-controller-manager:v1.25.3 kube-proxy:v1.25.3"
        " kube-scheduler:v1.25.3 pause:3.8 etcd:3.5.4-0 coredns/coredns:v1.9.3"
        " k8s-minikube/storage-provisioner:v5"
    ),
    "v1.32.0": (
        "kube-apiserver:v1.28.3 kube-controller-manager:v1.28.3 kube-proxy:v1.28.3"
        " kube-scheduler:v1.28.3 pause:3.9 etcd:3.5.9-0 coredns/coredns:v1.10.1"
        " k8s-minikube/storage-provisioner:v5"
    ),
    "v1.34.0": (
        "kube-apiserver:v1.31.0 kube-controller-manager:v1.31.0 kube-proxy:v1.31.0"
        " kube-scheduler:v1.31.0 pause:3.10 etcd:3.5.15-0 coredns/coredns:v1.11.1"
        " k8s-minikube/storage-provisioner:v5"
    ),
    "v1.37.0": (
        "kube-apiserver:v1.34.0 kube-controller-manager:v1.34.0 kube-proxy:v1.34.0"
        " kube-scheduler:v1.34.0 pause:3.10.1 etcd:3.6.4-0 coredns/coredns:v1.12.1"
        " k8s-minikube/storage-provisioner:v5"
    ),
    "v1.38.1": CURRENT,
}
KUBERNETES = {
    "v1.25.2": "v1.23.3",
    "v1.28.0": "v1.25.3",
    "v1.32.0": "v1.28.3",
    "v1.34.0": "v1.31.0",
    "v1.37.0": "v1.34.0",
    "v1.38.1": "v1.35.1",
}
KUBEADM_ASKED = {
    "v1.25.2": "coredns:v1.8.6",
    "v1.28.0": "coredns:v1.9.3",
    "v1.32.0": "coredns:v1.10.1",
    "v1.34.0": "coredns:v1.11.1",
    "v1.37.0": "coredns:v1.12.1",
    "v1.38.1": "coredns:v1.13.1",
}
# Loaded before the start, so that nothing asked for it.
KICBASE = {
    "v1.25.2": "v0.0.30",
    "v1.28.0": "v0.0.36",
    "v1.32.0": "v0.0.42",
    "v1.34.0": "v0.0.45",
    "v1.37.0": "v0.0.48",
    "v1.38.1": "v0.0.50",
}
# What a running cluster goes on to ask: kubelet for the network, and where nobody tells it
# another, cri-dockerd for its own pause image.
THEN_ASKED = {
    ("v1.25.2", "containerd"): "kindnetd:v20210326-1e038dc5",
    ("v1.28.0", "containerd"): "kindnetd:v20221004-44d545d1",
    ("v1.28.0", "docker"): "pause:3.6",
    ("v1.32.0", "containerd"): "kindnetd:v20230809-80a64d96",
    ("v1.34.0", "containerd"): "kindnetd:v20240813-c6f155d6",
    ("v1.37.0", "containerd"): "kindnetd:v20250512-df8de77b",
    ("v1.38.1", "containerd"): "kindnetd:v20260213-ea8e5717",
}
PUBLISHED = {  # the first eight figures of each
    "v1.25.2": {
        "gcr.io/k8s-minikube/kicbase:v0.0.30": "sha256:02c921df",
        "gcr.io/k8s-minikube/storage-provisioner:v5": "sha256:18eb69d1",
        "docker.io/kubernetesui/dashboard:v2.3.1": "sha256:ec27f462",
        "docker.io/kubernetesui/metrics-scraper:v1.0.7": "sha256:36d5b3f6",
        "registry.k8s.io/kube-apiserver:v1.23.3": "sha256:b8eba888",
        "registry.k8s.io/kube-controller-manager:v1.23.3": "sha256:b721871d",
        "registry.k8s.io/kube-scheduler:v1.23.3": "sha256:32308abe",
        "registry.k8s.io/kube-proxy:v1.23.3": "sha256:def87f00",
        "registry.k8s.io/pause:3.6": "sha256:3d380ca8",
        "registry.k8s.io/etcd:3.5.1-0": "sha256:64b9ea35",
        "registry.k8s.io/coredns/coredns:v1.8.6": "sha256:5b6ec0d6",
    },
    "v1.38.1": {
        "gcr.io/k8s-minikube/kicbase:v0.0.50": "sha256:eb4fec00",
        "gcr.io/k8s-minikube/storage-provisioner:v5": "sha256:18eb69d1",
        "registry.k8s.io/kube-apiserver:v1.35.1": "sha256:011838b8",
        "registry.k8s.io/kube-controller-manager:v1.35.1": "sha256:9fb295ba",
        "registry.k8s.io/kube-scheduler:v1.35.1": "sha256:fc251ed4",
        "registry.k8s.io/kube-proxy:v1.35.1": "sha256:a832f1ce",
        "registry.k8s.io/pause:3.10.1": "sha256:278fb9db",
        "registry.k8s.io/etcd:3.6.6-0": "sha256:60a30b5d",
        "registry.k8s.io/coredns/coredns:v1.13.1": "sha256:9b912867",
    },
}


def below(images: tuple[Image, ...]) -> list[str]:
    """Spell every name that is looked for below `--image-repository`."""
    return [f"{path}:{image.name.tag}" for image in images for path in image.below]


@pytest.mark.parametrize("minikube", ASKED)
@pytest.mark.parametrize("runtime", ["docker", "containerd"])
def test_what_a_real_release_asked_for_is_exactly_what_is_listed(
    minikube: str, runtime: str
) -> None:
    listed = below(images_for(minikube, KUBERNETES[minikube], runtime=runtime))
    then = THEN_ASKED.get((minikube, runtime), "").split()
    base = f"k8s-minikube/kicbase:{KICBASE[minikube]}"
    expected = [*ASKED[minikube].split(), KUBEADM_ASKED[minikube], base, *then]
    assert sorted(listed) == sorted(expected)


@pytest.mark.parametrize("minikube", KUBERNETES)
def test_a_class_that_names_no_kubernetes_gets_the_one_the_release_started(minikube: str) -> None:
    assert release(minikube).default_kubernetes == KUBERNETES[minikube]
    assert images_for(minikube) == images_for(minikube, KUBERNETES[minikube])


@pytest.mark.parametrize("minikube", PUBLISHED)
def test_the_images_of_both_presets_have_the_digests_their_publishers_gave(minikube: str) -> None:
    digests = {str(image.name): (image.digest or "")[:15] for image in images_for(minikube)}
    relay = str(RELAY)  # no minikube's own; its tag may move
    assert digests == PUBLISHED[minikube] | {relay: ""}


@pytest.mark.parametrize("minikube, kubernetes", KUBERNETES.items())
def test_the_files_a_real_release_asked_for_are_served_where_it_asked(
    minikube: str, kubernetes: str
) -> None:
    paths = {file.path for file in files_for(minikube)}
    folder = f"k8s-release/{kubernetes}/bin/linux/amd64"
    assert {f"{folder}/kubeadm", f"{folder}/kubectl", f"{folder}/kubelet"} <= paths
