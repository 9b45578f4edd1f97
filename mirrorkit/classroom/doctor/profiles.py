"""minikube's profiles: what a start once froze in them (`profiles/NAME/config.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from mirrorkit.classroom.doctor.bounded import read_text
from mirrorkit.classroom.findings import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BYTES_MOST: Final = 1 << 20
_PROFILES_MOST: Final = 50


class _Kubernetes(msgspec.Struct, rename="pascal"):
    """Names as minikube's config.ClusterConfig has them (pkg/minikube/config/types.go)."""

    kubernetes_version: str = ""
    container_runtime: str = ""
    image_repository: str = ""


class _Config(msgspec.Struct, rename="pascal"):
    driver: str = ""
    insecure_registry: list[str] | None = None
    registry_mirror: list[str] | None = None
    kubernetes_config: _Kubernetes = msgspec.field(default_factory=_Kubernetes)


class Profile(msgspec.Struct, frozen=True):
    """One profile, as far as a second start cannot change it (facts/minikube.md §1.9)."""

    name: str
    is_readable: bool = True
    driver: str = ""
    kubernetes: str = ""
    runtime: str = ""
    repository: str = ""
    insecure: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()


def read_profiles(home: Path) -> Iterator[Profile]:
    """Yield the profiles of a minikube home, at most fifty; one that makes no sense says so."""
    try:
        folders = sorted(path for path in (home / "profiles").iterdir() if path.is_dir())
    except OSError:
        return
    for folder in folders[:_PROFILES_MOST]:
        path = folder / "config.json"
        if path.is_file():
            yield _read(plain(folder.name, 63), read_text(path, _BYTES_MOST))


def _read(name: str, text: str | None) -> Profile:
    if text is None:
        return Profile(name, is_readable=False)
    try:
        config = msgspec.json.decode(text.encode(), type=_Config)
    except (msgspec.MsgspecError, RecursionError):
        return Profile(name, is_readable=False)
    kubernetes = config.kubernetes_config
    return Profile(
        name,
        driver=plain(config.driver, 40),
        kubernetes=plain(kubernetes.kubernetes_version, 40),
        runtime=plain(kubernetes.container_runtime, 40),
        repository=plain(kubernetes.image_repository, 200),
        insecure=tuple(plain(one, 100) for one in (config.insecure_registry or ())[:20]),
        mirrors=tuple(plain(one, 100) for one in (config.registry_mirror or ())[:20]),
    )
