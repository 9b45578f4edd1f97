"""podman, buildah, skopeo: one drop-in of registries.conf (containers-registries.conf(5))."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.clients.shape import ConfigFile, Configuration, reach
from mirrorkit.errors import DocumentError

if TYPE_CHECKING:
    from mirrorkit.classroom.clients.shape import Target, There

PATH: Final = "/etc/containers/registries.conf.d/90-mirrorkit.conf"
_MAIN: Final = "/etc/containers/registries.conf"


def podman(target: Target, there: There) -> Configuration:
    """Return the drop-in; DocumentError where registries.conf is of the format before it."""
    _refuse_old_format(there)
    tables = [_own(target), *(_registry(host, target) for host in target.registries)]
    notes = [
        "podman, buildah and skopeo read it at each start; nothing is restarted",
        reach(target),
    ]
    notes += [
        f"podman cannot ask a mirror for {host}, whose name has a port: pull such images elsewhere"
        for host in target.registries
        if ":" in host
    ]
    if target.is_strict:
        notes.append("a registry that is not in this file is still asked itself")
    return Configuration((ConfigFile(PATH, "\n".join(tables)),), (), tuple(notes))


def _own(target: Target) -> str:
    return f'[[registry]]\nlocation = "{target.address}"\ninsecure = true\n'


def _registry(host: str, target: Target) -> str:
    """Send a registry to the mirror: in its place, or before it."""
    head = f'[[registry]]\nprefix = "{host}"\n'
    if ":" in host:  # no repository's path can spell it
        return f"{head}blocked = {str(target.is_strict).lower()}\n"
    there = f'location = "{target.address}/{host}"\ninsecure = true\n'
    if target.is_strict:
        return f"{head}{there}"
    own = f'location = "{host}"\nmirror-by-digest-only = false\n'
    return f"{head}{own}\n[[registry.mirror]]\n{there}"


def _refuse_old_format(there: There) -> None:
    try:
        document = tomllib.loads(there.read(_MAIN) or "")
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(f"{_MAIN} is not TOML: {error}", hint="correct it") from error
    if "registries" in document:
        raise DocumentError(
            f"{_MAIN} is in the old format, and podman refuses drop-ins beside it",
            hint="put `unqualified-search-registries = […]` in the place of [registries.search]",
        )
