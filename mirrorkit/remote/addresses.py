"""How near an address is to this machine, and sockets that go no nearer than they may."""

from __future__ import annotations

import ipaddress
import socket
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Callable

_IPV4: Final = 4
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Clash and its kin give every name an address of this block, where they take the connection over.
_FAKE: Final = ipaddress.ip_network("198.18.0.0/15")
# Clouds keep their metadata among a carrier's shared addresses (RFC 6598) and in 192.0.0.0/24,
# of which ipaddress thinks differently from one Python to the next.
_SITE: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
            *("100.64.0.0/10", "192.0.0.0/24", "fc00::/7"),
        ),
    )
)
_GLOBAL_IPV6: Final = ipaddress.ip_network("2000::/3")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class Reach(IntEnum):
    """How near an address is: anywhere, on this site, on this link, or this machine itself.

    What is nobody's address (multicast, reserved, unspecified) counts as this machine.
    """

    GLOBAL = 0
    SITE = 1
    LINK = 2
    HOST = 3


class TooNearError(OSError):
    """An address is nearer to this machine than what led there."""


ReachOf: TypeAlias = "Callable[[str], Reach]"


def reach_of(address: str) -> Reach:
    """Say how near a numeric address is; one that carries another in it is that other."""
    found = _carried(ipaddress.ip_address(address))
    if found.is_link_local:
        return Reach.LINK
    if any(found in network for network in _SITE):
        return Reach.SITE
    is_unicast = not (found.is_multicast or found.is_reserved or found.is_unspecified)
    is_out = found.is_global and is_unicast and (found.version == _IPV4 or found in _GLOBAL_IPV6)
    return Reach.GLOBAL if is_out or found in _FAKE else Reach.HOST


def _carried(address: _Address) -> _Address:
    """Take the IPv4 address out of its IPv6 spellings (mapped, 6to4, NAT64: RFC 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def socket_factory(most: Reach, reach: ReachOf = reach_of) -> Callable[[Any], socket.socket]:
    """Make sockets for addresses no nearer than `most`; TooNearError for others.

    Asked for each connection with the very address it goes to, so neither a name that changes
    its address nor an odd spelling of a number comes past it.
    """

    def make(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, target = info
        if reach(target[0]) > most:
            # The same words for each address of a name: so it stays this error.
            raise TooNearError("nearer than what led there")
        return socket.socket(family, kind, protocol)

    return make


def is_loopback(host: str) -> bool:
    """Say whether a registry's HOST[:PORT] is this machine, where Docker too speaks plain http."""
    name = URL(f"//{host}").host or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
