"""What of a lock belongs into minikube's cache before a start, and where; pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from mirrorkit.classroom.minikube.iso import iso_path
from mirrorkit.classroom.minikube.layout import layout_of
from mirrorkit.classroom.minikube.seeds import PROGRAMS, loaded, preload_of, seeds
from mirrorkit.classroom.minikube.start import CONTAINER_DRIVERS, MACHINE_DRIVERS, Mode
from mirrorkit.classroom.minikube.ways import uses_preload
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.parts import Placed, Recipe, Seed
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock, PinnedFile
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.platform import Platform

_ONE_BY_ONE: Final = ": the cluster's images are placed one by one"


class SeedImage(NamedTuple):
    """An image that becomes a tar, which names exactly this name."""

    name: Reference
    digest: Digest


@dataclass
class Contents:
    """What is to be placed, what is to be loaded, and what nobody has."""

    images: dict[PurePosixPath, SeedImage] = field(default_factory=dict)
    """By the path below `.minikube`."""
    files: dict[PurePosixPath, PinnedFile] = field(default_factory=dict)
    texts: list[Placed] = field(default_factory=list)
    """Small files that nobody downloads."""
    load: tuple[Reference, Digest] | None = None
    """kicbase for the container engine."""
    lacking: set[str] = field(default_factory=set)
    """What a start needs and the lock does not have, in sentences."""
    notes: list[str] = field(default_factory=list)

    def add(self, lock: Lock, seed: Seed) -> None:
        """Add what a recipe downloads from the mirror, from where it lies."""
        path, served = PurePosixPath(seed.path), unquote(urlsplit(seed.url_path).path).lstrip("/")
        if served.startswith("archives/"):
            name = served.removeprefix("archives/").removesuffix(".tar")
            self.add_image(lock, Reference.parse(name), path)
        else:
            self.add_file(lock, served.removeprefix("files/"), path)

    def add_image(self, lock: Lock, name: Reference, path: PurePosixPath) -> None:
        """Add an image as a tar."""
        digest = self._pinned(lock, name)
        if digest is not None:
            self.images[path] = SeedImage(name, digest)

    def add_file(self, lock: Lock, served: str, path: PurePosixPath) -> None:
        """Add a file, by its path in the lock."""
        file = _file(lock, served)
        if file is not None:
            self.files[path] = file
        else:
            self.lacking.add(f"{served} is not in the lock")

    def add_load(self, lock: Lock, name: Reference) -> None:
        """Add an image for the container engine."""
        digest = self._pinned(lock, name)
        self.load = (name, digest) if digest is not None else None

    def _pinned(self, lock: Lock, name: Reference) -> Digest | None:
        wanted = name.canonical
        images = (one for one in lock.images if wanted in {one.name, *one.also})
        digest = next((one.digest for one in images), None)
        if digest is None:
            self.lacking.add(f"{name} is not in the lock")
        return digest


def contents(start: Start, lock: Lock, host: Platform, *, can_load: bool) -> Contents:
    """Return everything that lets a start do without a network, as far as the lock has it.

    Without `can_load` kicbase becomes a tar. `host` is what minikube itself runs on: its kubectl
    comes too, where the lock has one.
    """
    found, layout = Contents(), layout_of(start)
    programs = f"k8s-release/{start.kubernetes}/bin"
    if start.driver in CONTAINER_DRIVERS:
        _add_kicbase(found, start, lock, can_load=can_load)
    for name in PROGRAMS:
        path = f"{programs}/{start.platform}/{name}"
        found.add_file(lock, path, layout.binaries(start.platform, start.kubernetes) / name)
    kubectl = f"{programs}/{host}/kubectl{'.exe' if host.os == 'windows' else ''}"
    if host != start.platform and _file(lock, kubectl):
        folder = layout.binaries(host, start.kubernetes)
        found.add_file(lock, kubectl, folder / PurePosixPath(kubectl).name)
    if start.driver in MACHINE_DRIVERS and (iso := iso_path(start)):
        found.add_file(lock, iso, layout.iso(iso))
    if start.driver in (*CONTAINER_DRIVERS, *MACHINE_DRIVERS):
        _add_cluster(found, start, lock)
    return found


def _add_kicbase(found: Contents, start: Start, lock: Lock, *, can_load: bool) -> None:
    name, loads = replace(start.release.kicbase, digest=None), loaded(start)
    if can_load and loads is not None:
        found.add_load(lock, loads)
    else:
        found.add_image(lock, name, layout_of(start).kicbase(name))


def _add_cluster(found: Contents, start: Start, lock: Lock) -> None:
    """Add the preload where it is used and had, else the images it is made of."""
    has_preload = preload_of(start, lock) is not None
    if not uses_preload(start):
        found.notes.append(f"Docker's storage driver is {start.storage_driver}{_ONE_BY_ONE}")
    elif not has_preload:
        found.notes.append(f"the lock has no preload{_ONE_BY_ONE}")
    for seed in seeds(start, Mode.SEED, lock):
        found.add(lock, seed)


def contents_of(recipe: Recipe, lock: Lock) -> Contents:
    """Return what one recipe places and loads; what the lock lacks of it is said."""
    found = Contents(texts=list(recipe.files))
    for seed in recipe.seeds:
        found.add(lock, seed)
    if recipe.load is not None:
        found.add_load(lock, recipe.load)
    return found


def _file(lock: Lock, path: str) -> PinnedFile | None:
    return next((one for one in lock.files if one.path == path), None)
