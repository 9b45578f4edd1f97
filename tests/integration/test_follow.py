"""A program that is followed: its user sees it live, signals reach it, its last words are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tests.lab.process import environment

if TYPE_CHECKING:
    from pathlib import Path

FOLLOW: Final = """
import os, sys
from mirrorkit.host.follow import follow
ended = follow(sys.argv[2:], os.environ, 100)
with open(sys.argv[1], "wb") as file:
    file.write(b"%d %s" % (ended.exit_code, ended.tail))
sys.exit(abs(ended.exit_code))
"""
TRAPS: Final = """
n=0
trap 'echo heard; n=1' INT TERM
echo ready
while [ $n = 0 ]; do sleep 0.05; done
echo cleaned; exit 130
"""


def line(kept: Path, *argv: str) -> tuple[str, ...]:
    return (sys.executable, "-c", FOLLOW, str(kept), *argv)


def followed(kept: Path, script: str) -> subprocess.CompletedProcess[bytes]:
    """Follow a script to its end."""
    return subprocess.run(
        line(kept, "sh", "-c", script),
        capture_output=True,
        check=False,
        timeout=30,
        env=environment(),
    )


def on_terminal(kept: Path, script: str) -> tuple[subprocess.Popen[bytes], int]:
    """Follow a script on a terminal until it says that it is ready; return our end of it too."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ("setsid", "--ctty", "--wait", *line(kept, "sh", "-c", script)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(),
    )
    os.close(theirs)
    said = b""
    while b"ready" not in said:
        said += os.read(ours, 1000)
    return process, ours


def test_both_streams_are_handed_on_and_the_last_bytes_are_kept(tmp_path: Path) -> None:
    script = "echo out; echo err >&2; exit 7"
    done = followed(tmp_path / "kept", script)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    kept = (tmp_path / "kept").read_bytes()
    assert kept.startswith(b"7 ")
    assert {b"out", b"err"} == set(kept[2:].split())


def test_no_more_is_kept_than_asked_for(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
    done = followed(tmp_path / "kept", script)
    assert done.stdout.count(b"\n") == 3000
    kept = (tmp_path / "kept").read_bytes().removeprefix(b"0 ")
    assert (len(kept), kept[-10:]) == (100, b"line 2999\n")


def test_what_it_leaves_in_the_background_does_not_hold_us(tmp_path: Path) -> None:
    script = "sleep 60 & echo $!"
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            line(tmp_path / "kept", "sh", "-c", script),
            stdout=out,
            stderr=out,
            check=False,
            timeout=30,
            env=environment(),
        )
    assert done.returncode == 0
    os.kill(int((tmp_path / "out").read_text()), signal.SIGKILL)


def test_a_reader_that_goes_away_does_not_end_it(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 2000 ]; do echo a line of it $i; i=$((i+1)); done; exit 3"
    with subprocess.Popen(
        line(tmp_path / "kept", "sh", "-c", script), stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(timeout=30) == 3


def test_a_signal_to_us_alone_is_passed_on(tmp_path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen(
            line(tmp_path / "kept", "sh", "-c", TRAPS),
            stdout=subprocess.PIPE,
            env=environment(),
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            process.send_signal(number)
            rest = process.stdout.read()
            assert (rest, process.wait(timeout=30)) == (b"heard\ncleaned\n", 130)


def test_a_window_that_is_resized_is_so_for_it_too(tmp_path: Path) -> None:
    resized = 'if [ "$(stty size <&3)" = "33 77" ]; then echo resized; exit; fi'
    script = f"exec 3>&1; trap '{resized}' WINCH; echo ready; while :; do sleep 0.05; done"
    process, ours = on_terminal(tmp_path / "kept", script)
    termios.tcsetwinsize(ours, (33, 77))
    process.wait(timeout=30)
    os.close(ours)
    assert (tmp_path / "kept").read_bytes() == b"0 ready\nresized\n"


def test_on_a_terminal_it_has_one_and_ctrl_c_reaches_it_once(tmp_path: Path) -> None:
    script = "[ -t 1 ] && [ -t 2 ] && [ -t 0 ] && echo terminal;" + TRAPS
    process, ours = on_terminal(tmp_path / "kept", script)
    os.write(ours, b"\x03")
    said = b""
    with suppress(OSError):  # the end of a terminal
        while data := os.read(ours, 1000):
            said += data
    process.wait(timeout=30)
    os.close(ours)
    kept = (tmp_path / "kept").read_bytes()
    assert kept.startswith(b"130 terminal\nready\n")
    assert kept.count(b"heard") == 1
    assert kept.endswith(b"cleaned\n")
    assert b"cleaned" in said
