"""A shell program of ours as a child: its words, its output, and its end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from mirrorkit.errors import SurroundingsError
from mirrorkit.host.script import run_script
from tests.lab.process import wait_until


def test_it_gets_its_words_and_is_read() -> None:
    ran = run_script('printf "%s|" "$@"; exit 3', ["--check", "a b"], 60, is_read=True)
    assert ran == (3, "--check|a b|")


def test_one_that_hangs_is_ended_with_what_it_runs_and_may_clean_up(tmp_path: Path) -> None:
    folder, number = tmp_path / "scratch", tmp_path / "number"
    script = f"""
    mkdir {folder}
    trap 'rm -r {folder}; exit 143' TERM
    sleep 600 & echo $! >{number}
    sh -c 'sleep 600'
    """
    with pytest.raises(SurroundingsError, match="relay did not end within 1 seconds"):
        run_script(script, ["--no-report", "relay"], 0.6, is_read=True)
    assert not folder.exists()
    sleeper = Path("/proc", number.read_text().strip(), "stat")
    wait_until(lambda: _is_gone(sleeper), 10, "nothing goes on")


def _is_gone(process: Path) -> bool:
    """Say whether a process has ended, though nobody may have asked how."""
    with suppress(OSError):
        return process.read_text().rpartition(")")[2].split()[0] == "Z"
    return True
