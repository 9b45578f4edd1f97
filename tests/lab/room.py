"""A room of machines: network namespaces on a bridge, which lives in a namespace too."""

from __future__ import annotations

import ctypes
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.process import LabError, output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Host:
    """One machine of the room."""

    namespace: str
    address: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """Return what to put before a command to run it there."""
        # Not `ip netns exec`: that mounts /sys anew, and dockerd finds no cgroups.
        return ("nsenter", f"--net=/run/netns/{self.namespace}")

    def run(self, *argv: str, seconds: float = 120) -> str:
        """Run a program there to its end and return what it printed."""
        return output((*self.prefix, *argv), seconds=seconds)

    def enter(self) -> None:
        """Move the calling thread there, for good."""
        with Path("/run/netns", self.namespace).open() as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
                raise LabError(f"{self.namespace}: setns: {os.strerror(ctypes.get_errno())}")


@contextmanager
def room(count: int, *, rate: str = "", uplink: str | None = None) -> Iterator[list[Host]]:
    """Make machines at 10.77.0.1, .2 … that see each other and nothing else.

    A rate such as `100mbit` limits each one's link in both directions; `uplink` is that of the
    first, where it is another, and nothing limits it where that is empty.
    """
    name = f"lab-{secrets.token_hex(3)}"
    switch = f"{name}-sw"
    hosts = [Host(f"{name}-{number}", f"10.77.0.{number}") for number in range(1, count + 1)]
    try:
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "br0", "up", "type", "bridge")
        for number, host in enumerate(hosts):
            _connect(switch, f"p{number}", host, rate if number or uplink is None else uplink)
        yield hosts
    finally:
        # A namespace takes its links with it.
        for namespace in (switch, *(host.namespace for host in hosts)):
            with suppress(LabError):
                _ip("netns", "delete", namespace)


def move(hosts: Iterable[Host], network: str) -> None:
    """Go to another room: the machines get other addresses, one after the other."""
    for number, host in enumerate(hosts, 1):
        _ip("-n", host.namespace, "address", "flush", "dev", "eth0")
        _ip("-n", host.namespace, "address", "add", f"{network}.{number}/24", "dev", "eth0")


def _connect(switch: str, port: str, host: Host, rate: str) -> None:
    there = host.namespace
    _ip("netns", "add", there)
    pair = ("type", "veth", "peer", "name", "eth0", "netns", there)
    _ip("-n", switch, "link", "add", port, *pair)
    _ip("-n", switch, "link", "set", port, "master", "br0", "up")
    _ip("-n", there, "address", "add", f"{host.address}/16", "dev", "eth0")
    for device in ("lo", "eth0"):
        _ip("-n", there, "link", "set", device, "up")
    for namespace, device in ((switch, port), (there, "eth0")) if rate else ():
        limit = ("rate", rate, "burst", "256kb", "latency", "100ms")
        output(("tc", "-n", namespace, "qdisc", "add", "dev", device, "root", "tbf", *limit))


def _ip(*arguments: str) -> None:
    output(("ip", *arguments))
