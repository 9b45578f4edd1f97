"""The teacher's and the student's pages, followed to the letter in a room of two machines."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.lab.engines import docker_engine
from tests.lab.process import LabError, environment, output, running
from tests.lab.product import hosts_of
from tests.lab.reader import PROGRAM, SERVERS, follow, shows
from tests.lab.registry import DockerRegistry
from tests.lab.room import room

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docs.pages import Block
    from tests.lab.images import Made
    from tests.lab.room import Host

TEACHER = "192.168.1.10"  # the pages' own address


@dataclass
class Reader:
    """Somebody who types a page's `sh` blocks, in order, on one machine of the room."""

    host: Host
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    life: ExitStack = field(default_factory=ExitStack)
    typed: int = 0

    def follow(self, name: str) -> None:
        """Write the files that a page shows, run its blocks, and look for what it says."""
        self.typed += follow(name, self._run, self._write)

    def _write(self, block: Block) -> None:
        """Write a document that begins with a comment of its name."""
        (self.folder / block.text.splitlines()[0].removeprefix("# ")).write_text(block.text)

    def _run(self, block: Block) -> str:
        argv = (*self.host.prefix, "sh", "-euc", f"cd {self.folder}; {block.text}")
        env = environment(**self.variables)
        if block.text.startswith(SERVERS):
            log = self.folder / "server.log"
            self.life.enter_context(running(argv, log=log, ready=self._serves, env=env))
            return log.read_text()
        done = subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"line {block.line}: {done.stdout}"
        return done.stdout

    def _serves(self) -> bool:
        """Say whether the server answers and has said so, which are two moments."""
        try:
            self.host.run("curl", "--fail", "--silent", "http://127.0.0.1:5080/readyz")
        except LabError:
            return False
        return "next: " in (self.folder / "server.log").read_text()


@pytest.fixture
def machines(tmp_path: Path, images: dict[str, Made]) -> Iterator[tuple[Reader, Reader]]:
    """A teacher whose registries are all on their own machine, and a student."""
    registry = DockerRegistry(tmp_path / "upstream", None, "127.0.0.1")
    registry.start()
    registry.push_all(images)
    registry.stop()
    with room(2) as [one, two], ExitStack() as life:
        for number, host in ((10, one), (20, two)):
            address = f"192.168.1.{number}/24"
            output(("ip", "-n", host.namespace, "address", "add", address, "dev", "eth0"))
        registry.start(one.prefix)
        life.callback(registry.stop)
        engine = docker_engine(tmp_path / "engine", insecure=[f"{TEACHER}:5080"], prefix=two.prefix)
        docker = life.enter_context(engine)
        yield (
            Reader(one, desk(tmp_path, images, registry.address), teaching(tmp_path), life),
            Reader(two, tmp_path, {"DOCKER_HOST": docker.host}, life),
        )


def desk(folder: Path, images: dict[str, Made], upstream: str) -> Path:
    """Make the folder of the class, empty but for settings that lead to the lab."""
    made = folder / "class"
    made.mkdir()
    urls = {host: {"url": f"http://{upstream}"} for host in [*hosts_of(images), "k8s.gcr.io"]}
    settings = {"endpoints": urls, "source_order": {"*": ["upstream"]}}
    (made / "mirrorkit.yaml").write_text(json.dumps(settings))
    return made


def teaching(folder: Path) -> dict[str, str]:
    """Install mirrorkit for a teacher: on PATH, with a home and a data folder of its own."""
    program = folder / "bin/mirrorkit"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    path = f"{program.parent}:{environment()['PATH']}"
    return {"PATH": path, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}


def test_the_teachers_and_the_students_page_work_as_they_stand(
    machines: tuple[Reader, Reader],
) -> None:
    teacher, student = machines
    teacher.follow("teacher.md")
    student.follow("student.md")
    assert teacher.typed >= 4
    assert student.typed >= 1


@pytest.mark.parametrize(
    "line, is_shown",
    [("a … c", True), ("b", False), ("…b…", True), ("a b", False), ("…d", False)],
)
def test_a_line_of_a_page_is_a_whole_line_that_was_printed(line: str, *, is_shown: bool) -> None:
    assert shows(line, "first\na b c\n") == is_shown
