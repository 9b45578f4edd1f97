"""Functions of setup.sh by themselves, in each shell that a student may have."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from mirrorkit.classroom.findings import State
from mirrorkit.classroom.setup import setup_script
from mirrorkit.server.report import parse_report

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "10.1.2.3:5080"
FUNCTIONS = setup_script(ADDRESS).removesuffix('main "$@"\n')
BEGIN = "set -u; SCRATCH=$HOME; ADDRESS=$MIRROR; choose_language; choose_client\n"
SHELLS = {"dash": ("dash",), "ash": ("busybox", "ash"), "bash": ("bash",)}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return SHELLS[str(request.param)]


def told(shell: tuple[str, ...], home: Path, *calls: str, **environment: str) -> str:
    """Call functions as the script's own last lines would; return what they print."""
    done = subprocess.run(
        (*shell, "-s"),
        input="\n".join((FUNCTIONS, BEGIN, *calls, "")),
        env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_code_that_the_script_says_is_one_that_a_report_may_have() -> None:
    found = set(re.findall(r"(?<!trouble )\bfail ([^ ]+) \"", FUNCTIONS))
    found |= set(re.findall(r"\bfinding (?:ok|warn|fail) ([^ ]+) \"", FUNCTIONS))
    found.discard('"$(code_of')
    assert {"ABSENT", "MIRROR", "DOCKER"} < found
    for code in found:
        parse_report(f"id\tseat-0001\nstep\tstuck\nfail\t{code}\tsentence\n".encode())


def test_what_a_program_said_on_several_lines_is_one_finding(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    calls = (
        r"said=$(printf 'Error:\n\tno address\nstep\tready')",
        'finding fail NET "no network: $said" "没有网络" "docker network ls"',
    )
    report = told(shell, tmp_path, "PORCELAIN=1", *calls, 'printf "%s" "$TROUBLE"')
    lines = report.splitlines()
    assert lines[0] == lines[1]
    assert len(lines) == 2
    (finding,) = parse_report(f"id\tseat-0001\nstep\tstuck\n{lines[1]}\n".encode()).findings
    assert finding.state is State.FAIL
    assert finding.sentence.endswith("no address step ready")
    assert finding.command == "docker network ls"
