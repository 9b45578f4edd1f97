"""What the system's tools and files print, read as it was recorded."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import TYPE_CHECKING

import pytest

from mirrorkit.host import linux, macos
from mirrorkit.host.firewall import firewall_command
from mirrorkit.host.listener import Program, name_of, parse_lsof

if TYPE_CHECKING:
    from pathlib import Path

IFCONFIG = """\
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
\tinet6 ::1 prefixlen 128
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tether f0:18:98:00:00:01
\tinet6 fe80::1c2a:3b4c%en0 prefixlen 64 secured scopeid 0xe
\tinet 192.168.1.10 netmask 0xffffff00 broadcast 192.168.1.255
\tinet6 2408:8000::a prefixlen 64 autoconf secured
\tinet6 2408:8000::b prefixlen 64 autoconf temporary
\tmedia: autoselect
\tstatus: active
en5: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tinet 10.1.2.3 netmask 0xffff0000 broadcast 10.1.255.255
\tmedia: autoselect (1000baseT <full-duplex>)
\tstatus: active
en6: flags=8863<UP,BROADCAST,RUNNING> mtu 1500
\tinet 10.9.9.9 netmask 0xffff0000 broadcast 10.9.255.255
\tmedia: autoselect (2500Base-T)
\tstatus: inactive
utun3: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380
\tinet 10.8.0.2 --> 10.8.0.1 netmask 0xffffffff
gif0: flags=8010<POINTOPOINT,MULTICAST> mtu 1280
"""
NETSTAT = """\
Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.1.1        UGScg                 en0
default            10.1.0.1           UGScIg                en5
127                127.0.0.1          UCS                   lo0
"""
ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0107A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
tun0\t00000000\t0100080A\t0003\t0\t0\t50\t00000080\t0\t0\t0
nonsense
"""


def test_a_mac_is_read_from_ifconfig() -> None:
    found = {one.name: one for one in macos.parse_ifconfig(IFCONFIG)}
    assert list(found) == ["lo0", "en0", "en5", "utun3"]
    assert found["en0"].addresses == (
        ip_interface("fe80::1c2a:3b4c/64"),
        ip_interface("192.168.1.10/24"),
        ip_interface("2408:8000::a/64"),
    )
    assert (found["en0"].is_wireless, found["en0"].speed) == (True, None)
    assert (found["en5"].is_wireless, found["en5"].speed) == (False, 1_000_000_000)
    assert found["utun3"].is_point_to_point


def test_a_macs_default_routes_come_in_their_order() -> None:
    assert macos.parse_routes(NETSTAT) == {"en0": "192.168.1.1", "en5": "10.1.0.1"}


def test_linux_prefers_the_default_route_of_the_lowest_metric() -> None:
    found = linux.parse_routes(ROUTES)
    assert list(found.items()) == [("eth0", "192.168.1.1"), ("wlan0", "192.168.7.1")]


@pytest.mark.parametrize(
    "text, program",
    [
        ("p4711\ncControlCenter\n", Program("ControlCenter", 4711)),
        ("p1\ncone\np2\nctwo\n", Program("one", 1)),
        ("", None),
        ("cnobody\n", None),
    ],
)
def test_lsof_names_the_first_program(text: str, program: Program | None) -> None:
    assert parse_lsof(text) == program


def test_ufw_is_opened_only_where_it_is_on_and_closed(tmp_path: Path) -> None:
    def command() -> str | None:
        return firewall_command(5080, ufw=tmp_path, proc=tmp_path)

    assert command() is None
    (tmp_path / "ufw.conf").write_text("# a comment\nENABLED=no\n")
    assert command() is None
    (tmp_path / "ufw.conf").write_text("ENABLED=yes\nLOGLEVEL=low\n")
    assert command() == "sudo ufw allow 5080/tcp"
    (tmp_path / "user.rules").write_text("-A ufw-user-input -p tcp --dport 5080 -j ACCEPT\n")
    assert command() is None


def test_firewalld_is_known_by_its_process(tmp_path: Path) -> None:
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "comm").write_text("firewalld\n")
    opened = firewall_command(5081, ufw=tmp_path, proc=tmp_path)
    assert opened == "sudo firewall-cmd --add-port=5081/tcp"


@pytest.mark.parametrize(
    "command, name",
    [
        ("/usr/sbin/nginx -g daemon off;", "nginx"),
        ("/home/t/.venv/bin/python3.12 /home/t/.venv/bin/mirrorkit up", "mirrorkit"),
        ("/Library/Frameworks/Python -m mirrorkit serve", "mirrorkit"),
        ("python3", "python3"),
        ("", ""),
    ],
)
def test_a_program_of_python_is_known_by_its_script_or_module(command: str, name: str) -> None:
    assert name_of(command.split()) == name
