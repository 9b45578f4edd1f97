"""Settings: built-in, then `mirrorkit.yaml`, then `MIRRORKIT_*`, then flags; each says whence."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import platformdirs

from mirrorkit.documents.configuration import Configuration, parse_configuration, parse_jobs
from mirrorkit.errors import DocumentError, UsageError
from mirrorkit.oci.reference import is_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIGURATION_NAME: Final = "mirrorkit.yaml"
LOCK_NAME: Final = "images.lock.yaml"
PORT: Final = 5080

_PORT_MOST: Final = 65535


class Listen(NamedTuple):
    """Where the server listens; no host means every interface, IPv4 and IPv6."""

    host: str | None
    port: int

    @classmethod
    def parse(cls, text: str) -> Listen:
        """Read `HOST:PORT`, `:PORT` or `HOST`; IPv6 stands in brackets. ValueError otherwise."""
        host, colon, port = text.rpartition(":")
        if not colon or port.endswith("]"):
            host, port = text, str(PORT)
        if not (port.isascii() and port.isdigit()) or int(port[:6]) > _PORT_MOST:
            raise ValueError(f"{text[:80]!r} is not HOST:PORT")
        if host and not is_host(host):
            raise ValueError(f"{host[:80]!r} is not a host name or address")
        return cls(host.strip("[]") or None, int(port))

    def __str__(self) -> str:
        host = self.host or ""
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Say whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host or "::").is_loopback
        except ValueError:
            return self.host == "localhost"


class Setting(NamedTuple):
    """One setting as people see it: its name, its value and where that came from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class Settings:
    """Where and how mirrorkit works on this machine."""

    store: Path
    listen: Listen
    jobs: int
    locks: tuple[Path, ...]
    endpoints: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)

    def explained(self) -> Iterator[Setting]:
        """Yield every setting with its origin."""
        yield Setting("store", str(self.store), self.origins["store"])
        yield Setting("listen", str(self.listen), self.origins["listen"])
        yield Setting("jobs", str(self.jobs), self.origins["jobs"])
        yield Setting("lock", ", ".join(map(str, self.locks)), self.origins["lock"])
        for host, url in sorted(self.endpoints.items()):
            yield Setting(f"endpoints.{host}", url, self.origins["endpoints"])


@dataclass(frozen=True)
class Flags:
    """What the command line says; None or nothing where it is silent."""

    store: Path | None = None
    listen: str | None = None
    jobs: int | None = None
    locks: tuple[Path, ...] = ()
    configuration: Path | None = None


def load_settings(flags: Flags, environment: Mapping[str, str]) -> Settings:
    """Put the four layers together.

    DocumentError for a broken settings file, UsageError for a broken variable or flag.
    """
    file, name = _read_configuration(flags.configuration)
    origins = {"endpoints": name}

    def choose(key: str, flag: object, in_file: object, builtin: object) -> str:
        variable = f"MIRRORKIT_{key.upper()}"
        layers = (
            (f"--{key}", flag),
            (variable, environment.get(variable) or None),
            (name, in_file),
            ("built-in", builtin),
        )
        origin, value = next(layer for layer in layers if layer[1] is not None)
        origins[key] = origin
        return str(value)

    try:
        return Settings(
            store=Path(choose("store", flags.store, file.store, _default_store())).expanduser(),
            listen=Listen.parse(choose("listen", flags.listen, file.listen, f":{PORT}")),
            jobs=parse_jobs(choose("jobs", flags.jobs, file.jobs, 8)),
            locks=flags.locks or (Path(choose("lock", None, None, LOCK_NAME)),),
            endpoints=file.endpoints,
            origins={"lock": "--lock", **origins},
        )
    except ValueError as error:
        raise UsageError(f"{[*origins.values()][-1]}: {error}") from error


def _default_store() -> Path:
    return platformdirs.user_data_path("mirrorkit") / "store"


def _read_configuration(path: Path | None) -> tuple[Configuration, str]:
    """Read the file named, or the one in this folder if there is one."""
    chosen = path or Path(CONFIGURATION_NAME)
    try:
        return parse_configuration(chosen.read_bytes(), str(chosen)), str(chosen)
    except FileNotFoundError as error:
        if path is None:
            return Configuration(), "built-in"
        raise DocumentError(f"{path} is not there") from error
    except OSError as error:
        raise DocumentError(f"{chosen} cannot be read: {error.strerror}") from error
