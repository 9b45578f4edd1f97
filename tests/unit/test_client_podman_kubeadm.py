"""The drop-in of podman, and what a machine of a kubeadm room is told."""

from __future__ import annotations

import tomllib

import pytest
import yaml

from mirrorkit.classroom.clients.containerdconfig import PATH
from mirrorkit.classroom.clients.kubeadm import KUBEADM_PATH, kubeadm, kubernetes_of
from mirrorkit.classroom.clients.podman import podman
from mirrorkit.classroom.clients.shape import PUBLIC, Target, registries_of
from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import DocumentError, UsageError
from tests.lab.wheelhouse import ROOT
from tests.unit.there import Files

ADDRESS = "192.168.1.10:5080"
NOTHING = Files({})
COURSE = parse_lock((ROOT / "images.lock.yaml").read_bytes())
CRI = "io.containerd.grpc.v1.cri"


def test_the_registries_are_the_public_ones_and_those_the_lock_names() -> None:
    digest = "sha256:" + "0" * 64
    text = f"images:\n- name: harbor.test/a:1\n  digest: {digest}\n  also: [old.test/a:1]\n"
    lock = parse_lock(f"version: 1\n{text}".encode())
    assert registries_of(None) == PUBLIC
    assert registries_of(lock) == (*PUBLIC, "harbor.test", "old.test")


def test_strict_puts_the_mirror_in_a_registry_s_place() -> None:
    (file,) = podman(Target(ADDRESS, ("docker.io", "harbor.test:5000")), NOTHING).files
    own, hub, blocked = tomllib.loads(file.text)["registry"]
    assert own == {"location": ADDRESS, "insecure": True}
    assert hub == {"prefix": "docker.io", "location": f"{ADDRESS}/docker.io", "insecure": True}
    assert blocked == {"prefix": "harbor.test:5000", "blocked": True}


def test_fallback_puts_it_before_for_tags_and_digests() -> None:
    target = Target(ADDRESS, ("docker.io",), is_strict=False)
    (file,) = podman(target, NOTHING).files
    _, hub = tomllib.loads(file.text)["registry"]
    assert hub == {
        "prefix": "docker.io",
        "location": "docker.io",
        "mirror-by-digest-only": False,
        "mirror": [{"location": f"{ADDRESS}/docker.io", "insecure": True}],
    }


def test_a_registries_conf_of_the_old_format_is_refused_with_the_line_to_write() -> None:
    old = Files({"/etc/containers/registries.conf": "[registries.search]\nregistries = ['a']\n"})
    with pytest.raises(DocumentError, match="old format") as caught:
        podman(Target(ADDRESS, PUBLIC), old)
    assert "unqualified-search-registries" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "before, table",
    [
        (None, ("plugins", CRI)),
        ("version = 3\n", ("plugins", "io.containerd.cri.v1.images", "pinned_images")),
        ('disabled_plugins = ["cri"]\n', ("plugins", CRI)),
        (f'version = 2\n[plugins."{CRI}"]\n  sandbox_image = "x" # its own\n', ("plugins", CRI)),
    ],
)
def test_kubeadm_sets_the_pause_image_and_cri_on(
    before: str | None, table: tuple[str, ...]
) -> None:
    there = Files({} if before is None else {PATH: before})
    found = kubeadm(Target(ADDRESS, PUBLIC), there, "v1.23.9")
    config = tomllib.loads(found.files[0].text)
    assert not config.get("disabled_plugins")
    place = config
    for part in table:
        place = place[part]
    assert f"{ADDRESS}/k8s/pause:3.6" in (place.get("sandbox_image"), place.get("sandbox"))


@pytest.mark.parametrize(
    "kubernetes, api",
    [
        ("v1.21.14", "v1beta2"),
        ("v1.22.0", "v1beta3"),
        ("v1.30.4", "v1beta3"),
        ("v1.31.0", "v1beta4"),
    ],
)
def test_kubeadm_s_configuration_is_of_the_version_that_reads_it(kubernetes: str, api: str) -> None:
    found = kubeadm(Target(ADDRESS, PUBLIC), NOTHING, kubernetes)
    file = found.files[-1]
    assert file.path == KUBEADM_PATH
    assert yaml.safe_load(file.text) == {
        "apiVersion": f"kubeadm.k8s.io/{api}",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": kubernetes,
        "imageRepository": f"{ADDRESS}/k8s",
    }


def test_the_version_is_the_newest_of_the_lock_or_the_one_named() -> None:
    assert kubernetes_of(COURSE, None) == "v1.23.9"
    assert kubernetes_of(COURSE, "v1.23.3") == "v1.23.3"
    assert kubernetes_of(None, "v1.30.0") == "v1.30.0"
    with pytest.raises(UsageError, match=r"v1\.30\.0") as caught:
        kubernetes_of(COURSE, "v1.30.0")
    assert caught.value.hint == "it has v1.23.3, v1.23.9"
    with pytest.raises(UsageError):
        kubernetes_of(None, None)
    with pytest.raises(UsageError):
        kubeadm(Target(ADDRESS, PUBLIC), NOTHING, "v9.9.9")
