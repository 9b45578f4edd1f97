"""A room full of clients: some pull at a set rate, some stop reading, one wants manifests."""

from __future__ import annotations

import multiprocessing
import selectors
import socket
import time
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from bench.load import ACCEPT
from tests.lab.process import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ctypes import c_ulonglong
    from multiprocessing.synchronize import Event

TURN = 0.01
"""Seconds between two reads of a paced client."""
PAUSE = 0.004
"""Seconds between two questions for a manifest."""


@contextmanager
def paced(address: str, path: str, clients: int, rate: int) -> Iterator[Callable[[], int]]:
    """Let clients pull a blob over and over, each at `rate` bytes a second, while we do more.

    What it gives tells how many bytes all of them have taken so far.
    """
    context = multiprocessing.get_context("fork")
    flowing, stop, taken = context.Event(), context.Event(), context.Value("Q", lock=False)
    work = (address, path, (clients, rate), flowing, stop, taken)
    crowd = context.Process(target=_pull, args=work, daemon=True)
    crowd.start()
    try:
        if not flowing.wait(60):
            raise LabError(f"{address}{path}: the crowd does not pull")
        yield lambda: taken.value
    finally:
        stop.set()
        crowd.join(30)
    if crowd.exitcode:
        raise LabError(f"{address}{path}: the crowd failed")


def waits(address: str, path: str, count: int) -> list[float]:
    """Ask for one small document at a time; return the seconds each answer took, sorted."""
    found = []
    connection = HTTPConnection(address, timeout=60)
    for _ in range(count):
        started = time.perf_counter()
        connection.request("GET", path, headers={"Accept": ACCEPT})
        answer = connection.getresponse()
        answer.read()
        found.append(time.perf_counter() - started)
        if answer.status != 200:  # noqa: PLR2004
            raise LabError(f"{address}{path}: {answer.status}")
        time.sleep(PAUSE)
    return sorted(found)


def resident(address: str, path: str, pid: int, clients: int) -> float:
    """Return the MB a server's processes hold while clients began to pull and read nothing more."""
    with ExitStack() as life:
        for _ in range(clients):
            life.enter_context(_begun(address, path)).recv(1)
        return sum(map(_resident, _family(pid))) / 1000


def _pull(  # noqa: PLR0913, PLR0917 - a process of its own takes what it needs one by one
    address: str,
    path: str,
    crowd: tuple[int, int],
    flowing: Event,
    stop: Event,
    taken: c_ulonglong,
) -> None:
    clients, rate = crowd
    share = int(rate * TURN)
    plugs = {_begun(address, path): 0 for _ in range(clients)}
    nowhere = bytearray(share)
    with selectors.DefaultSelector() as ready:
        for each in plugs:
            ready.register(each, selectors.EVENT_READ, each)
        turn = time.perf_counter()
        while not stop.is_set():
            for key, _ in ready.select(0):
                plug: socket.socket = key.data
                # The answers' lengths do not matter here: heads are thrown away with the bodies.
                count = plug.recv_into(nowhere, share, socket.MSG_TRUNC)
                if not count:
                    raise LabError(f"{address}{path}: the server closed")
                plugs[plug] += count
                taken.value += count
                if plugs[plug] >= share * 100:
                    flowing.set()
            turn = max(turn + TURN, time.perf_counter())
            time.sleep(max(0.0, turn - time.perf_counter()))
    for each in plugs:
        each.close()


def _begun(address: str, path: str) -> socket.socket:
    """Ask for a blob many times over, so that the bytes do not end."""
    host, _, port = address.rpartition(":")
    plug = socket.create_connection((host, int(port)), timeout=60)
    request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
    plug.sendall(request * 4)
    return plug


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
