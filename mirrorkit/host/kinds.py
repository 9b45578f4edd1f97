"""Which of a machine's addresses others can reach: pure, from what was read."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Interface, IPv4Network, ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mirrorkit.host.machine import Address, Interface, Machine


class Kind(StrEnum):
    """What an address is good for; only LAN is reached by others."""

    LAN = "lan"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    NAT_VM = "nat-vm"
    HOST_ONLY = "host-only"
    WSL = "wsl"
    CONTAINER = "container"
    BRIDGE = "bridge"
    VPN = "vpn"


# Networks between a host and what runs on it, by the names their programs give them.
_BRIDGE_NAME: Final = re.compile(
    r"docker0|docker_gwbridge|br-[0-9a-f]{12}|cni\d*|cni-.+|cbr0|podman\d*|virbr\d+.*|lxcbr\d+"
    r"|lxdbr\d+|incusbr\d+|veth.*|vnet\d+|flannel.*|cali.*|cilium.*|kube-.*|nodelocaldns"
    r"|vboxnet\d+|vmnet\d+|vmenet\d+|bridge1\d\d|vEthernet.*|loopback0"
)
_VPN_NAME: Final = re.compile(
    r"(tun|tap|wg|utun|ppp|tailscale|zt|ipsec|gpd|ham|nordlynx|proton|wt|l2tp|pptp|meta|clash|sing).*",
    re.IGNORECASE,
)
_VPN_LINKS: Final = frozenset({"tun", "wireguard", "ppp", "gre", "ipip", "sit", "xfrm", "vti"})
_CONTAINER_LINKS: Final = frozenset({"veth", "tun"})  # Docker's; podman's without root
# The networks setup.sh's relay may have (classroom/setup/relay.sh), and those minikube's docker
# driver gives its profiles (nine apart: pkg/drivers/kic/oci, "firstSubnetAddr").
_OURS: Final = tuple(
    IPv4Network(f"{first}.0/24")
    for first in (
        *(f"192.168.{third}" for third in (*range(230, 237), *range(239, 247))),
        *(f"10.230.{third}" for third in range(230, 234)),
    )
)
_MINIKUBE: Final = tuple(IPv4Network(f"192.168.{third}.0/24") for third in range(49, 140, 9))
_FAKE: Final = IPv4Network("198.18.0.0/15")  # Clash and its like give these out
_SHARED: Final = IPv4Network("100.64.0.0/10")  # Tailscale's; on a campus also an ordinary network
_HOST_ONLY: Final = IPv4Network("192.168.56.0/24")  # VirtualBox's first
# Where a hypervisor hides its guests: who made the machine, their network, the gateway's last byte,
# and the prefix its networks have. As narrow as is known: a bridged guest must not be hidden.
_NAT: Final = (
    ("virtualbox", IPv4Network("10.0.2.0/24"), (1, 2), 24),
    *(("virtualbox", IPv4Network(f"10.0.{third}.0/24"), (2,), 24) for third in range(3, 10)),
    ("qemu", IPv4Network("10.0.2.0/24"), (2,), 24),
    ("qemu", IPv4Network("192.168.122.0/24"), (1,), 24),
    ("vmware", IPv4Network("192.168.0.0/16"), (2,), 24),
    ("vmware", IPv4Network("172.16.0.0/12"), (2,), 24),
    ("microsoft corporation virtual machine", IPv4Network("172.16.0.0/12"), (1,), 20),
    ("parallels", IPv4Network("10.211.55.0/24"), (1, 2), 24),
    ("apple virtualization", IPv4Network("192.168.64.0/24"), (1,), 24),
)
_SLIRP: Final = ("10.0.2.15", "10.0.2.2")  # VirtualBox's and QEMU's own, whoever says otherwise
_WSL_PREFIX: Final = 20


def kind_of(address: Address, interface: Interface, machine: Machine) -> Kind:
    """Say what one address is good for."""
    ip = address.ip
    if ip.is_loopback:
        return Kind.LOOPBACK
    if ip.is_link_local:
        return Kind.LINK_LOCAL
    # Without any way out it is a network namespace of somebody's own making.
    if machine.is_container and interface.kind in _CONTAINER_LINKS and machine.gateways:
        return Kind.CONTAINER
    by_name = _by_interface(interface)
    if by_name is not None:
        return by_name
    if isinstance(address, IPv4Interface):
        return _by_address(address, interface, machine)
    return Kind.LAN


def _by_interface(interface: Interface) -> Kind | None:
    if _BRIDGE_NAME.fullmatch(interface.name):
        return Kind.BRIDGE
    is_tunnel = interface.kind in _VPN_LINKS or interface.is_point_to_point
    return Kind.VPN if is_tunnel or _VPN_NAME.fullmatch(interface.name) else None


def _by_address(address: IPv4Interface, interface: Interface, machine: Machine) -> Kind:
    ip, is_alone = address.ip, address.network.prefixlen == address.max_prefixlen
    if ip in _FAKE or (ip in _SHARED and is_alone):
        return Kind.VPN
    by_machine = _by_machine(address, interface, machine)
    if by_machine is not None:
        return by_machine
    is_inner = any(address.network.subnet_of(one) for one in (*_OURS, *_MINIKUBE))
    if is_inner and interface.name not in machine.gateways and interface.kind == "bridge":
        return Kind.BRIDGE
    return Kind.LAN


def _by_machine(address: IPv4Interface, interface: Interface, machine: Machine) -> Kind | None:
    """Say what a machine that lives in another one does to its addresses."""
    gateway = machine.gateways.get(interface.name, "")
    if machine.is_wsl:
        return Kind.WSL if _is_wsl_nat(address, machine) else None
    if (str(address.ip), gateway) == _SLIRP or _is_nat(address, gateway, machine.vendor):
        return Kind.NAT_VM
    is_host_only = (
        address.ip in _HOST_ONLY and not gateway and "virtualbox" in machine.vendor.lower()
    )
    return Kind.HOST_ONLY if is_host_only else None


def _is_wsl_nat(address: IPv4Interface, machine: Machine) -> bool:
    """Tell WSL2's own network from mirrored mode, which has the interface `loopback0`."""
    is_mirrored = any(interface.name == "loopback0" for interface in machine.interfaces)
    return not is_mirrored and address.network.prefixlen == _WSL_PREFIX


def _is_nat(address: IPv4Interface, gateway: str, vendor: str) -> bool:
    if not gateway:
        return False
    last, prefix = int(ip_address(gateway)) & 0xFF, address.network.prefixlen
    return any(
        maker in vendor.lower() and address.ip in network and last in lasts and prefix == length
        for maker, network, lasts, length in _NAT
    )
