"""The tour: what students' machines ask in class, each answer held against the lock."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.demo.told import Answer
from mirrorkit.oci.manifest import Index, parse_document
from mirrorkit.oci.mediatypes import DOCUMENTS
from mirrorkit.progress import readable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientSession

    from mirrorkit.documents.pins import Lock, PinnedFile, PinnedImage
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor

ACCEPT: Final = {"Accept": ", ".join(sorted(DOCUMENTS))}


class Ask(NamedTuple):
    """One student's pull: who asks, the spelling, and the canonical name that is meant."""

    who: str
    repository: str
    name: str
    ns: str = ""


ASKS: Final = (
    Ask("containerd", "pause", "registry.k8s.io/pause", "registry.k8s.io"),
    Ask("docker", "registry.k8s.io/etcd", "registry.k8s.io/etcd"),
    Ask("docker", "library/nginx", "docker.io/library/nginx"),
    Ask("minikube", "k8s/kube-apiserver", "registry.k8s.io/kube-apiserver"),
    Ask("kubeadm", "k8s/coredns", "registry.k8s.io/coredns/coredns"),
)
_TYPO: Final = "/v2/library/ngimx/manifests/alpine-demo"
_MEANT: Final = "docker.io/library/nginx"
_HELD: Final = f"{_MEANT}:alpine-demo"


class _WrongError(Exception):
    """An answer is not what it should be."""


class _Client:
    """Asks over HTTP; remembers the first request, and counts."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self.path = ""
        self.status = 0
        self.requests = 0
        self.bytes = 0

    async def get(self, path: str, digest: Digest | None = None) -> bytes:
        """Return an answer's body; _WrongError for another status or other bytes."""
        async with self._session.get(path, headers=ACCEPT) as response:
            data = await response.read()
            self.requests += 1
            self.bytes += len(data)
            if not self.path:
                self.path, self.status = path, response.status
        if digest is not None:
            if response.status != HTTPStatus.OK:
                raise _WrongError(f"{path} answered {response.status}")
            if not digest.matches(data):
                raise _WrongError(f"{path} sent other bytes than {digest}")
        return data


async def tour(session: ClientSession, lock: Lock, address: str) -> AsyncIterator[Answer]:
    """Ask everything a class asks of a mirror at `HOST:PORT` that holds a lock; yield answers."""
    images = {image.name.name: image for image in lock.images}
    for ask in ASKS:
        yield await _pulled(_Client(session), ask, images[ask.name])
    for file in lock.files:
        yield await _downloaded(_Client(session), file)
    yield await _taught(_Client(session), address)
    yield await _missed(_Client(session))
    yield await _counted(_Client(session))
    yield await _complete(_Client(session))


async def _pulled(client: _Client, ask: Ask, image: PinnedImage) -> Answer:
    """Pull as a runtime does: the tag, one platform's manifest, then every blob."""
    place = f"/v2/{ask.repository}"
    ns = f"?ns={ask.ns}" if ask.ns else ""
    try:
        data = await client.get(f"{place}/manifests/{image.name.tag}{ns}", image.digest)
        for blob in await _parts(client, place, ns, data):
            await client.get(f"{place}/blobs/{blob.digest}{ns}", blob.digest)
    except _WrongError as error:
        return _answer(ask.who, client, str(error), is_right=False)
    return _answer(ask.who, client, readable(client.bytes))


async def _parts(client: _Client, place: str, ns: str, data: bytes) -> tuple[Descriptor, ...]:
    """Return config and layers of the first platform."""
    document = parse_document(data)
    if isinstance(document, Index):
        child = document.manifests[0].digest
        document = parse_document(await client.get(f"{place}/manifests/{child}{ns}", child))
    if isinstance(document, Index):
        raise _WrongError(f"{place} has an index in an index")
    return (document.config, *document.layers)


async def _downloaded(client: _Client, file: PinnedFile) -> Answer:
    try:
        await client.get(f"/files/{file.path}", file.digest)
    except _WrongError as error:
        return _answer("curl", client, str(error), is_right=False)
    told = await client.get(f"/files/{file.path}.sha256")
    is_right = told.split()[:1] == [file.digest.hex.encode()]
    result = readable(client.bytes) if is_right else f"{file.path}.sha256 names another hash"
    return _answer("curl", client, result, is_right=is_right)


async def _taught(client: _Client, address: str) -> Answer:
    """See that a student's one line gets the program that knows this mirror's address."""
    said = (await client.get("/setup.sh")).decode(errors="replace")
    is_right = client.status == HTTPStatus.OK and f"MIRROR={address}\n" in said
    line = "in a real class each student types: curl TEACHER:5080 | sh"
    result = line if is_right else "no line to type"
    return _answer("student", client, result, is_right=is_right)


async def _missed(client: _Client) -> Answer:
    said = (await client.get(_TYPO)).decode(errors="replace")
    is_right = client.status == HTTPStatus.NOT_FOUND and f"the nearest is {_MEANT}" in said
    result = f"told: the nearest is {_MEANT}" if is_right else f"told: {said[:200]}"
    return _answer("a typo", client, result, is_right=is_right)


async def _counted(client: _Client) -> Answer:
    """See that the miss before was counted for the teacher."""
    found = _json(await client.get("/api/v1/misses"))
    names = found.get("names")
    first = names[0] if isinstance(names, list) and names else {}
    is_right = client.status == HTTPStatus.OK and first.get("nearest") == _HELD
    result = f"noted, with the nearest: {_HELD}" if is_right else "not noted"
    return _answer("teacher", client, result, is_right=is_right)


async def _complete(client: _Client) -> Answer:
    found = _json(await client.get("/health"))
    is_right = client.status == HTTPStatus.OK and found.get("complete") is True
    return _answer("teacher", client, "complete" if is_right else "incomplete", is_right=is_right)


def _json(data: bytes) -> dict[str, object]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _answer(who: str, client: _Client, result: str, *, is_right: bool = True) -> Answer:
    return Answer(who, client.path, client.status, result, is_right, client.bytes, client.requests)
