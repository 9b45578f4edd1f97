"""The wish: what a class needs, in the teacher's words (`images.yaml`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from mirrorkit.documents.values import file_path, tagged, web_url
from mirrorkit.documents.yaml import Document, each, required, values, version_one
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.documents.yaml import Field
    from mirrorkit.oci.reference import Reference

T = TypeVar("T")

RUNTIMES: Final = ("docker", "containerd", "cri-o")
NODES_MOST: Final = 10

_KEYS: Final = frozenset(
    {
        "version",
        "minikube",
        "kubernetes",
        "runtime",
        "nodes",
        "addons",
        "cni",
        "kubeadm",
        "platforms",
        "tools",
        "images",
        "files",
        "lessons",
    }
)
_ROOM_KEYS: Final = frozenset({"kubernetes", "cni"})
_FILE_KEYS: Final = frozenset({"path", "urls", "sha256"})
_LESSON_KEYS: Final = frozenset({"name", "images", "files"})
_VERSION: Final = re.compile(r"v\d{1,3}\.\d{1,3}\.\d{1,3}(?:-[0-9A-Za-z.-]{1,30})?\Z")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,60}\Z")


@dataclass(frozen=True, slots=True)
class WishedFile:
    """A plain file: where it will be served and where it can be fetched."""

    path: str
    urls: tuple[str, ...]
    digest: Digest | None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one lesson needs beside the cluster itself."""

    name: str
    images: tuple[Reference, ...]
    files: tuple[WishedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class KubeadmRoom:
    """A cluster made by kubeadm on VMs of its own."""

    kubernetes: str
    cni: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything a class needs."""

    minikube: tuple[str, ...] = ()
    kubernetes: tuple[str, ...] = ()
    runtime: str = "docker"
    nodes: int = 1
    addons: tuple[str, ...] = ()
    cni: str | None = None
    kubeadm: tuple[KubeadmRoom, ...] = ()
    platforms: tuple[Platform, ...] = (Platform("linux", "amd64"),)
    tools: tuple[Platform, ...] = ()
    """Platforms of the students' machines: minikube and kubectl are served for these."""
    images: tuple[Reference, ...] = ()
    files: tuple[WishedFile, ...] = ()
    lessons: tuple[Lesson, ...] = ()


def parse_wish(data: bytes, name: str = "images.yaml") -> Wish:
    """Read a wish; DocumentError lists every mistake with `name:line:column`."""
    document, root = Document.open(name, data)
    fields = root.mapping(known=_KEYS)
    version_one(root, fields.get("version"))
    builtin = Wish()
    wish = Wish(
        minikube=_versions(fields.get("minikube")),
        kubernetes=_versions(fields.get("kubernetes")),
        runtime=_parsed(fields.get("runtime"), _runtime) or builtin.runtime,
        nodes=_parsed(fields.get("nodes"), _nodes) or builtin.nodes,
        addons=_words(fields.get("addons")),
        cni=_parsed(fields.get("cni"), plain_name),
        kubeadm=values(each(fields.get("kubeadm"), _room)),
        platforms=_platforms(fields.get("platforms")) or builtin.platforms,
        tools=_platforms(fields.get("tools")),
        images=values(each(fields.get("images"), lambda item: item.parsed(tagged))),
        files=values(each(fields.get("files"), _file)),
        lessons=values(each(fields.get("lessons"), _lesson)),
    )
    document.finish()
    return wish


def _parsed(field: Field | None, parse: Callable[[str], T]) -> T | None:
    return field.parsed(parse) if field else None


def _versions(field: Field | None) -> tuple[str, ...]:
    """Read one version or a list of them."""
    if field is None:
        return ()
    if field.is_text:
        return tuple(filter(None, (field.parsed(_version),)))
    return values(each(field, lambda item: item.parsed(_version)))


def _words(field: Field | None) -> tuple[str, ...]:
    return values(each(field, lambda item: item.parsed(plain_name)))


def _platforms(field: Field | None) -> tuple[Platform, ...]:
    return values(each(field, lambda item: item.parsed(Platform.parse)))


def _room(field: Field) -> KubeadmRoom | None:
    fields = field.mapping(known=_ROOM_KEYS)
    kubernetes = required(field, fields, "kubernetes", _version)
    cni = _parsed(fields.get("cni"), plain_name)
    return KubeadmRoom(kubernetes, cni) if kubernetes else None


def _file(field: Field) -> WishedFile | None:
    fields = field.mapping(known=_FILE_KEYS)
    path = required(field, fields, "path", file_path)
    urls = values(each(fields.get("urls"), lambda item: item.parsed(web_url)))
    digest = _parsed(fields.get("sha256"), lambda text: Digest(f"sha256:{text}"))
    if not urls and field.is_mapping:
        field.wrong("`urls` is missing")
    return WishedFile(path, urls, digest) if path else None


def _lesson(field: Field) -> Lesson | None:
    fields = field.mapping(known=_LESSON_KEYS)
    name = required(field, fields, "name", plain_name)
    images = values(each(fields.get("images"), lambda item: item.parsed(tagged)))
    files = values(each(fields.get("files"), _file))
    return Lesson(name, images, files) if name else None


def _version(text: str) -> str:
    if not _VERSION.match(text):
        raise ValueError(f"{text[:40]!r} is not a version such as v1.23.3")
    return text


def plain_name(text: str) -> str:
    """Take the name of a lesson, an addon or a network."""
    if not _WORD.match(text):
        raise ValueError(f"{text[:60]!r} is not a plain name")
    return text


def _runtime(text: str) -> str:
    if text not in RUNTIMES:
        raise ValueError(f"{text[:40]!r} is not one of {', '.join(RUNTIMES)}")
    return text


def _nodes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= NODES_MOST):
        raise ValueError(f"{text[:20]!r} is not a number of nodes from 1 to {NODES_MOST}")
    return int(text)
