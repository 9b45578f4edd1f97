"""minikube's host side: how its libraries ask a mirror for images and programs."""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import json
from typing import Any
from urllib.parse import urlsplit

from tests.lab.classroom import split_name
from tests.lab.layers import digest_of
from tests.lab.process import LabError


def pull_as_ggcr(name: str) -> str:
    """Pull as `remote.Image` does: the base, the manifest by GET, then config and layers.

    Return the manifest's digest; LabError when anything is missing or wrong.
    """
    registry, repository, tag = split_name(name)
    base = f"{scheme(registry)}://{registry}/v2/"
    _answered("GET", base)
    body = _answered("GET", f"{base}{repository}/manifests/{tag}")
    manifest: dict[str, Any] = json.loads(body)
    for blob in (manifest["config"], *manifest["layers"]):
        data = _answered("GET", f"{base}{repository}/blobs/{blob['digest']}")
        if digest_of(data) != blob["digest"]:
            raise LabError(f"{name}: {blob['digest']} has other bytes")
    return digest_of(body)


def get_as_go_getter(url: str) -> None:
    """Download as minikube does: the checksum file first, each by HEAD before GET."""
    _answered("HEAD", f"{url}.sha256")
    checksum = _answered("GET", f"{url}.sha256").decode().split()[0]
    _answered("HEAD", url)
    if hashlib.sha256(_answered("GET", url)).hexdigest() != checksum:
        raise LabError(f"{url} has other bytes than its checksum says")


def scheme(registry: str) -> str:
    """Choose as go-containerregistry's `Registry.Scheme` does: http near by, else https."""
    name = registry.rpartition(":")[0]
    try:
        is_near = ipaddress.ip_address(name).is_private
    except ValueError:
        is_near = name == "localhost" or name.endswith((".localhost", ".local"))
    return "http" if is_near else "https"


def fetched(method: str, url: str) -> tuple[int, bytes]:
    """Ask once and return status and body; LabError for https, which the lab's mirrors lack."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        raise LabError(f"{url} would need TLS")
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _answered(method: str, url: str) -> bytes:
    status, body = fetched(method, url)
    if status != http.client.OK:
        raise LabError(f"{method} {url}: {status}")
    return body
