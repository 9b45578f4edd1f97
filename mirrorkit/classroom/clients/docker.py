"""Docker: `registry-mirrors` and `insecure-registries` of daemon.json, among what is there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from mirrorkit.classroom.clients.jsontext import with_lists
from mirrorkit.classroom.clients.shape import ConfigFile, Configuration
from mirrorkit.errors import DocumentError, SurroundingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.classroom.clients.shape import Target, There

PATH: Final = "/etc/docker/daemon.json"
_MIRRORS: Final = "registry-mirrors"
_INSECURE: Final = "insecure-registries"
_FLAG: Final = re.compile(
    r"^[^#\n]*(?P<flag>--(?:registry-mirror|insecure-registry))\b", re.MULTILINE
)
_UNITS: Final = ("/etc/default/docker", "/etc/systemd/system/docker.service")
_DROP_INS: Final = "/etc/systemd/system/docker.service.d"


def docker(target: Target, there: There) -> Configuration:
    """Return daemon.json with the mirror in it, every other key as it stands.

    DocumentError where it is not what Docker reads; SurroundingsError where dockerd gets the same
    by flags, for then it would not start (dockerd, "specified both as a flag and in the
    configuration file").
    """
    _refuse_flags(there)
    text = there.read(PATH) or ""
    try:
        document = json.loads(text) if text.strip() else {}
        lists = _lists(document, target)
        done = with_lists(text, lists)
    except ValueError as error:
        raise DocumentError(
            f"{PATH} is not edited: {error}", hint="correct it; Docker does not start with it so"
        ) from error
    return Configuration(
        (ConfigFile(PATH, done),),
        ("sudo systemctl reload docker",),
        (*_dropped(document, lists), *_notes(target)),
    )


def _lists(document: Any, target: Target) -> dict[str, list[str]]:  # noqa: ANN401 - of JSON
    if not isinstance(document, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - one kind of error for the caller
    others = [] if target.is_strict else _strings(document, _MIRRORS)
    mirrors = [target.url, *(one for one in others if one.rstrip("/") != target.url)]
    insecure = dict.fromkeys((*_strings(document, _INSECURE), target.address))
    return {_MIRRORS: mirrors, _INSECURE: list(insecure)}


def _strings(document: dict[str, Any], key: str) -> list[str]:
    value = document.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{key} is not a list of strings")
    return value


def _refuse_flags(there: There) -> None:
    drop_ins = (f"{_DROP_INS}/{name}" for name in there.names(_DROP_INS) if name.endswith(".conf"))
    for path in (*_UNITS, *drop_ins):
        found = _FLAG.search(there.read(path) or "")
        if found:
            raise SurroundingsError(
                f"{path} gives dockerd {found['flag']}; with the same in daemon.json Docker"
                " would not start",
                hint="take the flag out there and run `sudo systemctl daemon-reload`, then again",
            )


def _dropped(document: dict[str, Any], lists: dict[str, list[str]]) -> Iterator[str]:
    """Say what stood there and is asked no longer."""
    for one in _strings(document, _MIRRORS):
        if one.rstrip("/") not in {kept.rstrip("/") for kept in lists[_MIRRORS]}:
            yield (
                f"removed {one} from registry-mirrors (--fallback keeps it); --write keeps the old"
                " file as daemon.json.before-mirrorkit beside the new one"
            )


def _notes(target: Target) -> Iterator[str]:
    yield "Docker takes this over while containers run on; nothing is restarted"
    yield (
        "only Docker Hub's images follow a registry mirror; any other is pulled by the mirror's"
        f" name and tagged: docker pull {target.address}/registry.k8s.io/pause:3.6"
    )
    yield (
        "for a Docker Hub image that the mirror lacks Docker asks Docker Hub itself, also with"
        " --strict: no setting of Docker's prevents it"
    )
