"""Keeping the machine awake: by the system's own command, never at any price."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import MIRRORKIT, Desk, closed_url
from tests.integration.lesson import APP, made
from tests.lab.process import end, environment, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

# Stands for the system's command: notes what it is asked for, grants or refuses it.
INHIBIT = """\
#!/bin/sh
echo "$*" >> "{folder}/asked"
case "$*" in {refused}) exit 1;; esac
echo $$ > "{folder}/pid"
while [ "${{1#--}}" != "$1" ]; do shift; done
exec "$@"
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder of commands that is all of PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("sh", "cat"):
        (folder / name).symlink_to(f"/bin/{name}")
    return folder


def put_inhibit(tools: Path, refused: str = "nothing") -> None:
    program = tools / "systemd-inhibit"
    program.write_text(INHIBIT.format(folder=tools, refused=refused))
    program.chmod(0o755)


@contextmanager
def serving(desk: Desk, tools: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Serve with these commands alone on PATH while the block lasts."""
    desk.prepare({APP: made("app")}, closed_url())
    with (desk.folder / "err").open("wb") as err:
        process = subprocess.Popen(
            (*MIRRORKIT, "serve", "--listen", f"127.0.0.1:{free_port()}", *arguments),
            cwd=desk.folder,
            env=environment(PATH=str(tools)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "serving" in said(desk), 15, "the server")
        yield process
    finally:
        end(process)


def said(desk: Desk) -> str:
    return (desk.folder / "err").read_text()


def lives(pid: int) -> bool:
    """Say whether a process runs; one that ended and nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_is_kept_awake_with_its_lid_closed_where_that_is_granted(
    desk: Desk, tools: Path
) -> None:
    put_inhibit(tools)
    with serving(desk, tools) as process:
        wait_until(lambda: "stays awake" in said(desk), 15, "word of it")
        pid = int((tools / "pid").read_text())
        assert lives(pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert not lives(pid)
    assert "also with its lid closed" in said(desk)
    assert "--what=sleep:idle:handle-lid-switch" in (tools / "asked").read_text()


def test_without_the_right_to_the_lid_it_says_to_keep_it_open(desk: Desk, tools: Path) -> None:
    put_inhibit(tools, refused="*lid*")
    with serving(desk, tools):
        wait_until(lambda: "stays awake" in said(desk), 15, "word of it")
    assert "keep its lid open" in said(desk)


def test_killed_hard_it_leaves_nothing_that_keeps_the_machine_awake(
    desk: Desk, tools: Path
) -> None:
    put_inhibit(tools)
    with serving(desk, tools) as process:
        wait_until(lambda: "stays awake" in said(desk), 15, "word of it")
        pid = int((tools / "pid").read_text())
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not lives(pid), 15, "the end of the inhibitor")


@pytest.mark.parametrize("refused", [None, "*"])
def test_where_it_is_not_to_be_had_nothing_is_said(
    desk: Desk, tools: Path, refused: str | None
) -> None:
    if refused:
        put_inhibit(tools, refused)
    with serving(desk, tools) as process:
        if refused:
            asked = tools / "asked"
            last = lambda: asked.exists() and "--what=idle " in asked.read_text()  # noqa: E731
            wait_until(last, 15, "its last try")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert "awake" not in said(desk)


def test_it_is_left_alone_when_told_so(desk: Desk, tools: Path) -> None:
    put_inhibit(tools)
    with serving(desk, tools, "--no-awake") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert not (tools / "asked").exists()
