"""Whom connections trust, as `mirrorkit.yaml` has it: for all, and endpoint by endpoint."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mirrorkit.documents.yaml import Field

TRUST_KEYS: Final = frozenset({"ca", "cert", "key", "insecure"})
_SAID: Final = {"true": True, "false": False}


class Tls(NamedTuple):
    """How one endpoint is spoken to: more authorities, our own certificate, or no check at all."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    is_insecure: bool = False

    def explained(self) -> Iterator[tuple[str, str]]:
        """Yield what is set, by its key in the file."""
        for name, value in zip(("ca", "cert", "key"), self[:3], strict=True):
            if value is not None:
                yield name, value
        if self.is_insecure:
            yield "insecure", "true"


class Trust(NamedTuple):
    """Files are paths, as written; the mappings are by canonical registry host."""

    ca: str | None = None
    by_host: Mapping[str, Tls] = MappingProxyType({})
    realms: Mapping[str, str] = MappingProxyType({})
    """The token server, elsewhere, that may see a registry's login: its URL."""


def read_tls(entry: Field, fields: Mapping[str, Field], *, is_https: bool) -> Tls:
    """Read an endpoint's TLS keys; what is wrong is noted with its place."""
    paths = {
        name: fields[name].parsed(parse_path) for name in ("ca", "cert", "key") if name in fields
    }
    is_insecure = fields["insecure"].parsed(_truth) if "insecure" in fields else None
    tls = Tls(**paths, is_insecure=is_insecure or False)
    if tls.key is not None and tls.cert is None:
        entry.wrong("`key` belongs to a `cert`, which is missing")
    if tls.is_insecure and tls.ca is not None:
        entry.wrong("`insecure` checks nothing, so `ca` is of no use beside it")
    if paths and not is_https:
        entry.wrong(f"`{next(iter(paths))}` is for https; this `url` is plain http")
    return tls


def parse_path(text: str) -> str:
    """Take a file's or folder's path."""
    if not text.isprintable():
        raise ValueError(f"{text[:80]!r} is not a path")
    return text


def _truth(text: str) -> bool:
    if text not in _SAID:
        raise ValueError(f"{text[:20]!r} is neither true nor false")
    return _SAID[text]
