"""A room of kubeadm machines: containerd's configuration, its pause image, and `kubeadm init`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.needs import built_in
from mirrorkit.catalog.releases import kubernetes_versions, listed_kubernetes
from mirrorkit.catalog.versions import minor
from mirrorkit.classroom.clients.containerd import OLDEST, configured, hosts
from mirrorkit.classroom.clients.containerdconfig import PATH, ContainerdConfig
from mirrorkit.classroom.clients.shape import ConfigFile
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from mirrorkit.classroom.clients.containerd import Release
    from mirrorkit.classroom.clients.shape import Configuration, Target, There
    from mirrorkit.documents.pins import Lock

KUBEADM_PATH: Final = "/etc/mirrorkit/kubeadm.yaml"
_APISERVER: Final = "registry.k8s.io/kube-apiserver"
# The kubeadm API of each Kubernetes (kubernetes.io, kubeadm-config.v1beta…): the newest below.
_APIS: Final = (((1, 31), "v1beta4"), ((1, 22), "v1beta3"), ((1, 15), "v1beta2"))


def kubeadm(
    target: Target, there: There, kubernetes: str, release: Release = OLDEST
) -> Configuration:
    """Return what a machine needs before `kubeadm init` or `join` of a listed Kubernetes.

    DocumentError where config.toml cannot be edited; UsageError for a version that is not listed.
    """
    repository = f"{target.address}/k8s"
    pause = f"{repository}/pause:{built_in(listed_kubernetes(kubernetes))['pause']}"
    before = there.read(PATH)
    config = ContainerdConfig.parse(before)
    config = config.with_cri() if config.lacks_cri else config
    config, folder = config.with_hosts(is_two=release >= (2, 0))
    found = configured(target, before, config.with_sandbox(pause), hosts(target, folder, release))
    options = f"--image-repository {repository} --kubernetes-version {kubernetes}"
    return replace(
        found,
        files=(*found.files, ConfigFile(KUBEADM_PATH, _yaml(kubernetes, repository))),
        commands=(
            *found.commands,
            f"sudo kubeadm config images pull {options}",
            f"sudo kubeadm init {options}",
        ),
        notes=(
            *found.notes,
            f"or, with options of your own in it: sudo kubeadm init --config {KUBEADM_PATH}",
            f"kubeadm asks for {repository}/coredns, without coredns/ before it; both are answered",
            "with Docker as the runtime it is `mirrorkit client docker` and the same kubeadm init",
        ),
    )


def kubernetes_of(lock: Lock | None, wanted: str | None) -> str:
    """Return the version to start: the one wanted, else the newest whose images the lock has.

    UsageError where the lock does not have it, or there is none.
    """
    images = lock.images if lock is not None else ()
    tags = {image.name.tag for image in images if image.name.name == _APISERVER}
    held = [version for version in kubernetes_versions() if version in tags]
    if wanted is not None and (lock is None or wanted in held):
        return wanted
    if wanted is None and held:
        return held[-1]
    raise UsageError(
        f"the lock has no Kubernetes {wanted[:60]}" if wanted else "no Kubernetes is in the lock",
        hint=f"it has {', '.join(held)}" if held else "`kubeadm:` in images.yaml adds one",
    )


def _yaml(kubernetes: str, repository: str) -> str:
    api = next((api for first, api in _APIS if minor(kubernetes) >= first), _APIS[-1][1])
    return (
        f"apiVersion: kubeadm.k8s.io/{api}\n"
        "kind: ClusterConfiguration\n"
        f"kubernetesVersion: {kubernetes}\n"
        f"imageRepository: {repository}\n"
    )
