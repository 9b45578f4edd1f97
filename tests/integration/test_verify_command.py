"""`mirrorkit verify`: what it says and ends with, and what a repair fetches."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import MIRRORKIT, closed_url, told
from tests.integration.lesson import APP, WEB, layer_of, made
from tests.integration.test_disk_trouble import mounted
from tests.integration.test_terminal import Terminal
from tests.lab.process import LabError, end, environment, output, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.registry import FakeRegistry
    from tests.integration.command import Desk

SIZE = 3 << 20
IMAGES = {APP: made("app", "base"), WEB: made("web", "base", size=SIZE)}
LAYER = layer_of("web", SIZE).digest
BLOBS = {digest for image in IMAGES.values() for digest in image.all_blobs()}


@pytest.fixture
def filled(desk: Desk, upstream: FakeRegistry) -> Desk:
    """A teacher's folder after a sync."""
    desk.prepare(IMAGES, upstream.url)
    assert desk.run("sync").status == 0
    return desk


def blob(desk: Desk, digest: str) -> Path:
    return desk.store / "blobs" / digest.replace(":", "/")


def flip(desk: Desk, digest: str) -> None:
    path = blob(desk, digest)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def quarantine(desk: Desk) -> list[str]:
    """Return the digests of what was moved away."""
    names = (path.name.partition(".")[0] for path in (desk.store / "quarantine").glob("*"))
    return sorted(name.replace("-", ":") for name in names)


def test_a_right_store_is_told_in_one_line_and_by_status(filled: Desk) -> None:
    assert "verified" not in filled.run("status").out
    done = filled.run("verify")
    assert (done.status, done.out) == (0, "")
    assert done.err.splitlines()[-1].startswith(f"all right: {len(BLOBS) + 2} blobs, ")
    status = filled.run("status").out
    assert re.search(r" complete, .*, verified \d{4}-\d\d-\d\d \d\d:\d\d$", status, re.MULTILINE)


def test_wrong_bytes_end_with_5_and_are_named_and_status_tells_the_truth(filled: Desk) -> None:
    flip(filled, LAYER)
    done = filled.run("verify")
    told(done, 5, "1 blob with other bytes, now in", "mirrorkit verify --repair")
    assert f"wrong     {LAYER} holds other bytes: {WEB}" in done.err.splitlines()
    assert quarantine(filled) == [LAYER]
    status = filled.run("status")
    assert (status.status, "partial" in status.out, "verified" in status.out) == (1, True, False)
    again = filled.run("verify")  # nothing that is held is wrong
    told(again, 1, f"not complete: {WEB}", "mirrorkit sync")


def test_a_repair_fetches_what_was_wrong_and_nothing_else(
    filled: Desk, upstream: FakeRegistry
) -> None:
    flip(filled, LAYER)
    before = len(upstream.asked)
    done = filled.run("verify", "--repair")
    assert done.status == 0, done
    assert [one.path.rpartition("/")[2] for one in upstream.asked[before:]] == [LAYER]
    assert any(line.startswith("repaired: 1 blob fetched again") for line in done.err.splitlines())
    assert filled.names() == {APP, WEB}
    assert filled.run("verify").status == 0
    assert quarantine(filled) == [LAYER]


def test_what_lies_below_a_damaged_manifest_is_found_and_repaired_too(filled: Desk) -> None:
    flip(filled, LAYER)
    flip(filled, IMAGES[WEB].digest)
    done = filled.run("verify", "--repair", "--json")
    assert done.status == 0, done
    report = done.events()[-1]
    assert (report["event"], report["right"], report["complete"]) == ("report", True, True)
    wrong = {one["digest"]: (one["reason"], one["repaired"]) for one in report["wrong"]}
    found = ("holds other bytes", True)
    assert wrong == {LAYER: found, IMAGES[WEB].digest: found}
    assert filled.names() == {APP, WEB}


def test_a_repair_that_gets_no_answer_ends_with_5_and_says_both(filled: Desk) -> None:
    flip(filled, LAYER)
    settings = filled.folder / "mirrorkit.yaml"
    upstream = re.search(r"http://127.0.0.1:\d+", settings.read_text())
    assert upstream
    settings.write_text(settings.read_text().replace(upstream[0], closed_url()))
    done = filled.run("verify", "--repair", "--json")
    report = done.events()[-1]
    assert (done.status, report["right"]) == (5, False)
    assert [one["name"] for one in report["failures"]] == [WEB]
    assert quarantine(filled) == [LAYER]


def test_an_empty_store_is_filled_by_a_repair(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare(IMAGES, upstream.url)
    told(desk.run("verify"), 1, "not complete: ", "mirrorkit sync")
    assert not desk.store.exists()
    assert desk.run("verify", "--repair").status == 0
    assert desk.names() == {APP, WEB}


def test_several_locks_are_verified_and_repaired_in_one_go(filled: Desk) -> None:
    whole = filled.folder / "images.lock.yaml"
    lines = whole.read_text().splitlines()
    weeks = {APP: filled.folder / "week1.yaml", WEB: filled.folder / "week2.yaml"}
    for name, path in weeks.items():
        (start,) = (number for number, line in enumerate(lines) if line.endswith(f"name: {name}"))
        path.write_text("\n".join((*lines[:3], *lines[start : start + 2], "")))
    flip(filled, LAYER)
    flip(filled, layer_of("app").digest)
    both = [word for path in weeks.values() for word in ("--lock", path.name)]
    assert filled.run("verify", *both[:2]).status == 5
    done = filled.run("verify", "--repair", *both)
    assert done.status == 0, done
    assert filled.names() == {APP, WEB}
    assert quarantine(filled) == sorted((LAYER, layer_of("app").digest))


@pytest.mark.parametrize(
    "call, error, status, is_moved",
    [("readv", "EIO", 5, True), ("openat", "EACCES", 6, False), ("openat", "EIO", 6, False)],
)
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read_on(
    filled: Desk, call: str, error: str, status: int, *, is_moved: bool
) -> None:
    """A disk's error is damage; missing rights are not, and move nothing."""
    fault = ("-e", f"trace={call}", "-e", f"inject={call}:error={error}")
    strace = ("strace", "-f", "-qq", "-o", "/dev/null", "-P", str(blob(filled, LAYER)), *fault)
    flip(filled, layer_of("app").digest)
    with pytest.raises(LabError) as failed:
        output((*strace, *MIRRORKIT, "verify", *_flags(filled)))
    said = str(failed.value)
    assert f"exit {status}\n" in said
    assert f"{LAYER} cannot be read: " in said
    assert f"wrong     {layer_of('app').digest}" in said
    assert quarantine(filled) == sorted([layer_of("app").digest, *([LAYER] if is_moved else [])])
    assert blob(filled, LAYER).exists() is not is_moved


def _flags(desk: Desk) -> tuple[str, ...]:
    lock, settings = (str(desk.folder / name) for name in ("images.lock.yaml", "mirrorkit.yaml"))
    return ("--lock", lock, "--config", settings)


def test_on_a_stick_that_cannot_be_written_it_says_what_is_right_and_what_is_wrong(
    filled: Desk,
) -> None:
    with mounted("--bind", "-o", "ro", str(filled.store), at=filled.store):
        assert filled.run("verify").status == 0
    flip(filled, LAYER)
    with mounted("--bind", "-o", "ro", str(filled.store), at=filled.store):
        told(filled.run("verify"), 5, f"{LAYER} holds other bytes and is still there: ", "written")
    assert blob(filled, LAYER).exists()


def test_interrupted_it_ends_at_once_and_nothing_is_lost(filled: Desk) -> None:
    path = blob(filled, LAYER)
    os.truncate(path, 1 << 40)  # a hole that takes many minutes to read
    with filled.running("verify") as process:
        err = filled.folder / "err"
        wait_until(lambda: "to read again" in err.read_text(), 15, "the beginning")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    assert path.stat().st_size == 1 << 40
    assert not (filled.store / "quarantine").exists()
    os.truncate(path, SIZE)
    assert filled.run("verify", "--repair").status == 0
    assert filled.names() == {APP, WEB}


def test_on_a_terminal_a_bar_shows_how_far_it_is(filled: Desk) -> None:
    terminal = Terminal()
    os.truncate(blob(filled, LAYER), 1 << 40)
    process = subprocess.Popen(
        (*MIRRORKIT, "verify"),
        cwd=filled.folder,
        env=environment(TERM="xterm-256color"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal.end,
        start_new_session=True,
    )
    try:
        wait_until(lambda: terminal.shows("of 1.1 TB"), 15, "the bar")
    finally:
        end(process)
        os.close(terminal.end)
        os.close(terminal.screen)
