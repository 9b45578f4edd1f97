"""setup.sh --with-docker where systemd runs: a privileged container is the machine."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.lab.classroom import classroom
from tests.lab.debian import debian_archive
from tests.lab.engines import docker_engine
from tests.lab.lesson import stored
from tests.lab.process import LabError, wait_until
from tests.lab.room import room
from tests.lab.setupclass import FILES, KICBASE, Class
from tests.lab.static import ARCHIVE, LIBRARIES, PROGRAMS, static_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.engines import Docker

pytestmark = pytest.mark.timeout(900)  # the first run makes a whole Debian
PACKAGES = ("systemd", "systemd-sysv", "dbus", "curl", *LIBRARIES)
IMAGE = "lab/debian"
INIT = ("--change", 'ENTRYPOINT ["/sbin/init"]')
MACHINE = "machine"
# What programs write of themselves is not ours: groups' backups, caches, logs, random seeds.
TREE = r"""
find /etc /home /opt /root /usr /var -xdev -name '*-' -prune -o \
    -path /var/log -prune -o -path /var/tmp -prune -o -path /var/cache -prune -o \
    -path /var/lib/systemd -prune -o -path /var/lib/dbus -prune -o -printf '%p %M %u %g %l\n' | sort
cat /etc/group
"""


class Machine(NamedTuple):
    """A machine with systemd and without Docker."""

    docker: Docker

    def __call__(self, script: str) -> str:
        """Run a shell script there as root and return what it printed."""
        return self.docker("exec", MACHINE, "sh", "-ec", script)

    def types(self, address: str, *words: str) -> str:
        """Type the line there, behind sudo; return all it printed."""
        line = f"curl -s {address} | SUDO_USER=student sh -s -- {' '.join(words)} 2>&1"
        return self(f"cd; {line}")

    def has(self, question: str) -> bool:
        """Say whether a command ends well there."""
        with suppress(LabError):
            self(question)
            return True
        return False

    def is_up(self) -> bool:
        """Say whether systemd has come to its end of starting, well or not."""
        with suppress(LabError):
            return self("systemctl is-system-running || :").strip() in {"running", "degraded"}
        return False


@contextmanager
def machine(docker: Docker) -> Iterator[Machine]:
    """Run it while the block lasts."""
    docker("import", *INIT, str(debian_archive(PACKAGES)), IMAGE)
    halt = ("--stop-signal", "SIGRTMIN+3")
    where = (*halt, "--tmpfs", "/tmp", "--tmpfs", "/run", "--volume", "/var")
    docker("run", "--detach", "--privileged", *where, "--name", MACHINE, IMAGE)
    one = Machine(docker)
    try:
        wait_until(one.is_up, 60, "systemd")
        one("useradd --create-home student")
        yield one
    finally:
        docker("rm", "--force", "--volumes", MACHINE)


@pytest.fixture
def lesson(tmp_path: Path) -> Iterator[Class]:
    files = {**FILES, ARCHIVE: static_archive()}
    (tmp_path / "class").mkdir()
    product = stored(tmp_path / "class", classroom(0.02), files)
    with (
        room(2) as (teacher, student),
        docker_engine(tmp_path / "docker", prefix=student.prefix, networks=True) as docker,
    ):
        yield Class(product, teacher, student, docker, files)


def test_docker_is_a_unit_that_comes_back_after_a_reboot_and_goes_with_an_uninstall(
    lesson: Class,
) -> None:
    with machine(lesson.docker) as there, lesson.serving():
        before = there(TREE)
        there.types(lesson.address, "--no-relay", "--with-docker")
        assert there("systemctl is-active docker; systemctl is-enabled docker") == (
            "active\nenabled\n"
        )
        assert KICBASE in there("su student -c 'docker images --format {{.Repository}}:{{.Tag}}'")
        started = there("systemctl show --property ActiveEnterTimestampMonotonic docker")
        again = there.types(lesson.address, "--no-relay", "--with-docker")
        assert "downloading" not in again
        assert there("systemctl show --property ActiveEnterTimestampMonotonic docker") == started

        lesson.docker("restart", MACHINE)
        wait_until(lambda: there.has("docker version"), 60, "Docker after a reboot")

        assert there.has("pidof dockerd")
        there.types(lesson.address, "--uninstall", "--yes")
        assert there(TREE) == before
        assert there("systemctl show --property LoadState docker") == "LoadState=not-found\n"
        assert not there.has(f"pidof {' '.join(PROGRAMS)}")
