"""Reading a Linux machine: netlink for interfaces and addresses, small files for the rest.

rtnetlink(7) answers in every network namespace, also where /sys is another's and `ip` is absent.
"""

from __future__ import annotations

import os
import socket
import struct
from collections import defaultdict
from contextlib import suppress
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirrorkit.host.machine import Interface, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.host.machine import Address

_SECONDS: Final = 2.0
_MESSAGES_MOST: Final = 1 << 14
_READ: Final = 1 << 17
_SMALL: Final = 1 << 20
# linux/netlink.h, linux/rtnetlink.h
_HEADER: Final = struct.Struct("=IHHII")
_ATTRIBUTE: Final = struct.Struct("=HH")
_LINK: Final = struct.Struct("=BxHiII")
_ADDRESS: Final = struct.Struct("=BBBBI")
_NEST_BITS: Final = 0x3FFF
_DUMP: Final = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3
_GETLINK, _GETADDR = 18, 22
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_INFO_KIND = 3, 18, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_UP, _POINT_TO_POINT, _RUNNING = 0x1, 0x10, 0x40  # linux/if.h
_PASSING: Final = 0x61  # IFA_F_TEMPORARY, _DEPRECATED, _TENTATIVE: not to be told others
_GATEWAY_FLAGS: Final = 0x3  # RTF_UP | RTF_GATEWAY
_MEGA: Final = 1_000_000


def read_linux() -> Machine:
    """Read this machine; what it does not tell is left out."""
    interfaces: tuple[Interface, ...] = ()
    with suppress(OSError, struct.error):
        interfaces = tuple(_interfaces())
    return Machine(
        interfaces=interfaces,
        gateways=parse_routes(_text("/proc/net/route")),
        kernel=os.uname().release,
        vendor=" ".join(
            _text(f"/sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name")
        ),
        is_container=any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv"))),
    )


def parse_routes(table: str) -> dict[str, str]:
    """Read `/proc/net/route`: the gateway of each interface, the lowest metric first."""
    found: list[tuple[int, str, str]] = []
    for line in table.splitlines()[1:]:
        with suppress(ValueError, IndexError):
            name, target, gateway, flags, _, _, metric, mask = line.split()[:8]
            is_default = int(target, 16) == int(mask, 16) == 0
            if is_default and int(flags, 16) & _GATEWAY_FLAGS == _GATEWAY_FLAGS:
                # The kernel prints its network-order words as if they were the machine's.
                address = struct.pack("=I", int(gateway, 16))
                found.append((int(metric), name, str(ip_address(address))))
    gateways: dict[str, str] = {}
    for _, name, gateway in sorted(found, key=lambda one: one[0]):
        gateways.setdefault(name, gateway)
    return gateways


def _interfaces() -> Iterator[Interface]:
    addresses = _addresses()
    for body in _dump(_GETLINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        _, _, index, flags, _ = _LINK.unpack_from(body)
        known = dict(_attributes(body[_LINK.size :]))
        name = known.get(_IFLA_IFNAME, b"").rstrip(b"\0").decode(errors="replace")
        info = dict(_attributes(known.get(_IFLA_LINKINFO, b"")))
        if flags & _UP and flags & _RUNNING:
            yield Interface(
                name,
                tuple(addresses[index]),
                kind=info.get(_IFLA_INFO_KIND, b"").rstrip(b"\0").decode(errors="replace"),
                is_point_to_point=bool(flags & _POINT_TO_POINT),
                is_wireless=name.startswith("wl")
                or Path(f"/sys/class/net/{name}/phy80211").exists(),
                speed=_speed(name),
            )


def _addresses() -> defaultdict[int, list[Address]]:
    found: defaultdict[int, list[Address]] = defaultdict(list)
    for body in _dump(_GETADDR, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        family, prefix, flags, _, index = _ADDRESS.unpack_from(body)
        known = dict(_attributes(body[_ADDRESS.size :]))
        packed = known.get(_IFA_LOCAL) or known.get(_IFA_ADDRESS, b"")
        is_passing = family == socket.AF_INET6 and flags & _PASSING
        if family in (socket.AF_INET, socket.AF_INET6) and not is_passing:
            with suppress(ValueError):
                found[index].append(ip_interface(f"{ip_address(packed)}/{prefix}"))
    return found


def _dump(kind: int, body: bytes) -> Iterator[bytes]:
    """Ask the kernel for all of one kind and yield each answer's body."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.settimeout(_SECONDS)
        netlink.bind((0, 0))
        netlink.send(_HEADER.pack(_HEADER.size + len(body), kind, _DUMP, 1, 0) + body)
        for _ in range(_MESSAGES_MOST):
            data = netlink.recv(_READ)
            while len(data) >= _HEADER.size:
                length, answer, _, _, _ = _HEADER.unpack_from(data)
                if answer in (_DONE, _ERROR) or length < _HEADER.size:
                    return
                yield data[_HEADER.size : length]
                data = data[_aligned(length) :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _NEST_BITS, data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _speed(name: str) -> int | None:
    """Return a link's bits per second; the kernel says -1 where it does not know."""
    text = _text(f"/sys/class/net/{name}/speed")
    return int(text) * _MEGA if text.isdigit() and int(text) else None


def _text(path: str) -> str:
    """Return a small file's text, or nothing."""
    with suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return file.read(_SMALL).strip()
    return ""
