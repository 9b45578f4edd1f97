"""Ctrl-C and SIGTERM: what was downloaded is kept, and the next run goes on from there."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.fakes.faults import held, stopped
from tests.integration.big import IMAGE, IMAGES, LAYER, MIB
from tests.integration.command import Desk, closed_url
from tests.integration.lesson import APP, WEB
from tests.lab.process import free_port, listening, output, wait_until

if TYPE_CHECKING:
    from tests.fakes.registry import FakeRegistry


def test_an_interrupted_sync_goes_on_where_it_stopped(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare(IMAGES, upstream.url)
    gate = upstream.gate()
    upstream.fail(LAYER.digest, stopped(2 * MIB, gate))
    partial = desk.store / "ingest" / LAYER.digest.replace(":", "-")
    with desk.running("sync") as process:
        arrived = lambda: partial.exists() and partial.stat().st_size >= MIB  # noqa: E731
        wait_until(arrived, 15, "the first MiB")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    done = desk.printed(130)
    assert done.lines("error") == []
    assert "Traceback" not in done.err
    kept = partial.stat().st_size
    assert MIB <= kept <= 2 * MIB
    assert desk.names() <= {WEB}
    gate.open()
    done = desk.run("sync")
    assert done.status == 0, done
    assert desk.names() == {APP, WEB}
    first, second = upstream.requests(LAYER.digest)
    assert (first.start, second.start) == (0, kept)
    assert second.sent == len(LAYER.data) - kept


def test_a_sync_interrupted_before_anything_arrived_leaves_a_store_to_go_on_with(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    gate = upstream.gate()
    upstream.fail("/manifests/", held(gate))
    with desk.running("sync") as process:
        wait_until(lambda: bool(upstream.asked), 15, "the first request")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    assert "Traceback" not in desk.printed(130).err
    gate.open()
    assert desk.run("sync").status == 0
    assert desk.names() == {APP}


@pytest.mark.parametrize("command", ["serve", "up"])
def test_a_server_ends_with_0_when_it_is_told_to(
    desk: Desk, upstream: FakeRegistry, command: str
) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    port = free_port()
    with desk.running(command, "--listen", f"127.0.0.1:{port}") as process:
        wait_until(lambda: listening(port), 15, "the server")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    done = desk.printed(0)
    assert done.lines("error") == []
    assert "Traceback" not in done.err


def test_a_server_that_fills_itself_is_told_to_end_in_the_middle_and_loses_nothing(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    upstream.fail(LAYER.digest, stopped(2 * MIB, upstream.gate()))
    partial = desk.store / "ingest" / LAYER.digest.replace(":", "-")
    with desk.running("up", "--listen", f"127.0.0.1:{free_port()}") as process:
        arrived = lambda: partial.exists() and partial.stat().st_size >= MIB  # noqa: E731
        wait_until(arrived, 15, "the first MiB")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert "Traceback" not in desk.printed(0).err
    assert partial.stat().st_size >= MIB
    assert desk.names() == set()


def test_up_serves_what_is_here_while_no_source_answers(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    assert desk.run("sync").status == 0
    desk.prepare(IMAGES, closed_url())
    port = free_port()
    with desk.running("up", "--listen", f"127.0.0.1:{port}") as process:
        wait_until(lambda: "no source answers" in desk.printed(0).err, 20, "the news")
        url = f"http://127.0.0.1:{port}/v2/one.test/app/manifests/1"
        assert output(("curl", "-sf", url)).encode() == IMAGE.data
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
