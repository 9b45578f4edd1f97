"""From a wish to what it comes to: every image and file, in the order a class needs them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.files import files_for, kubeadm_files
from mirrorkit.catalog.images import Child, Image, merged, published
from mirrorkit.catalog.needs import images_for, kubeadm_room
from mirrorkit.errors import DocumentError, UsageError
from mirrorkit.oci.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.documents.pins import Lock
    from mirrorkit.documents.wish import Wish, WishedFile
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.reference import Reference

# Of a tag that moves, the facts hold one digest for each of the two classes they were made for.
_CLASS_OF: Final = {"v1.25.2": "course", "v1.38.1": "current"}
# The preload replaces the images and the ISO the container; a class takes neither beside them.
_LEFT_OUT: Final = frozenset({"preload", "iso"})


@dataclass(frozen=True, slots=True)
class WantedImage:
    """One image of a class, with what is published of it."""

    name: Reference
    digest: Digest | None
    is_moving: bool
    """Whether its tag stands for other bytes at other times."""
    children: tuple[Child, ...]
    also: tuple[Reference, ...]
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One plain file of a class, with its published hash."""

    path: str
    digest: Digest | None
    urls: tuple[str, ...]
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything a wish comes to."""

    images: tuple[WantedImage, ...]
    files: tuple[WantedFile, ...]
    platforms: tuple[Platform, ...]
    lessons: tuple[str, ...]
    wish: Digest
    """Of the text it was worked out from."""

    @property
    def names(self) -> set[str]:
        """The names of everything, images and files."""
        return {*(str(image.name) for image in self.images), *(file.path for file in self.files)}


def disagreement(want: Wanted, lock: Lock) -> str | None:
    """Say how a lock disagrees with what is wanted, or None: names only, never digests."""
    if lock.wish == want.wish:
        return None
    pinned = {*(str(image.name) for image in lock.images), *(file.path for file in lock.files)}
    pinned |= {entry.name for entry in lock.unpinned}
    missing, extra = sorted(want.names - pinned), sorted(pinned - want.names)
    if missing:
        return f"wants {missing[0]}, which the lock does not have"
    return f"does not want {extra[0]}, which the lock has" if extra else None


def wanted(wish: Wish, text: bytes, name: str = "images.yaml") -> Wanted:
    """Work out what a wish comes to; DocumentError when it names a version nobody lists.

    `name` is what errors call its file.
    """
    try:
        images = merged([*_cluster_images(wish), *_named_images(wish)])
        files = _merged_files((*_cluster_files(wish), *_named_files(wish)))
    except (UsageError, ValueError) as error:
        hint = getattr(error, "hint", None)
        raise DocumentError(f"{name}: {error}", hint=hint) from error
    preset = next((_CLASS_OF[v] for v in wish.minikube if v in _CLASS_OF), None)
    return Wanted(
        images=tuple(_image(image, preset) for image in images),
        files=files,
        platforms=wish.platforms,
        lessons=tuple(lesson.name for lesson in wish.lessons),
        wish=Digest.of(text),
    )


def _rooms(wish: Wish) -> Iterator[tuple[str, str | None]]:
    """Yield each minikube with each Kubernetes; none named means the release's own."""
    for minikube in wish.minikube:
        for kubernetes in wish.kubernetes or (None,):
            yield minikube, kubernetes


def _cluster_images(wish: Wish) -> Iterator[Image]:
    for minikube, kubernetes in _rooms(wish):
        yield from images_for(
            minikube,
            kubernetes,
            runtime=wish.runtime,
            nodes=wish.nodes,
            addons=wish.addons,
            cni=wish.cni or "auto",
        )
    for room in wish.kubeadm:
        yield from kubeadm_room(room.kubernetes, room.cni)


def _named_images(wish: Wish) -> Iterator[Image]:
    """Yield the images the teacher names; `images.yaml` itself needs those of no lesson."""
    for reference in wish.images:
        yield Image(reference.canonical, None, needed_by=("images.yaml",))
    for lesson in wish.lessons:
        for reference in lesson.images:
            yield Image(reference.canonical, None, needed_by=(lesson.name,))


def _image(image: Image, preset: str | None) -> WantedImage:
    rows = published(image.name)
    of_class = [row for row in rows if preset in row.presets] if len(rows) > 1 else list(rows)
    only = of_class[0] if len(of_class) == 1 else None
    digest = image.digest or (only.digest if only else None)
    return WantedImage(
        name=_tagged(image.name),
        digest=digest,
        is_moving=any(row.moving for row in rows) and image.digest is None,
        children=image.children or (only.children if only else ()),
        also=image.also,
        needed_by=image.needed_by,
    )


def _tagged(name: Reference) -> Reference:
    """Give a name that is only ever asked by digest a tag to stand under in the store."""
    if name.tag or name.digest is None:
        return replace(name, digest=None)
    return replace(name, tag=f"{name.digest.algorithm}-{name.digest.hex}", digest=None)


def _cluster_files(wish: Wish) -> Iterator[WantedFile]:
    rooms = [files_for(*room, runtime=wish.runtime) for room in _rooms(wish)]
    rooms += [kubeadm_files(room.kubernetes) for room in wish.kubeadm]
    for file in chain.from_iterable(rooms):
        is_tool = file.kind in ("minikube", "kubectl") and file.platform in wish.tools
        is_node = file.kind != "minikube" and file.platform in wish.platforms
        if (is_tool or is_node) and file.kind not in _LEFT_OUT:
            yield WantedFile(file.path, file.digest, file.urls, file.needed_by)


def _named_files(wish: Wish) -> Iterator[WantedFile]:
    for file in wish.files:
        yield _wished(file, "images.yaml")
    for lesson in wish.lessons:
        for file in lesson.files:
            yield _wished(file, lesson.name)


def _wished(file: WishedFile, needed_by: str) -> WantedFile:
    return WantedFile(file.path, file.digest, file.urls, (needed_by,))


def _merged_files(files: Iterable[WantedFile]) -> tuple[WantedFile, ...]:
    """Make one file of those with one path."""
    found: dict[str, WantedFile] = {}
    for file in files:
        first = found.get(file.path)
        if first is not None and (first.digest, first.urls) != (file.digest, file.urls):
            raise ValueError(f"{file.path} is wished as two different files")
        needs = (*(first.needed_by if first else ()), *file.needed_by)
        found[file.path] = replace(file, needed_by=tuple(dict.fromkeys(needs)))
    return tuple(found.values())
