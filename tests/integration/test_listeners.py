"""Those who listen to a command: a reader that goes away, a program that reads data, Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fakes.faults import stopped
from tests.integration.command import MIRRORKIT, Desk, closed_url
from tests.integration.lesson import APP, WEB, made
from tests.lab.process import environment, free_port, listening, wait_until

if TYPE_CHECKING:
    from tests.fakes.registry import FakeRegistry

IMAGE = made("app")
IMAGES = {APP: IMAGE}


@pytest.mark.parametrize("command", ["serve", "up"])
def test_an_interrupted_server_ends_with_130_and_without_a_traceback(
    desk: Desk, command: str
) -> None:
    desk.prepare({APP: IMAGE}, closed_url())
    port = free_port()
    with desk.running(command, "--listen", f"127.0.0.1:{port}") as process:
        wait_until(lambda: listening(port), 15, "the server")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    assert "Traceback" not in desk.printed(130).err


def test_a_sync_whose_reader_went_away_blames_no_source(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    with subprocess.Popen(["true"], stdin=subprocess.PIPE) as reader:
        reader.wait()
        done = subprocess.run(
            (*MIRRORKIT, "sync", "--json"),
            cwd=desk.folder,
            env=environment(),
            stdout=reader.stdin,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stderr == ""
    assert done.returncode != 70
    assert len({asked.path for asked in upstream.asked}) == len(upstream.asked)


def test_every_event_of_an_up_as_data_is_one_line(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare({APP: IMAGE, WEB: made("web")}, upstream.url)
    gate = upstream.gate()
    upstream.fail("/blobs/", stopped(100, gate))
    with desk.running("up", "--json", "--listen", f"127.0.0.1:{free_port()}") as process:
        wait_until(lambda: bool(upstream.requests("/blobs/")), 15, "the first blob")
        gate.open()
        wait_until(lambda: '"trying-again"' in desk.printed(0).out, 15, "the report")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    done = desk.printed(0)
    assert done.err == ""
    kinds = [event["event"] for event in done.events()]
    assert kinds[0] == "serving"
    (report,) = (event for event in done.events() if event["event"] == "report")
    assert report["images"] == {"total": 2, "complete": 1}
    assert kinds[-1] == "trying-again"
