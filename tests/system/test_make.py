"""`make run` and `make demo`, as a person at a terminal meets them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import closed_url
from tests.integration.test_terminal import Terminal
from tests.lab.process import end, environment, free_port, wait_until
from tests.lab.reader import PROGRAM
from tests.lab.wheelhouse import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "version: 1\nunpinned: [{name: example.test/app:1}]\n"


@pytest.mark.parametrize(
    "target, shown", [("run", "run the same command once"), ("demo", "The evening before")]
)
def test_ctrl_c_ends_make_quietly(tmp_path: Path, target: str, shown: str) -> None:
    program = tmp_path / "venv/bin/mirrorkit"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "venv/.ready").touch()
    (tmp_path / "images.lock.yaml").write_text(LOCK)
    terminal = Terminal(100)
    process = subprocess.Popen(
        ("setsid", "-c", "make", "-f", ROOT / "Makefile", f"VENV={tmp_path}/venv", target),
        cwd=tmp_path,
        env=environment(MIRRORKIT_LISTEN=f"127.0.0.1:{free_port()}", HTTPS_PROXY=closed_url()),
        stdin=terminal.end,
        stdout=terminal.end,
        stderr=terminal.end,
    )
    try:
        wait_until(lambda: terminal.shows(shown), 60, "what ends with Ctrl-C")
        terminal.type("\x03")
        assert process.wait(15) == 0
        terminal.shows("")
    finally:
        end(process)
        terminal.close()
    assert "make:" not in terminal.text
