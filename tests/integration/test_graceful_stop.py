"""How serving ends: who is nearly done is not cut off, and nobody is waited for without end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from mirrorkit.cli.ending import Ending
from mirrorkit.server.limits import Limits
from mirrorkit.store.disk import DiskStore
from tests.integration.command import Desk, closed_url
from tests.integration.filled import blob_of_size, fill
from tests.integration.guarded import PATIENT, MiB, guarded
from tests.lab.images import image
from tests.lab.layers import random_layer
from tests.lab.process import free_port, listening, wait_until

if TYPE_CHECKING:
    from pathlib import Path

NAME = "one.test/big:1"
LAYER = random_layer("big", 32 * MiB)  # more than sockets take
IMAGE = image([LAYER])


def _begin(port: int) -> socket.socket:
    """Ask for the blob and read until its head has ended."""
    plug = socket.create_connection(("127.0.0.1", port), timeout=60)
    plug.sendall(f"GET /v2/one.test/big/blobs/{LAYER.digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += plug.recv(1)
    return plug


def _prepare(desk: Desk) -> str:
    asyncio.run(fill(desk.store, {NAME: IMAGE}))
    desk.prepare({NAME: IMAGE}, closed_url())
    return f"127.0.0.1:{free_port()}"


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_download_under_way_is_finished_and_nobody_new_is_let_in(
    desk: Desk, number: signal.Signals, status: int
) -> None:
    address = _prepare(desk)
    port = int(address.rpartition(":")[2])
    with desk.running("serve", "--listen", address) as process:
        wait_until(lambda: listening(port), 15, "the server")
        with _begin(port) as plug:
            process.send_signal(number)
            wait_until(lambda: not listening(port), 15, "a closed door")
            received = bytearray()
            while piece := plug.recv(MiB):
                received += piece
        assert bytes(received) == LAYER.data
        assert process.wait(15) == status
    done = desk.printed(status)
    assert "Ctrl-C again ends at once" in done.err
    assert "Traceback" not in done.err


def test_a_second_ctrl_c_ends_at_once(desk: Desk) -> None:
    address = _prepare(desk)
    port = int(address.rpartition(":")[2])
    with desk.running("serve", "--listen", address) as process:
        wait_until(lambda: listening(port), 15, "the server")
        with _begin(port):
            process.send_signal(signal.SIGINT)
            wait_until(lambda: not listening(port), 15, "a closed door")
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(5) == 130  # the first alone lets the reader be for eight seconds
    assert "Traceback" not in desk.printed(130).err


async def test_a_second_ctrl_c_is_heard_while_other_work_is_ending(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    digest = await blob_of_size(store, 32 * MiB)
    async with guarded(store, Limits(idle=PATIENT, stop=PATIENT)) as server:
        client = await server.connect(buffer=4096)
        client.ask(f"/v2/app/blobs/{digest}")
        await client.head()
        ending = Ending()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            assert (await server.get("/livez"))[0] == 200  # the loop has heard of it by then
        await ending.end(server.runner)
        assert len(await client.rest()) < (store.size(digest) or 0)


async def test_who_takes_nothing_is_not_waited_for_longer_than_the_limit(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    digest = await blob_of_size(store, 32 * MiB)
    async with guarded(store, Limits(idle=PATIENT, stop=0.2)) as server:
        client = await server.connect(buffer=4096)
        client.ask(f"/v2/app/blobs/{digest}")
        await client.head()
        await server.runner.cleanup()
        assert len(await client.rest()) < (store.size(digest) or 0)


async def test_who_is_between_requests_is_not_waited_for(tmp_path: Path) -> None:
    async with guarded(DiskStore(tmp_path), Limits(idle=PATIENT, stop=PATIENT)) as server:
        client = await server.connect()
        client.ask("/livez")
        assert (await client.answer())[0] == 200
        await server.runner.cleanup()
        assert await client.rest() == b""
