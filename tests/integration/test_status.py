"""`mirrorkit status`: a table by lesson, and what is watched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

from tests.fakes.registry import fake_registry
from tests.integration.command import MIRRORKIT
from tests.integration.lesson import APP, WEB, made
from tests.integration.test_terminal import Terminal
from tests.lab.process import end, environment, wait_until

if TYPE_CHECKING:
    from tests.integration.command import Desk

IMAGES = {APP: made("app"), WEB: made("web")}


def teach(desk: Desk, url: str) -> None:
    """Write a lock of two lessons."""
    desk.prepare(IMAGES, url)
    pins = [
        {"name": name, "digest": one.digest, "needed_by": [lesson]}
        for (name, one), lesson in zip(IMAGES.items(), ("pods", "storage"), strict=True)
    ]
    lock = {"version": 1, "lessons": ["pods", "storage"], "images": pins}
    (desk.folder / "images.lock.yaml").write_text(json.dumps(lock))


def test_a_lesson_that_is_complete_has_one_line_and_what_is_missing_is_named(desk: Desk) -> None:
    with fake_registry({APP: IMAGES[APP]}) as one:
        teach(desk, one.url)
        before = desk.run("status")
        assert desk.run("sync").status == 4
    assert (before.status, before.out.splitlines()[0].split()[:2]) == (1, ["absent", "pods"])
    done = desk.run("status")
    first, second, third, *_ = done.out.splitlines()
    assert (done.status, first.split()[:4]) == (1, ["complete", "pods", "1", "image,"])
    assert (second.split()[:2], third.split()) == (["absent", "storage"], ["absent", WEB])
    assert f"    complete  {APP}" in desk.run("status", "--all").out.splitlines()


def test_watched_by_a_program_it_tells_what_changes_until_it_is_interrupted(desk: Desk) -> None:
    with fake_registry(IMAGES) as one:
        teach(desk, one.url)
        with desk.running("status", "--watch") as process:
            out = desk.folder / "out"
            wait_until(lambda: "0 of 2 images" in out.read_text(), 15, "the state now")
            assert desk.run("sync").status == 0
            wait_until(lambda: ": 2 images complete" in out.read_text(), 15, "the change")
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 130
    lines = out.read_text().splitlines()
    assert len(lines) == len(set(lines))  # nothing is said twice


def test_a_lock_half_written_is_told_and_watched_on(desk: Desk) -> None:
    with fake_registry(IMAGES) as one:
        teach(desk, one.url)
        lock = desk.folder / "images.lock.yaml"
        whole = lock.read_text()
        with desk.running("status", "--watch", "--json") as process:
            out, err = desk.folder / "out", desk.folder / "err"
            wait_until(lambda: out.read_text().count("\n") == 1, 15, "the state now")
            lock.write_text("version: ")
            wait_until(lambda: "error: images.lock.yaml" in err.read_text(), 15, "the mistake")
            lock.write_text(whole.replace("storage", "disks"))
            wait_until(lambda: out.read_text().count("\n") == 2, 15, "the change")
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 130
    assert [item["needed_by"] for item in json.loads(out.read_text().splitlines()[1])["items"]] == [
        ["pods"],
        ["disks"],
    ]


def test_on_a_terminal_the_table_is_shown_anew(desk: Desk) -> None:
    terminal = Terminal()
    with fake_registry(IMAGES) as one:
        teach(desk, one.url)
        process = subprocess.Popen(
            (*MIRRORKIT, "status", "--watch"),
            cwd=desk.folder,
            env=environment(TERM="xterm-256color"),
            stdin=subprocess.DEVNULL,
            stdout=terminal.end,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until(lambda: terminal.shows("absent    storage"), 15, "the table")
            assert desk.run("sync").status == 0
            wait_until(lambda: terminal.shows("complete  storage"), 15, "the change")
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 130
        finally:
            end(process)
            os.close(terminal.end)
            os.close(terminal.screen)
