"""minikube releases, and which Kubernetes versions and addons each of them knows."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from mirrorkit.catalog import data
from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.versions import at, minor, pick, rank
from mirrorkit.errors import UsageError
from mirrorkit.oci.reference import Reference
from mirrorkit.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

_STORAGE_DRIVERS: Final = "preload_allowed_storage_drivers"
_FIRST_EXACT: Final = "v1.29.0"
"""From here on a release knows image tags by exact Kubernetes version, before by minor alone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a release demands of the machine; memory in MiB, disk in MB."""

    cpus: int
    memory_mib: int
    """Less is refused."""
    recommended_memory_mib: int
    disk_mb: int
    default_disk_mb: int
    default_memory_mib: tuple[int, int]
    """Floor and ceiling of the quarter of the machine's memory it takes unasked."""


@dataclass(frozen=True, slots=True)
class Release:
    """One minikube release."""

    version: str
    released: str
    """The day, as YYYY-MM-DD."""
    kicbase: Reference
    """The base image of its docker driver, with tag and digest."""
    kicbase_also: tuple[Reference, ...]
    default_kubernetes: str
    oldest_kubernetes: str
    newest_kubernetes: str
    storage_provisioner: Reference
    limits: Limits
    quirks: frozenset[Quirk]
    flags: frozenset[str]
    """The flags `minikube start` takes."""
    preload_storage_drivers: tuple[str, ...]
    """Docker's storage drivers on the host with which a preload is used."""
    cached_addons: tuple[str, ...]
    """Addons whose images every start wants."""


@cache
def releases() -> tuple[Release, ...]:
    """Return every listed release, the oldest first."""
    return tuple(map(_release, data.minikube().releases))


def release(version: str) -> Release:
    """Return one release; UsageError names the nearest listed where there is no such."""
    listed = {one.version: one for one in releases()}
    return listed[pick(version, tuple(listed), Sentence("the catalog lists no minikube"))]


def _release(version: str) -> Release:
    table = data.minikube()
    row = table.releases[version]
    quirks = {name: at(changes, version) for name, changes in table.quirks.items()}
    drivers = cast("tuple[str, ...]", quirks.pop(_STORAGE_DRIVERS))
    return Release(
        version=version,
        released=row.released,
        kicbase=Reference.parse(row.kicbase),
        kicbase_also=tuple(map(Reference.parse, row.kicbase_also)),
        default_kubernetes=row.default_kubernetes,
        oldest_kubernetes=row.oldest_kubernetes,
        newest_kubernetes=row.newest_kubernetes,
        storage_provisioner=Reference.parse(row.storage_provisioner),
        limits=_limits(version),
        quirks=frozenset(Quirk(name) for name, is_so in quirks.items() if is_so),
        flags=frozenset(flag for flag, changes in table.flags.items() if at(changes, version)),
        preload_storage_drivers=drivers,
        cached_addons=at(table.cached_addons, version) or (),
    )


def _limits(version: str) -> Limits:
    table = data.minikube()
    row, memory = at(table.limits, version), at(table.default_memory_mib, version)
    if row is None or memory is None:
        raise LookupError(f"no limits of minikube {version}")
    return Limits(
        cpus=row.cpus,
        memory_mib=row.memory_mib,
        recommended_memory_mib=row.recommended_memory_mib,
        disk_mb=row.disk_mb,
        default_disk_mb=row.default_disk_mb,
        default_memory_mib=memory,
    )


@cache
def kubernetes_versions(minikube: str | None = None) -> tuple[str, ...]:
    """Return the Kubernetes versions a release lists, or all there are; the oldest first.

    A release before v1.29.0 knows image tags by minor version: every patch from its oldest
    version to the end of its newest minor. Later ones go to the network for what is not in their
    table of exact versions. Pre-releases are left out.
    """
    listed = data.kubernetes().versions
    if minikube is None:
        return tuple(listed)
    chosen = release(minikube)
    return tuple(version for version in listed if _knows(chosen, version))


def _knows(chosen: Release, kubernetes: str) -> bool:
    if rank(kubernetes) < rank(chosen.oldest_kubernetes):
        return False
    if rank(chosen.version) < rank(_FIRST_EXACT):
        return minor(kubernetes) <= minor(chosen.newest_kubernetes)
    first = data.kubernetes().versions[kubernetes].minikube
    return first is not None and rank(first) <= rank(chosen.version)


def listed_kubernetes(version: str, minikube: str | None = None) -> str:
    """Return a version as it is listed; UsageError names the nearest where it is not."""
    who = Sentence("the catalog lists no Kubernetes")
    if minikube is not None:
        who = Sentence("minikube {minikube} lists no Kubernetes", minikube=minikube)
    return pick(version, kubernetes_versions(minikube), who)


def addons(minikube: str) -> tuple[str, ...]:
    """Return the names of a release's addons, in order."""
    version = release(minikube).version
    return tuple(name for name in data.minikube().addons if _images(name, version) is not None)


def addon_images(name: str, minikube: str) -> data.Addon:
    """Return an addon's images by their key; UsageError where the release has no such addon."""
    version = release(minikube).version
    images = _images(name, version)
    if images is None:
        raise _no_addon(name, version, addons(minikube))
    return images


def _images(name: str, version: str) -> data.Addon | None:
    return at(data.minikube().addons.get(name, {}), version)


def _no_addon(name: str, version: str, listed: Iterable[str]) -> UsageError:
    near = difflib.get_close_matches(name, listed, n=1)
    hint = Sentence("it has {addons}", addons=", ".join(listed))
    if near:
        hint = Sentence("the nearest is {addon}", addon=near[0])
    told = Sentence("minikube {minikube} has no addon {addon!r}", minikube=version, addon=name[:60])
    return UsageError(told, hint=hint)
