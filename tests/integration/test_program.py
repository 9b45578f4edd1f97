"""Programs of this machine, run for what they print."""

from __future__ import annotations

import asyncio
import resource
from contextlib import ExitStack
from pathlib import Path

import pytest

from mirrorkit.classroom.doctor.program import printed as printed_beside
from mirrorkit.host.program import Printed, printed, said, started
from tests.lab.process import wait_until


def test_what_was_printed_is_told_with_the_status() -> None:
    assert printed("sh", "-c", "echo one; exit 3", seconds=20) == Printed(3, "one\n")
    assert printed("mirrorkit-has-no-such-program", seconds=20) is None


@pytest.mark.parametrize("script", ["exec sleep 60", "exec >&-; exec sleep 60"])
def test_one_that_takes_too_long_is_ended(script: str) -> None:
    assert printed("sh", "-c", script, seconds=0.3) == Printed(None, "")


def test_one_that_prints_too_much_is_ended() -> None:
    assert printed("cat", "/dev/zero", seconds=20) == Printed(1, "\0" * (256 << 10))


def test_a_script_longer_than_a_pipe_is_read_whole() -> None:
    script = "echo begun\n" + "# words\n" * 100_000 + "echo ended\n"
    with started("sh", "-s", script=script) as program:
        assert program
        assert program.printed(20) == Printed(0, "begun\nended\n")


def test_a_server_with_more_than_a_thousand_connections_can_still_ask() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        for _ in range(1100):
            stack.enter_context(Path("/dev/null").open("rb"))
        assert said("echo", "here") == "here"


async def test_one_that_is_no_longer_wanted_is_ended_with_what_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"sleep 1000 & echo $! > {note}.new; mv {note}.new {note}; wait"
    running = asyncio.create_task(printed_beside("sh", "-s", seconds=60, script=script))
    await asyncio.sleep(0)
    wait_until(note.exists, 20, "the program")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    wait_until(lambda: is_gone(note.read_text().strip()), 20, "its end")


def is_gone(pid: str) -> bool:
    """Say whether a process is gone, or dead and not yet taken away by whoever got it."""
    try:
        return "State:\tZ" in (Path("/proc") / pid / "status").read_text()
    except FileNotFoundError:
        return True
