"""A student's machine: a namespace with a Docker Engine that has networks, and nodes beside it."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirrorkit.classroom.setup import setup_script
from tests.lab.process import LabError, environment, output
from tests.lab.room import Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.engines import Docker

SHELLS = {"dash": ("dash",), "ash": ("busybox", "ash"), "bash": ("bash",)}
LAST = 'main "$@"\n'
BEGIN = "set -u; COMMAND=relay; CHILD=; choose_language; choose_client\n"


@dataclass(frozen=True, slots=True)
class Student:
    """Where setup.sh runs."""

    host: Host
    docker: Docker
    home: Path

    def setup(
        self, mirror: str, *calls: str, by: str = "dash", inside: tuple[str, ...] = ()
    ) -> str:
        """Call functions of setup.sh as its own last lines would, and return what they printed."""
        functions = setup_script(mirror).removesuffix(LAST)
        program = self.home / "setup.sh"
        program.write_text(functions + BEGIN + "\n".join(calls) + "\n")
        argv = (*self.host.prefix, *inside, *SHELLS[by], str(program))
        env = environment(DOCKER_HOST=self.docker.host, HOME=str(self.home), LANG="C.UTF-8")
        return output(argv, env=env, seconds=240)

    def inspect(self, what: str, form: str) -> str:
        """Return one fact of the relay's container or network, empty where there is none."""
        with suppress(LabError):
            return self.docker("inspect", "--format", form, what).strip()
        return ""


@contextmanager
def node_beside(student: Host, number: int) -> Iterator[Host]:
    """Make a machine that knows a student's alone, as a node knows its docker network's gateway."""
    name = f"lab-node-{secrets.token_hex(3)}"
    node, gateway = Host(name, f"192.168.{number}.2"), f"192.168.{number}.1"
    try:
        output(("ip", "netns", "add", name))
        link = f"v{secrets.token_hex(3)}"
        pair = ("type", "veth", "peer", "name", "eth0", "netns", name)
        output(("ip", "-n", student.namespace, "link", "add", link, *pair))
        for where, device, address in (
            (student.namespace, link, gateway),
            (name, "eth0", node.address),
        ):
            output(("ip", "-n", where, "address", "add", f"{address}/24", "dev", device))
            output(("ip", "-n", where, "link", "set", device, "up"))
        output(("ip", "-n", name, "link", "set", "lo", "up"))
        output(("ip", "-n", name, "route", "add", "default", "via", gateway))
        yield node
    finally:
        with suppress(LabError):
            output(("ip", "netns", "delete", name))
