"""What of a lock belongs into minikube's cache before a start, and where; pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.files import files_for
from mirrorkit.catalog.needs import images_for
from mirrorkit.catalog.quirks import Quirk
from mirrorkit.classroom.minikube.layout import Layout, cached_name
from mirrorkit.classroom.minikube.start import CONTAINER_DRIVERS, MACHINE_DRIVERS

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.documents.pins import Lock, PinnedFile
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.reference import Reference

_KICBASE: Final = "k8s-minikube/kicbase"
_PROGRAMS: Final = ("kubeadm", "kubelet", "kubectl")
_MODE, _PROGRAM_MODE = 0o644, 0o755


@dataclass(frozen=True, slots=True)
class SeedImage:
    """An image that becomes a tar, which names exactly this name."""

    path: PurePosixPath
    """Relative to `.minikube`."""
    name: Reference
    digest: Digest


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A file of the lock that is copied."""

    path: PurePosixPath
    """Relative to `.minikube`."""
    file: PinnedFile

    @property
    def mode(self) -> int:
        """Its rights: minikube makes executable only what it downloaded itself (minikube.md §4)."""
        return _PROGRAM_MODE if self.path.name.split(".")[0] in _PROGRAMS else _MODE


@dataclass(frozen=True, slots=True)
class Lacking:
    """Something a start needs and the lock does not have."""

    what: str
    hint: str


@dataclass
class Contents:
    """What is to be placed, what is to be loaded, and what nobody has."""

    images: list[SeedImage] = field(default_factory=list)
    files: list[SeedFile] = field(default_factory=list)
    load: tuple[Reference, Digest] | None = None
    """kicbase for the container engine."""
    lacking: list[Lacking] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def contents(start: Start, lock: Lock, host: Platform, *, can_load: bool) -> Contents:
    """Return everything that lets a start do without a network, as far as the lock has it.

    Without `can_load` kicbase becomes a tar, as it does for v1.34.0, which never uses what Docker
    has (#19661). `host` is what minikube itself runs on: its kubectl comes too.
    """
    choice = _Choice(start, lock, Layout(start.release, start.platform.architecture))
    found = Contents()
    if start.driver in CONTAINER_DRIVERS:
        choice.kicbase(found, can_load=can_load)
    if start.driver in MACHINE_DRIVERS:
        choice.iso(found)
    choice.programs(found, host)
    if start.driver in (*CONTAINER_DRIVERS, *MACHINE_DRIVERS):
        choice.cluster(found)
    return found


@dataclass(frozen=True, slots=True)
class _Choice:
    start: Start
    lock: Lock
    layout: Layout

    def kicbase(self, found: Contents, *, can_load: bool) -> None:
        name = replace(self.start.release.kicbase, digest=None)
        digest = self._digest(name)
        is_unused = Quirk.DAEMON_IMAGE_ALWAYS_WRONG_ARCH in self.start.release.quirks
        if digest is None:
            hint = f"`mirrorkit add {name}`, then `mirrorkit sync`"
            found.lacking.append(Lacking(f"{name} (kicbase) is not in the lock", hint))
        elif can_load and not is_unused:
            found.load = (name, digest)
        else:
            found.images.append(SeedImage(self.layout.kicbase(name), name, digest))

    def programs(self, found: Contents, host: Platform) -> None:
        """Take what nodes run, and kubectl for another kind of host where the lock has one."""
        prefix = f"k8s-release/{self.start.kubernetes}/bin"
        for program in _PROGRAMS:
            self._file(f"{prefix}/{self.start.platform}/{program}", found, is_needed=True)
        if host != self.start.platform:
            suffix = ".exe" if host.os == "windows" else ""
            self._file(f"{prefix}/{host}/kubectl{suffix}", found, is_needed=False)

    def iso(self, found: Contents) -> None:
        for path in self._listed("iso"):
            self._file(path, found, is_needed=True)

    def cluster(self, found: Contents) -> None:
        """Take the preload where it is used and had, else the images it is made of."""
        storage, allowed = self.start.storage_driver, self.start.release.preload_storage_drivers
        is_used = self.start.driver in MACHINE_DRIVERS or storage in (None, *allowed)
        if is_used and any(
            self._file(path, found, is_needed=False) for path in self._listed("preload")
        ):
            return
        reason = "the lock has no preload" if is_used else f"Docker's storage driver is {storage}"
        found.notes.append(f"{reason}: the cluster's images are placed one by one")
        for name, digest in self._cached_images():
            found.images.append(SeedImage(self.layout.image(name), name, digest))

    def _cached_images(self) -> list[tuple[Reference, Digest]]:
        """Return what minikube caches by itself, under the names that it uses for it."""
        start = self.start
        images = images_for(start.release.version, start.kubernetes, cni="false")
        names = [image.name for image in images if image.name.repository != _KICBASE]
        pairs = [(name, self._digest(name)) for name in names]
        return [
            (cached_name(name, start.release, start.kubernetes), digest)
            for name, digest in pairs
            if digest is not None
        ]

    def _listed(self, kind: str) -> list[str]:
        """Return the lock's paths for a preload or ISO of just this release and architecture."""
        start = self.start
        files = files_for(start.release.version, start.kubernetes, runtime=start.runtime)
        return [one.path for one in files if one.kind == kind and one.platform == start.platform]

    def _file(self, path: str, found: Contents, *, is_needed: bool) -> bool:
        file = next((one for one in self.lock.files if one.path == path), None)
        place = self.layout.file(path)
        if file is not None and place is not None:
            found.files.append(SeedFile(place, file))
        elif is_needed:
            hint = "add it to images.yaml, then `mirrorkit lock` and `mirrorkit sync`"
            found.lacking.append(Lacking(f"{path} is not in the lock", hint))
        return file is not None

    def _digest(self, name: Reference) -> Digest | None:
        wanted = name.canonical
        pinned = (one for one in self.lock.images if wanted in {one.name, *one.also})
        return next((one.digest for one in pinned), None)
