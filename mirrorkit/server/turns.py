"""How often one address may report: a burst for a room behind NAT, then so many a second."""

from __future__ import annotations

import time
from collections import OrderedDict
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BURST: Final = 240
"""Sixty machines behind one address, four reports each, in the same second."""
_PER_SECOND: Final = 4.0
_ADDRESSES_MOST: Final = 1024
_IPV6_NETWORK: Final = 64  # whoever has one address of such a network has all


class Turns:
    """Counts what each address has left, in bounded memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> bool:
        """Say whether an address may report now; that counts as one report."""
        now, key = self._clock(), _key(address)
        left, before = self._left.pop(key, (float(BURST), now))
        left = min(left + (now - before) * _PER_SECOND, float(BURST))
        may = left >= 1
        self._left[key] = (left - 1 if may else left, now)
        if len(self._left) > _ADDRESSES_MOST:
            self._left.popitem(last=False)
        return may


def _key(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((int(found), _IPV6_NETWORK), strict=False))
    return address
