"""Which minikube this machine has."""

from __future__ import annotations

import re
from typing import Final

from mirrorkit.host.program import printed

_SECONDS: Final = 10.0
_VERSION: Final = re.compile(r"(?:\A|\s)(v\d{1,4}\.\d{1,4}\.\d{1,4})(?:\s|\Z)", re.ASCII)


def installed_minikube(seconds: float = _SECONDS) -> str | None:
    """Return the release on PATH, as v1.25.2; None where there is none, or it does not say.

    It gets some seconds.
    """
    said = printed("minikube", "version", "--short", seconds=seconds)
    found = _VERSION.search(said.text) if said else None
    return found[1] if found else None
