"""Reading a real machine's addresses, and noticing when they change, in a room of its own."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.command import Desk, closed_url
from tests.integration.lesson import APP, made
from tests.lab.process import LabError, environment, output, running, wait_until
from tests.lab.room import Host, room

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIRRORKIT = (sys.executable, "-m", "mirrorkit")
READ = """
import json
from mirrorkit.documents.configuration import Listen
from mirrorkit.host.reach import reach_of
from mirrorkit.host.read import read_machine
machine = read_machine()
reach = reach_of(machine, Listen(None, 80), 80)
print(json.dumps({"gateways": dict(machine.gateways), **reach.as_json()}))
"""


@pytest.fixture
def host() -> Iterator[Host]:
    with room(1) as (one,):
        yield one


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A class that nobody can fetch."""
    found = Desk(tmp_path)
    found.prepare({APP: made("app")}, closed_url())
    return found


def ip(host: Host, *arguments: str) -> None:
    output(("ip", "-n", host.namespace, *arguments))


def read(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.run(sys.executable, "-c", READ))
    return found


@contextmanager
def up(host: Host, desk: Desk, *arguments: str) -> Iterator[Path]:
    """Run `up` on a machine of the room while the block lasts; yield what it prints."""
    log = desk.folder / "log"
    command = ("sh", "-c", 'cd "$0" && exec "$@"', str(desk.folder), *MIRRORKIT, "up", *arguments)
    ready = lambda: "serving" in log.read_text()  # noqa: E731
    with running((*host.prefix, *command), log=log, ready=ready):
        yield log


def test_every_kind_of_interface_is_read_for_what_it_is(host: Host) -> None:
    ip(host, "address", "add", "192.168.5.5/24", "dev", "eth0")  # a second one, without a label
    ip(host, "link", "add", "docker0", "up", "type", "bridge")
    ip(host, "link", "add", "veth0", "up", "type", "veth", "peer", "name", "inside")
    ip(host, "link", "set", "inside", "up", "master", "docker0")
    ip(host, "address", "add", "172.17.0.1/16", "dev", "docker0")
    ip(host, "tuntap", "add", "dev", "work", "mode", "tun")
    ip(host, "address", "add", "10.8.0.2/24", "dev", "work")
    ip(host, "link", "set", "work", "up")
    found = read(host)
    assert found["urls"] == ["http://10.77.0.1:80", "http://192.168.5.5:80"]
    kinds = {one["address"]: one["kind"] for one in found["hidden"]}
    assert kinds["172.17.0.1"] == "bridge"
    assert kinds["127.0.0.1"] == "loopback"
    assert "10.8.0.2" not in kinds  # nobody holds the tunnel's other end, so it has no link


def test_the_default_route_is_read_with_its_gateway(host: Host) -> None:
    assert read(host)["gateways"] == {}
    ip(host, "route", "add", "default", "via", "10.77.0.200")
    assert read(host)["gateways"] == {"eth0": "10.77.0.200"}


def test_a_cable_that_was_pulled_has_no_address(host: Host) -> None:
    switch = host.namespace.removesuffix("-1") + "-sw"
    output(("ip", "-n", switch, "link", "set", "p0", "down"))
    found = read(host)
    assert found["urls"] == []
    assert "cable" in " ".join(found["advice"]["steps"])


def test_a_changed_address_is_noticed(host: Host, desk: Desk) -> None:
    with up(host, desk, "--json") as log:
        ip(host, "address", "del", "10.77.0.1/16", "dev", "eth0")
        wait_until(lambda: '"urls": []' in log.read_text(), 20, "word that it is gone")
        ip(host, "address", "add", "10.99.0.7/16", "dev", "eth0")
        wait_until(lambda: "http://10.99.0.7:5080" in log.read_text(), 20, "the new address")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    told = [event["urls"] for event in events if event["event"] in ("serving", "addresses")]
    assert told == [["http://10.77.0.1:5080"], [], ["http://10.99.0.7:5080"]]


@contextmanager
def listening(host: Host, port: int, folder: Path) -> Iterator[int]:
    """Let a real program take a port; yield its process id."""
    argv = (*host.prefix, sys.executable, "-m", "http.server", str(port), "--bind", "0.0.0.0")
    probe = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"

    def ready() -> bool:
        try:
            host.run(sys.executable, "-c", probe)
        except LabError:
            return False
        return True

    with running(argv, log=folder / "taker.log", ready=ready) as process:
        yield process.pid


def test_a_taken_port_names_its_program_and_the_next_is_taken_and_remembered(
    host: Host, desk: Desk
) -> None:
    with listening(host, 5080, desk.folder) as pid, up(host, desk) as log:
        said = log.read_text()
        assert f"port 5080 is taken by http.server (process {pid}); trying the next" in said
        assert "on http://10.77.0.1:5081" in said
        assert "port 5081 instead of 5080, from now on" in said
    told = {one["name"]: one for one in json.loads(desk.run("settings", "--json").out)["settings"]}
    assert told["listen"]["value"] == ":5081"
    assert told["listen"]["origin"] == str(desk.store / "port")
    log.unlink()
    with up(host, desk) as log:  # 5080 is free again, and the students know 5081
        assert "on http://10.77.0.1:5081" in log.read_text()
        assert "port 5081 instead of 5080, as before, for " in log.read_text()


def test_a_port_that_was_asked_for_is_never_changed(host: Host, desk: Desk) -> None:
    with listening(host, 5080, desk.folder) as pid:
        with pytest.raises(LabError, match=rf"exit 6\nerror: .*http.server \(process {pid}\)"):
            in_desk(host, desk, "up", "--listen", ":5080")
        with pytest.raises(LabError, match=rf"exit 6\nerror: .*http.server \(process {pid}\)"):
            in_desk(host, desk, "serve", env={"MIRRORKIT_LISTEN": ":5080"})
    assert not (desk.store / "port").exists()


def test_a_second_up_says_where_the_first_serves_and_what_to_do(host: Host, desk: Desk) -> None:
    said = r"error: mirrorkit \(process \d+\) serves on :5080 already\nhint: look at http://local"
    with up(host, desk), pytest.raises(LabError, match=rf"exit 6\n{said}host:5080, or stop it"):
        in_desk(host, desk, "up")
    assert not (desk.store / "port").exists()


def in_desk(host: Host, desk: Desk, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Run a command in the teacher's folder on a machine of the room, to its end."""
    command = ("sh", "-c", 'cd "$0" && exec "$@"', str(desk.folder), *MIRRORKIT, *arguments)
    return output((*host.prefix, *command), env=environment(**(env or {})), seconds=30)
