"""Where each minikube release keeps what it would otherwise download (facts minikube.md §4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirrorkit.catalog.releases import release, releases
from mirrorkit.catalog.versions import rank
from mirrorkit.classroom.minikube.layout import Layout, minikube_folder
from mirrorkit.oci.platform import Platform
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
    assert str(new.binaries(Platform("linux", "arm64"), "v1.23.3")) == "cache/linux/arm64/v1.23.3"
    assert str(new.iso("minikube/iso/minikube-v1.26.0-arm64.iso")) == (
        "cache/iso/arm64/minikube-v1.26.0-arm64.iso"
    )


def test_an_older_release_has_none() -> None:
    old = layout("v1.25.1")
    assert str(old.kicbase(KICBASE)) == "cache/kic/kicbase_v0.0.30.tar"
    assert str(old.binaries(Platform("linux", "amd64"), "v1.23.3")) == "cache/linux/v1.23.3"
    assert str(old.iso("minikube/iso/minikube-v1.25.0.iso")) == "cache/iso/minikube-v1.25.0.iso"
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
        assert str(layout(one).preload(f"minikube/preload/{PRELOAD}")) == (
            f"cache/preloaded-tarball/{PRELOAD}"
        )
    assert str(layout("v1.38.1").binaries(Platform("darwin", "arm64"), "v1.23.3")) == (
        "cache/darwin/arm64/v1.23.3"
    )


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
