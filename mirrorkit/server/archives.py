"""`/archives/NAME.tar`: an image in one download, for `curl -f … | docker load` and its kin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from mirrorkit.errors import IncompleteError
from mirrorkit.flows.archive import Composer
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import Reference
from mirrorkit.oci.tarball import StoredBlob
from mirrorkit.server.absent import absent
from mirrorkit.server.misses import asker
from mirrorkit.server.plain import path_below, plainly, unknown
from mirrorkit.server.send import FilePart, send_parts

if TYPE_CHECKING:
    from mirrorkit.flows.archive import Archive
    from mirrorkit.oci.digest import Digest
    from mirrorkit.server.room import Room

_ROOT: Final = "/archives/"
_SUFFIX: Final = ".tar"
_ALL: Final = "all"
_FORM: Final = "ask for /archives/NAME:TAG.tar, such as /archives/nginx:alpine.tar"


def add_archives(app: web.Application, room: Room) -> None:
    """Serve the images of a room as archives."""
    app.router.add_get(f"{_ROOT}{{name:[\\s\\S]*}}", plainly(Archives(room).answer))


class Archives:
    """Answers with archives, under every name that /v2/ knows."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET or HEAD; what Composer.compose raises, too."""
        platform = request.query.get("platform")
        path, asked = _asked(path_below(request, _ROOT))
        name, root = self._find(path, asked, asker(request))
        composer = Composer(self._room.shelf, self._room.manifests)
        is_whole = platform == _ALL
        chosen = _platform(platform) if platform and not is_whole else None
        archive = composer.compose(name, root, chosen, is_whole=is_whole)
        return await self._send(request, archive)

    async def _send(self, request: web.Request, archive: Archive) -> web.StreamResponse:
        parts = [
            FilePart(self._room.shelf.path(part.digest), part.size)
            if isinstance(part, StoredBlob)
            else part
            for part in archive.parts
        ]
        headers = {
            "Cache-Control": "no-cache",
            "Content-Type": "application/x-tar",
            "Content-Disposition": f'attachment; filename="{_file_name(archive.name)}"',
            "Mirrorkit-Image-Ids": " ".join(sorted(archive.ids)),  # so that none is loaded twice
        }
        return await send_parts(request, parts, etag=archive.etag, headers=headers)

    def _find(self, path: str, asked: Reference, client: str | None) -> tuple[Reference, Digest]:
        """Return an image's full name and digest."""
        names, tag, digest = self._room.names, asked.tag, asked.digest
        name = names.canonical(path, None, tag)
        if tag is None and digest is not None:
            return self._find_pinned(name, digest, client), digest
        full, found = Reference(*_split(name), tag), names.tags(name).get(tag or "")
        if found is None:
            raise self._absent(full, client)
        if digest not in (None, found.digest):
            raise unknown(f"{full} is {found.digest} here", "leave the digest out")
        return full, found.digest

    def _find_pinned(self, name: str, digest: Digest, client: str | None) -> Reference:
        """Name what is asked by digest alone: by the tag that stands for it, where one does."""
        tags = self._room.names.tags(name)
        known = sorted(tag for tag, root in tags.items() if root.digest == digest)
        if known:
            return Reference(*_split(name), known[0])
        full = Reference(*_split(name), None, digest)
        if not tags or self._room.manifests.get(digest) is None:
            raise self._absent(full, client)
        return full

    def _absent(self, name: Reference, client: str | None) -> Exception:
        """Count a name that is not held, and say what is to be done."""
        room = self._room
        found = absent(room.names, name.name, name.tag, name.digest, fetches=room.fetches)
        self._room.misses.record(found.name, client, nearest=found.nearest, command=found.command)
        if found.is_locked:
            return IncompleteError(found.sentence, hint=found.hint)
        return unknown(found.sentence, found.hint)


def _asked(path: str | None) -> tuple[str, Reference]:
    """Read NAME.tar; return the name as it was typed, without tag and digest, and its parts."""
    text = path or ""
    try:
        asked = Reference.parse(text.removesuffix(_SUFFIX))
    except ValueError:
        raise unknown("this is no path of an archive", _FORM) from None
    if not text.endswith(_SUFFIX):
        raise unknown(f"an archive's path ends with {_SUFFIX}", _FORM)
    bare = text.removesuffix(_SUFFIX).partition("@")[0]
    return bare.removesuffix(f":{asked.tag}"), asked


def _platform(text: str) -> Platform:
    try:
        return Platform.parse(text)
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"{error}\nhint: such as linux/arm64, or all\n") from error


def _split(name: str) -> tuple[str, str]:
    registry, _, repository = name.partition("/")
    return registry, repository


def _file_name(name: Reference) -> str:
    """Name a download as minikube names it in its cache: `kicbase_v0.0.30.tar`."""
    last = name.repository.rpartition("/")[2]
    return f"{last}_{name.tag or (name.digest or '')[7:19]}{_SUFFIX}"
