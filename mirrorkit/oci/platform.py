"""Platforms: what an image runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z0-9_.-]+\Z")
# Spellings and defaults of containerd/platforms, so that its clients and we agree.
_ARCHITECTURES: Final = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}
_DEFAULT_VARIANT: Final = {"arm64": "v8", "amd64": "v1", "arm": "v7"}
_PARTS = (2, 3)


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """Operating system, architecture and, where it is not the usual one, variant."""

    os: str
    architecture: str
    variant: str | None = None

    @classmethod
    def of(cls, os: str, architecture: str, variant: str | None = None) -> Platform:
        """Make a platform in its normal form: `arm64/v8` is `arm64`, `x86_64` is `amd64`."""
        architecture = _ARCHITECTURES.get(architecture.lower(), architecture.lower())
        if architecture in ("armhf", "armel"):
            architecture, variant = "arm", "v7" if architecture == "armhf" else "v6"
        if variant == _DEFAULT_VARIANT.get(architecture) or not variant:
            variant = None
        return cls(os.lower(), architecture, variant)

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read `linux/amd64` or `linux/arm/v6`; ValueError for anything else."""
        parts = text.split("/")
        if len(parts) not in _PARTS or not all(_WORD.match(part) for part in parts):
            raise ValueError(f"{text[:80]!r} is not a platform (OS/ARCHITECTURE[/VARIANT])")
        return cls.of(*parts)

    def __str__(self) -> str:
        """Return `os/architecture[/variant]`, which parses to the same value."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))
