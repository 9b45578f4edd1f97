"""Which addresses are told to students: recorded machines, and what each should say."""

from __future__ import annotations

from ipaddress import ip_interface

import pytest

from mirrorkit.documents.configuration import Advertise, Listen
from mirrorkit.host.kinds import Kind
from mirrorkit.host.machine import Interface, Machine
from mirrorkit.host.reach import Reach, reach_of, survey

ANY = Listen(None, 5080)
LO = Interface("lo", (ip_interface("127.0.0.1/8"), ip_interface("::1/128")))


def card(
    name: str,
    *addresses: str,
    kind: str = "",
    is_point_to_point: bool = False,
    is_wireless: bool = False,
    speed: int | None = None,
) -> Interface:
    """Write an interface as one reads it."""
    found = tuple(map(ip_interface, addresses))
    return Interface(name, found, kind, is_point_to_point, is_wireless, speed)


def machine(
    *interfaces: Interface,
    gateways: dict[str, str] | None = None,
    kernel: str = "6.1.0-18-amd64",
    vendor: str = "",
    is_container: bool = False,
) -> Machine:
    return Machine((LO, *interfaces), gateways or {}, kernel, vendor, is_container)


def reach(of: Machine, listen: Listen = ANY) -> Reach:
    return reach_of(of, listen, 5080)


def told(of: Machine) -> list[str]:
    return [one.address for one in reach(of).addresses]


LAPTOP = machine(
    card("eth0", "192.168.1.10/24", "2001:db8::10/64", "fe80::1/64", speed=1_000_000_000),
    card("wlan0", "192.168.7.20/24", is_wireless=True),
    card("docker0", "172.17.0.1/16", kind="bridge"),
    card("br-0123456789ab", "192.168.49.1/24", kind="bridge"),
    card("virbr0", "192.168.122.1/24", kind="bridge"),
    card("veth1a2b3c4", "fe80::2/64", kind="veth"),
    card("tun0", "10.8.0.6/24", is_point_to_point=True),
    card("tailscale0", "100.101.102.103/32", is_point_to_point=True),
    gateways={"wlan0": "192.168.7.1", "eth0": "192.168.1.1"},
)


def test_a_laptop_tells_its_cards_alone_the_preferred_route_first() -> None:
    assert told(LAPTOP) == ["192.168.7.20", "192.168.1.10"]
    assert reach(LAPTOP).urls[0] == "http://192.168.7.20:5080"
    assert reach(LAPTOP).advice is None


def test_every_other_address_is_known_for_what_it_is() -> None:
    kinds = {one.address: one.kind for one in survey(LAPTOP) if one.kind is not Kind.LAN}
    assert kinds == {
        "127.0.0.1": Kind.LOOPBACK,
        "::1": Kind.LOOPBACK,
        "fe80::1": Kind.LINK_LOCAL,
        "fe80::2": Kind.LINK_LOCAL,
        "172.17.0.1": Kind.BRIDGE,
        "192.168.49.1": Kind.BRIDGE,
        "192.168.122.1": Kind.BRIDGE,
        "10.8.0.6": Kind.VPN,
        "100.101.102.103": Kind.VPN,
    }


@pytest.mark.parametrize(
    "of, address",
    [
        # A switch without a router: no default route at all.
        (machine(card("enp3s0", "10.77.0.1/16")), "10.77.0.1"),
        # A bridge of the teacher's own, with the card in it.
        (
            machine(card("br0", "10.1.2.3/24", kind="bridge"), gateways={"br0": "10.1.2.1"}),
            "10.1.2.3",
        ),
        # A campus may use the addresses that Tailscale uses too.
        (machine(card("wlan0", "100.64.3.4/16", is_wireless=True)), "100.64.3.4"),
        # A real network that looks like VirtualBox's, but for its gateway.
        (machine(card("eth0", "10.0.2.77/24"), gateways={"eth0": "10.0.2.254"}), "10.0.2.77"),
        # VirtualBox, with a bridged adapter beside NAT.
        (
            machine(
                card("enp0s3", "10.0.2.15/24"),
                card("enp0s8", "192.168.1.77/24"),
                gateways={"enp0s3": "10.0.2.2"},
                vendor="innotek GmbH VirtualBox",
            ),
            "192.168.1.77",
        ),
        # Bridged guests in networks that are near those of their hypervisors.
        (
            machine(
                card("enp0s3", "10.0.1.20/24"),
                gateways={"enp0s3": "10.0.1.1"},
                vendor="innotek GmbH VirtualBox",
            ),
            "10.0.1.20",
        ),
        (
            machine(
                card("eth0", "172.16.5.20/24"),
                gateways={"eth0": "172.16.5.1"},
                vendor="Microsoft Corporation Virtual Machine",
            ),
            "172.16.5.20",
        ),
        (
            machine(
                card("ens33", "192.168.1.20/24"),
                gateways={"ens33": "192.168.1.1"},
                vendor="VMware, Inc. VMware Virtual Platform",
            ),
            "192.168.1.20",
        ),
        # WSL2 in mirrored mode has Windows' own address, and the interface loopback0.
        (
            machine(
                card("loopback0", "192.168.1.30/20"),
                card("eth0", "192.168.1.30/20"),
                kernel="5.15.146.1-microsoft-standard-WSL2",
                gateways={"eth0": "192.168.0.1"},
            ),
            "192.168.1.30",
        ),
        # A container on the host's own network.
        (
            machine(
                card("eno1", "192.168.1.40/24"),
                card("docker0", "172.17.0.1/16", kind="bridge"),
                is_container=True,
            ),
            "192.168.1.40",
        ),
        # Minikube's network, but it is the room's.
        (
            machine(card("eth0", "192.168.49.20/24"), gateways={"eth0": "192.168.49.1"}),
            "192.168.49.20",
        ),
        # IPv6 alone.
        (machine(card("eth0", "fe80::1/64", "fd00:1::5/64", "fd00:1::6/64")), "fd00:1::5"),
    ],
)
def test_what_students_reach_is_told(of: Machine, address: str) -> None:
    assert told(of) == [address]


@pytest.mark.parametrize(
    "of, kind, reason, step",
    [
        (
            machine(card("eth0", "10.0.2.15/24"), gateways={"eth0": "10.0.2.2"}),
            Kind.NAT_VM,
            "10.0.2.15",
            'natpf1 "mirrorkit,tcp,,5080,,5080"',
        ),
        (
            machine(
                card("enp0s8", "10.0.3.15/24"),
                gateways={"enp0s8": "10.0.3.2"},
                vendor="innotek GmbH VirtualBox",
            ),
            Kind.NAT_VM,
            "behind NAT",
            "bridged",
        ),
        (
            machine(
                card("ens33", "192.168.174.128/24"),
                gateways={"ens33": "192.168.174.2"},
                vendor="VMware, Inc. VMware Virtual Platform",
            ),
            Kind.NAT_VM,
            "behind NAT",
            "bridged",
        ),
        (
            machine(
                card("ens3", "192.168.122.30/24"),
                gateways={"ens3": "192.168.122.1"},
                vendor="QEMU Standard PC (Q35 + ICH9, 2009)",
            ),
            Kind.NAT_VM,
            "behind NAT",
            "bridged",
        ),
        (
            machine(
                card("eth0", "172.20.3.4/20"),
                gateways={"eth0": "172.20.0.1"},
                vendor="Microsoft Corporation Virtual Machine",
            ),
            Kind.NAT_VM,
            "behind NAT",
            "bridged",
        ),
        (
            machine(
                card("enp0s8", "192.168.56.101/24"),
                vendor="innotek GmbH VirtualBox",
            ),
            Kind.HOST_ONLY,
            "only the machine",
            "bridged",
        ),
        (
            machine(
                card("eth0", "172.29.144.7/20"),
                kernel="5.15.146.1-microsoft-standard-WSL2",
                gateways={"eth0": "172.29.144.1"},
            ),
            Kind.WSL,
            "WSL2",
            "connectport=5080 connectaddress=172.29.144.7",
        ),
        (
            machine(
                card("eth0", "172.17.0.3/16", kind="veth"),
                gateways={"eth0": "172.17.0.1"},
                is_container=True,
            ),
            Kind.CONTAINER,
            "container",
            "docker run -p 5080:5080",
        ),
        (
            machine(
                card("tap0", "10.0.2.100/24", kind="tun"),
                gateways={"tap0": "10.0.2.2"},
                is_container=True,
            ),
            Kind.CONTAINER,
            "container",
            "-p 5080:5080",
        ),
        (machine(card("utun3", "10.8.0.2/32", is_point_to_point=True)), Kind.VPN, "VPN", "cable"),
        (machine(card("Meta", "198.18.0.1/30")), Kind.VPN, "VPN", "Wi-Fi"),
        (machine(card("eth0", "169.254.7.7/16")), Kind.LINK_LOCAL, "no address", "cable"),
        (machine(card("docker0", "172.17.0.1/16", kind="bridge")), Kind.BRIDGE, "no network", "Wi"),
        (machine(), Kind.LOOPBACK, "no network", "cable"),
    ],
)
def test_what_students_do_not_reach_is_never_told_but_what_to_do_about_it(
    of: Machine, kind: Kind, reason: str, step: str
) -> None:
    found = reach(of)
    assert found.urls == ()
    assert kind in {one.kind for one in found.hidden}
    assert found.advice is not None
    assert reason in found.advice.reason
    assert step in " ".join(found.advice.steps)


def test_a_machine_of_which_nothing_was_read_says_so() -> None:
    found = reach(Machine())
    assert found.urls == ()
    assert found.advice is not None


@pytest.mark.parametrize(
    "listen, urls",
    [
        (Listen("0.0.0.0", 5080), ("http://192.168.7.20:5080", "http://192.168.1.10:5080")),
        (Listen("192.168.1.10", 5080), ("http://192.168.1.10:5080",)),
        (Listen("::", 5080), ("http://[2001:db8::10]:5080",)),
        (Listen("teacher.school", 5080), ("http://teacher.school:5080",)),
    ],
)
def test_only_what_is_listened_on_is_told(listen: Listen, urls: tuple[str, ...]) -> None:
    assert reach(LAPTOP, listen).urls == urls


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_server_for_this_machine_alone_says_so(host: str) -> None:
    found = reach(LAPTOP, Listen(host, 5080))
    assert found.urls == ()
    assert found.advice is not None
    assert "--listen" in " ".join(found.advice.steps)


@pytest.mark.parametrize(
    "text, url",
    [
        ("10.1.1.1", "http://10.1.1.1:5081"),
        ("10.1.1.1:80", "http://10.1.1.1:80"),
        ("teacher.school.cn", "http://teacher.school.cn:5081"),
        ("[fd00::1]", "http://[fd00::1]:5081"),
        ("[fd00::1]:8080", "http://[fd00::1]:8080"),
    ],
)
def test_what_the_teacher_advertises_overrules(text: str, url: str) -> None:
    advertise = Advertise.parse(text)
    assert reach_of(LAPTOP, ANY, 5081, advertise).urls == (url,)
    assert Advertise.parse(str(advertise)) == advertise


@pytest.mark.parametrize("text", ["", ":80", "a b", "http://a", "a:0", "a:x", "-a", "a/b", "[::1"])
def test_what_is_no_address_to_advertise(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Advertise.parse(text)


def test_all_of_it_is_data_too() -> None:
    found = reach(LAPTOP).as_json()
    assert found["urls"] == ["http://192.168.7.20:5080", "http://192.168.1.10:5080"]
    assert {"address": "172.17.0.1", "interface": "docker0", "kind": "bridge"} in found["hidden"]  # type: ignore[operator]
