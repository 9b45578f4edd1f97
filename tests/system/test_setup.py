"""setup.sh at real seats: each shell and downloader, as root or not, twice, cut off, gone again.

Mirror, Docker and roots are real; minikube is a stand-in, served and locked as the real one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.classroom import classroom
from tests.lab.debian import debian_tree
from tests.lab.engines import docker_engine
from tests.lab.lesson import stored
from tests.lab.process import LabError, environment, output, wait_until
from tests.lab.relay import NAME as RELAY
from tests.lab.relay import relay_image
from tests.lab.room import room
from tests.lab.seat import (
    Seat,
    busybox_tree,
    mounted,
    notes_of,
    with_student,
    without,
)
from tests.lab.setupclass import FILES, KICBASE, KUBECTL, MINIKUBE, PADDING, Class

if TYPE_CHECKING:
    from collections.abc import Iterator


WAYS = ["dash, curl, student", "bash, wget, root", "ash, busybox, student", "ash, busybox, root"]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    folder = tmp_path_factory.mktemp("class")
    images = {**classroom(0.02), RELAY: relay_image()}
    product = stored(folder, images, FILES)
    with (
        room(2, rate="200mbit") as (teacher, student),
        docker_engine(folder / "docker", prefix=student.prefix, networks=True) as docker,
    ):
        docker.socket.chmod(0o666)
        docker.socket.parent.chmod(0o755)
        yield Class(product, teacher, student, docker, FILES)


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory, lesson: Class) -> Iterator[Path]:
    root = debian_tree(tmp_path_factory.mktemp("debian") / "root", ["curl", "wget"])
    with_student(root)
    with mounted(root, lesson.docker.socket.parent):
        yield root


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, lesson: Class) -> Iterator[Path]:
    root = with_student(busybox_tree(tmp_path_factory.mktemp("busybox") / "root"))
    with mounted(root, lesson.docker.socket.parent):
        yield root


@pytest.fixture(params=WAYS)
def seat(request: pytest.FixtureRequest, lesson: Class) -> Iterator[Seat]:
    """Each way once; afterwards nothing of it is there."""
    shell, fetcher, user = str(request.param).split(", ")
    root: Path = request.getfixturevalue("small" if fetcher == "busybox" else "debian")
    extra = {"DOCKER_HOST": lesson.docker.host, "MIRRORKIT_PAUSE": "0.2"}
    one = Seat(root, lesson.student, (shell,), is_root=user == "root", extra=extra)
    if fetcher == "wget":
        one = replace(one, path=without(root, "curl"))
    yield one
    output(("rm", "-rf", str(one.inside("~/.mirrorkit")), str(one.inside("~/.minikube"))))
    output(("rm", "-f", str(root / "tmp/minikube.log")))
    with suppress(LabError):
        lesson.docker("image", "rm", KICBASE)


def test_a_machine_with_nothing_of_ours_gets_all_twice_changes_nothing_and_it_goes_again(
    lesson: Class, seat: Seat
) -> None:
    seat.run("mkdir", "-p", f"{seat.home}/.minikube/config")  # minikube's own stays minikube's
    before = seat.tree()
    with lesson.serving():
        done = seat.types(lesson.address, "--no-relay", "start", "--driver=docker")
        assert done.returncode == 0, done.stdout + done.stderr
        for name, path in (("minikube", MINIKUBE), ("kubectl", KUBECTL)):
            assert seat.inside(f"~/.mirrorkit/bin/{name}").read_bytes() == lesson.files[path]
        assert KICBASE in lesson.docker("images", "--format", "{{.Repository}}:{{.Tag}}")
        called = notes_of(seat)
        assert f"{seat.home}/.mirrorkit/bin/minikube start --driver=docker" in called[-1]
        assert f"MINIKUBE_ IMAGE_REPOSITORY={lesson.address}/k8s" in called
        once = seat.tree()
        asked = lesson.log.count(f"GET /files/{MINIKUBE} ")
        again = seat.types(lesson.address, "--no-relay", "start", "--driver=docker")
        assert again.returncode == 0, again.stderr
        assert "downloading" in done.stdout
        assert "downloading" not in again.stdout
        assert lesson.log.count(f"GET /files/{MINIKUBE} ") == asked
        assert notes_of(seat)[len(called) :] == called
        assert _lasting(seat.tree()) == _lasting(once)
        assert seat.types(lesson.address, "--no-relay", "--with-seed").returncode == 0
        assert list(seat.inside("~/.minikube/cache").iterdir())
        gone = seat.types(lesson.address, "--uninstall", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert seat.tree() == before
    assert KICBASE not in lesson.docker("images", "--format", "{{.Repository}}:{{.Tag}}")


def _lasting(tree: dict[str, str]) -> dict[str, str]:
    """Return what is to stay: not when the recipe and the copy of the script were last fetched."""
    return {
        path: said.rpartition(" ")[0] if "/.mirrorkit/" in path else said
        for path, said in tree.items()
        if "/profiles/" not in path
    }


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_is_cut_off_goes_on_where_it_stopped(
    lesson: Class, seat: Seat, ending: signal.Signals
) -> None:
    with lesson.serving():
        first = _begun(lesson, seat)
        os.killpg(first.pid, ending)
        assert first.wait(30) != 0
        wait_until(lambda: not _running_at(seat), 10, "nothing goes on downloading")
        assert 0 < _partial(seat) < PADDING
        resumed = _resumed(lesson)
        done = seat.types(lesson.address, "--no-relay")
    assert done.returncode == 0, done.stderr
    assert seat.inside("~/.mirrorkit/bin/minikube").read_bytes() == lesson.files[MINIKUBE]
    wait_until(lambda: _resumed(lesson) == resumed + 1, 10, "a line of the access log")


def test_two_at_once_in_one_home_are_one_and_a_sentence(lesson: Class, seat: Seat) -> None:
    with lesson.serving():
        first = _begun(lesson, seat)
        second = seat.types(lesson.address, "--no-relay")
        assert second.returncode == 6
        assert "BUSY: setup.sh is at work here already" in second.stderr
        assert seat.types(lesson.address, "--no-relay", "--check").returncode == 0
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(30)
        assert seat.types(lesson.address, "--no-relay").returncode == 0
    assert not seat.inside("~/.mirrorkit/lock").exists()


def test_a_mirror_that_goes_away_is_waited_for(lesson: Class, seat: Seat) -> None:
    with ExitStack() as stack:
        stack.enter_context(lesson.serving())
        first = _begun(lesson, seat)
        stack.close()
        _wait_said(seat, first, b"waiting for the mirror")
        with lesson.serving():
            assert first.wait(60) == 0
    assert seat.inside("~/.mirrorkit/bin/minikube").read_bytes() == lesson.files[MINIKUBE]


def _running_at(seat: Seat) -> list[str]:
    """Return the programs whose root is the seat's."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "root").readlink() == seat.root:
                found.append((process / "comm").read_text())
    return found


def _resumed(lesson: Class) -> int:
    """Return how often a part of minikube was asked for, and sent."""
    lines = [line for line in lesson.log.splitlines() if f"GET /files/{MINIKUBE} " in line]
    return sum('" 206 ' in line for line in lines)


def _begun(lesson: Class, seat: Seat) -> subprocess.Popen[bytes]:
    """Type the line, and return when a part of minikube is here."""
    said = seat.root / "tmp/said"
    with said.open("wb") as sink:
        process = subprocess.Popen(
            seat.typed(lesson.address, "--no-relay"),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    wait_until(lambda: process.poll() is not None or _partial(seat) > 2**20, 30, "a part of it")
    assert process.returncode is None, said.read_text()
    return process


def _partial(seat: Seat) -> int:
    folder = seat.inside("~/.mirrorkit/partial")
    found = [file.stat().st_size for file in folder.iterdir()] if folder.is_dir() else []
    return max(found, default=0)


def _wait_said(seat: Seat, process: subprocess.Popen[bytes], words: bytes) -> None:
    said = seat.root / "tmp/said"
    wait_until(lambda: process.poll() is not None or words in said.read_bytes(), 60, str(words))
    assert process.returncode is None, said.read_text()


@pytest.fixture
def alone(lesson: Class, small: Path) -> Iterator[Seat]:
    """The seat that is made fastest: busybox, a student; no mirror is there."""
    extra = {"DOCKER_HOST": lesson.docker.host, "MIRRORKIT_PAUSE": "0.2"}
    one = Seat(small, lesson.student, ("ash",), extra=extra)
    yield one
    output(("rm", "-rf", str(one.inside("~/.mirrorkit")), str(one.inside("~/.minikube"))))
    output(("rm", "-f", str(small / "tmp/minikube.log")))


@pytest.fixture
def quick(lesson: Class, alone: Seat) -> Iterator[Seat]:
    """The same, and a mirror that serves."""
    with lesson.serving():
        yield alone


def test_a_check_changes_nothing_and_says_each_finding_on_a_line(
    lesson: Class, quick: Seat
) -> None:
    before = quick.tree()
    done = quick.types(lesson.address, "--no-relay", "--check", "--porcelain")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(len(line) == 4 for line in lines)
    assert {line[0] for line in lines} <= {"ok", "warn"}
    codes = {line[1] for line in lines}
    assert codes >= {"OS", "CPU", "MEM", "DISK", "ROOT", "DOCKER", "STORAGE", "CGROUP"}
    assert codes >= {"MIRROR", "CLOCK", "PROXY", "FAKEIP"}
    assert quick.tree() == before


def test_a_machine_is_one_seat_before_anything_is_installed_and_after(
    lesson: Class, seat: Seat
) -> None:
    with lesson.serving():
        for _ in "twice":
            assert seat.types(lesson.address, "--no-relay", "--check").returncode == 0
        assert [one["step"] for one in lesson.seats()] == ["check"]
        assert seat.types(lesson.address, "--no-relay", "--name", "Li").returncode == 0
        assert [(one["step"], one["name"]) for one in lesson.seats()] == [("ready", "Li")]
        assert seat.types(lesson.address, "--no-relay", "--check").returncode == 0
        assert seat.types(lesson.address, "--check", "--no-report").returncode == 0
        assert [one["name"] for one in lesson.seats()] == ["Li"]


@pytest.mark.parametrize(
    "extra, said",
    [
        ({"DOCKER_HOST": "unix:///tmp/none"}, ("fail", "RUNNING", "service docker start")),
        ({"PATH": "/bin"}, ("fail", "DOCKER", "sudo apt-get install -y docker.io")),
        ({"http_proxy": "http://10.9.9.9:7890"}, ("warn", "PROXY", "export NO_PROXY=10.77.0.1,")),
    ],
)
def test_a_trouble_is_named_with_the_one_command_that_helps(
    lesson: Class, quick: Seat, extra: dict[str, str], said: tuple[str, str, str]
) -> None:
    script = quick.types(lesson.address, "--no-relay").returncode  # keeps its own copy
    assert script == 0
    seat = replace(quick, extra={**quick.extra, **extra})
    done = seat.run(
        "ash", "/home/student/.mirrorkit/setup.sh", "--no-relay", "--check", "--porcelain"
    )
    found = {tuple(line.split("\t")[:2]): line for line in done.stdout.splitlines()}
    assert said[:2] in found, done.stdout
    assert said[2] in found[said[:2]]
    assert done.returncode == (1 if said[0] == "fail" else 0)


def test_a_chinese_locale_is_answered_in_chinese_but_not_on_a_bare_console(
    lesson: Class, quick: Seat
) -> None:
    chinese = {**quick.extra, "LANG": "zh_CN.UTF-8"}
    said = replace(quick, extra=chinese).types(lesson.address, "--help").stdout
    assert said.startswith("用法")
    bare = replace(quick, extra={**chinese, "TERM": "linux"}).types(lesson.address, "--help")
    assert bare.stdout.startswith("usage")


def test_an_old_profile_is_left_alone_and_a_new_one_is_made_beside_it(
    lesson: Class, quick: Seat
) -> None:
    old = quick.inside("~/.minikube/profiles/minikube/config.json")
    quick.run("mkdir", "-p", "/home/student/.minikube/profiles/minikube")
    old.write_text('{\n\t"ImageRepository": "10.1.1.1:5080/k8s"\n}\n')
    done = quick.types(lesson.address, "--no-relay", "start")
    assert done.returncode == 0, done.stderr
    assert "--profile=mirrorkit" in notes_of(quick)[-1]
    assert old.read_text() == '{\n\t"ImageRepository": "10.1.1.1:5080/k8s"\n}\n'
    assert not [call for call in notes_of(quick) if " delete" in call]


@pytest.mark.parametrize("frozen", ['"Driver": "virtualbox"', '"ContainerRuntime": "containerd"'])
def test_a_profile_of_another_driver_or_runtime_is_an_old_one(
    lesson: Class, quick: Seat, frozen: str
) -> None:
    assert quick.types(lesson.address, "--no-relay", "start").returncode == 0
    made = quick.inside("~/.minikube/profiles/minikube/config.json")
    text = made.read_text()
    assert quick.types(lesson.address, "--no-relay", "start").returncode == 0
    assert "--profile" not in notes_of(quick)[-1]
    made.write_text(text.replace("{", f"{{\n\t{frozen},", 1))
    assert quick.types(lesson.address, "--no-relay", "start").returncode == 0
    assert "--profile=mirrorkit" in notes_of(quick)[-1]


def test_last_weeks_programs_do_not_stand_before_the_students_own_right_ones(
    lesson: Class, quick: Seat
) -> None:
    assert quick.types(lesson.address, "--no-relay").returncode == 0
    own = quick.inside("/usr/local/bin/minikube")
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(quick.inside("~/.mirrorkit/bin/minikube"), own)
    quick.inside("~/.mirrorkit/bin/minikube").write_text("#!/bin/sh\nexit 1 # last week's\n")
    try:
        done = quick.types(lesson.address, "--no-relay", "start")
    finally:
        own.unlink()
    assert done.returncode == 0, done.stderr
    assert notes_of(quick)[-1].startswith("/usr/local/bin/minikube start")


def test_a_folder_of_roots_is_said_before_minikube_fails_in_it(lesson: Class, quick: Seat) -> None:
    cache = quick.inside("~/.minikube/cache")
    quick.run("mkdir", "-p", f"{quick.home}/.minikube")
    cache.mkdir()  # as `sudo minikube start` leaves it
    done = quick.types(lesson.address, "--no-relay", "--with-seed")
    assert done.returncode == 6, done.stdout
    assert "WRITE: " in done.stderr
    assert f"sudo chown -R student {quick.home}/.minikube\n" in done.stderr


def test_what_docker_warns_of_is_not_its_version(lesson: Class, quick: Seat) -> None:
    quick.run("mkdir", "-p", f"{quick.home}/.docker")
    broken = quick.inside("~/.docker/config.json")
    broken.write_text("{as nobody writes it")
    try:
        done = quick.types(lesson.address, "--no-relay", "--check", "--porcelain")
    finally:
        shutil.rmtree(broken.parent)
    assert done.returncode == 0, done.stdout
    assert "\tVERSION\t" not in done.stdout


def test_a_cluster_that_cannot_be_deleted_ends_an_uninstall_that_can_be_done_again(
    lesson: Class, quick: Seat
) -> None:
    assert quick.types(lesson.address, "--no-relay", "start").returncode == 0
    program = quick.inside("~/.mirrorkit/bin/minikube")
    right = program.read_bytes()
    program.write_text("#!/bin/sh\nexit 80\n")
    failed = quick.types(lesson.address, "--uninstall", "--yes")
    assert failed.returncode == 6
    assert "docker rm -f minikube" in failed.stderr
    assert "p minikube" in quick.inside("~/.mirrorkit/placed").read_text().splitlines()
    program.write_bytes(right)
    assert quick.types(lesson.address, "--uninstall", "--yes").returncode == 0
    assert not quick.inside("~/.mirrorkit").exists()


def test_words_for_minikube_decide_the_recipe_or_are_handed_on(lesson: Class, quick: Seat) -> None:
    words = (
        "start",
        "--nodes",
        "2",
        "--memory=2200",
        "--addons=ingress",
        "--feature-gates",
        "A=true",
    )
    done = quick.types(lesson.address, "--no-relay", *words)
    assert done.returncode == 0, done.stderr
    call = notes_of(quick)[-1]
    assert "--nodes=2" in call
    assert call.endswith("--memory=2200 --feature-gates A=true")
    assert call.count("ingress") == 1


def test_a_start_that_the_mirror_refuses_says_so(lesson: Class, quick: Seat) -> None:
    done = quick.types(lesson.address, "--no-relay", "start", "--kubernetes-version=v9.9.9")
    assert done.returncode == 1
    assert "START" in done.stdout
    assert notes_of(quick) == []


def test_reset_takes_a_seed_and_then_no_mirror(lesson: Class, alone: Seat) -> None:
    copy = ("ash", "/home/student/.mirrorkit/setup.sh")
    with lesson.serving():
        assert alone.types(lesson.address, "--no-relay", "start").returncode == 0
        without_seed = alone.run(*copy, "--reset", "--yes")
        assert without_seed.returncode == 6
        assert "--with-seed" in without_seed.stderr
        seeded = alone.types(lesson.address, "--no-relay", "--with-seed")
        assert seeded.returncode == 0, seeded.stdout + seeded.stderr
    (alone.root / "tmp/minikube.log").unlink()
    done = alone.run(*copy, "--reset", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    deleted, started = [call for call in notes_of(alone) if "/bin/minikube " in call]
    assert deleted.endswith("minikube delete --profile minikube")
    assert " start " in started
    assert not [call for call in notes_of(alone) if "IMAGE_REPOSITORY" in call]


def test_a_cluster_that_reset_made_is_the_one_that_the_line_goes_on_with(
    lesson: Class, quick: Seat
) -> None:
    assert quick.types(lesson.address, "--no-relay", "--with-seed", "start").returncode == 0
    assert quick.run("ash", f"{quick.home}/.mirrorkit/setup.sh", "--reset", "--yes").returncode == 0
    again = quick.types(lesson.address, "--no-relay", "start")
    assert again.returncode == 0, again.stderr
    assert "PROFILE" not in again.stdout
    assert "--profile" not in notes_of(quick)[-1]
    config = quick.inside("~/.minikube/profiles/minikube/config.json")
    quick.run(f"{quick.home}/.mirrorkit/bin/minikube", "delete", "--profile", "minikube")
    assert quick.types(lesson.address, "--no-relay", "start").returncode == 0
    config.write_text(config.read_text().replace(f"{lesson.address}/k8s", ""))  # not by --reset
    assert "PROFILE" in quick.types(lesson.address, "--no-relay").stdout


def test_reset_asks_before_work_is_lost(lesson: Class, quick: Seat) -> None:
    assert quick.types(lesson.address, "--no-relay", "--with-seed", "start").returncode == 0
    done = quick.run("ash", "/home/student/.mirrorkit/setup.sh", "--reset")
    assert done.returncode == 6
    assert "--reset --yes" in done.stderr
    assert not [call for call in notes_of(quick) if " delete" in call]


def test_a_cluster_knows_the_mirror_by_the_relay_and_no_trace_of_it_stays(
    lesson: Class, quick: Seat
) -> None:
    kinds = (("images", "--quiet"), ("ps", "--all", "--quiet"), ("network", "ls", "--quiet"))
    before = [lesson.docker(*kind) for kind in kinds]
    for _ in "twice":
        done = quick.types(lesson.address, "start")
        assert done.returncode == 0, done.stdout + done.stderr
    called = notes_of(quick)
    assert "MINIKUBE_ IMAGE_REPOSITORY=192.168.230.1:5080/k8s" in called
    assert "--binary-mirror=http://localhost:5080/k8s-release" in called[-1]
    assert lesson.student.run("curl", "-fsS", "http://192.168.230.1:5080/livez")
    assert quick.types(lesson.address, "--uninstall", "--yes").returncode == 0
    assert [lesson.docker(*kind) for kind in kinds] == before


def test_the_copy_of_another_room_says_that_its_mirror_is_gone(lesson: Class, alone: Seat) -> None:
    copy = ("ash", f"{alone.home}/.mirrorkit/setup.sh")
    with lesson.serving():
        assert alone.types(lesson.address, "start").returncode == 0
    done = alone.run(*copy, "relay")
    assert alone.run(*copy, "--uninstall", "--yes").returncode == 0
    assert done.returncode == 6
    assert f"MIRROR: the mirror {lesson.address} does not answer" in done.stderr
    assert "→ curl NEW-ADDRESS:5080 | sh -s -- relay" in done.stderr


def test_the_line_that_stands_first_in_the_end_starts_the_same_cluster(
    lesson: Class, quick: Seat
) -> None:
    done = quick.types(lesson.address, "--no-relay", "--profile", "week2")
    first, second = [line.strip() for line in done.stdout.splitlines() if " start" in line][-2:]
    assert first == f"sh {quick.home}/.mirrorkit/setup.sh --no-relay --profile=week2 start"
    assert second.startswith("env MINIKUBE_")
    assert quick.run("sh", "-c", first).returncode == 0
    assert "--profile=week2" in notes_of(quick)[-1]


DAEMON = "/etc/docker/daemon.json"


@pytest.mark.parametrize(
    "old", [None, "{}", '{"log-level": "warn"}', '{\n  "registry-mirrors": ["https://a.b"]\n}\n']
)
def test_dockers_configuration_is_merged_and_given_back(
    lesson: Class, debian: Path, quick: Seat, old: str | None
) -> None:
    seat = replace(quick, root=debian, is_root=True, shell=("dash",))  # noqa: S604 - its name
    file = seat.inside(DAEMON)
    if old is not None:
        file.parent.mkdir(exist_ok=True)
        file.write_text(old)
    before = seat.tree()
    words = ("--no-relay", "--with-docker-mirror", "--yes")
    for _ in "twice":
        done = seat.types(lesson.address, *words)
        if "registry-mirrors" in (old or ""):  # neither jq nor python3 is there to add one
            assert done.returncode == 6
            assert file.read_text() == old
            continue
        assert done.returncode == 0, done.stdout + done.stderr
        now = json.loads(file.read_text())
        assert now["registry-mirrors"] == [f"http://{lesson.address}"]
        assert now["insecure-registries"] == [lesson.address]
        assert now.items() >= json.loads(old or "{}").items()
    assert seat.types(lesson.address, "--uninstall", "--yes").returncode == 0
    assert seat.tree() == before


def test_without_root_the_one_command_that_changes_docker_is_said(
    lesson: Class, quick: Seat
) -> None:
    done = quick.types(lesson.address, "--no-relay", "--with-docker-mirror")
    assert done.returncode == 0, done.stderr
    assert f"sudo install -D -m 644 {quick.home}/.mirrorkit/daemon.json {DAEMON}" in done.stderr
    assert not quick.inside(DAEMON).exists()


def test_a_class_without_docker_says_who_can_add_it(lesson: Class, quick: Seat) -> None:
    seat = replace(quick, path="/bin:/sbin")
    done = seat.types(lesson.address, "--with-docker")
    assert done.returncode == 6
    assert "images.yaml" in done.stderr
