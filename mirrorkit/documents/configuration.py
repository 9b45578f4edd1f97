"""The operator's settings file (`mirrorkit.yaml`), as it is written."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from mirrorkit.documents.rate import parse_rate
from mirrorkit.documents.sources import Sources
from mirrorkit.documents.sourcesreader import read_sources, registry_host
from mirrorkit.documents.trust import TRUST_KEYS, Tls, Trust, parse_path, read_tls
from mirrorkit.documents.values import web_url
from mirrorkit.documents.yaml import Document
from mirrorkit.oci.reference import is_host

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mirrorkit.documents.yaml import Field

T = TypeVar("T")

_ENDPOINT_KEYS: Final = frozenset({"url", "realm"}) | TRUST_KEYS
PORT: Final = 5080
PORT_MOST: Final = 65535
JOBS_MOST: Final = 64
STREAMS_MOST: Final = 100_000
ACCESS_LOGS: Final = ("off", "plain", "json")
STUDENTS: Final = 40
STUDENTS_MOST: Final = 9999


class Known(NamedTuple):
    """A setting that people can make, for its page in the docs.

    One with a flag has a variable too: MIRRORKIT_ and its name.
    """

    name: str
    meaning: str
    builtin: str = ""
    has_flag: bool = True
    is_in_file: bool = True


KNOWN: Final = (
    Known("store", "The folder that holds the bytes.", "a folder among your own data"),
    Known("listen", "HOST:PORT to serve on; without a host on every interface.", f":{PORT}"),
    Known("advertise", "HOST[:PORT] under which students reach this machine.", "found out"),
    Known("students", "How many pull at once, for the estimate of the room.", f"{STUDENTS}"),
    Known("jobs", f"Transfers at once, from 1 to {JOBS_MOST}.", "8"),
    Known("limit_rate", "Bytes a second over all connections, such as 2M; 0 is no limit.", "0"),
    Known("ca", "A file of certificate authorities to trust beside the system's.", has_flag=False),
    Known("streams", "An address's share of downloads when there are many.", "256"),
    Known("access_log", "off, plain or json: a line on stdout for each request.", "off"),
    Known("lock", "The lock to sync, serve or check.", "images.lock.yaml", is_in_file=False),
    Known("source", "The only sources to ask, between commas.", is_in_file=False),
    Known(
        "endpoints",
        "Another address for a registry and whom to trust there, under its host: {url: URL,"
        " ca: FILE, cert: FILE, key: FILE, insecure: true, realm: URL}.",
        has_flag=False,
    ),
    Known(
        "sources",
        "Mirrors of your own, each {repository: NAME, registries: [HOST]}.",
        has_flag=False,
    ),
    Known(
        "source_order", 'For a registry, or "*", the sources in the order asked.', has_flag=False
    ),
)
_KEYS: Final = frozenset(one.name for one in KNOWN if one.is_in_file)


class Listen(NamedTuple):
    """Where the server listens; no host means every interface, IPv4 and IPv6."""

    host: str | None
    port: int

    @classmethod
    def parse(cls, text: str) -> Listen:
        """Read `HOST:PORT`, `PORT` or `HOST`; IPv6 stands in brackets. ValueError otherwise."""
        host, colon, port = text.rpartition(":")
        if (not colon and not port.isdigit()) or port.endswith("]"):
            host, port = text, str(PORT)
        is_port = port.isascii() and port.isdigit() and len(port) <= len(str(PORT_MOST))
        if not text or not is_port or int(port) > PORT_MOST:
            raise ValueError(f"{text[:80]!r} is not HOST:PORT")
        if host.startswith("["):
            host = _ipv6(host)
        elif host and not _is_name_or_ipv4(host):
            raise ValueError(f"{host[:80]!r} is not a host name or address")
        return cls(host or None, int(port))

    def __str__(self) -> str:
        host = self.host or ""
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


class Advertise(NamedTuple):
    """The address that others are told, whatever this machine finds; no port means the served."""

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Advertise:
        """Read `HOST` or `HOST:PORT`; IPv6 stands in brackets. ValueError otherwise."""
        found = Listen.parse(text)
        if found.host is None or found.port == 0:
            raise ValueError(f"{text[:80]!r} is not HOST or HOST:PORT")
        has_port = text.rpartition(":")[2].isdigit() and ":" in text
        return cls(found.host, found.port if has_port else None)

    def at(self, port: int) -> str:
        """Return HOST:PORT, given the port that is served."""
        return str(Listen(self.host, self.port or port))

    def __str__(self) -> str:
        return self.at(self.port) if self.port else str(Listen(self.host, 0)).removesuffix(":0")


@dataclass(frozen=True)
class Configuration:
    """What the file says; None for what it leaves open."""

    store: str | None = None
    listen: Listen | None = None
    advertise: Advertise | None = None
    students: int | None = None
    jobs: int | None = None
    streams: int | None = None
    access_log: str | None = None
    limit_rate: int | None = None
    """Bytes a second over all connections; 0 is no limit."""
    endpoints: dict[str, str] = field(default_factory=dict)
    """The URL at which a registry host is asked, by canonical host."""
    sources: Sources = field(default_factory=Sources)
    """The operator's own sources, and the order of all."""
    trust: Trust = field(default_factory=Trust)


def parse_configuration(data: bytes, name: str = "mirrorkit.yaml") -> Configuration:
    """Read the file; DocumentError lists every mistake with `name:line:column`."""
    if not data.strip():
        return Configuration()
    document, root = Document.open(name, data)
    fields = root.mapping(known=_KEYS)
    endpoints, by_host, realms = _endpoints(fields.get("endpoints"))
    found = Configuration(
        store=_parsed(fields, "store", parse_path),
        listen=_parsed(fields, "listen", Listen.parse),
        advertise=_parsed(fields, "advertise", Advertise.parse),
        students=_parsed(fields, "students", parse_students),
        jobs=_parsed(fields, "jobs", parse_jobs),
        streams=_parsed(fields, "streams", parse_streams),
        access_log=_parsed(fields, "access_log", parse_access_log),
        limit_rate=_parsed(fields, "limit_rate", parse_rate),
        endpoints=endpoints,
        sources=read_sources(fields.get("sources"), fields.get("source_order")),
        trust=Trust(fields["ca"].parsed(parse_path) if "ca" in fields else None, by_host, realms),
    )
    document.finish()
    return found


def parse_jobs(text: str) -> int:
    """Read how many transfers run at once."""
    return _number(text, JOBS_MOST)


def parse_students(text: str) -> int:
    """Read how many students the class has."""
    return _number(text, STUDENTS_MOST)


def parse_streams(text: str) -> int:
    """Read how many blobs are one address's share while others wait."""
    return _number(text, STREAMS_MOST)


def parse_access_log(text: str) -> str:
    """Read how requests are logged."""
    if text not in ACCESS_LOGS:
        raise ValueError(f"{text[:20]!r} is none of {', '.join(ACCESS_LOGS)}")
    return text


def _number(text: str, most: int) -> int:
    is_short = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not is_short or not 1 <= int(text) <= most:
        raise ValueError(f"{text[:20]!r} is not a number from 1 to {most}")
    return int(text)


def _parsed(fields: Mapping[str, Field], key: str, parse: Callable[[str], T]) -> T | None:
    return fields[key].parsed(parse) if key in fields else None


def _endpoints(
    field: Field | None,
) -> tuple[dict[str, str], dict[str, Tls], dict[str, str]]:
    """Read where registries are asked, how they are trusted, and their token servers."""
    realms: dict[str, str] = {}
    urls: dict[str, str] = {}
    by_host: dict[str, Tls] = {}
    seen: set[str] = set()
    for host, entry in field.keys_parsed(registry_host) if field else ():
        fields = entry.mapping(known=_ENDPOINT_KEYS)
        url = fields["url"].parsed(_endpoint_url) if "url" in fields else None
        if not fields and entry.is_mapping:
            entry.wrong("`url` is missing")
        tls = read_tls(entry, fields, is_https=url is None or url.startswith("https:"))
        realm = fields["realm"].parsed(_realm) if "realm" in fields else None
        if host in seen:
            entry.wrong_key(f"{host} stands twice")
        elif host is not None:
            seen.add(host)
            urls |= {host: url} if url else {}
            by_host |= {host: tls} if tls != Tls() else {}
            realms |= {host: realm} if realm else {}
    return urls, by_host, realms


def _is_name_or_ipv4(text: str) -> bool:
    """Say whether a text without a port is a host; one that ends in a number is an address.

    So browsers and curl read it (WHATWG URL, "ends in a number"): 10.0.0.300 is a slip, no name.
    """
    if ":" in text or not is_host(text):
        return False
    if not text.rpartition(".")[2].isdigit():
        return True
    with suppress(ValueError):
        return bool(ipaddress.IPv4Address(text))
    return False


def _ipv6(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]")))
    except ValueError as error:
        raise ValueError(f"{text[:80]!r} is not an IPv6 address") from error


def _realm(text: str) -> str:
    url = _endpoint_url(text)
    if not url.startswith("https:"):
        raise ValueError(f"{text[:200]!r}: a login is sent to a token server by https only")
    return url


def _endpoint_url(text: str) -> str:
    parts = urlsplit(web_url(text))
    if parts.username or parts.password:
        raise ValueError("a login has no place in a URL; use `docker login` for that host")
    if parts.query or parts.fragment:
        raise ValueError(f"{text[:200]!r} is not the address of a registry")
    return text.rstrip("/")
