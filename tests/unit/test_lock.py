from __future__ import annotations

import pytest

from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.pins import (
    Lock,
    PinnedChild,
    PinnedFile,
    PinnedImage,
    PinnedSource,
    Unpinned,
)
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import Reference

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")

FULL = f"""\
version: 1
platforms: [linux/amd64]
lessons: [ch1, ch2]
images:
  - name: registry.k8s.io/kube-apiserver:v1.23.3
    digest: {A}   # served byte for byte
    known: proven
    platforms:
      linux/amd64: {{digest: {B}, image_id: {C}, size: 32601483, known: expected}}
      linux/arm64/v8: {{size: 1}}
    also: [k8s.gcr.io/kube-apiserver:v1.23.3, mirror.example/apiserver]
    sources:
      aliyun:
        name: registry.cn-hangzhou.aliyuncs.com/google_containers/kube-apiserver:v1.23.3
        digest: {A}
      stale: {{name: stale.example/kube-apiserver:v1.23.3, digest: {B}}}
      upstream: {{name: registry.k8s.io/kube-apiserver:v1.23.3}}
    needed_by: [kubernetes v1.23.3]
  - name: nginx
    digest: {B}
files:
  - path: minikube/v1.25.2/minikube-linux-amd64
    sha256: {"a" * 64}
    size: 73121792
    urls: [https://a.example/minikube, "http://b.example:8080/minikube"]
    needed_by: [ch1]
    known: expected
  - {{path: README, sha256: {"b" * 64}}}
unpinned:
  - {{name: "busybox:1.35", urls: [https://a.example/], needed_by: [ch2], reason: no digest}}
  - {{path: helm/helm.tgz}}
"""


def images(*entries: str) -> str:
    return "\n  - ".join(("version: 1\nimages:", *entries)) + "\n"


@pytest.mark.parametrize(
    "text", ["version: 1", 'version: "1"\n', "\ufeffversion: 1\n", "{version: 1}"]
)
def test_a_lock_needs_nothing_but_its_version(text: str) -> None:
    assert parse_lock(text.encode()) == Lock((), (), ())


def test_a_full_lock_is_read_to_its_last_key() -> None:
    apiserver = Reference("registry.k8s.io", "kube-apiserver", "v1.23.3")
    old = apiserver.on("k8s.gcr.io")
    aliyun = Reference.parse(
        "registry.cn-hangzhou.aliyuncs.com/google_containers/kube-apiserver:v1.23.3"
    )
    nginx = Reference("docker.io", "library/nginx", "latest")
    amd64, arm64 = Platform("linux", "amd64"), Platform("linux", "arm64")
    assert parse_lock(FULL.encode()) == Lock(
        images=(
            PinnedImage(
                name=apiserver,
                digest=Digest(A),
                platforms=frozenset({amd64, arm64}),
                required=frozenset({amd64, arm64}),
                also=(old, Reference("mirror.example", "apiserver", "latest")),
                origins=(apiserver, old, aliyun),
                children={
                    amd64: PinnedChild(Digest(B), Digest(C), 32601483, "expected"),
                    arm64: PinnedChild(size=1),
                },
                sources={
                    "aliyun": PinnedSource(aliyun, Digest(A)),
                    "stale": PinnedSource(
                        Reference.parse("stale.example/kube-apiserver:v1.23.3"), Digest(B)
                    ),
                    "upstream": PinnedSource(apiserver),
                },
                needed_by=("kubernetes v1.23.3",),
                known="proven",
            ),
            PinnedImage(nginx, Digest(B), frozenset({amd64}), origins=(nginx,)),
        ),
        files=(
            PinnedFile(
                path="minikube/v1.25.2/minikube-linux-amd64",
                digest=Digest(A),
                size=73121792,
                urls=("https://a.example/minikube", "http://b.example:8080/minikube"),
                needed_by=("ch1",),
                known="expected",
            ),
            PinnedFile("README", Digest(B), None, ()),
        ),
        unpinned=(
            Unpinned(
                "docker.io/library/busybox:1.35",
                is_file=False,
                reason="no digest",
                urls=("https://a.example/",),
                needed_by=("ch2",),
            ),
            Unpinned("helm/helm.tgz", is_file=True, reason=""),
        ),
        platforms=(amd64,),
        lessons=("ch1", "ch2"),
    )


@pytest.mark.parametrize(
    "name, also",
    [
        ("k8s.gcr.io/pause:3.6", ""),
        ("registry.k8s.io/pause:3.6", ""),
        ("K8S.GCR.IO/pause:3.6", ", also: [registry.k8s.io/pause:3.6]"),
        ("registry.k8s.io/pause:3.6", ", also: [k8s.gcr.io/pause:3.6, k8s.gcr.io/pause:3.6]"),
    ],
)
def test_kubernetes_is_asked_at_its_new_name_first_and_served_under_both(
    name: str, also: str
) -> None:
    text = images(f"{{name: '{name}', digest: {A}{also}}}")
    (image,) = parse_lock(text.encode()).images
    assert str(image.name) == "registry.k8s.io/pause:3.6"
    assert [str(reference) for reference in image.also] == ["k8s.gcr.io/pause:3.6"]
    assert [str(reference) for reference in image.origins] == [
        "registry.k8s.io/pause:3.6",
        "k8s.gcr.io/pause:3.6",
    ]


def test_an_image_without_platforms_holds_all_of_them() -> None:
    (image,) = parse_lock(images(f"{{name: nginx, digest: {A}}}").encode()).images
    assert image.platforms is None


def test_a_total_is_told_only_where_every_platform_has_its_size() -> None:
    text = images(
        f"{{name: a, digest: {A}, platforms: {{linux/amd64: {{size: 3}}, linux/386: {{}}}}}}",
        f"{{name: b, digest: {A}, platforms: {{linux/arm: {{size: 3}}, linux/386: {{size: 4}}}}}}",
    )
    assert [image.size for image in parse_lock(text.encode()).images] == [None, 7]


def test_an_empty_mapping_of_platforms_tells_no_total() -> None:
    (image,) = parse_lock(images(f"{{name: a, digest: {A}, platforms: {{}}}}").encode()).images
    assert image.size is None
