"""A teacher's machine and a student's, and a mirror that serves on the one for the other."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from tests.lab.engines import docker_engine
from tests.lab.process import LabError, running
from tests.lab.product import product_for
from tests.lab.registry import docker_registry
from tests.lab.room import move, room
from tests.lab.student import Student

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.lab.images import Made
    from tests.lab.product import Product
    from tests.lab.room import Host

EVERYWHERE = "0.0.0.0:5080"


class School(NamedTuple):
    """A teacher's machine and a student's."""

    teacher: Host
    student: Student
    product: Product

    @contextmanager
    def mirror(self, host: Host, listen: str = EVERYWHERE) -> Iterator[None]:
        """Serve on a machine while the block lasts."""
        with served_by(self.product, host, listen):
            yield

    def move(self, network: str) -> None:
        """Go to another room."""
        move((self.teacher, self.student.host), network)


@contextmanager
def served_by(
    product: Product, host: Host, listen: str = EVERYWHERE, *options: str
) -> Iterator[None]:
    """Serve a class on a machine of a room while the block lasts."""
    url = f"http://127.0.0.1:{listen.rpartition(':')[2]}/livez"

    def ready() -> bool:
        with suppress(LabError):
            return "mirrorkit" in host.run("curl", "-fsS", url)
        return False

    argv = (*host.prefix, *product.command("serve", "--listen", listen, *options))
    with running(argv, log=product.folder / "serve.log", ready=ready):
        yield


@contextmanager
def open_school(folder: Path, images: Mapping[str, Made]) -> Iterator[School]:
    """Sync a class, and stand up the machines at 10.77.0.1 and .2, without a mirror yet."""
    with docker_registry(folder / "upstream") as upstream:
        upstream.push_all(images)
        (folder / "class").mkdir()
        product = product_for(folder / "class", images, upstream.address)
        done = product("sync")
    if done.returncode:
        raise LabError(done.stderr)
    (folder / "home").mkdir()
    with room(2) as [teacher, host]:
        engine = docker_engine(folder / "docker", prefix=host.prefix, networks=True)
        with engine as docker:
            yield School(teacher, Student(host, docker, folder / "home"), product)
