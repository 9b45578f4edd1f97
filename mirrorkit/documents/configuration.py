"""The operator's settings file (`mirrorkit.yaml`), as it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mirrorkit.documents.yaml import Document
from mirrorkit.oci.reference import canonical_host, is_host

if TYPE_CHECKING:
    from mirrorkit.documents.yaml import Field

_KEYS: Final = frozenset({"store", "listen", "jobs", "endpoints"})
_ENDPOINT_KEYS: Final = frozenset({"url"})
JOBS_MOST: Final = 64


@dataclass(frozen=True)
class Configuration:
    """What the file says; None for what it leaves open."""

    store: str | None = None
    listen: str | None = None
    jobs: int | None = None
    endpoints: dict[str, str] = field(default_factory=dict)
    """The URL at which a registry host is asked, by canonical host."""


def parse_configuration(data: bytes, name: str = "mirrorkit.yaml") -> Configuration:
    """Read the file; DocumentError lists every mistake with `name:line:column`."""
    if not data.strip():
        return Configuration()
    document, root = Document.open(name, data)
    fields = root.mapping(known=_KEYS)
    found = Configuration(
        store=fields["store"].text() if "store" in fields else None,
        listen=fields["listen"].text() if "listen" in fields else None,
        jobs=fields["jobs"].parsed(parse_jobs) if "jobs" in fields else None,
        endpoints=_endpoints(fields.get("endpoints")),
    )
    document.finish()
    return found


def parse_jobs(text: str) -> int:
    """Read how many transfers run at once."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= JOBS_MOST):
        raise ValueError(f"{text[:20]!r} is not a number from 1 to {JOBS_MOST}")
    return int(text)


def _endpoints(field: Field | None) -> dict[str, str]:
    if field is None:
        return {}
    endpoints: dict[str, str] = {}
    for host, entry in field.keys_parsed(_host):
        fields = entry.mapping(known=_ENDPOINT_KEYS)
        url = fields["url"].parsed(_url) if "url" in fields else None
        if "url" not in fields and entry.is_mapping:
            entry.wrong("`url` is missing")
        if host is not None and url is not None:
            endpoints[host] = url
    return endpoints


def _host(text: str) -> str:
    if not is_host(text):
        raise ValueError(f"{text[:80]!r} is not a registry's host")
    return canonical_host(text)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError(f"{text[:200]!r} is not an http or https URL")
    if parts.username or parts.password:
        raise ValueError("a login has no place in a URL; use `docker login` for that host")
    return text.rstrip("/")
