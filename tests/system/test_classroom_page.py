"""docs/classroom.md, followed to the letter: a teacher, a student, and one without Docker.

Mirror, Docker, relay and setup.sh are real; minikube is a stand-in, served and locked as the real
one. A block is typed at the machine that its comment names, else at the teacher's.
"""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from mirrorkit.catalog.needs import images_for
from mirrorkit.oci.digest import Digest
from tests.integration.filled import fill, put
from tests.lab.engines import docker_engine
from tests.lab.images import DOCKER, image
from tests.lab.layers import busybox_layer, random_layer
from tests.lab.process import LabError, environment, output, running
from tests.lab.reader import PROGRAM, SERVERS, follow
from tests.lab.relay import NAME as RELAY
from tests.lab.relay import relay_image
from tests.lab.room import room
from tests.lab.seat import Seat, as_json, busybox_tree, mounted, notes_of, with_student, without
from tests.lab.setupclass import FILES as WHOLE
from tests.lab.setupclass import MINIKUBE, STAND_IN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docs.pages import Block
    from tests.lab.room import Host

ROOM, OTHER_ROOM = "192.168.1", "192.168.7"  # the page's own addresses
LESSONS = {"docker.io/library/nginx:alpine": "pods", "docker.io/library/kong:3.0": "services"}
FILES = {**WHOLE, MINIKUBE: STAND_IN}  # without what makes a download long


@dataclass
class Classroom:
    """Two machines, three people."""

    teacher: Host
    folder: Path
    student: Seat
    bare: Seat
    """Another student's, which has no Docker."""
    life: ExitStack = field(default_factory=ExitStack)
    serving: ExitStack = field(default_factory=ExitStack)

    def run(self, block: Block) -> str:
        """Type a block where it belongs, and return all that was printed."""
        self.go_to(OTHER_ROOM if OTHER_ROOM in block.text else ROOM)
        if "# without Docker" in block.text:
            return typed_at(self.bare, block, status=1)
        if "# a student" in block.text:
            return typed_at(self.student, block)
        argv = (*self.teacher.prefix, "sh", "-euc", f"cd {self.folder}; {block.text}")
        path = f"{self.folder}/bin:{environment()['PATH']}"
        env = environment(PATH=path, HOME=str(self.folder))
        if block.text.startswith(SERVERS):
            self.serving.close()
            log = self.folder / "server.log"
            log.write_text("")
            self.serving.enter_context(running(argv, log=log, ready=self._serves, env=env))
            return log.read_text()
        return output(argv, env=env)

    def go_to(self, network: str) -> None:
        """Give both machines addresses of a room, where they have others."""
        for number, host in ((10, self.teacher), (20, self.student.host)):
            at = ("ip", "-n", host.namespace, "address")
            if f" {network}.{number}/" not in output((*at, "show", "dev", "eth0")):
                output((*at, "flush", "dev", "eth0"))
                output((*at, "add", f"{network}.{number}/24", "dev", "eth0"))

    def _serves(self) -> bool:
        try:
            self.teacher.run("curl", "-fsS", "http://127.0.0.1:5080/readyz")
        except LabError:
            return False
        return "students type" in (self.folder / "server.log").read_text()


def typed_at(seat: Seat, block: Block, status: int = 0) -> str:
    """Type a block at a student's machine, which ends with a status."""
    done = subprocess.run(
        seat.argv("sh", "-c", f"cd; {block.text}"),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=180,
        start_new_session=True,  # no terminal to ask
    )
    assert done.returncode == status, f"line {block.line}: {done.stdout}"
    return done.stdout


@pytest.fixture
def classroom(tmp_path: Path) -> Iterator[Classroom]:
    folder = tmp_path / "class"
    asyncio.run(prepared(folder))
    root = with_student(busybox_tree(tmp_path / "root"), "curl")
    with ExitStack() as life:
        teacher, host = life.enter_context(room(2))
        engine = docker_engine(tmp_path / "docker", prefix=host.prefix, networks=True)
        docker = life.enter_context(engine)
        docker.socket.chmod(0o666)
        docker.socket.parent.chmod(0o755)
        life.enter_context(mounted(root, docker.socket.parent))
        student = Seat(root, host, ("sh",), extra={"DOCKER_HOST": docker.host})
        bare = replace(student, path=without(root, "docker"), extra={"HOME": "/tmp"})
        made = Classroom(teacher, folder, student, bare)
        life.callback(made.serving.close)
        yield made


async def prepared(folder: Path) -> None:
    """Make the teacher's folder: mirrorkit, and a class held whole, with a second week."""
    program = folder / "bin/mirrorkit"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    program.chmod(0o755)
    settings = {"store": "store", "source_order": {"*": ["upstream"]}}
    (folder / "mirrorkit.yaml").write_text(as_json(settings))
    names = [str(one.name) for one in images_for("v1.25.2", "v1.23.3") if one.name.tag]
    layers = (busybox_layer(), random_layer("a machine", 300_000))
    images = {
        name: image(list(layers) if "kicbase" in name else [random_layer(name, 2000)], kind=DOCKER)
        for name in (*names, *LESSONS)
    }
    images[RELAY] = relay_image()
    store = await fill(folder / "store", images)
    for data in FILES.values():
        await put(store, data)
    lock = {
        "version": 1,
        "platforms": ["linux/amd64"],
        "lessons": list(LESSONS.values()),
        "images": [
            {
                "name": name,
                "digest": str(made.digest),
                "needed_by": [LESSONS.get(name, "minikube v1.25.2")],
            }
            for name, made in images.items()
        ],
        "files": [
            {"path": path, "sha256": Digest.of(data).hex, "size": len(data)}
            for path, data in FILES.items()
        ],
    }
    for name in ("images.lock.yaml", "week2.lock.yaml"):
        (folder / name).write_text(as_json(lock))


@pytest.mark.timeout(600)
def test_a_class_goes_as_its_page_says_from_the_evening_before_to_the_exam(
    classroom: Classroom,
) -> None:
    assert follow("classroom.md", classroom.run) >= 10
    calls = [call for call in notes_of(classroom.student) if "/bin/minikube " in call]
    verbs = [call.split("/bin/minikube ")[1].split()[0] for call in calls]
    assert verbs == ["start", "delete", "start", "delete"]
    assert not classroom.student.inside("~/.mirrorkit").exists()
