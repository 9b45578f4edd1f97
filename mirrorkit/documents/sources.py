"""Sources as data: where a mirror has an image, and in which order the mirrors are asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.documents.aliyun import ALIYUN, REPOSITORIES
from mirrorkit.oci.reference import KUBERNETES, Reference, canonical_host, is_repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mirrorkit.documents.pins import PinnedImage

UPSTREAM: Final = "upstream"
"""The source that is no mirror: the registries which images are named after."""
EVERY: Final = "*"
"""Stands for every registry in an order."""

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDERS: Final = ("registry", "repository", "last")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}\Z")
_SAMPLE: Final = Reference("registry.test", "sample/app", "1")
# DaoCloud's list (DaoCloud/public-image-mirror): it answers 403 for every other registry, and a
# school's own images are none of its business.
_DAOCLOUD_REGISTRIES: Final = frozenset(
    {
        *("docker.io", "gcr.io", "ghcr.io", "quay.io", KUBERNETES, "mcr.microsoft.com"),
        *("nvcr.io", "docker.elastic.co", "cr.l5d.io", "registry.ollama.ai"),
    }
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One source: a mirror's host, and the repository at it for each canonical name.

    `repository` may hold `{registry}`, `{repository}` and `{last}`, the last part of the path.
    """

    name: str
    host: str
    repository: str = "{repository}"
    registries: frozenset[str] | None = None
    """Registries it has copies of; None means any."""
    table: Mapping[str, str] | None = None
    """Where given: the repository for each canonical name it has, and it has no other."""

    def locate(self, image: Reference) -> Reference | None:
        """Return the name of an image at this source; None where it surely is not there."""
        if self.registries is not None and image.registry not in self.registries:
            return None
        if self.table is not None and image.name not in self.table:
            return None
        repository = self.table[image.name] if self.table else self._filled(image)
        return replace(image, registry=self.host, repository=repository) if repository else None

    def _filled(self, image: Reference) -> str | None:
        values = {
            "registry": image.registry,
            "repository": image.repository,
            "last": image.repository.rpartition("/")[2],
        }
        text = _PLACEHOLDER.sub(lambda found: values[found[1]], self.repository)
        return text if is_repository(text) else None  # a port in {registry} fits no path


SHIPPED: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "aliyun": Profile("aliyun", ALIYUN, table=REPOSITORIES),
        "daocloud": Profile(
            "daocloud",
            "m.daocloud.io",
            "{registry}/{repository}",
            registries=_DAOCLOUD_REGISTRIES,
        ),
    }
)
_SHIPPED_ORDER: Final = (UPSTREAM, *SHIPPED)


class Place(NamedTuple):
    """Where one source has an image."""

    source: str
    reference: Reference


@dataclass(frozen=True)
class Sources:
    """Every source that is known, and the order in which they are asked."""

    own: Mapping[str, Profile] = field(default_factory=dict)
    """The operator's; one named as a shipped one stands in its place."""
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of sources by registry, or by `*` for every registry without an order of its own."""
    chosen: tuple[str, ...] = ()
    """These and no others, in this order, whatever stands above."""

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """The mirrors by name."""
        return {**SHIPPED, **self.own}

    @property
    def names(self) -> tuple[str, ...]:
        """Every source's name, in the order that holds where nobody says otherwise.

        The operator's own come first: who names one wants it asked.
        """
        return tuple(dict.fromkeys((*self.own, *_SHIPPED_ORDER)))

    def order_for(self, registry: str) -> tuple[str, ...]:
        """Return the names of the sources asked for images of a registry."""
        return self.chosen or self.order.get(registry) or self.order.get(EVERY) or self.names

    def places(self, image: PinnedImage) -> tuple[Place, ...]:
        """Return where an image is asked for, each repository once, the first to ask first.

        `upstream` is the registry it is named after and what else the lock says, and the name that
        the lock has for a source wins over the source's profile.
        """
        found: dict[Reference, Place] = {}
        for source in self.order_for(image.name.registry):
            for reference in self._at(source, image):
                found.setdefault(reference, Place(source, reference))
        return tuple(found.values())

    def _at(self, source: str, image: PinnedImage) -> Iterator[Reference]:
        pinned = image.sources.get(source)
        if source == UPSTREAM:
            of_mirrors = {one.name for name, one in image.sources.items() if name in self.profiles}
            yield from (name for name in image.origins if name not in of_mirrors)
        elif pinned is not None:
            yield pinned.name
        else:
            located = self.profiles[source].locate(image.name)
            if located is not None:
                yield located


def source_name(text: str) -> str:
    """Take the name of a source; ValueError where it could not stand in a list or a path."""
    if not _NAME.match(text):
        raise ValueError(f"{text[:60]!r} is not a name of small letters, digits, dots and dashes")
    return text


def own_profile(name: str, template: str, registries: frozenset[str] | None) -> Profile:
    """Read a source of the operator's own, as `harbor.school.cn/k8s/{repository}`.

    ValueError where the host is not plain, or different images would get one name.
    """
    host, slash, repository = template.partition("/")
    unknown = [word for word in _PLACEHOLDER.findall(repository) if word not in _PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{word}}}" for word in _PLACEHOLDERS)
        raise ValueError(f"{{{unknown[0][:40]}}} is not known here; known are {known}")
    if not slash or not ("{repository}" in repository or "{last}" in repository):
        raise ValueError(f"{template[:200]!r} has no {{repository}} or {{last}} behind its host")
    host = canonical_host(host)
    sample = Profile(name, host, repository).locate(_SAMPLE)
    # Read as anybody would read it: a host without a dot would be Docker Hub's.
    if sample is None or Reference.parse(str(sample)) != sample:
        raise ValueError(f"{template[:200]!r} is not HOST/PATH as in an image's name")
    return Profile(name, host, repository, registries)
