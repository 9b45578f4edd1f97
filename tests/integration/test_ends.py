"""How commands end when something is in the way from the start, or somebody has had enough."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.fakes.faults import held, redirect
from tests.integration.command import Desk, closed_url, told
from tests.integration.lesson import APP, made
from tests.lab.process import free_port, wait_until

if TYPE_CHECKING:
    from tests.fakes.registry import FakeRegistry

IMAGE = made("app")
IMAGES = {APP: IMAGE}


def test_up_on_a_port_in_use(desk: Desk) -> None:
    desk.prepare({APP: IMAGE}, closed_url())
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        told(desk.run("up", "--listen", address), 6, address, "--listen")


def test_up_without_a_lock(desk: Desk) -> None:
    told(desk.run("up", "--store", str(desk.store)), 3, "no lock", "--lock FILE")


@pytest.mark.parametrize(
    "text, hint",
    [("version: 1\nimages: [\n", "not closed"), ("version: 1\nimmages: []\n", "")],
    ids=["broken", "unknown key"],
)
def test_up_with_a_lock_that_has_a_mistake(desk: Desk, text: str, hint: str) -> None:
    desk.prepare({}, closed_url())
    (desk.folder / "images.lock.yaml").write_text(text)
    told(desk.run("up"), 3, "images.lock.yaml", hint)


def test_an_interrupted_sync_says_what_is_kept(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    upstream.always("/blobs/", held(upstream.gate()))
    with desk.running("sync") as process:
        wait_until(lambda: bool(upstream.requests("/blobs/")), 15, "the first blob")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    assert "interrupted; what was downloaded is kept" in desk.printed(130).err


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://127.0.0.1:x", "http://a b"])
def test_an_endpoint_that_is_no_address_is_a_mistake_in_the_settings(desk: Desk, url: str) -> None:
    desk.prepare({APP: IMAGE}, url)
    done = desk.run("sync")
    assert "Traceback" not in done.err
    assert done.status == 3
    assert "mirrorkit.yaml:1:" in done.err


def test_up_says_so_when_the_filling_beside_it_fails(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    upstream.always("/blobs/", redirect("http://["))
    with desk.running("up", "--listen", f"127.0.0.1:{free_port()}") as process:
        wait_until(lambda: bool(upstream.requests("/blobs/")), 15, "the first blob")
        wait_until(lambda: "error: " in desk.printed(0).err, 5, "a word about it")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
