"""The lines a student types: the one that does everything, and the same by hand.

By hand they are a recipe for who reads it from a screen: short where it is short, else one line
that fetches all of it.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.classroom.minikube.choice import Choice, start_from
from mirrorkit.classroom.minikube.recipe import recipe
from mirrorkit.classroom.minikube.seeds import archive_path
from mirrorkit.classroom.minikube.start import Mirror
from mirrorkit.classroom.setup import setup_line
from mirrorkit.errors import UsageError

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.parts import Recipe
    from mirrorkit.documents.pins import Lock

_MINIKUBE: Final = re.compile(
    r"minikube/(?P<version>v[0-9][0-9A-Za-z.-]*)/minikube-[a-z]+-[a-z0-9]+\Z"
)
_MACHINE: Final = "$(uname -m)"
_SYSTEM: Final = "$(uname -s | tr A-Z a-z)"
_ARCHITECTURE: Final = "$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')"


class Line(NamedTuple):
    """One line and its purpose: `setup`, or by hand `minikube`, `kicbase`, `start`, `pull`."""

    purpose: str
    command: str


def student_lines(lock: Lock, address: str) -> tuple[Line, ...]:
    """Return the lines for a lock served at `HOST:PORT`.

    Without a minikube in the lock that the catalog knows it is one pull; without an image, nothing.
    """
    try:
        made = recipe(start_from(Choice(), lock), Mirror.at(address), lock)
    except UsageError:
        first = next((image.name for image in lock.images), None)
        return (Line("pull", f"docker pull {address}/{first}"),) if first else ()
    programs = _programs(lock, made.start.release.version)
    whole = Line("setup", setup_line(address))
    download = (_download(programs, address),) if programs else ()
    is_one, is_local = len(lock.platforms) == 1, bool(programs)
    return (whole, *download, *_starting(made, address, is_one=is_one, is_local=is_local))


def _programs(lock: Lock, version: str) -> list[str]:
    found = (_MINIKUBE.match(file.path) for file in lock.files)
    return [match[0] for match in found if match and match["version"] == version]


def _download(programs: list[str], address: str) -> Line:
    path, _, name = programs[0].rpartition("/")
    if len(programs) > 1:
        name = f"minikube-{_SYSTEM}-{_ARCHITECTURE}"
    url = f"http://{address}/files/{path}/{name}"
    return Line("minikube", f'curl -fo minikube "{url}" && chmod +x minikube')


def _starting(made: Recipe, address: str, *, is_one: bool, is_local: bool) -> tuple[Line, ...]:
    """Return kicbase and start, or one line for all where more than these two is to be done."""
    seeds = [seed for seed in made.seeds if not seed.path.startswith("cache/kic/")]
    platform, architecture = str(made.start.platform), made.start.platform.architecture
    if seeds or made.files:
        machine = architecture if is_one else _MACHINE
        url = f"http://{address}/api/v1/minikube/flags?format=shell&arch={machine}"
        path = 'PATH="$PWD:$PATH" ' if is_local else ""
        return (Line("start", f'curl -f "{url}" | {path}sh'),)
    kicbase = _kicbase(made, address)
    if not is_one:
        kicbase = kicbase.replace(platform, f"linux/{_MACHINE}")
        kicbase = kicbase.replace(f"/{architecture}/", f"/{_ARCHITECTURE}/")
    words = made.command()
    program = ["./minikube" if is_local and word == "minikube" else word for word in words]
    return (Line("kicbase", kicbase), Line("start", shlex.join(program)))


def _kicbase(made: Recipe, address: str) -> str:
    """Load kicbase into Docker, or into minikube's cache where Docker's copy is never used."""
    if made.load:
        return f'curl -f "http://{address}{archive_path(made.load, made.start)}" | docker load'
    seed = made.seeds[0]
    return (
        f'curl -f --create-dirs "http://{address}{seed.url_path}" -o "$HOME/.minikube/{seed.path}"'
    )
