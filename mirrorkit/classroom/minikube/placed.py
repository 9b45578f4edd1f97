"""Small files that minikube copies into every node before its runtime starts (minikube.md §4).

What lies below ~/.minikube/files goes to the node's root: there a runtime is told what no flag
tells it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.parts import Placed
from mirrorkit.classroom.minikube.wanted import (
    in_cluster,
    is_cri_dockerd_pause,
    needed_registries,
    past_the_mirror,
)
from mirrorkit.classroom.minikube.ways import Redirect, redirect_of
from mirrorkit.oci.reference import DOCKER_HUB, KUBERNETES, KUBERNETES_OLD
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.catalog.images import Image
    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.documents.pins import Lock

_USUAL: Final = (KUBERNETES, KUBERNETES_OLD, "gcr.io", DOCKER_HUB, "quay.io", "ghcr.io")
_CERTS: Final = "files/etc/containerd/certs.d"
_CRIO: Final = "files/etc/containers/registries.conf.d/50-mirrorkit.conf"
_DOCKER: Final = "files/etc/systemd/system/docker.service.d/20-mirrorkit.conf"
_PULL_SECONDS: Final = 900


def placed(start: Start, mirror: Mirror, lock: Lock | None) -> Iterator[Placed]:
    """Yield the files of a start, by what its runtime reads."""
    if redirect_of(start) is Redirect.ALL:
        registries = _registries(start, lock)
        if start.runtime == "containerd":
            yield from (_hosts(registry, mirror) for registry in registries)
        else:
            yield _crio(registries, mirror)
    elif start.runtime == "docker" and (names := fetched(start)):
        yield _docker(names, mirror)


def _registries(start: Start, lock: Lock | None) -> list[str]:
    """List the registries to redirect: the usual, the start's and the lock's."""
    images = lock.images if lock else ()
    locked = (name.registry for image in images for name in (image.name, *image.also))
    return list(dict.fromkeys((*_USUAL, *sorted({*needed_registries(start), *locked}))))


def _hosts(registry: str, mirror: Mirror) -> Placed:
    """Send one registry's pulls to the mirror; `server` is the mirror too, so nobody else is asked.

    containerd's docs/hosts.md; read in the node from v1.27.0 on (#14482).
    """
    url = f"http://{mirror.address}"
    text = f'server = "{url}"\n\n[host."{url}"]\n  capabilities = ["pull", "resolve"]\n'
    why = Sentence("containerd asks the mirror for {registry}, and nobody else", registry=registry)
    return Placed(f"{_CERTS}/{registry}/hosts.toml", text, why)


def _crio(registries: list[str], mirror: Mirror) -> Placed:
    """Send every registry's pulls to the mirror (containers-registries.conf.d(5))."""
    own = f'[[registry]]\nlocation = "{mirror.address}"\ninsecure = true\n'
    each = (
        f'\n[[registry]]\nprefix = "{one}"\nlocation = "{mirror.address}/{one}"\ninsecure = true\n'
        for one in registries
    )
    why = Sentence("cri-o asks the mirror for every registry's images")
    return Placed(_CRIO, own + "".join(each), why)


def fetched(start: Start) -> list[tuple[str, str]]:
    """Return what Docker must hold before kubeadm runs: path below the mirror, and name."""
    pause = [("k8s/pause:3.6", str(image)) for image in _cri_dockerd_pause(start)]
    network = [
        (str(image.name), str(image.name))
        for image in past_the_mirror(start)
        if _is_network(image) and not image.by_digest
    ]
    return pause + network


def _cri_dockerd_pause(start: Start) -> Iterator[str]:
    """Yield the name cri-dockerd has built in, as it spells it."""
    for image in in_cluster(start):
        if is_cri_dockerd_pause(image, start):
            yield str(image.name.on(KUBERNETES_OLD))


def _is_network(image: Image) -> bool:
    return any(need.startswith("cni ") for need in image.needed_by)


def _docker(names: list[tuple[str, str]], mirror: Mirror) -> Placed:
    """Let the node's Docker pull and tag at each of its starts what no flag can redirect (#14624).

    systemd gives a service's start 90 seconds; one small image needs no more.
    """
    patience = [] if len(names) == 1 else [f"TimeoutStartSec={_PULL_SECONDS}"]
    lines = ["[Service]", *patience]
    for path, name in names:
        there = f"docker image inspect {name} >/dev/null 2>&1"
        pull = f"docker pull -q {mirror.address}/{path}"
        tag = f"docker tag {mirror.address}/{path} {name}"
        lines.append(f'ExecStartPost=-/bin/sh -c "{there} || {{ {pull} && {tag}; }}"')
    told = ", ".join(name for _, name in names)
    why = Sentence("{names}, which no flag redirects, before Kubernetes starts", names=told)
    return Placed(_DOCKER, "\n".join(lines) + "\n", why)
