"""The mirror's `/health` as somebody else reads it: what is missing, and what the class starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from mirrorkit.classroom.findings import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_VERSION: Final = r"(v\d{1,4}\.\d{1,4}\.\d{1,4})"
_MINIKUBE: Final = (re.compile(rf"minikube/{_VERSION}/"), re.compile(rf"minikube {_VERSION}\Z"))
_APISERVER: Final = (re.compile(rf"registry\.k8s\.io/kube-apiserver:{_VERSION}\Z"),)
_COMPLETE: Final = "complete"


class _Item(msgspec.Struct):
    name: str
    state: str
    needed_by: list[str] = msgspec.field(default_factory=list)


class _Lock(msgspec.Struct):
    items: list[_Item] = msgspec.field(default_factory=list)


class _Trouble(msgspec.Struct):
    message: str = ""


class _Document(msgspec.Struct):
    version: int
    complete: bool
    items: list[_Item] = msgspec.field(default_factory=list)
    locks: list[_Lock] = msgspec.field(default_factory=list)
    error: _Trouble | None = None
    fetches: bool = False


class Status(NamedTuple):
    """What a mirror says of itself."""

    is_complete: bool
    missing: tuple[str, ...] = ()
    """Names of images and files that are not here whole."""
    minikube: str | None = None
    kubernetes: str | None = None
    """What the class starts, as far as the names tell."""
    trouble: str = ""
    """Why the store cannot be read, where it cannot."""
    fetches: bool = False
    """Whether what is missing comes by itself there."""


def read_status(body: bytes) -> Status:
    """Read a status document; ValueError where it is none."""
    try:
        document = msgspec.json.decode(body, type=_Document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError("no status document of mirrorkit") from error
    items = [*document.items, *(item for lock in document.locks for item in lock.items)]
    told = [text for item in items for text in (item.name, *item.needed_by)]
    return Status(
        document.complete,
        tuple(plain(item.name) for item in items if item.state != _COMPLETE),
        *class_of(told),
        trouble=plain(document.error.message) if document.error else "",
        fetches=document.fetches,
    )


def class_of(told: Sequence[str]) -> tuple[str | None, str | None]:
    """Return minikube release and Kubernetes version, from names and what needs them."""
    return _first(_MINIKUBE, told), _first(_APISERVER, told)


def _first(patterns: Iterable[re.Pattern[str]], told: Sequence[str]) -> str | None:
    found = (match for pattern in patterns for text in told if (match := pattern.match(text)))
    return next((match[1] for match in found), None)
