"""The machine's checks as doctor runs them: any script's lines, in bounded time."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirrorkit.classroom.doctor.machine import machine_findings
from mirrorkit.classroom.findings import Finding, State
from mirrorkit.classroom.words import english

LINES = r"""
printf 'ok\tCPU\t4 CPUs\t\n'
echo 'dpkg: a warning of somebody'
printf 'fail\tDOCKER\tDocker \033[2Jis not there\tapt-get install docker.io\n'
printf 'fail\tMIRROR\tdoctor asks it itself\tx\n'
"""


async def test_findings_are_kept_chatter_is_not_and_what_doctor_knows_better_is_left_out() -> None:
    assert await machine_findings(LINES, (), english) == (
        Finding(State.OK, "CPU", "4 CPUs"),
        Finding(State.FAIL, "DOCKER", "Docker [2Jis not there", "apt-get install docker.io"),
    )


async def test_the_script_is_told_which_start_it_is_about_and_to_report_nothing() -> None:
    (found,) = await machine_findings(
        "printf 'ok\\tARGS\\t%s\\t\\n' \"$*\"", ("--driver=podman",), english
    )
    assert found.sentence == "--check --porcelain --no-report start --driver=podman"


async def test_checks_that_do_not_end_are_ended_with_all_they_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 1000 & echo $! > {pids}; wait"
    (found,) = await machine_findings(script, (), english, seconds=1)
    assert (found.state, found.code) == (State.FAIL, "CHECKS")
    status = Path("/proc") / pids.read_text().strip() / "status"
    # It is gone, or dead and not yet taken away by whoever got it.
    assert not status.exists() or "State:\tZ" in status.read_text()


@pytest.mark.parametrize("script", ["exit 3", "exec cat /dev/zero", "if"])
async def test_a_script_that_says_nothing_is_told(script: str) -> None:
    (found,) = await machine_findings(script, (), english)
    assert (found.state, found.code) == (State.FAIL, "CHECKS")
