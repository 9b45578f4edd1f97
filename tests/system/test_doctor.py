"""Troubles that readers of the course had, each made on this machine and named with its cure.

Engines are real ones; a machine that is smaller or older than this one is played: with fewer CPUs
by taskset, with another /proc by a mount of its own, with an older Docker by a client that says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.engines import docker_engine
from tests.lab.process import environment, free_port
from tests.lab.product import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ONE_CPU = ("taskset", "--cpu-list", "0")


@dataclass(frozen=True)
class Machine:
    """A machine that doctor looks at."""

    home: Path
    mirror: str = f"127.0.0.1:{free_port()}"
    prefix: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def doctor(self, *arguments: str) -> dict[str, dict[str, str]]:
        """Return doctor's findings by code; where a code stands twice, the worst."""
        self.home.mkdir(exist_ok=True)
        done = subprocess.run(
            (*self.prefix, *PROGRAM, "doctor", "--json", "--mirror", self.mirror, *arguments),
            cwd=self.home,
            env=environment(HOME=str(self.home), LANG="C", **self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        found: dict[str, dict[str, str]] = {}
        for one in json.loads(done.stdout)["findings"]:
            if one["code"] not in found or one["state"] == "fail":
                found[one["code"]] = one
        return found

    def with_program(self, name: str, script: str) -> Machine:
        """Put a program before all others."""
        folder = self.home / "programs"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        return replace(
            self, environment={**self.environment, "PATH": f"{folder}:{os.environ['PATH']}"}
        )

    def without_program(self, name: str) -> Machine:
        """Leave every program on PATH but one."""
        folder = self.home / "others"
        folder.mkdir(parents=True)
        for place in os.environ["PATH"].split(":"):
            for program in Path(place).glob("*"):
                if program.name != name and not (folder / program.name).is_symlink():
                    (folder / program.name).symlink_to(program)
        return replace(self, environment={**self.environment, "PATH": str(folder)})


def with_file(path: str, file: Path) -> tuple[str, ...]:
    """Return what to put before a command so that it, and it alone, sees another file there."""
    script = 'mount --bind "$0" "$1" && shift && exec "$@"'
    return ("unshare", "--mount", "sh", "-c", script, str(file), path)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine beside a mirror that is away: the checks of the machine do not need it."""
    return Machine(tmp_path / "home")


@contextmanager
def engine_of(machine: Machine, prefix: Sequence[str] = ()) -> Iterator[Machine]:
    """Give a machine a Docker Engine of its own."""
    with docker_engine(machine.home.parent / "engine", prefix=prefix) as docker:
        yield replace(machine, environment={**machine.environment, "DOCKER_HOST": docker.host})


def test_this_machine_with_a_docker_of_its_own_is_well_but_for_root(machine: Machine) -> None:
    with engine_of(machine) as well:
        found = well.doctor()
    assert {code: found[code]["state"] for code in ("CPU", "MEM", "DISK", "DOCKER", "STORAGE")} == (
        dict.fromkeys(("CPU", "MEM", "DISK", "DOCKER", "STORAGE"), "ok")
    )
    assert found["ROOT"]["state"] == "warn"
    assert "--force" in found["ROOT"]["sentence"]
    assert "useradd" in found["ROOT"]["command"]


def test_one_cpu_is_too_few(machine: Machine) -> None:
    with engine_of(machine, ONE_CPU) as small:
        found = small.doctor()["CPU"]
    assert found["state"] == "fail"
    assert found["sentence"].startswith("1 CPU")


def test_a_small_memory_on_which_the_control_plane_would_hang_is_named_before(
    machine: Machine, tmp_path: Path
) -> None:
    memory = tmp_path / "meminfo"
    memory.write_text("MemTotal: 1048576 kB\nMemFree: 524288 kB\nMemAvailable: 524288 kB\n")
    with engine_of(machine, with_file("/proc/meminfo", memory)) as small:
        found = small.doctor()["MEM"]
    assert found["state"] == "fail"
    assert "1024 MB" in found["sentence"]


def test_a_docker_older_than_20_10_1_is_too_old(machine: Machine) -> None:
    old = machine.with_program("docker", 'case "$1" in version) echo 19.03.15 ;; esac')
    found = old.doctor()["VERSION"]
    assert found["state"] == "fail"
    assert "19.03.15" in found["sentence"]
    assert "20.10.1" in found["sentence"]
    assert found["command"]


def test_no_docker_and_a_docker_that_does_not_run_are_told_apart(machine: Machine) -> None:
    found = machine.without_program("docker").doctor()
    assert found["DOCKER"]["state"] == "fail"
    assert "docker.io" in found["DOCKER"]["command"]
    silent = replace(machine, environment={"DOCKER_HOST": f"unix://{machine.home}/none.sock"})
    found = silent.doctor()
    assert found["RUNNING"]["state"] == "fail"
    assert "docker" in found["RUNNING"]["command"]
    assert "DOCKER" not in found


def test_who_may_not_use_docker_is_told_of_its_group(machine: Machine) -> None:
    with engine_of(machine) as well:
        client = shutil.which("docker")
        student = "setpriv --reuid 65534 --regid 65534 --clear-groups"
        found = well.with_program("docker", f'exec {student} {client} "$@"').doctor()
    assert found["GROUP"]["state"] == "fail"
    assert "usermod -aG docker" in found["GROUP"]["command"]


def test_wsl2_is_recognised_and_wsl1_refused(machine: Machine, tmp_path: Path) -> None:
    kernel = tmp_path / "osrelease"
    for release, code, state in (
        ("5.15.90.1-microsoft-standard-WSL2", "OS", "ok"),
        ("4.4.0-19041-Microsoft", "WSL", "fail"),
    ):
        kernel.write_text(f"{release}\n")
        below_windows = replace(machine, prefix=with_file("/proc/sys/kernel/osrelease", kernel))
        found = below_windows.doctor()[code]
        assert (found["state"], "WSL" in found["sentence"]) == (state, True)


def test_a_proxy_that_would_be_asked_for_the_mirror_is_named(machine: Machine) -> None:
    machine = replace(machine, mirror="10.1.2.3:5080")
    proxied = replace(machine, environment={"https_proxy": "http://127.0.0.1:7890"})
    found = proxied.doctor()["PROXY"]
    assert found["state"] == "warn"
    assert "NO_PROXY=" in found["command"]
    direct = {**proxied.environment, "NO_PROXY": "10.1.2.3"}
    assert replace(machine, environment=direct).doctor()["PROXY"]["state"] == "ok"


def test_the_checks_speak_the_language_of_the_rest(machine: Machine) -> None:
    chinese = replace(machine, environment={"LC_ALL": "zh_CN.UTF-8"}).doctor()
    for code in ("CPU", "MIRROR", "PROFILE"):
        assert not chinese[code]["sentence"].isascii(), chinese[code]


def test_a_driver_of_virtual_machines_wants_virtualization(machine: Machine) -> None:
    assert "VIRT" in machine.doctor("--driver", "kvm2")
    assert "VIRT" not in machine.doctor()
