"""`mirrorkit minikube flags` on the command line, and the minikube that this machine has."""

from __future__ import annotations

import json
import os
import select
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mirrorkit.cli.main import run
from mirrorkit.host.minikube import installed_minikube

Printed = pytest.CaptureFixture[str]
COURSE = Path(__file__).parents[2] / "images.lock.yaml"


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing, and a PATH with no minikube."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    for name in [name for name in os.environ if name.startswith("MIRRORKIT_")]:
        monkeypatch.delenv(name)
    return tmp_path


def install(desk: Path, script: str) -> None:
    program = desk / "bin" / "minikube"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def told(capsys: Printed, *words: str) -> dict[str, Any]:
    assert run(["minikube", "flags", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_installed_release_is_taken_before_the_locks(desk: Path, capsys: Printed) -> None:
    words = ("--lock", str(COURSE))
    assert told(capsys, *words)["minikube"] == "v1.25.2"
    install(desk, 'test "$*" = "version --short" && echo v1.32.0')
    found = told(capsys, *words)
    assert (found["minikube"], found["kubernetes"]) == ("v1.32.0", "v1.23.3")
    assert told(capsys, *words, "--minikube", "1.28.0")["minikube"] == "v1.28.0"


def test_without_a_lock_everything_is_taken_to_be_held(capsys: Printed) -> None:
    found = told(capsys, "--minikube", "v1.38.1")
    assert found["kubernetes"] == "v1.35.1"
    assert not any("lacks" in note for note in found["notes"])
    assert run(["minikube", "flags"]) == 2
    assert "name one: --minikube" in capsys.readouterr().err


@pytest.mark.parametrize(
    "script, release",
    [
        ("echo v1.25.2", "v1.25.2"),
        ("echo 'minikube version: v1.25.2'", "v1.25.2"),
        ("echo v1.25.2; exit 3", "v1.25.2"),
        ("printf 'v1.25.2'", "v1.25.2"),
        ("exit 0", None),
        ("echo 'v1.25.2;rm'", None),
        ("echo v99999.1.1", None),
        ("printf '\\377\\376\\0'", None),
        ("exec yes", None),
        ("echo v1.25.2; exec yes", "v1.25.2"),
        ("exec cat /dev/zero", None),
    ],
)
def test_what_a_minikube_says_is_believed_as_far_as_it_is_a_release(
    desk: Path, script: str, release: str | None
) -> None:
    install(desk, script)
    assert installed_minikube() == release


HANGING = ("exec sleep 60", "sleep 60 & sleep 60", "trap '' TERM; sleep 60")


def outlives(group: str) -> list[str]:
    """Return the processes of a group that a kill did not end; one takes a moment to die."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, of = path.read_text().rpartition(") ")[2].split()[:3]
            if of == group and state != "Z":
                ended = os.pidfd_open(int(path.parent.name))
                found += [] if select.select([ended], [], [], 5)[0] else [path.parent.name]
                os.close(ended)
    return found


@pytest.mark.parametrize("script", HANGING)
def test_a_minikube_that_hangs_is_ended_with_what_it_started(desk: Path, script: str) -> None:
    install(desk, f"echo $$ > pid; {script}")
    assert installed_minikube(seconds=0.3) is None
    assert outlives((desk / "pid").read_text().strip()) == []


def test_what_cannot_be_run_is_no_minikube(desk: Path) -> None:
    assert installed_minikube() is None
    (desk / "bin" / "minikube").mkdir()
    assert installed_minikube() is None
    (desk / "bin" / "minikube").rmdir()
    install(desk, "")
    (desk / "bin" / "minikube").write_bytes(b"\x7fELF")
    assert installed_minikube() is None


def test_the_relays_address_is_the_usual_one_and_another_is_for_host_and_nodes(
    capsys: Printed,
) -> None:
    words = ("--minikube", "v1.25.2")
    relay = {"address": "192.168.230.1:5080", "local": "localhost:5080"}
    assert told(capsys, *words)["mirror"] == relay
    given = told(capsys, *words, "--address", "10.1.2.3:5081")
    assert given["mirror"] == {"address": "10.1.2.3:5081", "local": "10.1.2.3:5081"}


@pytest.mark.parametrize("words", [("--no-relay",), ("--driver", "none"), ("--driver", "kvm2")])
def test_without_relay_it_is_the_address_that_this_machine_has(
    desk: Path, capsys: Printed, words: tuple[str, ...]
) -> None:
    (desk / "mirrorkit.yaml").write_text("advertise: 10.9.8.7:5099\n")
    found = told(capsys, "--minikube", "v1.25.2", *words)
    assert found["mirror"] == {"address": "10.9.8.7:5099", "local": "10.9.8.7:5099"}


def test_addons_come_by_comma_and_again(capsys: Printed) -> None:
    words = ("--addons", "ingress,dashboard", "--addons", "metrics-server")
    found = told(capsys, "--minikube", "v1.25.2", *words)
    assert found["addons"] == ["ingress", "dashboard", "metrics-server"]
    assert [word for word in found["command"] if "addons" in word] == [
        "--addons=ingress",
        "--addons=dashboard",
        "--addons=metrics-server",
    ]


@pytest.mark.parametrize(
    "words, error, hint",
    [
        (("--minikube", "v1.39.0"), "no minikube v1.39.0", "v1.38.1"),
        (("--minikube", "v1.26.0", "--runtime", "containerd"), "#14482", "--mode seed"),
        (("--minikube", "v1.38.1", "--kubernetes", "v1.36.0"), "no Kubernetes", "v1.35.1"),
        (("--minikube", "v1.38.1", "--addons", "dashbord"), "no addon", "dashboard"),
        (("--minikube", "v1.38.1", "--mode", "fast"), "no mode", "seed, mirror, transparent"),
        (("--minikube", "v1.38.1", "--format", "xml"), "no format", "powershell"),
        (("--minikube", "v1.38.1", "--address", "http://x"), "HOST:PORT", "192.168.230.1:5080"),
        (("--minikube", "v1.38.1", "--arch", "a/b"), "no architecture", "amd64"),
        (
            ("--minikube", "v1.38.1", "--arch", "riscv"),
            "'riscv' is no architecture",
            "one of amd64, arm, arm64, ppc64le, s390x",
        ),
        (("--lock", "none.yaml"), "no lock none.yaml", "mirrorkit lock"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_a_hint(
    capsys: Printed, words: tuple[str, ...], error: str, hint: str
) -> None:
    assert run(["minikube", "flags", *words]) in (2, 3)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: ")
    assert error in first
    assert second.startswith("hint: ")
    assert hint in second


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--runtime", "containerd", "--nodes", "2", "--no-relay", "--address", "10.1.2.3:5080"),
        ("--addons", "ingress,dashboard", "--addons", "metrics-server", "--force", "--relay"),
        ("--lock", "my locks/one.yaml", "--profile", "week2"),
    ],
)
def test_the_explanation_ends_with_the_line_that_does_all_of_it(
    desk: Path, capsys: Printed, words: tuple[str, ...]
) -> None:
    (desk / "my locks").mkdir()
    (desk / "my locks/one.yaml").write_bytes(COURSE.read_bytes())
    assert run(["minikube", "flags", "--minikube", "v1.25.2", *words]) == 0
    out = capsys.readouterr().out
    *_, blank, last = out.splitlines()
    assert (blank, last[:23]) == ("", "all of this at once: mi")
    program, *typed, pipe, shell = shlex.split(last.partition(": ")[2])
    assert (program, pipe, shell) == ("mirrorkit", "|", "sh")
    assert run(typed) == 0
    pasted = capsys.readouterr().out
    assert run(["minikube", "flags", "--minikube", "v1.25.2", *words, "--format", "shell"]) == 0
    assert pasted == capsys.readouterr().out


@pytest.mark.parametrize(
    "word, platform",
    [("x86_64", "linux/amd64"), ("aarch64", "linux/arm64"), ("s390x", "linux/s390x")],
)
def test_an_architecture_is_known_by_any_of_its_names(
    capsys: Printed, word: str, platform: str
) -> None:
    assert told(capsys, "--minikube", "v1.38.1", "--arch", word)["platform"] == platform


def test_minikubes_own_option_before_the_dashes_is_put_after_them(capsys: Printed) -> None:
    assert run(["minikube", "start", "--dry-run", "--nodes=2", "-p", "b"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == "error: --nodes is no option of mirrorkit's own"
    assert second.endswith(" after --: mirrorkit minikube start --dry-run -- --nodes=2 -p b")


def test_another_machines_mirror_and_no_lock_here_is_said_with_the_students_line(
    capsys: Printed, desk: Path
) -> None:
    install(desk, "echo v1.25.2")
    assert run(["minikube", "start", "--address", "nowhere.invalid:5080"]) == 6
    first, second = capsys.readouterr().err.splitlines()
    assert "this machine's own store and lock" in first
    assert "`curl nowhere.invalid:5080 | sh -s -- start`" in second
