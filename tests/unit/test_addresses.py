"""How near an address is to this machine, in every spelling."""

from __future__ import annotations

import socket

import pytest

from mirrorkit.remote.addresses import Reach, TooNearError, reach_of, socket_factory


@pytest.mark.parametrize(
    "address, reach",
    [
        ("8.8.8.8", Reach.GLOBAL),
        ("2606:4700::1111", Reach.GLOBAL),
        ("198.18.0.1", Reach.GLOBAL),  # Clash gives these out for names outside
        ("198.19.255.255", Reach.GLOBAL),
        ("198.17.255.255", Reach.GLOBAL),
        ("198.20.0.0", Reach.GLOBAL),
        ("::ffff:8.8.8.8", Reach.GLOBAL),
        ("64:ff9b::8.8.8.8", Reach.GLOBAL),
        ("10.0.0.1", Reach.SITE),
        ("172.16.0.1", Reach.SITE),
        ("172.31.255.255", Reach.SITE),
        ("172.32.0.1", Reach.GLOBAL),
        ("192.168.1.1", Reach.SITE),
        ("100.100.100.200", Reach.SITE),  # Aliyun's metadata
        ("fd00::1", Reach.SITE),
        ("::ffff:10.0.0.1", Reach.SITE),
        ("64:ff9b::10.0.0.1", Reach.SITE),
        ("2002:a00:1::", Reach.SITE),  # 6to4 of 10.0.0.1
        ("169.254.169.254", Reach.LINK),
        ("fe80::1", Reach.LINK),
        ("fe80::1%2", Reach.LINK),
        ("::ffff:169.254.169.254", Reach.LINK),
        ("127.0.0.1", Reach.HOST),
        ("127.255.255.254", Reach.HOST),
        ("::1", Reach.HOST),
        ("::ffff:127.0.0.1", Reach.HOST),
        ("::127.0.0.1", Reach.HOST),
        ("64:ff9b::7f00:1", Reach.HOST),
        ("64:ff9b:1::1", Reach.HOST),
        ("2002:7f00:1::", Reach.HOST),
        ("0.0.0.0", Reach.HOST),
        ("0.1.2.3", Reach.HOST),
        ("::", Reach.HOST),
        ("::ffff:0.0.0.0", Reach.HOST),
        ("224.0.0.1", Reach.HOST),
        ("239.255.255.250", Reach.HOST),
        ("ff02::1", Reach.HOST),
        ("ff0e::1", Reach.HOST),
        ("240.0.0.1", Reach.HOST),
        ("255.255.255.255", Reach.HOST),
        ("192.0.0.192", Reach.SITE),
        ("203.0.113.1", Reach.HOST),
        ("2001:db8::1", Reach.HOST),
        ("fec0::1", Reach.HOST),
        ("4000::1", Reach.HOST),
    ],
)
def test_an_address_is_as_near_as_the_one_it_stands_for(address: str, reach: Reach) -> None:
    assert reach_of(address) is reach


@pytest.mark.parametrize("most", Reach)
@pytest.mark.parametrize(
    "address", ["8.8.8.8", "10.0.0.1", "169.254.169.254", "127.0.0.1", "::1", "fe80::1", "fd00::1"]
)
def test_a_socket_is_made_for_no_nearer_address_than_asked(most: Reach, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    info = (family, socket.SOCK_STREAM, 0, "", (address, 80))
    if reach_of(address) <= most:
        socket_factory(most)(info).close()
    else:
        with pytest.raises(TooNearError):
            socket_factory(most)(info)
