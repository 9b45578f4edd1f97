"""Starts that are known to fail, each with the issue where there is one, and a way that works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.versions import minor, rank
from mirrorkit.classroom.minikube.iso import iso_path
from mirrorkit.classroom.minikube.seeds import preload_of
from mirrorkit.classroom.minikube.start import MACHINE_DRIVERS, Mode
from mirrorkit.classroom.minikube.wanted import is_cri_dockerd_pause, past_the_mirror
from mirrorkit.classroom.minikube.ways import (
    Redirect,
    has_own_nodes,
    mode_of,
    pulls_plain_http,
    redirect_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock

_DOUBLE_SLASH: Final = ("registry-aliases", "nvidia-driver-installer")
"""Their manifests put `--image-repository`, which ends in a slash, before a slash."""
_ONLY_ONLINE: Final = {"gvisor": "downloads its runtime from Google inside the node"}
_FIRST_NEW_KUBERNETES: Final = (1, 25)
_ALWAYS_NEW_REGISTRY: Final = "v1.30.0"
_TRANSPARENT: Final = "minikube v1.27.0 or later with --runtime containerd"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a start fails, and what works instead."""

    why: str
    instead: str
    issue: int | None = None
    """Of kubernetes/minikube."""

    @property
    def sentence(self) -> str:
        """The reason with its issue."""
        return self.why if self.issue is None else f"{self.why} (minikube #{self.issue})"


def refusals(start: Start, lock: Lock | None) -> Iterator[Refusal]:
    """Yield every reason why a start is known to fail; none for most."""
    yield from _of_runtime(start)
    yield from _of_driver(start)
    if mode_of(start) is Mode.SEED:
        yield from _of_seed(start, lock)
    yield from _of_addons(start)
    yield from _of_names(start)


def _of_runtime(start: Start) -> Iterator[Refusal]:
    version, mode = start.release.version, mode_of(start)
    if start.rootless and start.runtime == "docker":
        why = "Docker without root runs no node whose runtime is docker"
        yield Refusal(why, "--runtime containerd")
    if start.runtime == "docker" and mode is Mode.TRANSPARENT:
        why = "Docker in the node redirects Docker Hub's images alone"
        yield Refusal(why, f"--mode mirror, or {_TRANSPARENT}")
    if start.runtime == "containerd" and redirect_of(start) is not Redirect.ALL:
        works = "--mode mirror" if pulls_plain_http(start) else "--mode seed, or --runtime docker"
        if mode is Mode.TRANSPARENT:
            yield Refusal(f"containerd of {version} reads no hosts.toml", works, 14482)
        if mode is Mode.MIRROR and not pulls_plain_http(start):
            why = f"containerd of {version} does not pull by plain HTTP"
            yield Refusal(why, f"minikube v1.27.0 or later, or {works}", 14482)


def _of_driver(start: Start) -> Iterator[Refusal]:
    mode = mode_of(start)
    if not has_own_nodes(start):
        if mode is not Mode.MIRROR:
            why = f"the driver {start.driver} takes neither a preload nor files for its runtime"
            yield Refusal(why, "--mode mirror, or --driver docker")
        if start.nodes > 1 and start.driver == "none":
            yield Refusal("the driver none has one node, this machine", "--driver docker")
    if start.driver in MACHINE_DRIVERS and iso_path(start) is None:
        why = f"{start.release.version} has no virtual machine for {start.platform}"
        yield Refusal(why, "--driver docker, or minikube v1.26.0 or later")
    if start.ha and "ha" not in start.release.flags:
        yield Refusal(f"{start.release.version} has no --ha", "minikube v1.33.0 or later")
    elif start.ha and not redirect_of(start).takes("ghcr.io"):
        why = "the control planes' kube-vip comes from ghcr.io, which no flag redirects"
        yield Refusal(why, f"--nodes without --ha, or {_TRANSPARENT}")


def _of_seed(start: Start, lock: Lock | None) -> Iterator[Refusal]:
    """Refuse a seed that lies where a node does not look (minikube.md §3.4), or by another name."""
    redirect = redirect_of(start)
    is_new = rank(start.release.version) >= rank(_ALWAYS_NEW_REGISTRY)
    is_old = minor(start.kubernetes) < _FIRST_NEW_KUBERNETES
    if is_new and is_old and not redirect.takes("k8s.gcr.io"):
        why = f"kubeadm {start.kubernetes} asks k8s.gcr.io for what is seeded as registry.k8s.io"
        yield Refusal(why, "--mode mirror, or Kubernetes v1.25 or later")
    if preload_of(start, lock) is not None or redirect is Redirect.ALL:
        return
    if start.nodes > 1:
        why = "without a preload minikube's cache fills the first node alone"
        yield Refusal(why, "--mode mirror, or one node")
    if start.runtime == "containerd":
        why = "without a preload the network kindnet is not in minikube's cache"
        yield Refusal(why, f"the preload in the lock, or {_TRANSPARENT}")


def _of_addons(start: Start) -> Iterator[Refusal]:
    for addon in start.addons:
        if addon in _ONLY_ONLINE:
            yield Refusal(f"the addon {addon} {_ONLY_ONLINE[addon]}", "start without it")
        if addon in _DOUBLE_SLASH and mode_of(start) is Mode.MIRROR:
            why = f"the addon {addon} makes invalid names of an image repository"
            yield Refusal(why, f"start without it, or {_TRANSPARENT}")


def _of_names(start: Start) -> Iterator[Refusal]:
    """Refuse what a node would ask the internet for, where no file of ours cures it."""
    for image in past_the_mirror(start):
        is_network = any(need.startswith("cni ") for need in image.needed_by)
        is_cured = start.runtime == "docker" and is_network and not image.by_digest
        if not is_cured and not is_cri_dockerd_pause(image, start):
            who = image.needed_by[-1]
            why = f"{who} asks {image.name.registry} itself for {image.name.repository}"
            yield Refusal(f"{why}, and {start.runtime} redirects it not", _instead(start, who))


def _instead(start: Start, who: str) -> str:
    kind, _, name = who.partition(" ")
    if kind == "cni":
        follows = Quirk.CALICO_FOLLOWS_IMAGE_REPOSITORY in start.release.quirks
        return f"--cni {'calico' if follows else 'kindnet'}, or {_TRANSPARENT}"
    if mode_of(start) is Mode.SEED:
        return f"--mode mirror, or {_TRANSPARENT}"
    return f"start without {name}, or {_TRANSPARENT}"
