"""Findings, a line each, as setup.sh prints and reports them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.classroom.findings import Finding, State, is_sound, read_finding, read_findings


def test_a_finding_is_a_line_of_four() -> None:
    line = "fail\tDOCKER\tDocker is not there\tsudo apt-get install -y docker.io"
    assert read_findings(f"{line}\nok\tCPU\t4 CPUs\t\n\nwarn\tCLOCK\tlate") == (
        Finding(State.FAIL, "DOCKER", "Docker is not there", "sudo apt-get install -y docker.io"),
        Finding(State.OK, "CPU", "4 CPUs"),
        Finding(State.WARN, "CLOCK", "late"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "fail",
        "fail\tDOCKER",
        "fail\tDOCKER\t \t",
        "bad\tDOCKER\tx\t",
        "fail\tdocker\tx\t",
        "fail\tA B\tx\t",
        "fail\tDOCKER\n\tx\t",
        f"fail\t{'D' * 17}\tx\t",
        "FAIL\tDOCKER\tx\t",
    ],
)
def test_what_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_finding(line)


@given(st.text(), st.text())
def test_whatever_stands_in_it_steers_no_terminal_and_is_not_long(one: str, other: str) -> None:
    found = read_finding(f"fail\tX\tx{one}\t{other}")
    assert (found.sentence + found.command).isprintable()
    assert max(len(found.sentence), len(found.command)) <= 400


def test_only_a_failure_stands_in_the_way() -> None:
    assert is_sound([Finding(State.OK, "A", "a"), Finding(State.WARN, "B", "b")])
    assert not is_sound([Finding(State.OK, "A", "a"), Finding(State.FAIL, "B", "b")])
