"""The addresses to tell others, best first, and what to do where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from mirrorkit.host.advice import Advice, advice_for, only_here
from mirrorkit.host.kinds import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.documents.configuration import Advertise, Listen
    from mirrorkit.host.machine import Interface, Machine


@dataclass(frozen=True, slots=True)
class Found:
    """One address of this machine, and what it is good for."""

    address: str
    interface: str
    kind: Kind
    is_wireless: bool = False
    speed: int | None = None
    """Bits per second of its link, where the system knows."""

    def as_json(self) -> dict[str, object]:
        """Return the same as data."""
        return {"address": self.address, "interface": self.interface, "kind": self.kind.value}


@dataclass(frozen=True, slots=True)
class Reach:
    """Where others reach this server, and what to do where they cannot."""

    port: int
    addresses: tuple[Found, ...] = ()
    hidden: tuple[Found, ...] = ()
    """Addresses of this machine that others do not reach."""
    advice: Advice | None = None
    advertised: str | None = None
    """HOST:PORT that the teacher gave, which overrules what was found."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The server's URLs for others, the best first."""
        if self.advertised is not None:
            return (f"http://{self.advertised}",)
        return tuple(f"http://{_host(one.address)}:{self.port}" for one in self.addresses)

    @property
    def best(self) -> str | None:
        """HOST:PORT for others, where anybody reaches this machine."""
        return self.urls[0].removeprefix("http://") if self.urls else None

    @property
    def link(self) -> Found | None:
        """The address whose link carries the class, where one is known."""
        return self.addresses[0] if self.addresses and self.advertised is None else None

    def as_json(self) -> dict[str, object]:
        """Return the same as data."""
        return {
            "port": self.port,
            "urls": list(self.urls),
            "addresses": [one.as_json() for one in self.addresses],
            "hidden": [one.as_json() for one in self.hidden],
            "advice": self.advice.as_json() if self.advice else None,
        }


def reach_of(
    machine: Machine, listen: Listen, port: int, advertise: Advertise | None = None
) -> Reach:
    """Choose what to tell others: IPv4 before IPv6, the default route's before the others."""
    if advertise is not None:
        return Reach(port, advertised=advertise.at(port))
    name = _name_of(listen)
    if name is not None:
        return Reach(port, advertised=f"{name}:{port}")
    heard = [one for one in survey(machine) if _is_heard(one, listen)]
    reachable = [one for one in heard if one.kind is Kind.LAN]
    four = [one for one in reachable if ":" not in one.address]
    best = tuple(four or reachable[:1])
    hidden = tuple(one for one in heard if one.kind is not Kind.LAN)
    if best:
        return Reach(port, best, hidden)
    is_local = bool(hidden) and listen.host is not None and hidden[0].kind is Kind.LOOPBACK
    advice = only_here(str(listen.host)) if is_local else advice_for(hidden, machine, port)
    return Reach(port, best, hidden, advice)


def is_own(address: str, machine: Machine, reach: Reach) -> bool:
    """Say whether a mirror's HOST:PORT is of this machine, by an address or the told name."""
    host = address.rpartition(":")[0].strip("[]")
    own = {"localhost", "127.0.0.1", "::1", *(one.address for one in survey(machine))}
    return host in own or f"http://{address}" in reach.urls


def survey(machine: Machine) -> list[Found]:
    """Tell every address of a machine by its kind, the best first."""
    routed = list(machine.gateways)

    def order(interface: Interface) -> tuple[int, bool, str]:
        rank = routed.index(interface.name) if interface.name in routed else len(routed)
        return rank, interface.is_wireless, interface.name

    return [
        one
        for interface in sorted(machine.interfaces, key=order)
        for one in _of_interface(interface, machine)
    ]


def _of_interface(interface: Interface, machine: Machine) -> Iterator[Found]:
    for address in interface.addresses:
        yield Found(
            str(address.ip),
            interface.name,
            kind_of(address, interface, machine),
            interface.is_wireless,
            interface.speed,
        )


def _is_heard(one: Found, listen: Listen) -> bool:
    """Say whether a server that listens there hears who asks this address."""
    if listen.host is None:
        return True
    host, address = _ip(listen.host), ip_address(one.address)
    if host is None:
        return address.is_loopback
    if host.is_unspecified:
        return host.version == address.version
    return host == address


def _name_of(listen: Listen) -> str | None:
    """Return a name to listen on that is not this machine's for itself: it is told as it is."""
    host = listen.host
    return host if host and host != "localhost" and _ip(host) is None else None


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
