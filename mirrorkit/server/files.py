"""The locks' plain files: `/files/PATH`, and `/k8s-release/…` for `minikube --binary-mirror`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirrorkit.documents.values import file_path
from mirrorkit.errors import IncompleteError
from mirrorkit.oci.digest import Digest
from mirrorkit.server.absent import COMING, TEACHER_SYNCS
from mirrorkit.server.misses import asker
from mirrorkit.server.plain import path_below, plainly, unknown
from mirrorkit.server.ranges import conditions, select
from mirrorkit.server.send import send_file

if TYPE_CHECKING:
    from mirrorkit.documents.pins import PinnedFile
    from mirrorkit.server.room import Room

_CHECKSUM: Final = ".sha256"
_ROOT: Final = "files/"
# What a path stands for may change with the lock; the ETag makes asking again cheap.
_CHECK_AGAIN: Final = {"Cache-Control": "no-cache"}
_FORM: Final = "ask for /files/PATH with a path of the lock; `mirrorkit status --all` names them"
_HOW_TO_ADD: Final = (
    "the teacher adds its version, or the file itself under `files`, to images.yaml,"
    " then runs: `mirrorkit lock` and `mirrorkit sync`"
)


def add_files(app: web.Application, room: Room) -> None:
    """Serve the files of a room; `--binary-mirror` takes the root `/k8s-release`.

    The layout below that is the one of dl.k8s.io, and so stands in the lock's paths themselves.
    """
    files = Files(room)
    for root in ("files", "k8s-release"):
        app.router.add_get(f"/{root}/{{path:[\\s\\S]*}}", plainly(files.answer))


class Files:
    """Answers with files and their checksums, looked up in one table and nowhere else."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET or HEAD; IncompleteError for what the lock lists and is not held."""
        asked = path_below(request, "/") or ""
        path = asked.removeprefix(_ROOT)
        pinned = self._room.paths.pinned
        if path in pinned:
            return await self._send(request, pinned[path])
        of = path.removesuffix(_CHECKSUM)
        if of != path and of in pinned:
            return _checksum(request, pinned[of])
        raise self._absent(path, asker(request))

    async def _send(self, request: web.Request, file: PinnedFile) -> web.StreamResponse:
        held = self._room.shelf.size(file.digest)
        if not self._room.is_sound(file.digest) or file.size not in (None, held):
            raise self._not_here(file)
        headers = {**_CHECK_AGAIN, "Content-Type": "application/octet-stream"}
        path = self._room.shelf.path(file.digest)
        try:
            return await send_file(request, path, etag=str(file.digest), headers=headers)
        except FileNotFoundError:
            raise self._not_here(file) from None

    def _not_here(self, file: PinnedFile) -> IncompleteError:
        hint = COMING if self._room.fetches else f"{TEACHER_SYNCS}; then try again"
        return IncompleteError(f"{file.path} is in the lock but not here yet", hint=hint)

    def _absent(self, path: str, client: str | None) -> web.HTTPNotFound:
        """Say what is not here; only a path that could be one is repeated, and counted."""
        try:
            file_path(path)
        except ValueError:
            return unknown("this is no path of a file", _FORM)
        paths = self._room.paths
        near = paths.nearest(path)
        self._room.misses.record(path, client, nearest=near)
        if path in paths.unpinned:
            sentence = f"{path} is wanted, but its checksum is not known yet"
            return unknown(sentence, "the teacher runs: `mirrorkit lock` while there is a network")
        nearest = f"; the nearest is {near}" if near else ""
        return unknown(f"{path} is not a file of this class{nearest}", _HOW_TO_ADD)


def _checksum(request: web.Request, file: PinnedFile) -> web.Response:
    """Answer with the bare hash in hex and a newline, as dl.k8s.io publishes it.

    go-getter reads it so (minikube pkg/minikube/download/binary.go), and so do Kubernetes' own
    instructions: echo "$(cat kubectl.sha256)  kubectl" | sha256sum --check.
    """
    body = f"{file.digest.hex}\n".encode()
    etag = str(Digest.of(body))
    headers = {**_CHECK_AGAIN, "ETag": f'"{etag}"'}
    status = select("HEAD", conditions(request.headers), etag, len(body)).status
    if status != HTTPStatus.OK:
        return web.Response(status=status, headers=headers)
    return web.Response(body=body, content_type="text/plain", headers=headers)
