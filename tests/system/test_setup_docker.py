"""setup.sh --with-docker on a machine that has no Docker: from binaries that the class has.

The binaries are this machine's own, in the layout of Docker's static archives.
"""

from __future__ import annotations

import os
import shlex
import signal
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.classroom import classroom
from tests.lab.debian import debian_tree
from tests.lab.lesson import stored
from tests.lab.places import mounts_released
from tests.lab.process import output, wait_until
from tests.lab.room import room
from tests.lab.seat import STUDENT, Seat, mounted, with_student
from tests.lab.setupclass import FILES, KICBASE, Class
from tests.lab.static import ARCHIVE, LIBRARIES, PROGRAMS, static_archive, there

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    files = {**FILES, ARCHIVE: static_archive()}
    product = stored(tmp_path_factory.mktemp("class"), classroom(0.02), files)
    with room(2) as (teacher, student):
        yield Class(product, teacher, student, None, files)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root without Docker, that Docker can run in: a mount of its own, with cgroups."""
    root = debian_tree(tmp_path_factory.mktemp("bare") / "root", ["curl", *LIBRARIES])
    with_student(root)
    with (root / "etc/shadow").open("a") as shadow:
        shadow.write("student:*:20000:0:99999:7:::\n")
    for name in ("usr/local/bin/docker", "usr/bin/docker"):
        (root / name).unlink(missing_ok=True)
    with (
        mounts_released(root),
        joined(root, root),
        joined(Path("/sys"), root / "sys"),
        mounted(root),
        docker_ended(root),
    ):
        yield root


@contextmanager
def docker_ended(root: Path) -> Iterator[None]:
    """End what a test that failed left running there."""
    try:
        yield
    finally:
        for process in running_at(root, "dockerd"):
            os.kill(process, signal.SIGTERM)
        wait_until(lambda: not running_at(root, "dockerd"), 30, "Docker's end")


def running_at(root: Path, name: str) -> list[int]:
    """Return the processes of a program whose root is this."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_there = (process / "root").readlink() == root
            if is_there and (process / "comm").read_text().strip() == name:
                found.append(int(process.name))
    return found


@contextmanager
def joined(folder: Path, there: Path) -> Iterator[None]:
    """Show a folder with all that is mounted in it at another place; nothing goes back."""
    output(("mount", "--rbind", str(folder), str(there)))
    output(("mount", "--make-rslave", str(there)))
    try:
        yield
    finally:
        output(("umount", "--lazy", str(there)))


def test_docker_is_installed_started_given_to_the_student_and_taken_away(
    lesson: Class, bare: Path
) -> None:
    student = Seat(bare, lesson.student, ("dash",))
    sudo = replace(student, is_root=True, extra={"SUDO_USER": "student", "SUDO_UID": "1000"})
    before = left(sudo)
    with lesson.serving():
        refused = student.types(lesson.address, "--no-relay", "--with-docker")
        assert refused.returncode == 6
        assert f"curl http://{lesson.address} | sudo sh -s -- --with-docker" in refused.stderr
        assert left(sudo) == before
        done = sudo.types(lesson.address, "--no-relay", "--with-docker")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "newgrp docker" in done.stderr
        assert "setsid dockerd" in done.stderr  # there is no systemd
        once = lasting(sudo)
        again = sudo.types(lesson.address, "--no-relay", "--with-docker")
        assert again.returncode == 0, again.stdout + again.stderr
        assert lesson.log.count(f"GET /files/{ARCHIVE} ") == 1
        assert lasting(sudo) == once
        for name in PROGRAMS:
            assert (bare / "usr/local/bin" / name).read_bytes() == there(name).read_bytes()
        assert student.inside("~/.mirrorkit/bin/minikube").stat().st_uid == STUDENT
        assert not sudo.inside("~/.mirrorkit/bin").exists()
        images = ("docker", "images", "--format", "{{.Repository}}:{{.Tag}}")
        listed = sudo.run("su", "student", "-c", " ".join(map(shlex.quote, images)))
        assert KICBASE in listed.stdout, listed.stderr
        gone = sudo.types(lesson.address, "--uninstall", "--yes")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert left(sudo) == before
    left_there = (bare / "var/lib/docker").exists()
    assert not left_there, gone.stdout + gone.stderr
    assert not running_at(bare, "dockerd")


def lasting(seat: Seat) -> dict[str, str]:
    """Return what a second run leaves: its copies of recipe and script are fetched anew."""
    return {
        path: said.rpartition(" ")[0] if "/.mirrorkit" in path else said
        for path, said in left(seat).items()
    }


def left(seat: Seat) -> dict[str, str]:
    """Return what is on a machine: groups by what they say, for their files are written anew."""
    tree = {path: said for path, said in seat.tree().items() if not path.startswith("sys/")}
    for name in ("group", "gshadow"):
        file = seat.root / "etc" / name
        tree.pop(f"etc/{name}", None)
        tree.pop(f"etc/{name}-", None)
        tree[file.name] = file.read_text() if file.exists() else ""
    return tree
