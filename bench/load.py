"""Load: many processes that download and throw away, and wrk for small answers."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
import socket
import time
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING

from tests.lab.process import LabError, output

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

ACCEPT = "application/vnd.oci.image.manifest.v1+json"
PIECE = 1 << 20


def verify(address: str, path: str, digest: str) -> None:
    """Download once and compare; it also warms the page cache."""
    found = hashlib.sha256()
    answer = _ask(HTTPConnection(address, timeout=60), path)
    while piece := answer.read(PIECE):
        found.update(piece)
    if f"sha256:{found.hexdigest()}" != digest:
        raise LabError(f"{address}{path}: not {digest}")


def download(address: str, path: str, clients: int) -> float:
    """Let clients download the same blob at once, each a process; return the seconds it took."""
    context = multiprocessing.get_context("fork")
    start = context.Barrier(clients + 1)
    work = (address, path, start)
    crowd = [context.Process(target=_drain, args=work, daemon=True) for _ in range(clients)]
    for client in crowd:
        client.start()
    start.wait(60)
    started = time.perf_counter()
    for client in crowd:
        client.join()
    if any(client.exitcode for client in crowd):
        raise LabError(f"{address}{path}: a client failed")
    return time.perf_counter() - started


def hammer(address: str, path: str, seconds: int) -> int:
    """Ask for one small document over and over; return how many answers came."""
    url = f"http://{address}{path}"
    said = output(("wrk", "-t1", "-c32", f"-d{seconds}s", "-H", f"Accept: {ACCEPT}", url))
    answers = re.search(r"(\d+) requests in", said)
    if answers is None or "Non-2xx" in said or "Socket errors" in said:
        raise LabError(f"{url}: {said}")
    return int(answers[1])


def _drain(address: str, path: str, start: Barrier) -> None:
    connection = HTTPConnection(address, timeout=60)
    connection.connect()
    start.wait(60)
    plug = connection.sock
    answer = _ask(connection, path)
    if answer.length is None:
        raise LabError(f"{address}{path}: no Content-Length")
    left = answer.length - len(answer.peek())
    nowhere = bytearray(PIECE)
    while left > 0:
        # The kernel throws the bytes away, so the client takes little of the server's cores.
        count = plug.recv_into(nowhere, min(left, PIECE), socket.MSG_TRUNC)
        if not count:
            raise LabError(f"{address}{path}: {left} bytes short")
        left -= count


def _ask(connection: HTTPConnection, path: str) -> HTTPResponse:
    connection.request("GET", path, headers={"Accept": ACCEPT})
    answer = connection.getresponse()
    if answer.status != 200:  # noqa: PLR2004
        raise LabError(f"{path}: {answer.status}")
    return answer
