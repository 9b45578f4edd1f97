"""The relay's part of setup.sh: its image is the catalog's, and its network in nobody's way."""

from __future__ import annotations

import ipaddress
import re
import subprocess
from importlib.resources import files

import pytest

from mirrorkit.catalog.needs import RELAY
from mirrorkit.classroom.minikube.start import Mirror
from mirrorkit.host.kinds import Kind, kind_of
from mirrorkit.host.machine import Interface, Machine

TEXT = (files("mirrorkit.classroom") / "setup" / "relay.sh").read_text("utf-8")
SHELLS = {"dash": ("dash",), "ash": ("busybox", "ash"), "bash": ("bash",)}


def meets(shell: str, routes: str, least: int) -> bool:
    """Ask the script whether these routes meet 192.168.230.0/24."""
    script = f"{TEXT}\nmeets 192.168.230 {least}\n"
    done = subprocess.run(
        (*SHELLS[shell], "-c", script), input=routes, text=True, check=False, timeout=20
    )
    assert done.returncode in (0, 1)
    return not done.returncode


def networks() -> list[ipaddress.IPv4Network]:
    found = re.search(r"RELAY_NETS='([^']*)'", TEXT)
    assert found
    return [ipaddress.IPv4Network(f"{word}.0/24") for word in found[1].split()]


def port() -> str:
    found = re.search(r"^RELAY_PORT=(\d+)$", TEXT, re.MULTILINE)
    assert found
    return found[1]


def test_the_script_runs_the_image_that_the_catalog_lists() -> None:
    assert f"RELAY_IMAGE={RELAY} " in TEXT


def test_the_first_candidate_is_where_minikube_s_words_expect_the_relay() -> None:
    mirror = Mirror.relayed()
    assert mirror.address.rpartition(":")[0] == str(networks()[0][1])
    assert {mirror.address.rpartition(":")[2], mirror.local.rpartition(":")[2]} == {port()}


def test_no_candidate_is_one_that_minikube_tries_or_a_public_one() -> None:
    tried = {
        ipaddress.IPv4Network(f"192.168.{third}.0/24")
        for first, step in ((49, 9), (39, 11))
        for third in range(first, 256, step)
    }
    assert len(networks()) == len(set(networks())) > 10
    for network in networks():
        assert network.is_private
        assert network not in tried


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "route, least, met",
    [
        ("192.168.230.0/24 dev eth0 proto kernel", 8, True),
        ("192.168.230.17 dev tun0", 8, True),
        ("192.168.128.0/17 via 10.0.0.1", 8, True),
        ("192.168.0.0/16 via 10.0.0.1", 17, False),
        ("192.168.231.0/24 dev eth0", 8, False),
        ("192.168.229.0/24 dev eth0", 8, False),
        ("default via 10.0.0.1 dev eth0", 8, False),
        ("0.0.0.0/1 via 10.8.0.1 dev tun0", 8, False),
        ("128.0.0.0/1 via 10.8.0.1 dev tun0", 8, False),
        ("192.168.230          link#12            UCS            en0", 8, True),  # netstat's
        ("192.168              10.0.0.1           UGSc           en0", 8, True),
        ("127                  127.0.0.1          UCS            lo0", 8, False),
        ("fe80::%lo0/64        fe80::1%lo0        UcI            lo0", 8, False),
        ("", 8, False),
    ],
)
def test_a_route_is_in_the_way_or_not(shell: str, route: str, least: int, met: bool) -> None:  # noqa: FBT001
    assert meets(shell, f"{route}\n10.0.0.0/24 dev eth1\n", least) == met


def test_no_address_of_a_candidate_is_told_to_students() -> None:
    for network in networks():
        gateway = ipaddress.ip_interface(f"{network[1]}/24")
        bridge = Interface("relay0", (gateway,), "bridge")
        assert kind_of(gateway, bridge, Machine((bridge,), {}, "", "")) is Kind.BRIDGE
