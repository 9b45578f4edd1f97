"""`mirrorkit minikube rewrite` as somebody types it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import MIRRORKIT, Desk, Done
from tests.lab.process import environment

if TYPE_CHECKING:
    from pathlib import Path

_MINIKUBE = ("--minikube", "v1.25.2")
_ENV = "MINIKUBE_IMAGE_REPOSITORY=192.168.230.1:5080/k8s"
_START = f"{_ENV} minikube start"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def _rewrite(desk: Desk, *words: str) -> Done:
    return desk.run("minikube", "rewrite", *_MINIKUBE, *words)


def test_a_command_comes_back_on_stdout_and_its_reasons_on_stderr(desk: Desk) -> None:
    done = _rewrite(desk, "--", "minikube", "start", "--image-mirror-country=cn", "--memory", "4 g")
    assert done.status == 0
    assert done.out.startswith(f"{_START} --memory '4 g' --driver=docker --kubernetes-version=v1.2")
    assert done.out.count("\n") == 1
    assert done.lines("removed --image-mirror-country=cn") == ["looks for a mirror on the internet"]
    assert done.lines("added --driver=docker")


def test_the_dashes_before_a_command_may_be_left_out(desk: Desk) -> None:
    words = ("minikube", "start", "--force", "--nodes=2", "--json")
    assert _rewrite(desk, *words).out == _rewrite(desk, "--", *words).out
    assert " start --force --nodes=2 --json " in _rewrite(desk, *words).out


def test_a_dash_that_a_chat_made_is_mended_also_where_a_shell_has_split_the_words(
    desk: Desk,
) -> None:
    done = _rewrite(desk, "--", "minikube", "start", "\u2014memory=4 g", "\u2013n2")
    assert done.out.startswith(f"{_START} --memory='4 g' -n2 --driver=docker ")
    assert done.lines("changed '\u2014memory=4 g'")
    assert done.lines("changed '\u2013n2'")


def test_a_command_may_be_one_word_and_begin_with_variables(desk: Desk) -> None:
    one = _rewrite(desk, "A='b c' sudo minikube start --driver=none")
    assert one.out.startswith("A='b c' sudo MINIKUBE_IMAGE_REPOSITORY=")
    assert _rewrite(desk, "--", "A=b c", "sudo", "minikube", "start", "--driver=none") == one
    assert _rewrite(desk, "minikube").out == "minikube\n"


def test_a_file_keeps_its_line_ends_and_every_other_byte(desk: Desk) -> None:
    script = desk.folder / "my start.sh"
    script.write_bytes("# 第一课\r\nminikube start  # 开始\r\n\r\n".encode())
    out = subprocess.run(
        (*MIRRORKIT, "minikube", "rewrite", *_MINIKUBE, script.name),
        cwd=desk.folder,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    assert out.startswith(f"# 第一课\r\n{_START} --driver".encode())
    assert out.endswith("  # 开始\r\n\r\n".encode())
    assert out.count(b"\n") == 3


def test_standard_input_is_read_and_data_printed(desk: Desk) -> None:
    done = subprocess.run(
        (*MIRRORKIT, "minikube", "rewrite", *_MINIKUBE, "--json", "-"),
        input="minikube start --preload\nminikube delete --purge\n",
        cwd=desk.folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    data = json.loads(done.stdout)
    assert data["version"] == 1
    assert data["text"].startswith(f"{_START} --driver=docker")
    assert data["starts"] == 1
    said = {(one["kind"], one["text"], one["line"]) for one in data["changes"]}
    assert ("removed", "--preload", 1) in said
    assert ("kept", "minikube delete --purge", 2) in said
    assert ("added", "--preload=false", 1) in said
    assert not done.stderr


def test_options_say_what_the_command_leaves_open(desk: Desk) -> None:
    options = ("--runtime", "containerd", "--kubernetes", "v1.23.9", "--address", "10.1.2.3:5080")
    out = _rewrite(desk, *options, "--", "minikube", "start", "-d=docker").out
    assert " start -d=docker --kubernetes-version=v1.23.9 --container-runtime=containerd" in out
    assert out.startswith("MINIKUBE_IMAGE_REPOSITORY=10.1.2.3:5080/k8s ")
    mine = ("--", "minikube", "start", "--container-runtime=docker")
    assert "containerd" not in _rewrite(desk, *options, *mine).out


@pytest.mark.parametrize(
    "options, start, said",
    [
        ((), "minikube start", ""),
        (
            ("--runtime", "containerd", "--mode", "mirror"),
            "sudo minikube start -n 2 -p lab",
            "--mode mirror --runtime containerd --nodes 2 --profile lab --root",
        ),
        (
            ("--address", "10.1.2.3:5080", "--driver", "podman", "--force"),
            "minikube start --driver=docker --kubernetes-version=v1.23.9 --addons=ingress,olm",
            "--address 10.1.2.3:5080 --force --kubernetes v1.23.9 --addons ingress,olm",
        ),
        (
            ("--no-relay", "--config", "my.yaml", "--kubernetes", "v1.22.1"),
            "minikube start --cni calico",
            "--no-relay --config my.yaml --kubernetes v1.22.1 --cni calico",
        ),
    ],
)
def test_what_is_to_be_done_before_is_said_with_the_options_of_the_start(
    desk: Desk, options: tuple[str, ...], start: str, said: str
) -> None:
    (desk.folder / "my.yaml").write_text("advertise: 10.9.8.7:5099\n")
    done = _rewrite(desk, *options, "--", start)
    (line,) = done.lines("before the first start")
    command = f"mirrorkit minikube flags --minikube v1.25.2 {said} --format shell"
    assert line == f"`{' '.join(command.split())}` prints what loads and places what it needs"
    words = [*command.split()[1:-2], "--json"]
    wanted = json.loads(desk.run(*words).out)["command"]
    assert {word.partition("=")[0] for word in wanted} - {"--nodes", "--profile"} <= {
        word.partition("=")[0] for word in done.out.split()
    }
    assert {word for word in wanted if "5080" in word or "5099" in word} <= set(done.out.split())


def test_a_start_through_the_relay_says_so_and_another_does_not(desk: Desk) -> None:
    start = ("--", "minikube", "start")
    (note, *_) = [one for one in _rewrite(desk, *start).lines("note") if "relay" in one]
    assert note.startswith("192.168.230.1 is the relay; `curl ")
    assert note.endswith(" | sh -s -- relay` makes it, or say --no-relay")
    said = json.loads(_rewrite(desk, "--json", *start).out)["changes"]
    assert ("note", note) in {(one["kind"], one["why"]) for one in said}
    own = _rewrite(desk, "--address", "10.1.2.3:5080", *start)
    assert not [one for one in own.lines("note") if "relay" in one]
    assert "relay" not in _rewrite(desk, "--", "minikube", "stop").err


def test_what_is_to_be_done_before_is_said_of_each_start(desk: Desk) -> None:
    starts = "".join(f"minikube start -p {name}\n" for name in ("a", "b", "a", "c", "d", "e"))
    (desk.folder / "many.sh").write_text(starts)
    told = _rewrite(desk, "many.sh").lines("before the first start")
    assert [line.partition("--profile ")[2][:1] for line in told] == ["a", "b", "c", ""]
    assert told[-1] == "the same for 2 more, each with its own options"


def test_the_same_difference_of_several_lines_is_said_once(desk: Desk) -> None:
    (desk.folder / "a.sh").write_text("minikube start --preload\n" * 9)
    lines = _rewrite(desk, "a.sh").err.splitlines()
    assert sum("removed --preload" in line for line in lines) == 1
    assert any(line.startswith("lines 1, 2, 3 and 6 more: removed --preload:") for line in lines)


def test_a_text_without_a_start_is_said_to_have_none(desk: Desk) -> None:
    done = _rewrite(desk, "--", "echo", "hello")
    assert done.out == "echo hello\n"
    assert done.err == "no minikube start is written there\n"


@pytest.mark.parametrize(
    "words,message",
    [
        (("nosuch",), "nosuch: No such file or directory"),
        ((".",), ".: Is a directory"),
        (("a.sh", "latin.sh"), "one file at a time"),
        (("latin.sh",), "latin.sh is not UTF-8"),
        (("--", "minikube", "start", "\udcff"), "the command is not UTF-8"),
        (("--", "minikube", "start", "--driver"), "line 1: --driver wants a value"),
        (("minikube start `\n --force",), "line 1: PowerShell's continuation (`), not a Unix"),
    ],
)
def test_what_cannot_be_rewritten_is_a_sentence(
    desk: Desk, words: tuple[str, ...], message: str
) -> None:
    (desk.folder / "a.sh").write_text("minikube start\n")
    (desk.folder / "latin.sh").write_bytes(b"# \xff\nminikube start\n")
    done = _rewrite(desk, *words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {message}")
    assert done.lines("hint")
