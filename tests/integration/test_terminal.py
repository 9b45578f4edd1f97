"""What a person sees on a terminal of 60 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.fakes.faults import held, stopped
from tests.fakes.registry import fake_registry
from tests.integration.command import MIRRORKIT, closed_url
from tests.integration.lesson import APP, layer_of, made
from tests.lab.process import end, environment, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.integration.command import Desk

MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|.|\n|\r")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
IMAGE = made("big", size=1 << 20)
LONG = "one.test/a/controller-with-a-name-that-is-longer-than-any-row-of-sixty-columns-has-room:1"


class Terminal:
    """A terminal that remembers everything printed on it."""

    def __init__(self, columns: int = 60) -> None:
        self.screen, self.end = pty.openpty()
        self.columns = columns
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, size)
        os.set_blocking(self.screen, False)
        self.text = ""

    def shows(self, words: str) -> bool:
        """Read what came and say whether the words are there."""
        with suppress(OSError):
            self.text += os.read(self.screen, 1 << 16).decode(errors="replace")
        return words in self.text

    def rows(self) -> list[str]:
        """Return the lines that were printed, without what only moves and colours."""
        return ESCAPES.sub("", self.text).replace("\r", "\n").splitlines()

    def display(self) -> list[str]:
        """Return what stands there now, as far as rows, carriage returns and rich's moves go."""
        rows, row, at = [""], 0, 0
        for part in MOVES.findall(self.text):
            if part == "\r":
                at = 0
            elif part == "\n":
                row, rows = row + 1, [*rows, ""] if row + 1 == len(rows) else rows
            elif part.endswith("A") and part != "A":
                row -= int(part[2:-1])
            elif part == "\x1b[2K":
                rows[row] = ""
            elif part[0] != "\x1b":
                if at == self.columns:  # it wraps when the next one is written, not before
                    row, at, rows = row + 1, 0, [*rows, ""] if row + 1 == len(rows) else rows
                rows[row] = rows[row][:at].ljust(at) + part + rows[row][at + 1 :]
                at += 1
        return [one.rstrip() for one in rows]

    def type(self, text: str) -> None:
        """Type as a person does."""
        os.write(self.screen, text.encode())

    def close(self) -> None:
        os.close(self.end)
        os.close(self.screen)


def is_still(terminal: Terminal) -> bool:
    """Say whether nothing was painted for longer than a screen that paints always would pause."""
    before = terminal.text
    select.select([terminal.screen], [], [], 1.5)
    terminal.shows("")
    return terminal.text == before


@contextmanager
def syncing(desk: Desk, terminal: Terminal) -> Iterator[subprocess.Popen[bytes]]:
    """Run `sync` on a terminal while the block lasts."""
    process = subprocess.Popen(
        (*MIRRORKIT, "sync"),
        cwd=desk.folder,
        env=environment(TERM="xterm-256color", COLUMNS="", LINES=""),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal.end,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)
        terminal.shows("")
        terminal.close()


@contextmanager
def up(
    desk: Desk, terminal: Terminal, *arguments: str, **env: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `up` on a terminal while the block lasts."""
    process = subprocess.Popen(
        (*MIRRORKIT, "up", "--listen", f":{free_port()}", *arguments),
        cwd=desk.folder,
        env=environment(TERM="xterm-256color", COLUMNS="", LINES="", **env),
        stdin=terminal.end,
        stdout=terminal.end,
        stderr=terminal.end,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)
        terminal.close()


@pytest.mark.parametrize("columns", [60, 100])
def test_a_sync_shows_all_bytes_each_blob_and_each_source_in_one_line_each(
    desk: Desk, columns: int
) -> None:
    terminal = Terminal(columns)
    layer = layer_of("big", 1 << 20)
    with fake_registry({LONG: IMAGE}) as one:
        gate = one.gate()
        one.fail(layer.digest, stopped(1 << 19, gate))
        desk.prepare({LONG: IMAGE}, one.url)
        with syncing(desk, terminal) as process:
            wait_until(lambda: terminal.shows("524 kB of 1.1 MB"), 15, "the blob")
            wait_until(lambda: terminal.shows(" 49 %"), 15, "its share")
            wait_until(lambda: terminal.shows("1 connection,"), 15, "the source")
            gate.open()
            wait_until(lambda: terminal.shows("complete: 1 image,"), 15, "the end")
            assert process.wait(15) == 0
    rows = terminal.rows()
    assert max(map(len, rows)) <= columns
    assert any("━" in row and " of 1.1 MB, " in row for row in rows)
    assert any(row.startswith("controller-with-a-") and "524 kB" in row for row in rows)
    assert any(row.startswith("one.test ") for row in rows)
    assert "1 image to complete: 1.1 MB to fetch" in terminal.text
    assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h")


def test_while_nothing_moves_nothing_is_painted(desk: Desk) -> None:
    terminal = Terminal()
    with fake_registry({APP: IMAGE}) as one:
        gate = one.gate()
        one.fail(layer_of("big", 1 << 20).digest, held(gate))
        desk.prepare({APP: IMAGE}, one.url)
        with syncing(desk, terminal) as process:
            wait_until(lambda: terminal.shows("0 B of 1.1 MB"), 15, "the blob")
            wait_until(lambda: is_still(terminal), 30, "a still screen")
            gate.open()
            assert process.wait(15) == 0


def test_a_sync_that_is_interrupted_leaves_the_terminal_as_it_was(desk: Desk) -> None:
    terminal = Terminal()
    with fake_registry({APP: IMAGE}) as one:
        one.fail(layer_of("big", 1 << 20).digest, held(one.gate()))
        desk.prepare({APP: IMAGE}, one.url)
        with syncing(desk, terminal) as process:
            wait_until(lambda: terminal.shows("0 B of 1.1 MB"), 15, "the blob")
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 130
            assert terminal.shows("interrupted; what was downloaded is kept")
    assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h")


@pytest.mark.parametrize("columns", [60, 100])
def test_up_has_one_screen_that_fits_and_says_what_is_coming_and_then_that_it_is_ready(
    desk: Desk, columns: int
) -> None:
    terminal = Terminal(columns)
    with fake_registry({APP: IMAGE}) as one:
        gate = one.gate()
        one.fail(layer_of("big", 1 << 20).digest, stopped(1 << 19, gate))
        desk.prepare({APP: IMAGE}, one.url)
        with up(desk, terminal, "--advertise", "192.168.1.10") as process:
            wait_until(lambda: terminal.shows(" of 1.1 MB"), 15, "what is coming")
            wait_until(lambda: terminal.shows("leave this running"), 15, "the next step")
            wait_until(lambda: terminal.shows("one.test: 1 connection,"), 15, "from whom")
            gate.open()
            wait_until(lambda: terminal.shows("1 of 1 image, 1.1 MB"), 30, "the end")
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 130
            terminal.shows("")
    rows = [row for row in terminal.rows() if str(desk.store) not in row]  # one word, too long
    assert max(map(len, rows)) <= columns
    assert any(row.startswith("Complete  0 of 1 image") for row in rows)
    assert any(row.startswith("Address   http://192.168.1.10:") for row in rows)
    assert any("students" in row for row in rows if row.startswith("In class"))
    assert not terminal.text.endswith("\x1b[?25l")
    assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h")


@pytest.mark.parametrize("verb", [("lock", "--check"), ("sources", "probe")])
def test_what_asks_sources_says_so_before_they_answer(desk: Desk, verb: Sequence[str]) -> None:
    terminal = Terminal()
    with fake_registry({APP: IMAGE}) as one:
        gate = one.gate()
        one.always("/v2/", held(gate))
        desk.prepare({APP: IMAGE}, one.url)
        (desk.folder / "images.yaml").write_text(f"version: 1\nimages: [{APP}]\n")
        process = subprocess.Popen(
            (*MIRRORKIT, *verb),
            cwd=desk.folder,
            env=environment(TERM="xterm-256color"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=terminal.end,
        )
        try:
            wait_until(lambda: terminal.shows("asking "), 20, "word of asking")
            wait_until(lambda: terminal.shows("asked: 0 of 1, "), 20, "a count")
            assert process.poll() is None
            gate.open()
            process.wait(30)
        finally:
            end(process)
            terminal.close()


@pytest.mark.parametrize(
    "arguments, last, first",
    [
        (("up", "--listen", ":0"), "machine's network", "Address "),
        # Its last row would have sixty columns.
        (("status", "--watch", "--store", "s" * 26), "exist", "absent    the whole class"),
    ],
)
def test_the_c_of_ctrl_c_moves_no_row(
    desk: Desk, arguments: Sequence[str], last: str, first: str
) -> None:
    terminal = Terminal()
    (desk.folder / "images.yaml").write_text(f"version: 1\nimages: [{APP}, {LONG}]\n")
    text = f"version: 1\nimages: [{{name: {APP}, digest: {IMAGE.digest}}}]\n"
    (desk.folder / "images.lock.yaml").write_text(f"{text}unpinned: [{{name: {LONG}}}]\n")
    process = subprocess.Popen(
        ("setsid", "-c", *MIRRORKIT, *arguments),
        cwd=desk.folder,
        env=environment(TERM="xterm-256color", COLUMNS="", LINES="", HTTPS_PROXY=closed_url()),
        stdin=terminal.end,
        stdout=terminal.end,
        stderr=terminal.end,
    )
    try:
        wait_until(lambda: terminal.shows(last), 20, "the last row")
        wait_until(lambda: is_still(terminal), 30, "a still screen")
        terminal.type("\x03")
        assert process.wait(15) == 130
        terminal.shows("")
    finally:
        end(process)
        terminal.close()
    assert sum(row.startswith(first) for row in terminal.display()) == 1


@pytest.mark.parametrize("parts", [15, 40])
def test_a_class_longer_than_the_terminal_is_watched_to_its_last_line(
    desk: Desk, parts: int
) -> None:
    terminal = Terminal(100)
    wanted = (f"{{name: 'one.test/a{n}:1', needed_by: [part {n}]}}" for n in range(parts))
    text = f"version: 1\nimages: []\nunpinned: [{', '.join(wanted)}]\n"
    (desk.folder / "images.lock.yaml").write_text(text)
    process = subprocess.Popen(
        (*MIRRORKIT, "status", "--watch", "--all", "--store", "there"),
        cwd=desk.folder,
        env=environment(TERM="xterm-256color", COLUMNS="", LINES=""),
        stdin=subprocess.DEVNULL,
        stdout=terminal.end,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: terminal.shows("store: there"), 20, "the last line")
        shown = [row for row in terminal.display() if row]
    finally:
        end(process)
        terminal.close()
    assert any(row.startswith(f"images.lock.yaml: 0 of {parts} images") for row in shown)
    assert sum(f"part {parts - 1} " in row for row in shown) == 1
    assert len(shown) <= 24


def test_up_shows_who_is_ready_as_the_machines_report_it(desk: Desk) -> None:
    terminal = Terminal(100)
    with fake_registry({APP: IMAGE}) as one:
        desk.prepare({APP: IMAGE}, one.url)
        with up(desk, terminal, "--advertise", "192.168.1.10"):
            wait_until(lambda: terminal.shows("1 of 1 image, 1.1 MB"), 30, "the end")
            port = re.findall(r"http://192\.168\.1\.10:(\d+)", terminal.text)[-1]
            url = f"http://127.0.0.1:{port}/api/v1/seats"
            with urllib.request.urlopen(url, b"id\tseat-0001\nstep\tready\n", 10) as answer:
                assert answer.read() == b"1\n"
            wait_until(lambda: terminal.shows("1 ready"), 15, "the seat")


def test_up_in_an_empty_folder_asks_on_a_terminal_what_the_class_needs(desk: Desk) -> None:
    terminal = Terminal(80)
    (desk.folder / "mirrorkit.yaml").write_text("store: store\n")
    with up(desk, terminal, HTTPS_PROXY=closed_url()):
        wait_until(lambda: terminal.shows("Preset (course, current)"), 15, "the first question")
        terminal.type("current\n\n\n\nnone\n")
        wait_until(lambda: terminal.shows("images.lock.yaml: "), 20, "the lock")
        wait_until(lambda: terminal.shows("no source answers"), 20, "the screen")
    assert (desk.folder / "images.yaml").exists()
    assert (desk.folder / "images.lock.yaml").exists()


@pytest.mark.parametrize("columns", [60, 80])
def test_the_flags_of_a_start_are_told_between_the_edges_of_the_terminal(
    desk: Desk, columns: int
) -> None:
    terminal = Terminal(columns)
    words = ("minikube", "flags", "--minikube", "v1.25.2", "--profile", "week2")
    process = subprocess.Popen(
        (*MIRRORKIT, *words), cwd=desk.folder, env=environment(), stdout=terminal.end
    )
    wait_until(lambda: terminal.shows("--format shell | sh"), 15, "the last line")
    assert process.wait(15) == 0
    terminal.close()
    command, *rest, last = [row for row in terminal.rows() if row]
    assert command.startswith("MINIKUBE_IMAGE_REPOSITORY=")
    assert max(map(len, rest)) <= columns
    assert max(map(len, rest)) > columns - 15
    assert last == f"all of this at once: mirrorkit {' '.join(words)} --format shell | sh"
