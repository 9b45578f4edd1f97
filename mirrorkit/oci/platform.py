"""Platforms: what an image runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z0-9_.-]+\Z")
# Spellings and defaults of containerd/platforms, so that its clients and we agree.
_ALIASES: Final = {
    "x86_64": ("amd64", None),
    "x86-64": ("amd64", None),
    "aarch64": ("arm64", None),
    "i386": ("386", None),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_DEFAULT_VARIANT: Final = {"arm64": "v8", "amd64": "v1", "arm": "v7"}
_SYSTEMS: Final = {"macos": "darwin"}
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
        os, architecture, level = os.lower(), architecture.lower(), (variant or "").lower()
        architecture, implied = _ALIASES.get(architecture, (architecture, None))
        level = implied or (f"v{level}" if level.isdigit() else level)
        if architecture == "386" or level == _DEFAULT_VARIANT.get(architecture):
            level = ""
        return cls(_SYSTEMS.get(os, os), architecture, level or None)

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
