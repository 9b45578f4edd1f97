"""A machine's network as values: interfaces, default routes, and what kind of machine it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Address: TypeAlias = IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface that is up and has a link; its addresses with their networks."""

    name: str
    addresses: tuple[Address, ...] = ()
    kind: str = ""
    """What the system says it is: `bridge`, `veth`, `tun`, `wireguard`; nothing for a card."""
    is_point_to_point: bool = False
    is_wireless: bool = False
    speed: int | None = None
    """Bits per second, where the system knows."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was read of one machine at one moment."""

    interfaces: tuple[Interface, ...] = ()
    gateways: Mapping[str, str] = field(default_factory=dict)
    """The gateway of each interface with a default route, the preferred first."""
    kernel: str = ""
    vendor: str = ""
    """Who made the machine and what, as its firmware says: `innotek GmbH VirtualBox`."""
    is_container: bool = False

    @property
    def is_wsl(self) -> bool:
        """Say whether this is Linux below Windows (its kernel's release names Microsoft)."""
        return "microsoft" in self.kernel.lower()
