"""The parts of a recipe: what is set, placed, downloaded and loaded, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.start import Mode, Start
    from mirrorkit.oci.reference import Reference
    from mirrorkit.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable or one flag; a value of None is a bare switch."""

    name: str
    """`MINIKUBE_IMAGE_REPOSITORY`, or a flag with its dashes."""
    value: str | None
    why: Sentence

    @property
    def word(self) -> str:
        """As it stands in a command, unquoted."""
        return self.name if self.value is None else f"{self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class Placed:
    """A small text file, put below $MINIKUBE_HOME/.minikube before the start."""

    path: str
    """Relative, as files/etc/containerd/certs.d/quay.io/hosts.toml."""
    text: str
    why: Sentence


@dataclass(frozen=True, slots=True)
class Seed:
    """A download from the mirror to a path below $MINIKUBE_HOME/.minikube, before the start."""

    path: str
    """Relative, as cache/kic/amd64/kicbase_v0.0.45.tar."""
    url_path: str
    """At the mirror, from its slash on, quoted as in a URL."""
    why: Sentence
    sha256: str | None = None
    """In hex; None for an archive, which is composed when asked."""
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything one start needs, in order; values alone."""

    start: Start
    mode: Mode
    environment: tuple[Setting, ...]
    flags: tuple[Setting, ...]
    files: tuple[Placed, ...] = ()
    seeds: tuple[Seed, ...] = ()
    load: Reference | None = None
    """kicbase for the container engine on the host; None where it comes otherwise."""
    plants: tuple[Reference, ...] = ()
    """Images to put into every node after the start: its runtime would ask the internet."""
    notes: tuple[Sentence, ...] = ()

    def command(self) -> list[str]:
        """Return the words of the start, unquoted, the environment first."""
        environment = [setting.word for setting in self.environment]
        return [*environment, "minikube", "start", *(flag.word for flag in self.flags)]
