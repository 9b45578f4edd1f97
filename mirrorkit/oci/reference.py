"""References: the names of images, in one canonical spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from mirrorkit.oci.digest import Digest

DOCKER_HUB: Final = "docker.io"
KUBERNETES: Final = "registry.k8s.io"
KUBERNETES_OLD: Final = "k8s.gcr.io"
"""What Kubernetes' own registry was called until 2023; the same images under the same paths."""
_HUB_ALIASES: Final = frozenset({"index.docker.io", "registry-1.docker.io"})

# Limits: distribution-spec 1.1 "Pulling manifests" (tag), distribution/reference (name).
_NAME_MAX: Final = 255
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST: Final = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\])(?::[0-9]{{1,5}})?\Z"
)
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"{_PART}(?:/{_PART})*\Z")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")


def is_repository(text: str) -> bool:
    """Say whether a registry path names a repository (distribution-spec 1.1, `<name>`)."""
    return len(text) <= _NAME_MAX and _REPOSITORY.match(text) is not None


def is_tag(text: str) -> bool:
    """Say whether this is a tag (distribution-spec 1.1, `<reference>` as a tag)."""
    return _TAG.match(text) is not None


def is_host(text: str) -> bool:
    """Say whether this is a registry's HOST or HOST:PORT; IPv6 stands in brackets."""
    return _HOST.match(text) is not None


def canonical_host(host: str) -> str:
    """Spell a registry's host in the one way mirrorkit keeps it."""
    lower = host.lower()
    return DOCKER_HUB if lower in _HUB_ALIASES else lower


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """Where an image is named: registry, repository, and a tag, a digest or both."""

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a name as Docker does, short forms included (`nginx`, `localhost:5080/x@sha256:…`).

        ValueError where it is none. Without a tag and digest the tag is `latest`.
        """
        name, at, digest_text = text.partition("@")
        digest = Digest(digest_text) if at else None
        name, tag = _split_tag(name)
        if tag is None and digest is None:
            tag = "latest"
        registry, repository = _split_host(name)
        if not is_host(registry) or not is_repository(repository):
            raise ValueError(f"{text[:300]!r} is not an image name")
        if len(registry) + 1 + len(repository) > _NAME_MAX:
            raise ValueError(f"the name {text[:60]!r}… is longer than {_NAME_MAX} characters")
        if tag is not None and not is_tag(tag):
            raise ValueError(f"{tag[:150]!r} is not a tag")
        return cls(canonical_host(registry), repository, tag, digest)

    def on(self, registry: str) -> Reference:
        """Return the same name at another registry."""
        return replace(self, registry=registry)

    @property
    def canonical(self) -> Reference:
        """The same image under the name mirrorkit keeps it by."""
        return self.on(KUBERNETES) if self.registry == KUBERNETES_OLD else self

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        """Return the canonical spelling, which parses to the same value."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def _split_tag(name: str) -> tuple[str, str | None]:
    """Split at the last colon, unless it belongs to a port or an IPv6 address."""
    head, colon, tail = name.rpartition(":")
    if colon and "/" not in tail and "]" not in tail:
        return head, tail
    return name, None


def _split_host(name: str) -> tuple[str, str]:
    """Apply Docker's rule: a host has a dot or a colon, or is `localhost`.

    Docker takes a capital letter for a host too; there is none that could not be meant otherwise.
    """
    first, slash, rest = name.partition("/")
    is_registry = "." in first or ":" in first or first == "localhost"
    if not slash or not is_registry:
        first, rest = DOCKER_HUB, name
    if canonical_host(first) == DOCKER_HUB and "/" not in rest:
        rest = f"library/{rest}"
    return first, rest
