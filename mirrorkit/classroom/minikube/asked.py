"""Every request that a start makes of the mirror, by host and nodes (minikube.md §13)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.minikube.placed import fetched
from mirrorkit.classroom.minikube.seeds import PROGRAMS, archive_path, loaded, seeds
from mirrorkit.classroom.minikube.start import Mode
from mirrorkit.classroom.minikube.wanted import (
    in_cluster,
    is_cached,
    is_cri_dockerd_pause,
    is_only_cached,
    literal,
)
from mirrorkit.classroom.minikube.ways import Redirect, mode_of, redirect_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.catalog.images import Image
    from mirrorkit.classroom.minikube.start import Mirror, Start
    from mirrorkit.documents.pins import Lock
    from mirrorkit.oci.reference import Reference

_BINARY_MIRROR: Final = "binary-mirror"


class Side(StrEnum):
    """Who asks."""

    HOST = "host"
    """The minikube program, or what fills its cache before."""
    NODE = "node"
    """The container runtime in a node."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; the path is quoted as in a URL, with its query."""

    side: Side
    method: str
    path: str
    name: str
    """What it is for: an image's or a file's name."""
    address: str = ""
    """The HOST:PORT that is asked: a host has one of its own."""

    @property
    def url(self) -> str:
        """The whole of it."""
        return f"http://{self.address}{self.path}"


def asked(start: Start, mirror: Mirror, lock: Lock | None = None) -> tuple[Asked, ...]:
    """Return the requests of a start, each once.

    What a node asks by a tag it asks again by the digest that was answered, and its blobs after;
    of these nothing is said here. The host's own look at the images, which `--cache-images=false`
    turns off, is among them: it must not fail where somebody leaves the flag out.
    """
    host = (replace(one, address=mirror.local) for one in _of_host(start, lock))
    nodes = (replace(one, address=mirror.address) for one in _of_nodes(start))
    return tuple(dict.fromkeys((*host, *nodes)))


def _of_host(start: Start, lock: Lock | None) -> Iterator[Asked]:
    mode = mode_of(start)
    yield Asked(Side.HOST, "GET", "/v2/", "the mirror itself")
    kicbase = loaded(start)
    if kicbase is not None:
        yield Asked(Side.HOST, "GET", archive_path(kicbase, start), str(kicbase))
    for seed in seeds(start, mode, lock):
        yield Asked(Side.HOST, "GET", seed.url_path, seed.path)
    if mode is not Mode.SEED and _BINARY_MIRROR in start.release.flags:
        yield from _programs(start)
    if mode is Mode.MIRROR:
        for image in in_cluster(start):
            if is_cached(image) and not is_cri_dockerd_pause(image, start):
                # coredns by its folder alone, and what it caches of addons by its tag
                own = replace(image, below=image.below[-1:], by_digest=False)
                yield from _below(own, Side.HOST, "GET")


def _programs(start: Start) -> Iterator[Asked]:
    """Yield what go-getter asks of `--binary-mirror`: HEAD before GET, the checksum first."""
    for name in PROGRAMS:
        path = f"/k8s-release/{start.kubernetes}/bin/{start.platform}/{name}"
        for each in (f"{path}.sha256", path):
            yield Asked(Side.HOST, "HEAD", each, name)
            yield Asked(Side.HOST, "GET", each, name)


def _of_nodes(start: Start) -> Iterator[Asked]:
    if mode_of(start) is Mode.MIRROR:
        for image in in_cluster(start):
            if not is_only_cached(image):
                yield from _below(image, Side.NODE, "HEAD")
    redirect = redirect_of(start)
    for image in literal(start):
        for name in (image.name, *image.also):
            if redirect.takes(name.registry):
                yield from _redirected(image, name, start, redirect)
    if redirect is Redirect.HUB:
        yield from _by_drop_in(start)


def _by_drop_in(start: Start) -> Iterator[Asked]:
    for path, full in fetched(start):
        repository, _, tag = path.rpartition(":")
        yield Asked(Side.NODE, "HEAD", f"/v2/{repository}/manifests/{tag}", full)


def _below(image: Image, side: Side, method: str) -> Iterator[Asked]:
    """Yield an image's names below `--image-repository`; coredns has two."""
    for repository in image.below:
        for end in _ends(image, image.name):
            path = f"/v2/k8s/{repository}/manifests/{end}"
            yield Asked(side, method, path, str(image.name))


def _redirected(image: Image, name: Reference, start: Start, redirect: Redirect) -> Iterator[Asked]:
    """Yield how a runtime asks the mirror for a name of another registry."""
    for end in _ends(image, name):
        path = f"/v2/{name.repository}/manifests/{end}"
        if redirect is Redirect.ALL and start.runtime == "containerd":
            path += f"?ns={name.registry}"
        elif redirect is Redirect.ALL:
            path = f"/v2/{name.name}/manifests/{end}"
        yield Asked(Side.NODE, "HEAD", path, str(name))


def _ends(image: Image, name: Reference) -> list[str]:
    """Return the tag, the digest where minikube names one, or both."""
    pinned = [str(image.digest)] if image.by_digest and image.digest else []
    return [*([name.tag] if name.tag else []), *pinned]
