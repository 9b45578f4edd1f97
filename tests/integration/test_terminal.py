"""What a person sees on a terminal of 60 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.fakes.faults import held
from tests.fakes.registry import fake_registry
from tests.integration.command import MIRRORKIT
from tests.integration.lesson import APP, layer_of, made
from tests.lab.process import end, environment, wait_until

if TYPE_CHECKING:
    from tests.integration.command import Desk

COLUMNS = 60
IMAGE = made("big", size=1 << 20)


class Terminal:
    """A terminal that remembers everything printed on it."""

    def __init__(self) -> None:
        self.screen, self.end = pty.openpty()
        size = struct.pack("HHHH", 24, COLUMNS, 0, 0)
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, size)
        os.set_blocking(self.screen, False)
        self.text = ""

    def shows(self, words: str) -> bool:
        """Read what came and say whether the words are there."""
        with suppress(OSError):
            self.text += os.read(self.screen, 1 << 16).decode(errors="replace")
        return words in self.text


def test_a_sync_shows_one_bar_with_bytes_rate_and_time_left(desk: Desk) -> None:
    terminal = Terminal()
    with fake_registry({APP: IMAGE}) as one:
        gate = one.gate()
        one.fail(layer_of("big", 1 << 20).digest, held(gate))
        desk.prepare({APP: IMAGE}, one.url)
        process = subprocess.Popen(
            (*MIRRORKIT, "sync"),
            cwd=desk.folder,
            env=environment(TERM="xterm-256color"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=terminal.end,
            start_new_session=True,
        )
        try:
            wait_until(lambda: terminal.shows("/1.1 MB"), 15, "the bar")
            gate.open()
            wait_until(lambda: terminal.shows("complete: 1 image,"), 15, "the end")
            assert process.wait(15) == 0
        finally:
            end(process)
            os.close(terminal.end)
            os.close(terminal.screen)
    assert "1 image to complete: 1.1 MB to fetch" in terminal.text
    assert f"complete  {APP}" in terminal.text
