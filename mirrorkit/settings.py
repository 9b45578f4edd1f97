"""Settings: built-in, then `mirrorkit.yaml`, then `MIRRORKIT_*`, then flags; each says whence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypedDict

import platformdirs

from mirrorkit.documents.configuration import (
    KNOWN,
    PORT,
    PORT_MOST,
    STUDENTS,
    Advertise,
    Configuration,
    Listen,
    parse_access_log,
    parse_configuration,
    parse_jobs,
    parse_streams,
    parse_students,
)
from mirrorkit.documents.rate import parse_rate
from mirrorkit.documents.sources import Sources
from mirrorkit.documents.trust import Trust, parse_path
from mirrorkit.errors import DocumentError, UsageError, unreadable
from mirrorkit.progress import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONFIGURATION_NAME: Final = "mirrorkit.yaml"
LOCK_NAME: Final = "images.lock.yaml"
WISH_NAME: Final = "images.yaml"
PORT_NAME: Final = "port"
"""In the store: the port taken when another program had the built-in one."""
_LOCK_SUFFIX: Final = ".lock.yaml"
_SETTINGS_HINT: Final = "`mirrorkit settings` shows every setting and where it comes from"
_BUILTIN: Final = {one.name: one.builtin for one in KNOWN}


def wish_of(lock: Path) -> Path:
    """Return what a lock is worked out from: `week2.yaml` beside `week2.lock.yaml`."""
    return lock.with_name(f"{lock.name.removesuffix(_LOCK_SUFFIX)}.yaml")


def lock_of(wish: Path) -> Path:
    """Return the lock that belongs to a wish: `week2.lock.yaml` beside `week2.yaml`."""
    return wish.with_suffix(_LOCK_SUFFIX)


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
    students: int = STUDENTS
    advertise: Advertise | None = None
    streams: int = 256
    access_log: str = "off"
    endpoints: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)
    trust: Trust = field(default_factory=Trust)
    limit_rate: int = 0
    """Bytes a second over all connections; 0 is no limit."""

    @property
    def is_port_open(self) -> bool:
        """Say whether nobody asked for this port, so that another one will do."""
        return self.origins.get("listen") in ("built-in", str(self.store / PORT_NAME))

    def explained(self) -> Iterator[Setting]:
        """Yield every setting with its origin."""
        yield Setting("store", str(self.store), self.origins["store"])
        yield Setting("listen", str(self.listen), self.origins["listen"])
        yield Setting("jobs", str(self.jobs), self.origins["jobs"])
        yield Setting("streams", str(self.streams), self.origins["streams"])
        yield Setting("access_log", self.access_log, self.origins["access_log"])
        yield Setting("lock", ", ".join(map(str, self.locks)), self.origins["lock"])
        yield Setting("students", str(self.students), self.origins["students"])
        if self.advertise is not None:
            yield Setting("advertise", str(self.advertise), self.origins["advertise"])
        if self.limit_rate:
            rate = f"{readable(self.limit_rate)}/s"
            yield Setting("limit_rate", rate, self.origins["limit_rate"])
        for host, url in sorted(self.endpoints.items()):
            yield Setting(f"endpoints.{host}", url, self.origins["endpoints"])
        yield from self._explained_trust()
        yield from self._explained_sources()

    def _explained_trust(self) -> Iterator[Setting]:
        if self.trust.ca is not None:
            yield Setting("ca", self.trust.ca, self.origins["endpoints"])
        for host, tls in sorted(self.trust.by_host.items()):
            for name, value in tls.explained():
                yield Setting(f"endpoints.{host}.{name}", value, self.origins["endpoints"])
        for host, url in sorted(self.trust.realms.items()):
            yield Setting(f"endpoints.{host}.realm", url, self.origins["endpoints"])

    def _explained_sources(self) -> Iterator[Setting]:
        for name, profile in self.sources.own.items():
            there = f"{profile.host}/{profile.repository}"
            yield Setting(f"sources.{name}", there, self.origins["sources"])
        for registry, names in sorted(self.sources.order.items()):
            yield Setting(f"source_order.{registry}", ", ".join(names), self.origins["sources"])
        if self.sources.chosen:
            yield Setting("source", ", ".join(self.sources.chosen), self.origins["source"])


class Flags(TypedDict, total=False):
    """What the command line says; None or nothing where it is silent."""

    store: Path | None
    listen: str | None
    jobs: int | None
    locks: Sequence[Path] | None
    config: Path | None
    sources: Sequence[str] | None
    advertise: str | None
    students: int | None
    streams: int | None
    access_log: str | None
    limit_rate: str | None


def load_settings(flags: Flags, environment: Mapping[str, str]) -> Settings:
    """Put the four layers together.

    DocumentError for a broken settings file, UsageError for a broken variable or flag.
    """
    file, name = _read_configuration(flags.get("config"))
    origins = {"endpoints": name, "sources": name}
    said = {**flags, "source": ",".join(flags.get("sources") or ()) or None}

    def choose(key: str, builtin: object = None, under: str = "built-in") -> str:
        variable = f"MIRRORKIT_{key.upper()}"
        layers = (
            (f"--{key.replace('_', '-')}", said.get(key)),
            (variable, environment.get(variable) or None),
            (name, getattr(file, key, None)),
            (under, _BUILTIN[key] if builtin is None else builtin),
        )
        origin, value = next(layer for layer in layers if layer[1] is not None)
        origins[key] = origin
        return str(value)

    try:
        store = _folder(choose("store", _default_store()))
        port, under = _port_of(store)
        advertise = choose("advertise", "")
        return Settings(
            store=store,
            advertise=Advertise.parse(advertise) if advertise else None,
            students=parse_students(choose("students")),
            listen=Listen.parse(choose("listen", f":{port}", under)),
            jobs=parse_jobs(choose("jobs")),
            streams=parse_streams(choose("streams")),
            access_log=parse_access_log(choose("access_log")),
            limit_rate=parse_rate(choose("limit_rate")),
            sources=_chosen(choose("source"), file.sources),
            locks=tuple(flags.get("locks") or ()) or (Path(choose("lock")),),
            endpoints=file.endpoints,
            trust=file.trust,
            origins={"lock": "--lock", **origins},
        )
    except ValueError as error:
        origin = [*origins.values()][-1]
        # Of a flag its command's --help says all.
        raise UsageError(
            f"{origin}: {error}", hint=None if origin.startswith("--") else _SETTINGS_HINT
        ) from error


def _folder(text: str) -> Path:
    try:
        return Path(parse_path(text)).expanduser()
    except RuntimeError as error:  # ~nobody
        raise ValueError(f"{text[:80]!r} is not a folder's path") from error


def _chosen(text: str, sources: Sources) -> Sources:
    """Take the names of sources, between commas; none leaves the order as it is."""
    names = tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
    unknown = [name for name in names if name not in sources.names]
    if unknown:
        known = ", ".join(sources.names)
        raise ValueError(f"{unknown[0][:60]!r} is no source; known are {known}")
    return replace(sources, chosen=names)


def _port_of(store: Path) -> tuple[int, str]:
    """Return the port to take when nobody asks for one, and where that stands."""
    path = store / PORT_NAME
    try:
        with path.open("rb") as file:
            text = file.read(len(str(PORT_MOST)) + 2).strip()
    except (OSError, ValueError):
        return PORT, "built-in"
    is_port = text.isdigit() and PORT < int(text) <= PORT_MOST
    return (int(text), str(path)) if is_port else (PORT, "built-in")


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
        raise unreadable(chosen, error) from error
