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
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock

_DOUBLE_SLASH: Final = ("registry-aliases", "nvidia-driver-installer")
"""Their manifests put `--image-repository`, which ends in a slash, before a slash."""
_ONLY_ONLINE: Final = {
    "gvisor": Sentence("the addon gvisor downloads its runtime from Google inside the node")
}
_FIRST_NEW_KUBERNETES: Final = (1, 25)
_ALWAYS_NEW_REGISTRY: Final = "v1.30.0"
_WITHOUT_IT: Final = Sentence("start without it")
_TRANSPARENT: Final = Sentence("minikube v1.27.0 or later with --runtime containerd")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a start fails, and what works instead."""

    why: Sentence
    instead: str
    """A sentence, or words to type."""
    issue: int | None = None
    """Of kubernetes/minikube."""

    @property
    def sentence(self) -> Sentence:
        """The reason with its issue."""
        if self.issue is None:
            return self.why
        return Sentence("{why} (minikube #{issue})", why=self.why, issue=self.issue)


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
        why = Sentence("Docker without root runs no node whose runtime is docker")
        yield Refusal(why, "--runtime containerd")
    if start.runtime == "docker" and mode is Mode.TRANSPARENT:
        why = Sentence("Docker in the node redirects Docker Hub's images alone")
        yield Refusal(why, _either("--mode mirror", _TRANSPARENT))
    if start.runtime == "containerd" and redirect_of(start) is not Redirect.ALL:
        works = (
            "--mode mirror"
            if pulls_plain_http(start)
            else _either("--mode seed", "--runtime docker")
        )
        if mode is Mode.TRANSPARENT:
            why = Sentence("containerd of {minikube} reads no hosts.toml", minikube=version)
            yield Refusal(why, works, 14482)
        if mode is Mode.MIRROR and not pulls_plain_http(start):
            why = Sentence("containerd of {minikube} does not pull by plain HTTP", minikube=version)
            yield Refusal(why, _either(_later("v1.27.0"), works), 14482)


def _of_driver(start: Start) -> Iterator[Refusal]:
    mode = mode_of(start)
    if not has_own_nodes(start):
        if mode is not Mode.MIRROR:
            why = Sentence(
                "the driver {driver} takes neither a preload nor files for its runtime",
                driver=start.driver,
            )
            yield Refusal(why, _either("--mode mirror", "--driver docker"))
        if start.nodes > 1 and start.driver == "none":
            why = Sentence("the driver none has one node, this machine")
            yield Refusal(why, "--driver docker")
    if start.driver in MACHINE_DRIVERS and iso_path(start) is None:
        why = Sentence(
            "{minikube} has no virtual machine for {platform}",
            minikube=start.release.version,
            platform=start.platform,
        )
        yield Refusal(why, _either("--driver docker", _later("v1.26.0")))
    if start.ha and "ha" not in start.release.flags:
        why = Sentence("{minikube} has no --ha", minikube=start.release.version)
        yield Refusal(why, _later("v1.33.0"))
    elif start.ha and not redirect_of(start).takes("ghcr.io"):
        why = Sentence("the control planes' kube-vip comes from ghcr.io, which no flag redirects")
        yield Refusal(why, _either(Sentence("--nodes without --ha"), _TRANSPARENT))


def _of_seed(start: Start, lock: Lock | None) -> Iterator[Refusal]:
    """Refuse a seed that lies where a node does not look (minikube.md §3.4), or by another name."""
    redirect = redirect_of(start)
    is_new = rank(start.release.version) >= rank(_ALWAYS_NEW_REGISTRY)
    is_old = minor(start.kubernetes) < _FIRST_NEW_KUBERNETES
    if is_new and is_old and not redirect.takes("k8s.gcr.io"):
        why = Sentence(
            "kubeadm {kubernetes} asks k8s.gcr.io for what is seeded as registry.k8s.io",
            kubernetes=start.kubernetes,
        )
        yield Refusal(why, _either("--mode mirror", Sentence("Kubernetes v1.25 or later")))
    if preload_of(start, lock) is not None or redirect is Redirect.ALL:
        return
    if start.nodes > 1:
        why = Sentence("without a preload minikube's cache fills the first node alone")
        yield Refusal(why, _either("--mode mirror", Sentence("one node")))
    if start.runtime == "containerd":
        why = Sentence("without a preload the network kindnet is not in minikube's cache")
        yield Refusal(why, _either(Sentence("the preload in the lock"), _TRANSPARENT))


def _of_addons(start: Start) -> Iterator[Refusal]:
    for addon in start.addons:
        if addon in _ONLY_ONLINE:
            yield Refusal(_ONLY_ONLINE[addon], _WITHOUT_IT)
        if addon in _DOUBLE_SLASH and mode_of(start) is Mode.MIRROR:
            why = Sentence(
                "the addon {addon} makes invalid names of an image repository", addon=addon
            )
            yield Refusal(why, _either(_WITHOUT_IT, _TRANSPARENT))


def _of_names(start: Start) -> Iterator[Refusal]:
    """Refuse what a node would ask the internet for, where no file of ours cures it."""
    for image in past_the_mirror(start):
        is_network = any(need.startswith("cni ") for need in image.needed_by)
        is_cured = start.runtime == "docker" and is_network and not image.by_digest
        if not is_cured and not is_cri_dockerd_pause(image, start):
            who = image.needed_by[-1]
            why = Sentence(
                "{who} asks {registry} itself for {repository}, and {runtime} redirects it not",
                who=who,
                registry=image.name.registry,
                repository=image.name.repository,
                runtime=start.runtime,
            )
            yield Refusal(why, _instead(start, who))


def _instead(start: Start, who: str) -> str:
    kind, _, name = who.partition(" ")
    if kind == "cni":
        follows = Quirk.CALICO_FOLLOWS_IMAGE_REPOSITORY in start.release.quirks
        return _either(f"--cni {'calico' if follows else 'kindnet'}", _TRANSPARENT)
    if mode_of(start) is Mode.SEED:
        return _either("--mode mirror", _TRANSPARENT)
    return _either(Sentence("start without {name}", name=name), _TRANSPARENT)


def _either(one: str, other: str) -> Sentence:
    return Sentence("{one}, or {other}", one=one, other=other)


def _later(version: str) -> Sentence:
    return Sentence("minikube {version} or later", version=version)
