"""The lines a student types: minikube against this mirror, with Docker and nothing else.

From facts of minikube's own code: the repository goes in by the environment, for v1.25.2 to
v1.32.0 take a numeric address in the flag for none; kicbase is loaded and named by its tag alone,
for a digest would be pulled from the internet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.releases import release
from mirrorkit.catalog.versions import minor
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from mirrorkit.catalog.releases import Release
    from mirrorkit.documents.pins import Lock
    from mirrorkit.oci.reference import Reference

_KICBASE: Final = "k8s-minikube/kicbase"
_APISERVER: Final = "kube-apiserver"
_MINIKUBE: Final = re.compile(
    r"minikube/(?P<version>v[0-9][0-9A-Za-z.-]*)/minikube-[a-z]+-[a-z0-9]+\Z"
)
_KUBERNETES: Final = re.compile(r"v\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[0-9A-Za-z.]+)?\Z", re.ASCII)
_SYSTEM: Final = "$(uname -s | tr A-Z a-z)"
_ARCHITECTURE: Final = "$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')"
_FIRST_DOCKERD_SHIM: Final = "v1.24.0"


class Line(NamedTuple):
    """One line to type, and what it is for: `minikube`, `kicbase`, `start` or `pull`."""

    purpose: str
    command: str


class Lines(NamedTuple):
    """What a student types, in order."""

    lines: tuple[Line, ...]
    lacks_pause: bool = False
    """Whether this release is known not to start so: its Docker asks for a pause image of its own
    (minikube #14624)."""


class _Room(NamedTuple):
    """What the lines are made of."""

    address: str
    kicbase: Reference
    binaries: tuple[re.Match[str], ...]
    """The paths of one minikube release."""
    kubernetes: str | None
    architectures: tuple[str, ...]
    """Of the nodes."""
    release: Release | None
    """What is known of the release; None for one nobody lists."""


def student_lines(lock: Lock, address: str) -> Lines:
    """Return the lines for a lock served at `HOST:PORT`.

    Without a minikube in the lock it is one pull; without an image, nothing.
    """
    room = _room(lock, address)
    if room is None:
        first = next((image.name for image in lock.images), None)
        return Lines((Line("pull", f"docker pull {address}/{first}"),) if first else ())
    lines = (_download(room), _load(room), _start(room))
    return Lines(tuple(line for line in lines if line), lacks_pause=_lacks_pause(room))


def _room(lock: Lock, address: str) -> _Room | None:
    names = [image.name for image in lock.images]
    kicbase = next((name for name in names if name.repository == _KICBASE), None)
    if kicbase is None:
        return None
    found = [match for file in lock.files if (match := _MINIKUBE.match(file.path))]
    version = found[0]["version"] if found else _needing(lock)
    tags = (name.tag or "" for name in names if name.repository == _APISERVER)
    return _Room(
        address,
        kicbase,
        tuple(match for match in found if match["version"] == version),
        next((tag for tag in tags if _KUBERNETES.match(tag)), None),
        tuple(platform.architecture for platform in lock.platforms),
        _known(version),
    )


def _needing(lock: Lock) -> str:
    """Return the minikube release that the lock says needs its kicbase."""
    needs = (need for image in lock.images for need in image.needed_by)
    return next((need.split()[-1] for need in needs if need.startswith("minikube ")), "")


def _known(version: str) -> Release | None:
    try:
        return release(version)
    except UsageError:
        return None


def _download(room: _Room) -> Line | None:
    if not room.binaries:
        return None
    only = room.binaries[0]
    path, system = only[0].rpartition("/")[0], f"{_SYSTEM}-{_ARCHITECTURE}"
    name = only[0].rpartition("/")[2] if len(room.binaries) == 1 else f"minikube-{system}"
    url = f"http://{room.address}/files/{path}/{name}"
    return Line("minikube", f'curl -fo minikube "{url}" && chmod +x minikube')


def _load(room: _Room) -> Line:
    """Load kicbase into Docker, or into minikube's cache where Docker's copy is never used."""
    url = f"http://{room.address}/archives/{room.kicbase}.tar"
    is_one = len(room.architectures) == 1
    if not is_one:
        url += "?platform=linux/$(uname -m)"
    if not _has(room, Quirk.DAEMON_IMAGE_ALWAYS_WRONG_ARCH):
        return Line("kicbase", f'curl -f "{url}" | docker load')
    architecture = room.architectures[0] if is_one else _ARCHITECTURE
    file = f"$HOME/.minikube/cache/kic/{architecture}/kicbase_{room.kicbase.tag}.tar"
    return Line("kicbase", f'curl -f --create-dirs "{url}" -o "{file}"')


def _start(room: _Room) -> Line:
    words = [
        f"MINIKUBE_IMAGE_REPOSITORY={room.address}/k8s",
        "./minikube" if room.binaries else "minikube",
        "start --driver=docker",
        *([f"--kubernetes-version={room.kubernetes}"] if room.kubernetes else []),
        f"--base-image={room.kicbase}",
        "--preload=false --cache-images=false",
        f"--insecure-registry={room.address}",
        f"--registry-mirror=http://{room.address}",
    ]
    if room.release is None or "binary-mirror" in room.release.flags:
        words.append(f"--binary-mirror=http://{room.address}/k8s-release")
    return Line("start", " ".join(words))


def _has(room: _Room, quirk: Quirk) -> bool:
    return room.release is not None and quirk in room.release.quirks


def _lacks_pause(room: _Room) -> bool:
    """Say whether cri-dockerd will ask for a pause image that no flag can redirect."""
    if room.release is None or room.kubernetes is None:
        return False
    has_shim = minor(room.kubernetes) >= minor(_FIRST_DOCKERD_SHIM)
    return has_shim and Quirk.CRI_DOCKERD_GETS_PAUSE_IMAGE not in room.release.quirks
