"""What a lock was made for: the release and the Kubernetes that its class starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from mirrorkit.documents.pins import Lock

_APISERVER: Final = "kube-apiserver"
_PROGRAM: Final = re.compile(
    r"minikube/(?P<version>v[0-9][0-9A-Za-z.-]*)/minikube-[a-z]+-[a-z0-9]+"
)
_NEED: Final = "minikube "


class Usual(NamedTuple):
    """Versions, as the lock spells them; None where it has none."""

    minikube: str | None
    kubernetes: str | None


def usual(lock: Lock) -> Usual:
    """Read them from the files and images of a lock."""
    programs = (match["version"] for file in lock.files if (match := _PROGRAM.match(file.path)))
    needs = (need for image in lock.images for need in image.needed_by)
    needing = (need.split()[-1] for need in needs if need.startswith(_NEED))
    servers = (image.name.tag for image in lock.images if image.name.repository == _APISERVER)
    return Usual(next(programs, None) or next(needing, None), next(servers, None))
