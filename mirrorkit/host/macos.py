"""Reading a Mac: `ifconfig` and `netstat -rn`, which every Mac has."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Final

from mirrorkit.host.machine import Interface, Machine
from mirrorkit.host.program import said

if TYPE_CHECKING:
    from mirrorkit.host.machine import Address

_HEAD: Final = re.compile(r"(?P<name>[\w.-]+): flags=\w+<(?P<flags>[\w,]*)>")
_INET: Final = re.compile(r"inet (?P<ip>[\d.]+) (?:--> [\d.]+ )?netmask 0x(?P<mask>[0-9a-f]{8})")
_INET6: Final = re.compile(
    r"inet6 (?P<ip>[0-9a-f:]+)(?:%\w+)? .*?prefixlen (?P<prefix>\d+)(?P<rest>.*)"
)
_MEDIA: Final = re.compile(r"media: .*?\((?P<mega>\d+)(?P<giga>G?)base")
_GIGA: Final = 1000
_MEGA: Final = 1_000_000


def read_macos() -> Machine:
    """Read this Mac; what it does not tell is left out."""
    return Machine(
        interfaces=parse_ifconfig(said("ifconfig")),
        gateways=parse_routes(said("netstat", "-rn", "-f", "inet")),
        vendor="" if said("sysctl", "-n", "kern.hv_vmm_present") != "1" else "Apple Virtualization",
    )


def parse_ifconfig(text: str) -> tuple[Interface, ...]:
    """Read what `ifconfig` prints; interfaces that are down or without a link are left out."""
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    found = [_interface(head, block) for block in blocks if (head := _HEAD.match(block))]
    return tuple(one for one in found if one is not None)


def _interface(head: re.Match[str], block: str) -> Interface | None:
    flags = head["flags"].split(",")
    if "UP" not in flags or "RUNNING" not in flags or "status: inactive" in block:
        return None
    media = _MEDIA.search(block)
    interface = Interface(head["name"], _addresses(block), is_point_to_point="POINTOPOINT" in flags)
    # Wi-Fi's media has no speed in it: `media: autoselect`.
    is_wireless = media is None and "media: autoselect\n" in f"{block}\n"
    return replace(interface, is_wireless=is_wireless, speed=_speed(media))


def _addresses(block: str) -> tuple[Address, ...]:
    found: list[Address] = []
    for line in block.splitlines():
        with suppress(ValueError):
            if four := _INET.search(line):
                bits = int(four["mask"], 16).bit_count()
                found.append(ip_interface(f"{four['ip']}/{bits}"))
            elif (six := _INET6.search(line)) and not re.search(
                "temporary|deprecated|tentative", six["rest"]
            ):
                found.append(ip_interface(f"{six['ip']}/{six['prefix']}"))
    return tuple(found)


def _speed(media: re.Match[str] | None) -> int | None:
    if media is None:
        return None
    return int(media["mega"]) * (_GIGA if media["giga"] else 1) * _MEGA


def parse_routes(text: str) -> dict[str, str]:
    """Read what `netstat -rn` prints: the gateway of each default route, in its order."""
    gateways: dict[str, str] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 4 and words[0] == "default":  # noqa: PLR2004 - destination … interface
            gateways.setdefault(words[3], words[1])
    return gateways
