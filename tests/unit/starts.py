"""What the tests of minikube's starts share: a class's lock as the catalog has it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from mirrorkit.catalog.files import files_for
from mirrorkit.catalog.releases import release
from mirrorkit.classroom.minikube.start import Mirror, Start
from mirrorkit.classroom.minikube.wanted import images_of
from mirrorkit.documents.layout import LayoutIndex
from mirrorkit.documents.pins import Lock, PinnedFile, PinnedImage
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.mediatypes import OCI_INDEX
from mirrorkit.server.names import Names

if TYPE_CHECKING:
    from mirrorkit.catalog.images import Image

RELAY = Mirror.relayed()


def start_of(minikube: str, kubernetes: str | None = None, **choices: object) -> Start:
    """Make a start of a release, by its name."""
    chosen = release(minikube)
    return Start(chosen, kubernetes or chosen.default_kubernetes, **choices)  # type: ignore[arg-type]


def pinned(image: Image) -> PinnedImage:
    """Pin an image of the catalog; what nobody published gets a digest of its own."""
    digest = image.digest or Digest.of(str(image.name).encode())
    return PinnedImage(image.name, digest, also=image.also, needed_by=image.needed_by)


def lock_of(start: Start) -> Lock:
    """Return the lock of a class that is this start: its images, and files without ISO."""
    files = _files(start.release.version, start.kubernetes, start.runtime)
    return Lock(tuple(map(pinned, images_of(start))), files, platforms=(start.platform,))


@cache
def _files(minikube: str, kubernetes: str, runtime: str) -> tuple[PinnedFile, ...]:
    found = files_for(minikube, kubernetes, runtime=runtime)
    return tuple(
        PinnedFile(one.path, one.digest or Digest.of(one.path.encode()), None, one.urls)
        for one in found
        if one.kind != "iso"
    )


def names_of(lock: Lock) -> Names:
    """Return the names of a store that holds all of a lock."""
    index = LayoutIndex()
    for image in lock.images:
        index = index.tagged(image.name, Descriptor(OCI_INDEX, image.digest, 7))
    return Names(index, [lock])


def answers(path: str, names: Names, lock: Lock) -> bool:
    """Say whether a mirror that holds a lock answers a request."""
    split = urlsplit(path)
    if split.path == "/v2/":
        return True
    if split.path.startswith("/v2/"):
        repository, _, end = split.path.removeprefix("/v2/").partition("/manifests/")
        spaces = parse_qs(split.query).get("ns", [None])
        tags = names.tags(names.canonical(repository, spaces[0], end))
        return end in tags or end in {found.digest for found in tags.values()}
    if split.path.startswith("/archives/"):
        name, _, tag = split.path.removeprefix("/archives/").removesuffix(".tar").rpartition(":")
        return tag in names.tags(names.canonical(name, None, tag))
    held = split.path.removeprefix("/files").removeprefix("/").removesuffix(".sha256")
    return held in {file.path for file in lock.files}
