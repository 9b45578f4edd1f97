"""A class from the first line to the last, everything real but minikube itself.

A mirror serves; Docker, relay and nodes are real ones; what stands in for minikube makes the nodes
of the kicbase that was loaded, with the flags it was given (tests/lab/standin.py).
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab import standin
from tests.lab.engines import docker_engine
from tests.lab.images import image
from tests.lab.layers import random_layer
from tests.lab.lesson import stored
from tests.lab.nodes import Node
from tests.lab.process import LabError, environment, output
from tests.lab.product import PROGRAM
from tests.lab.relay import NAME as RELAY
from tests.lab.relay import relay_image
from tests.lab.room import Host, move, room
from tests.lab.school import served_by
from tests.lab.seat import Seat, busybox_tree, mounted, with_student
from tests.lab.student import Student

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.engines import Docker
    from tests.lab.images import Made
    from tests.lab.product import Product

pytestmark = pytest.mark.timeout(900)  # the first run makes a whole Debian
GATEWAY = "192.168.230.1:5080"
LESSON = ("quay.io/lab/tool:v1", "registry.k8s.io/sig-storage/provisioner:v4")
LATE = "registry.k8s.io/etcd:3.5.1-0"
HUB = "docker.io/library/redis:5-alpine"
NEEDS = {
    RELAY: "relay",
    standin.PAUSE: "kubernetes v1.23.3",
    LATE: "kubernetes v1.23.3",
    **dict.fromkeys((*LESSON, HUB), "lesson ch1"),
}
FILES = {
    standin.MINIKUBE: standin.program(),
    f"{standin.PROGRAMS}/kubelet": b"kubelet",
    f"{standin.PROGRAMS}/kubectl": b"#!/bin/sh\necho Client Version: v1.23.3\n",
    f"minikube/preload/{standin.PRELOAD}": b"made-up preload",
}
KINDS = {
    "image": ("images", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"),
    "network": ("network", "ls", "--no-trunc", "--quiet"),
    "container": ("ps", "--all", "--quiet"),
    "volume": ("volume", "ls", "--quiet"),
}


class School(NamedTuple):
    """Two machines of a room, a class held whole, and the second one's Docker."""

    teacher: Host
    student: Host
    docker: Docker
    product: Product
    images: dict[str, Made]

    def node(self, name: str = "minikube") -> Node:
        """Return a node of that Docker."""
        return Node(self.docker, name)

    def held(self) -> dict[str, list[str]]:
        """Return what that Docker has."""
        return {kind: sorted(self.docker(*words).split("\n")) for kind, words in KINDS.items()}

    def has_planted(self, node: Node) -> bool:
        """Say whether a node has the lesson's images under their own names, the mirror's bytes."""
        for name in LESSON:
            found = node(f"docker image inspect --format '{{{{.Id}}}}' {name} || true").strip()
            if found != next(iter(self.images[name].blobs)):
                return False
        return True

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Let the mirror's disk have lost an image while the block lasts."""
        manifest = self.product.store / "blobs" / self.images[name].digest.replace(":", "/")
        aside = manifest.with_name("aside")
        manifest.rename(aside)
        try:
            yield
        finally:
            aside.rename(manifest)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    folder = tmp_path_factory.mktemp("class")
    images = {
        standin.KICBASE: standin.kicbase_image(),
        RELAY: relay_image(),
        **{
            name: image([random_layer(name, 300_000)])
            for name in (standin.PAUSE, LATE, HUB, *LESSON)
        },
    }
    product = stored(folder, images, FILES, NEEDS)
    with (
        room(2) as (teacher, student),
        docker_engine(folder / "docker", prefix=student.prefix, networks=True) as docker,
    ):
        docker.socket.chmod(0o666)
        docker.socket.parent.chmod(0o755)
        yield School(teacher, student, docker, product, images)


@pytest.fixture
def seat(school: School, tmp_path: Path) -> Iterator[Seat]:
    """A student with nothing but busybox, curl and Docker."""
    root = with_student(busybox_tree(tmp_path / "root"), "curl")
    extra = {"DOCKER_HOST": school.docker.host, "MIRRORKIT_PAUSE": "0.2"}
    with mounted(root, school.docker.socket.parent):
        yield Seat(root, school.student, ("sh",), extra=extra)


def test_a_student_from_the_first_line_to_the_last(school: School, seat: Seat) -> None:
    machine, docker = seat.tree(), school.held()
    node = school.node()
    with served_by(school.product, school.teacher):
        with school.without(LESSON[0]):
            done = types(seat, "10.77.0.1:5080", "--name", "Mei", "--with-seed", "start")
        assert done.returncode == 1, done.stdout + done.stderr
        assert f"the mirror has no {LESSON[0]}" in done.stderr
        assert "some of the class's images are not in its nodes" in done.stdout
        assert "The cluster minikube runs" in done.stdout
        assert [one["code"] for one in seat_of(school)["findings"]].count("IMAGES") == 1
        done = types(seat, "10.77.0.1:5080", "start")
        assert done.returncode == 0, done.stdout + done.stderr
        assert school.has_planted(node)
        assert seat_of(school)["state"] == "ready"
        assert "1 ready" in page(school)
        node(f"docker pull {HUB}")

        move((school.teacher, school.student), "10.88.0")
        late = f"docker pull {GATEWAY}/{LATE}"
        with pytest.raises(LabError):
            node(late)
        first = school.docker("inspect", "--format", "{{.Id}}", "minikube")
        done = types(seat, "10.88.0.1:5080", "start")
        assert done.returncode == 0, done.stdout + done.stderr
        assert school.docker("inspect", "--format", "{{.Id}}", "minikube") == first
        node(late)

        plugged(school.student, "down")
        copy = ("sh", f"{seat.home}/.mirrorkit/setup.sh")
        done = seat.run(*copy, "--reset", "--yes", seconds=400)
        assert done.returncode == 0, done.stdout + done.stderr
        assert school.docker("inspect", "--format", "{{.Id}}", "minikube") != first
        assert f"→ {' '.join(copy)} plant" in done.stdout
        plugged(school.student, "up")
        planted = seat.run(*copy, "plant")
        assert planted.returncode == 0, planted.stdout + planted.stderr
        assert school.has_planted(node)

    plugged(school.student, "down")
    gone = seat.run(*copy, "--uninstall", "--yes")
    plugged(school.student, "up")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert seat.tree() == machine
    assert school.held() == docker


@dataclass(frozen=True, slots=True)
class Teacher:
    """The machine with the Docker, as the one that serves: what is typed there."""

    school: School
    home: Path

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Type `mirrorkit minikube start` and wait for its end."""
        product = self.school.product
        line = ("minikube", "start", "--store", str(product.store), *product.documents, *words)
        return subprocess.run(
            (*self.school.student.prefix, *PROGRAM, *line),
            env=environment(
                HOME=str(self.home),
                PATH=f"{self.home}/bin:{os.environ['PATH']}",
                DOCKER_HOST=self.school.docker.host,
                LANG="C.UTF-8",
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )


@pytest.fixture
def teacher(school: School, tmp_path: Path) -> Iterator[Teacher]:
    move((school.teacher, school.student), "10.77.0")
    minikube = tmp_path / "bin/minikube"
    minikube.parent.mkdir()
    minikube.write_bytes(standin.program())
    minikube.chmod(0o755)
    before = school.held()
    yield Teacher(school, tmp_path)
    Student(school.student, school.docker, tmp_path).setup("10.77.0.2:5080", "remove_relay")
    for words in (("rm", "-fv", "minikube"), ("network", "rm", "minikube")):
        school.docker(*words)
    for name in (RELAY, standin.KICBASE):
        with suppress(LabError):  # without a relay its image is not there
            school.docker("image", "rm", name)
    assert school.held() == before


@pytest.mark.parametrize("port", [5080, 5081], ids=["its own port", "a relay"])
def test_the_machine_that_serves_starts_a_cluster_of_its_own(
    school: School, teacher: Teacher, port: int
) -> None:
    node = school.node()
    address = () if port == 5080 else ("--address", f"127.0.0.1:{port}")
    with served_by(school.product, school.student, f"0.0.0.0:{port}"):
        done = teacher.types(*address)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"MINIKUBE_IMAGE_REPOSITORY={GATEWAY}/k8s" in done.stderr
        assert school.has_planted(node)
        node(f"docker pull {HUB} && docker pull {GATEWAY}/{LATE}")
        has_relay = "mirrorkit-relay" in school.docker("ps", "--format", "{{.Names}}")
        assert has_relay == (port != 5080)
        node(f"docker image rm {GATEWAY}/{LESSON[0]} {LESSON[0]}")
        with school.without(LESSON[0]):
            lacking = teacher.types(*address)
        assert lacking.returncode == 1, lacking.stdout + lacking.stderr
        assert "Done!" in lacking.stdout
        assert f"minikube: the mirror has no {LESSON[0]}" in lacking.stderr
        assert teacher.types(*address).returncode == 0
        assert school.has_planted(node)


def types(seat: Seat, mirror: str, *words: str) -> subprocess.CompletedProcess[str]:
    return seat.types(mirror, *words, seconds=400)


def plugged(host: Host, state: str) -> None:
    output(("ip", "-n", host.namespace, "link", "set", "eth0", state))


def seat_of(school: School) -> dict[str, Any]:
    """Return what the mirror knows of the one seat."""
    said = school.teacher.run("curl", "-fsS", "http://127.0.0.1:5080/api/v1/seats")
    [found] = json.loads(said)["seats"]
    return dict(found)


def page(school: School) -> str:
    return school.teacher.run("curl", "-fsS", "-H", "Accept: text/html", "http://127.0.0.1:5080/")
