"""The pull side of a registry (distribution-spec 1.1), under every name a client may use."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote

from aiohttp import web
from multidict import CIMultiDict

from mirrorkit.errors import IntegrityError, SurroundingsError
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.errcode import ErrorCode, error_body
from mirrorkit.oci.manifest import encode
from mirrorkit.oci.mediatypes import OCI_INDEX
from mirrorkit.oci.reference import is_repository, is_tag
from mirrorkit.server.absent import absent
from mirrorkit.server.misses import asker
from mirrorkit.server.ranges import conditions, select
from mirrorkit.server.recent import Crowd, Pointed, Recent
from mirrorkit.server.send import send_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mirrorkit.server.absent import Absent
    from mirrorkit.server.room import Room

_ROUTE: Final = re.compile(
    r"/v2/(?P<path>.+)/(?P<kind>manifests|blobs|referrers|tags)/(?P<ref>[^/]+)"
)
_VERSION: Final = {"Docker-Distribution-API-Version": "registry/2.0"}
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_READING: Final = frozenset({"GET", "HEAD"})
_TAGS_MOST: Final = 10_000
_DIGITS_MOST: Final = 20


class RefusalError(Exception):
    """A request that is answered with an error of the specification."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class MissingError(RefusalError):
    """A name that is not held."""

    def __init__(self, code: ErrorCode, absent: Absent) -> None:
        super().__init__(code, f"{absent.sentence}; {absent.hint}")
        self.absent = absent


class Route(NamedTuple):
    """A request's path, parsed once."""

    path: str
    kind: str
    reference: str
    ns: str | None


def parse_route(raw_path: str, ns: str | None) -> Route:
    """Read a path below /v2/ by the specification's grammar; RefusalError for anything else.

    An escaped slash stays escaped and so is refused; only a reference may hold `%3A`.
    """
    match = _ROUTE.fullmatch(raw_path)
    if match is None:
        raise RefusalError(ErrorCode.NAME_UNKNOWN, "this is no path of the distribution API")
    if not is_repository(match["path"]):
        raise RefusalError(ErrorCode.NAME_INVALID, "this is not a repository's name")
    return Route(match["path"], match["kind"], unquote(match["ref"]), ns)


class Registry:
    """Answers /v2/."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._recent = Recent()
        self._crowd = Crowd()
        self._kinds: dict[str, Callable[[web.Request, Route], Awaitable[web.StreamResponse]]] = {
            "manifests": self._manifest,
            "blobs": self._blob,
            "tags": self._tags,
            "referrers": self._referrers,
        }

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; every error has the specification's body."""
        raw_path = request.raw_path.partition("?")[0]
        if request.method not in _READING:
            return _refused(RefusalError(ErrorCode.UNSUPPORTED, "this mirror is read-only"))
        if raw_path in ("/v2/", "/v2"):
            return web.json_response({}, headers=_VERSION)
        try:
            again = self._again(request)
            return await self._anew(request, raw_path) if again is None else again
        except MissingError as miss:
            found = miss.absent
            self._room.misses.record(
                found.name, asker(request), nearest=found.nearest, command=found.command
            )
            return _refused(miss)
        except RefusalError as refusal:
            return _refused(refusal)
        except SurroundingsError as error:
            return _refused(RefusalError(ErrorCode.UNAVAILABLE, error.message))

    def _again(self, request: web.Request) -> web.StreamResponse | None:
        """Answer what was answered a moment ago, if that is still so."""
        host = request.headers.get("Host")
        names = self._crowd.once("names", lambda: self._room.names)
        recent = self._recent.get(names, request.raw_path, host)
        return self._held(request, recent) if recent else None

    async def _anew(self, request: web.Request, raw_path: str) -> web.StreamResponse:
        route = parse_route(raw_path, _registry_asked(request))
        return await self._kinds[route.kind](request, route)

    async def _manifest(self, request: web.Request, route: Route) -> web.StreamResponse:
        """Find a manifest by digest, whatever the name, or by name and tag."""
        is_pinned = ":" in route.reference
        digest = _digest(route.reference) if is_pinned else self._tagged(route)
        if digest in self._room.names.substituted:
            raise RefusalError(
                ErrorCode.MANIFEST_UNKNOWN,
                f"{digest} is held as the same image in other bytes: pull it by its tag",
            )
        headers = CIMultiDict(_VERSION)
        headers.update(_FOREVER if is_pinned else {})
        headers["Docker-Content-Digest"] = str(digest)
        headers["ETag"] = f'"{digest}"'
        pointed = Pointed(digest, headers)
        answer = self._held(request, pointed)
        if answer is None:
            name = self._room.names.canonical(route.path, route.ns)
            raise self._missing(name, None, digest)
        self._recent.keep(request.raw_path, request.headers.get("Host"), pointed)
        return answer

    def _held(self, request: web.Request, pointed: Pointed) -> web.StreamResponse | None:
        """Answer with a manifest's bytes; None where they are not there any more."""
        digest, headers = pointed
        try:
            held = self._crowd.once(digest, lambda: self._room.manifests.get(digest))
        except IntegrityError as error:
            raise RefusalError(ErrorCode.MANIFEST_UNKNOWN, error.message) from error
        if held is None:
            return None
        answer_headers = headers.copy()  # aiohttp adds its own
        asked = conditions(request.headers)
        if asked:
            status = select("HEAD", asked, digest, len(held.data)).status
            if status != HTTPStatus.OK:
                return web.Response(status=status, headers=answer_headers)
        answer_headers["Content-Type"] = held.document.media_type
        return web.Response(body=held.data, headers=answer_headers)

    def _tagged(self, route: Route) -> Digest:
        names, tag = self._room.names, route.reference
        if not is_tag(tag):
            raise RefusalError(ErrorCode.MANIFEST_UNKNOWN, "this is neither a tag nor a digest")
        name = names.canonical(route.path, route.ns, tag)
        found = names.tags(name).get(tag)
        if found is not None:
            return found.digest
        raise self._missing(name, tag)

    def _missing(self, name: str, tag: str | None, digest: Digest | None = None) -> MissingError:
        names = self._room.names
        found = absent(names, name, tag, digest, fetches=self._room.fetches)
        is_known = found.is_locked or digest is not None or names.tags(name)
        code = ErrorCode.MANIFEST_UNKNOWN if is_known else ErrorCode.NAME_UNKNOWN
        return MissingError(code, found)

    async def _blob(self, request: web.Request, route: Route) -> web.StreamResponse:
        digest = _digest(route.reference)
        if not self._room.is_sound(digest):
            raise RefusalError(ErrorCode.BLOB_UNKNOWN, f"{digest} is not held here whole")
        headers = {
            **_VERSION,
            **_FOREVER,
            "Docker-Content-Digest": str(digest),
            "Content-Type": "application/octet-stream",
        }
        path = self._room.shelf.path(digest)
        try:
            return await send_file(request, path, etag=str(digest), headers=headers)
        except FileNotFoundError:
            raise RefusalError(ErrorCode.BLOB_UNKNOWN, f"{digest} is not held here") from None

    async def _tags(self, request: web.Request, route: Route) -> web.StreamResponse:
        """List tags in lexical order, `n` at a time after `last`."""
        name = self._room.names.canonical(route.path, route.ns)
        tags = sorted(self._room.names.tags(name), key=_lexical)
        if route.reference != "list":
            raise RefusalError(ErrorCode.NAME_UNKNOWN, "this is no path of the distribution API")
        if not tags:
            raise self._missing(name, None)
        count = _count(request.query.get("n"))
        last = request.query.get("last", "")
        later = [tag for tag in tags if not last or _lexical(tag) > _lexical(last)]
        page = later[:count]
        headers = dict(_VERSION)
        if page and len(page) < len(later):
            target = f"/v2/{route.path}/tags/list?n={count}&last={quote(page[-1])}"
            ns = f"&ns={quote(route.ns)}" if route.ns else ""
            headers["Link"] = f'<{target}{ns}>; rel="next"'
        return web.json_response({"name": route.path, "tags": page}, headers=headers)

    async def _referrers(self, request: web.Request, route: Route) -> web.StreamResponse:
        """List what refers to a digest; an unknown one has none, which is no error."""
        found = self._room.referrers(_digest(route.reference))
        headers = dict(_VERSION)
        wanted = request.query.get("artifactType")
        if wanted:
            found = [descriptor for descriptor in found if descriptor.artifact_type == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        body = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found})
        return web.Response(body=body, content_type=OCI_INDEX, headers=headers)


def _registry_asked(request: web.Request) -> str | None:
    """Return the registry containerd asks on behalf of, unless it is this mirror itself."""
    ns = request.query.get("ns")
    return None if not ns or ns == request.host else ns


def _digest(text: str) -> Digest:
    try:
        return Digest(text)
    except ValueError as error:
        raise RefusalError(ErrorCode.DIGEST_INVALID, str(error)) from error


def _count(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
        return _TAGS_MOST
    return min(int(text), _TAGS_MOST) if len(text) <= _DIGITS_MOST else _TAGS_MOST


def _lexical(tag: str) -> tuple[str, str]:
    """Order tags as the specification asks: alphanumeric, without regard to case."""
    return (tag.lower(), tag)


def _refused(refusal: RefusalError) -> web.Response:
    headers = dict(_VERSION)
    if refusal.code is ErrorCode.UNSUPPORTED:
        headers["Allow"] = "GET, HEAD"
    return web.Response(
        status=refusal.code.status,
        body=error_body(refusal.code, str(refusal)),
        content_type="application/json",
        headers=headers,
    )
