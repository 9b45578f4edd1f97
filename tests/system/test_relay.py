"""The relay: clusters keep one address of the mirror while the class moves from room to room."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.lab.engines import containerd, docker_engine, write_hosts
from tests.lab.images import image
from tests.lab.layers import random_layer
from tests.lab.process import LabError, output, running
from tests.lab.relay import NAME, relay_image
from tests.lab.school import School, open_school
from tests.lab.student import SHELLS, node_beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.images import Made

pytestmark = pytest.mark.timeout(600)
BEFORE, AFTER = "registry.k8s.io/lab/before:v1", "registry.k8s.io/lab/after:v1"
HUB = "docker.io/library/lab:1"
CLASS: dict[str, Made] = {
    NAME: relay_image(),
    **{name: image([random_layer(name, 300_000)]) for name in (BEFORE, AFTER, HUB)},
}
GATEWAY = "192.168.230.1:5080"
MIRROR = "10.77.0.1:5080"
MAKE = ("make_relay", "relay_address")
STARTED = "{{.Id}} {{.State.StartedAt}}"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    with open_school(tmp_path_factory.mktemp("school"), CLASS) as found:
        yield found


@pytest.fixture
def served(school: School) -> Iterator[School]:
    """A mirror in the first room, and a student's machine without a relay."""
    school.move("10.77.0")
    with school.mirror(school.teacher):
        yield school
        school.student.setup(MIRROR, "remove_relay")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_relay_leads_to_the_mirror_and_making_it_twice_changes_nothing(
    served: School, shell: str
) -> None:
    student = served.student
    assert student.setup(MIRROR, *MAKE, by=shell) == f"{GATEWAY}\n"
    first = student.inspect("mirrorkit-relay", STARTED)
    assert student.setup(MIRROR, *MAKE, by=shell) == f"{GATEWAY}\n"
    assert student.inspect("mirrorkit-relay", STARTED) == first != ""
    for address in (GATEWAY, "localhost:5080"):
        assert "mirrorkit" in student.host.run("curl", "-fsS", f"http://{address}/livez")
    student.setup(MIRROR, "remove_relay", by=shell)
    assert student.inspect("mirrorkit-relay", STARTED) == ""
    assert student.inspect("mirrorkit", "{{.Id}}") == ""


def test_moving_the_mirror_under_running_nodes_loses_nothing(
    served: School, tmp_path: Path
) -> None:
    student = served.student
    student.setup(MIRROR, "make_relay")
    network = student.inspect("mirrorkit", "{{.Id}}")
    hosts = write_hosts(tmp_path / "hosts", ["registry.k8s.io"], f"http://{GATEWAY}")
    with ExitStack() as life:
        first, second = (life.enter_context(node_beside(student.host, n)) for n in (49, 58))
        docker = life.enter_context(
            docker_engine(tmp_path / "d", prefix=first.prefix, insecure=[GATEWAY])
        )
        other = life.enter_context(
            containerd(tmp_path / "c", hosts_dir=hosts, prefix=second.prefix)
        )
        assert docker.pull(f"{GATEWAY}/{BEFORE}") == CLASS[BEFORE].digest
        assert other.pull(BEFORE) == CLASS[BEFORE].digest
        served.move("10.88.0")
        with pytest.raises(LabError):
            docker.pull(f"{GATEWAY}/{AFTER}")
        student.setup("10.88.0.1:5080", "make_relay")
        assert docker.pull(f"{GATEWAY}/{AFTER}") == CLASS[AFTER].digest
        assert other.pull(AFTER) == CLASS[AFTER].digest
        assert docker.pull(f"{GATEWAY}/{BEFORE}") == CLASS[BEFORE].digest
    assert student.inspect("mirrorkit", "{{.Id}}") == network


def test_the_relay_comes_back_by_itself_with_the_target_it_had(served: School) -> None:
    student = served.student
    student.setup(MIRROR, "make_relay")
    student.docker("restart", "mirrorkit-relay")
    student.setup(MIRROR, "await_relay 192.168.230.1")


@pytest.mark.parametrize(
    "route, network",
    [
        ("192.168.230.0/24", "192.168.231"),
        ("192.168.230.64/26", "192.168.231"),
        ("192.168.224.0/20", "192.168.240"),
        ("192.168.0.0/16", "10.230.230"),
        ("128.0.0.0/1", "192.168.230"),
    ],
)
def test_a_network_that_the_machine_knows_already_is_not_taken_again(
    served: School, route: str, network: str
) -> None:
    host = served.student.host
    output(("ip", "-n", host.namespace, "route", "add", route, "dev", "eth0"))
    try:
        assert served.student.setup(MIRROR, *MAKE) == f"{network}.1:5080\n"
    finally:
        output(("ip", "-n", host.namespace, "route", "delete", route))


def test_a_network_of_another_container_is_not_taken_again(served: School) -> None:
    student = served.student
    student.docker("network", "create", "--subnet", "192.168.230.0/25", "other")
    try:
        assert student.setup(MIRROR, *MAKE) == "192.168.231.1:5080\n"
    finally:
        student.docker("network", "rm", "other")


@pytest.mark.parametrize("client", ["curl", "wget"])
def test_a_mirror_may_be_given_by_a_name_which_only_set_up_looks_up(
    served: School, tmp_path: Path, client: str
) -> None:
    tools = tmp_path / "bin"  # busybox's wget, and nothing to ask for a name
    tools.mkdir()
    (tools / "wget").symlink_to("/bin/busybox")
    (tools / "getent").symlink_to("/bin/false")
    choice = f"PATH={tools}:$PATH CLIENT={client}"
    names = tmp_path / "hosts"
    names.write_text("127.0.0.1 localhost\n10.77.0.1 teacher.lan\n")
    bind = f'mount --bind {names} /etc/hosts && exec "$@"'
    inside = ("unshare", "--mount", "sh", "-c", bind, "sh")
    assert served.student.setup("teacher.lan:5080", choice, *MAKE, inside=inside) == f"{GATEWAY}\n"
    assert "proxy_pass 10.77.0.1:5080;" in served.student.inspect("mirrorkit-relay", "{{.Args}}")


@pytest.mark.parametrize("mirror", ["127.0.0.1:5080", "10.77.0.2:5080"])
def test_on_the_mirrors_own_machine_there_is_a_network_and_no_relay(
    school: School, mirror: str
) -> None:
    student = school.student
    school.move("10.77.0")
    with school.mirror(student.host):
        try:
            assert student.setup(mirror, *MAKE) == f"{GATEWAY}\n"
            assert student.inspect("mirrorkit-relay", STARTED) == ""
            assert "mirrorkit" in student.host.run("curl", "-fsS", f"http://{GATEWAY}/livez")
        finally:
            student.setup(mirror, "remove_relay")


def test_a_mirror_on_another_port_of_this_machine_is_relayed(served: School) -> None:
    student = served.student
    with served.mirror(student.host, "0.0.0.0:5081"):
        student.setup(MIRROR, "make_relay")  # its image, which the next one then has
        assert student.setup("localhost:5081", *MAKE) == f"{GATEWAY}\n"
        assert "proxy_pass 192.168.230.1:5081;" in student.inspect("mirrorkit-relay", "{{.Args}}")


def test_a_machine_that_was_a_students_becomes_the_teachers_without_a_loop(
    school: School,
) -> None:
    student = school.student
    school.move("10.77.0")
    with school.mirror(school.teacher):
        student.setup(MIRROR, "make_relay")
    with pytest.raises(LabError, match="LISTEN"):
        student.setup("10.77.0.2:5080", "make_relay")
    assert student.inspect("mirrorkit-relay", STARTED) == ""  # the port is the mirror's to take
    student.setup(MIRROR, "remove_relay")


def test_a_port_that_another_program_has_is_said_and_nothing_is_left(served: School) -> None:
    student = served.student
    stranger = (*student.host.prefix, sys.executable, "-m", "http.server", "5080")
    log = student.home / "stranger.log"
    ready = lambda: "5080" in student.host.run("ss", "-ltn")  # noqa: E731
    with running(stranger, log=log, ready=ready), pytest.raises(LabError, match="PORT: another"):
        student.setup(MIRROR, "make_relay")
    assert student.inspect("mirrorkit-relay", STARTED) == ""
