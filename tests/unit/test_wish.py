"""images.yaml, read: what a class needs in the teacher's words."""

from __future__ import annotations

import pytest

from mirrorkit.documents.wish import KubeadmRoom, Lesson, Wish, WishedFile, parse_wish
from mirrorkit.errors import DocumentError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import Reference

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
HASH = "a" * 64
FULL = f"""\
version: 1
minikube: v1.25.2
kubernetes: [v1.23.3, v1.23.9]
runtime: containerd
nodes: 3
addons: [dashboard, ingress]
cni: calico
kubeadm:
  - {{kubernetes: v1.23.3, cni: flannel}}
platforms: [linux/amd64, linux/arm64]
tools: [darwin/arm64]
images: [nginx:alpine]
files:
  - {{path: tools/helm.tgz, urls: ["https://get.example/helm.tgz"], sha256: "{HASH}"}}
lessons:
  - name: ch1
    images: [busybox]
"""


def test_a_full_wish_is_read_to_its_last_key() -> None:
    helm = WishedFile("tools/helm.tgz", ("https://get.example/helm.tgz",), Digest(f"sha256:{HASH}"))
    assert parse_wish(FULL.encode()) == Wish(
        minikube=("v1.25.2",),
        kubernetes=("v1.23.3", "v1.23.9"),
        runtime="containerd",
        nodes=3,
        addons=("dashboard", "ingress"),
        cni="calico",
        kubeadm=(KubeadmRoom("v1.23.3", "flannel"),),
        platforms=(AMD64, ARM64),
        tools=(Platform("darwin", "arm64"),),
        images=(Reference.parse("nginx:alpine"),),
        files=(helm,),
        lessons=(Lesson("ch1", (Reference.parse("busybox"),)),),
    )


def test_a_wish_needs_nothing_but_its_version() -> None:
    assert parse_wish(b"version: 1\n") == Wish()


@pytest.mark.parametrize(
    "line, mistake",
    [
        ("minikube: 1.25.2", "2:11: minikube: '1.25.2' is not a version such as v1.23.3"),
        ("runtime: rkt", "2:10: runtime: 'rkt' is not one of docker, containerd, cri-o"),
        ("nodes: 0", "2:8: nodes: '0' is not a number of nodes from 1 to 10"),
        ("adons: []", "2:1: unknown key 'adons'; did you mean 'addons'?"),
        ("files: [{path: a}]", "2:9: files[0]: `urls` is missing"),
        ("files: [{path: ../a, urls: [http://a/]}]", "2:16: files[0].path: "),
        ("kubeadm: [{cni: flannel}]", "2:11: kubeadm[0]: `kubernetes` is missing"),
        ("lessons: [{images: [A B]}]", "2:21: lessons[0].images[0]: 'A B' is not an image name"),
        ("platforms: [linux]", "2:13: platforms[0]: 'linux' is not a platform"),
    ],
)
def test_a_mistake_is_told_with_its_place(line: str, mistake: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        parse_wish(f"version: 1\n{line}\n".encode())
    assert f"images.yaml:{mistake}" in refusal.value.message
