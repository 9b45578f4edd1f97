"""A push client of our own: plain HTTP, nothing sent twice, the tag last."""

from __future__ import annotations

import base64
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.lab.process import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.images import Made

# Marks the lab's own requests, so that logs can leave them out.
AGENT = "mirrorkit-lab"
BLOB = "application/octet-stream"
TRANSIENT = 300


class Pusher:
    """One conversation with one registry."""

    def __init__(self, address: str, credentials: tuple[str, str] | None = None) -> None:
        """Remember where to push, and as whom."""
        self._connection = HTTPConnection(address, timeout=60)
        self._headers = {"User-Agent": AGENT, **authorization(credentials)}

    def push(self, repository: str, tag: str, made: Made) -> None:
        """Push blobs, then manifests children first, then the tag."""
        for digest, data in made.all_blobs().items():
            self._blob(repository, digest, data)
        for manifest in made.manifests():
            self._manifest(repository, manifest.digest, manifest)
        self._manifest(repository, tag, made)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _blob(self, repository: str, digest: str, data: bytes) -> None:
        status, _ = self._ask("HEAD", f"/v2/{repository}/blobs/{digest}")
        if status < TRANSIENT:
            return
        where = self._expect(202, "POST", f"/v2/{repository}/blobs/uploads/", b"")
        parts = urlsplit(where)
        query = f"{parts.query}&digest={digest}" if parts.query else f"digest={digest}"
        self._expect(201, "PUT", f"{parts.path}?{query}", data, BLOB)

    def _manifest(self, repository: str, reference: str, made: Made) -> None:
        path = f"/v2/{repository}/manifests/{reference}"
        self._expect(201, "PUT", path, made.data, made.media_type)

    def _expect(
        self, status: int, method: str, path: str, body: bytes, content_type: str = BLOB
    ) -> str:
        found, answer = self._ask(method, path, body, {"Content-Type": content_type})
        if found != status:
            raise LabError(f"{method} {path}: {found}, not {status}: {answer.headers}")
        return answer.getheader("Location", "")

    def _ask(
        self, method: str, path: str, body: bytes | None = None, extra: Mapping[str, str] = {}
    ) -> tuple[int, HTTPResponse]:
        self._connection.request(method, path, body, self._headers | dict(extra))
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, answer


def authorization(credentials: tuple[str, str] | None) -> dict[str, str]:
    """Return the header of Basic auth, or none."""
    if credentials is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(credentials).encode()).decode()}


def status_of(address: str, path: str, credentials: tuple[str, str] | None = None) -> int:
    """Ask once and return the status alone."""
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", path, headers={"User-Agent": AGENT, **authorization(credentials)})
        return connection.getresponse().status
    finally:
        connection.close()
