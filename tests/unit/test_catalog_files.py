from __future__ import annotations

from collections import Counter

import pytest

from mirrorkit.catalog.files import File, files_for, kubeadm_files
from mirrorkit.catalog.needs import RUNTIMES
from mirrorkit.catalog.releases import kubernetes_versions, releases
from mirrorkit.errors import UsageError
from mirrorkit.oci.platform import Platform

RELEASES = [one.version for one in releases()]
# Of these nobody whose table was read published a checksum: lock has to find it out online.
UNPUBLISHED_MINIKUBE = {"v1.25.0"}


def by_path(files: tuple[File, ...]) -> dict[str, File]:
    return {file.path: file for file in files}


def test_the_course_has_the_checksums_its_publishers_gave() -> None:
    files = by_path(files_for("v1.25.2", "v1.23.3"))
    expected = {
        "minikube/v1.25.2/minikube-linux-amd64": "sha256:ef610fa8",
        "k8s-release/v1.23.3/bin/linux/amd64/kubectl": "sha256:d7da739e",
        "k8s-release/v1.23.3/bin/linux/arm64/kubeadm": "sha256:5eceefa3",
    }
    assert {path: (files[path].digest or "")[:15] for path in expected} == expected


@pytest.mark.parametrize("minikube", RELEASES)
def test_there_is_a_minikube_for_every_kind_of_host(minikube: str) -> None:
    found = [file for file in files_for(minikube) if file.kind == "minikube"]
    hosts = {str(file.platform) for file in found}
    assert {"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"} <= hosts
    linux = next(file for file in found if file.platform == Platform("linux", "amd64"))
    assert (linux.digest is None) is (minikube in UNPUBLISHED_MINIKUBE)
    assert all(file.urls[0].endswith(file.path.rpartition("/")[2]) for file in found)


@pytest.mark.parametrize("minikube", RELEASES)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_file_has_a_path_of_its_own_and_one_hash_names_one_file(
    minikube: str, runtime: str
) -> None:
    files = files_for(minikube, runtime=runtime)
    digests = Counter(file.digest for file in files if file.digest)
    assert len(by_path(files)) == len(files)
    assert set(digests.values()) == {1}
    assert all(url.startswith("https://") for file in files for url in file.urls)
    assert not [url for file in files for url in file.urls if "{" in url]


def test_kubectl_for_a_mac_and_for_windows_has_no_checksum_yet() -> None:
    files = by_path(files_for("v1.38.1"))
    for place in ("darwin/arm64/kubectl", "windows/amd64/kubectl.exe"):
        assert files[f"k8s-release/v1.35.1/bin/{place}"].digest is None


def test_a_kubeadm_room_gets_three_binaries_a_node_wherever_they_were_published() -> None:
    folder = "k8s-release/v1.23.3/bin/linux/amd64"
    for kubernetes in kubernetes_versions():
        nodes = [file for file in kubeadm_files(kubernetes) if file.platform.os == "linux"]
        kinds = Counter(file.kind for file in nodes)
        assert kinds == {"kubeadm": 2, "kubectl": 2, "kubelet": 2}
    course = by_path(kubeadm_files("v1.23.3"))
    assert {f"{folder}/kubeadm", f"{folder}/kubectl", f"{folder}/kubelet"} <= set(course)
    assert course[f"{folder}/kubelet"].needed_by == ("kubernetes v1.23.3",)


def test_most_binaries_have_a_checksum_and_those_without_are_known_by_name() -> None:
    without = {
        file.path.split("/", 1)[1].replace("/bin/linux/", " ")
        for kubernetes in kubernetes_versions()
        for file in kubeadm_files(kubernetes)
        if file.platform.os == "linux" and file.digest is None
    }
    versions = {path.split()[0] for path in without if path.endswith("kubeadm")}
    assert versions == {
        *("v1.16.4", "v1.17.14", "v1.17.15", "v1.17.16", "v1.17.17", "v1.18.18", "v1.18.19"),
        *("v1.18.20", "v1.19.16", "v1.21.14", "v1.22.16", "v1.22.17", "v1.23.17"),
        *("v1.32.12", "v1.32.13", "v1.33.12", "v1.33.13"),
    }
    assert {path for path in without if path.split()[0] not in versions} == {
        "v1.16.15 amd64/kubelet",
        "v1.16.15 arm64/kubelet",
        "v1.27.12 arm64/kubectl",
        "v1.27.13 arm64/kubectl",
    }


@pytest.mark.parametrize(
    "minikube, runtime, name",
    [
        ("v1.25.2", "docker", "v17-v1.23.3-docker-overlay2-amd64.tar.lz4"),
        (
            "v1.26.0",
            "containerd",
            "v18-v1.24.1-containerd-overlay2-amd64.tar.lz4",
        ),
        ("v1.38.1", "cri-o", "v18-v1.35.1-cri-o-overlay-amd64.tar.lz4"),
    ],
)
def test_a_preload_is_named_as_the_release_looks_for_it(
    minikube: str, runtime: str, name: str
) -> None:
    assert f"minikube/preload/preloaded-images-k8s-{name}" in by_path(
        files_for(minikube, runtime=runtime)
    )


def test_a_preload_is_on_github_too_since_v1_38_0() -> None:
    def sources(minikube: str) -> list[str]:
        preload = next(file for file in files_for(minikube) if file.kind == "preload")
        return [url.split("/")[2] for url in preload.urls]

    assert sources("v1.37.0") == ["storage.googleapis.com"]
    assert sources("v1.38.0") == ["storage.googleapis.com", "github.com"]


@pytest.mark.parametrize(
    "minikube, names",
    [
        ("v1.25.1", ["minikube-v1.25.0.iso"]),
        ("v1.26.0", ["minikube-v1.26.0-amd64.iso", "minikube-v1.26.0-arm64.iso"]),
        ("v1.32.0", ["minikube-v1.32.1-amd64.iso", "minikube-v1.32.1-arm64.iso"]),
        ("v1.38.1", ["minikube-v1.38.0-amd64.iso", "minikube-v1.38.0-arm64.iso"]),
    ],
)
def test_an_iso_has_the_name_its_release_asks_for_which_may_be_an_older_ones(
    minikube: str, names: list[str]
) -> None:
    isos = [file for file in files_for(minikube) if file.kind == "iso"]
    assert [file.path for file in isos] == [f"minikube/iso/{name}" for name in names]
    assert all(len(file.urls) == 3 and file.digest is None for file in isos)


def test_files_of_what_is_not_listed_are_an_error() -> None:
    with pytest.raises(UsageError, match="lists no Kubernetes"):
        files_for("v1.25.2", "v1.30.0")
    with pytest.raises(UsageError, match="is no container runtime"):
        files_for("v1.25.2", runtime="podman")
    with pytest.raises(UsageError, match="lists no Kubernetes"):
        kubeadm_files("v1.99.0")
