"""Where each minikube release keeps what it would otherwise download (facts minikube.md §4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirrorkit.catalog.releases import release, releases
from mirrorkit.catalog.versions import rank
from mirrorkit.classroom.minikube.layout import Layout, cached_name, minikube_folder
from mirrorkit.oci.reference import Reference

KICBASE = Reference.parse("gcr.io/k8s-minikube/kicbase:v0.0.30")
PRELOAD = "preloaded-images-k8s-v17-v1.23.3-docker-overlay2-amd64.tar.lz4"


def layout(version: str, architecture: str = "amd64") -> Layout:
    return Layout(release(version), architecture)


def test_a_release_from_v1_25_2_on_has_a_folder_for_the_architecture() -> None:
    new = layout("v1.25.2", "arm64")
    assert str(new.kicbase(KICBASE)) == "cache/kic/arm64/kicbase_v0.0.30.tar"
    assert str(new.image(Reference.parse("k8s.gcr.io/coredns/coredns:v1.8.6"))) == (
        "cache/images/arm64/k8s.gcr.io/coredns/coredns_v1.8.6"
    )
    assert str(new.file("k8s-release/v1.23.3/bin/linux/arm64/kubelet")) == (
        "cache/linux/arm64/v1.23.3/kubelet"
    )
    assert str(new.file("minikube/iso/minikube-v1.26.0-arm64.iso")) == (
        "cache/iso/arm64/minikube-v1.26.0-arm64.iso"
    )


def test_an_older_release_has_none() -> None:
    old = layout("v1.25.1")
    assert str(old.kicbase(KICBASE)) == "cache/kic/kicbase_v0.0.30.tar"
    assert str(old.file("k8s-release/v1.23.3/bin/linux/amd64/kubeadm")) == (
        "cache/linux/v1.23.3/kubeadm"
    )
    assert str(old.file("minikube/iso/minikube-v1.25.0.iso")) == "cache/iso/minikube-v1.25.0.iso"
    assert str(old.image(Reference.parse("k8s.gcr.io/pause:3.6"))) == (
        "cache/images/k8s.gcr.io/pause_3.6"
    )


def test_the_folder_appears_with_one_release_and_stays() -> None:
    with_folder = [
        one.version for one in releases() if "amd64" in str(layout(one.version).kicbase(KICBASE))
    ]
    assert with_folder == [
        one.version for one in releases() if rank(one.version) >= rank("v1.25.2")
    ]
    assert "v1.25.1" not in with_folder


def test_preloads_and_the_host_s_kubectl_lie_alike_in_all_releases() -> None:
    for one in ("v1.23.0", "v1.38.1"):
        assert str(layout(one).file(f"minikube/preload/{PRELOAD}")) == (
            f"cache/preloaded-tarball/{PRELOAD}"
        )
    assert str(layout("v1.38.1").file("k8s-release/v1.23.3/bin/darwin/arm64/kubectl")) == (
        "cache/darwin/arm64/v1.23.3/kubectl"
    )


@pytest.mark.parametrize("path", ["minikube/v1.25.2/minikube-linux-amd64", "notes/k8s-release.txt"])
def test_other_files_of_a_lock_belong_nowhere_there(path: str) -> None:
    assert layout("v1.25.2").file(path) is None


@pytest.mark.parametrize(
    "version, kubernetes, registry",
    [
        ("v1.25.2", "v1.23.3", "k8s.gcr.io"),
        ("v1.26.1", "v1.25.0", "k8s.gcr.io"),
        ("v1.28.0", "v1.24.0", "k8s.gcr.io"),
        ("v1.28.0", "v1.25.3", "registry.k8s.io"),
        ("v1.30.0", "v1.23.3", "registry.k8s.io"),
    ],
)
def test_an_image_is_cached_under_the_name_that_the_release_uses(
    version: str, kubernetes: str, registry: str
) -> None:
    name = Reference.parse("registry.k8s.io/pause:3.6")
    assert cached_name(name, release(version), kubernetes).registry == registry
    other = Reference.parse("gcr.io/k8s-minikube/storage-provisioner:v5")
    assert cached_name(other, release(version), kubernetes) == other


@pytest.mark.parametrize(
    "named, folder",
    [
        ("", "/home/ann/.minikube"),
        ("/data/mk", "/data/mk/.minikube"),
        ("/data/.minikube", "/data/.minikube"),
    ],
)
def test_minikube_home_is_honoured(named: str, folder: str) -> None:
    environment = {"MINIKUBE_HOME": named} if named else {}
    assert minikube_folder(environment, Path("/home/ann")) == Path(folder)
