"""What goes wrong before the first byte: one sentence, a hint, the exit status, a sound store."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.fakes.guards import Password
from tests.integration.command import MIRRORKIT, OLD_AND_NEW, Desk, closed_url, told
from tests.integration.lesson import APP, made
from tests.integration.logins import write_login
from tests.lab.process import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.registry import FakeRegistry

IMAGE = made("app")
PAUSE = "registry.k8s.io/pause:3.6"
IMAGES = {APP: IMAGE, PAUSE: IMAGE}
ROOT_BY_NAME = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
UNPRIVILEGED = ROOT_BY_NAME if os.geteuid() == 0 else ()


@contextmanager
def taken_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("command", ["sync", "status", "serve"])
@pytest.mark.parametrize(
    "text, error, hint",
    [
        ("version: 1\nimages: [\n", "images.lock.yaml:3:1", "not closed"),
        ("version: 1\nimmages: []\n", "images.lock.yaml has 1 mistake", ""),
    ],
    ids=["broken", "unknown key"],
)
def test_a_lock_with_a_mistake(desk: Desk, command: str, text: str, error: str, hint: str) -> None:
    desk.prepare({}, closed_url())
    (desk.folder / "images.lock.yaml").write_text(text)
    told(desk.run(command), 3, error, hint)
    assert not desk.store.exists()


@pytest.mark.parametrize("command", ["sync", "status", "serve"])
def test_a_lock_that_is_not_there(desk: Desk, command: str) -> None:
    told(desk.run(command, "--store", str(desk.store)), 3, "no lock", "--lock FILE")
    assert not desk.store.exists()


def test_settings_with_a_mistake(desk: Desk) -> None:
    (desk.folder / "mirrorkit.yaml").write_text("stroe: x\n")
    done = desk.run("sync")
    told(done, 3, "mirrorkit.yaml has 1 mistake")
    assert "mirrorkit.yaml:1:1: unknown key 'stroe'; did you mean 'store'?" in done.err


@pytest.mark.parametrize(
    "arguments, error, hint",
    [
        (["sync", "--jbos", "3"], "--jbos", "mirrorkit sync --help"),
        (["sync", "--jobs", "many"], "'--jobs': 'many' is not a whole", "mirrorkit sync --help"),
        (["init", "--nodes", "2.5"], "'--nodes': '2.5' is not a whole", "mirrorkit init --help"),
        (["sync", "--jobs"], "--jobs", "mirrorkit sync --help"),
        (["snyc"], "snyc", "mirrorkit --help"),
        (["sync", "extra"], "extra", "mirrorkit sync --help"),
        (
            ["serve", "--listen", "a:b"],
            "--listen: 'a:b' is not HOST:PORT",
            "mirrorkit serve --help",
        ),
        (["sync", "--jobs", "0"], "--jobs: '0' is not a number", "mirrorkit sync --help"),
    ],
)
def test_a_bad_flag(desk: Desk, arguments: list[str], error: str, hint: str) -> None:
    told(desk.run(*arguments), 2, error, hint)


def test_no_upstream_listens(desk: Desk) -> None:
    desk.prepare({PAUSE: IMAGE}, closed_url(), OLD_AND_NEW)
    told(desk.run("sync"), 4, "cannot be reached", "another endpoint in mirrorkit.yaml")
    assert desk.names() == set()


@pytest.mark.parametrize("login", [("teacher", "sponge"), None], ids=["wrong", "none"])
def test_a_password_that_is_wrong_or_missing(
    desk: Desk, upstream: FakeRegistry, docker_config: Path, login: tuple[str, str] | None
) -> None:
    upstream.guard = Password("teacher", "chalk")
    if login:
        write_login(docker_config, upstream.address, *login)
    desk.prepare({APP: IMAGE}, upstream.url)
    told(desk.run("sync"), 4, APP, "docker login")
    assert desk.names() == set()


def test_the_old_and_the_new_registry_of_kubernetes_are_asked_in_turn(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare({PAUSE: IMAGE}, closed_url(), OLD_AND_NEW)
    settings = json.loads((desk.folder / "mirrorkit.yaml").read_text())
    settings["endpoints"]["k8s.gcr.io"]["url"] = upstream.url
    (desk.folder / "mirrorkit.yaml").write_text(json.dumps(settings))
    done = desk.run("sync")
    assert done.status == 0, done
    assert done.lines("error") == []
    assert desk.names() == {PAUSE}


def test_a_store_that_is_a_file(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    desk.store.write_text("precious")
    for command in ("sync", "status"):
        told(desk.run(command), 6, f"the store {desk.store} cannot be used", "--store")
    assert desk.store.read_text() == "precious"
    assert upstream.asked == []


def test_what_may_not_be_read_is_told_alike_by_option_and_without(desk: Desk) -> None:
    desk.prepare({APP: IMAGE}, closed_url())
    lock = desk.folder / "images.lock.yaml"
    desk.store.mkdir()
    for path, option in ((desk.store, "--store"), (lock, "--lock")):
        path.chmod(0)
        for given in ((), (option, str(path))):
            done = subprocess.run(
                (*UNPRIVILEGED, *MIRRORKIT, "status", *given),
                cwd=desk.folder,
                env=environment(),
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert "Permission denied" in done.stderr
            assert "hint: " in done.stderr
            assert "mirrorkit status --help" not in done.stderr
        path.chmod(0o755)


def test_an_index_that_is_none(desk: Desk, upstream: FakeRegistry) -> None:
    desk.prepare({APP: IMAGE}, upstream.url)
    assert desk.run("sync").status == 0
    (desk.store / "index.json").write_text("{")
    for command in ("sync", "status"):
        told(desk.run(command), 6, "is not an OCI index", "restore it")
    assert (desk.store / "index.json").read_text() == "{"


def test_serve_on_a_port_in_use(desk: Desk) -> None:
    desk.prepare({APP: IMAGE}, closed_url())
    with taken_port() as address:
        told(desk.run("serve", "--listen", address), 6, address, "--listen")


@pytest.mark.parametrize(
    "arguments, status, code",
    [
        (["sync", "--json", "--jbos"], 2, "usage"),
        (["sync", "--json", "--lock", "none"], 3, "document"),
        (["status", "--json", "--store", "images.lock.yaml"], 6, "store"),
    ],
)
def test_an_error_is_data_where_data_was_asked_for(
    desk: Desk, arguments: list[str], status: int, code: str
) -> None:
    desk.prepare({APP: IMAGE}, closed_url())
    done = desk.run(*arguments)
    (found,) = done.events()
    assert done.status == status
    assert done.err == ""
    assert found["error"].keys() >= {"code", "message", "hint", "exit_status"}
    assert (found["error"]["code"], found["error"]["exit_status"]) == (code, status)


def test_a_sync_as_data_is_one_event_a_line_and_a_report_at_the_end(
    desk: Desk, upstream: FakeRegistry
) -> None:
    desk.prepare({APP: IMAGE, "one.test/none:1": made("none")}, upstream.url)
    done = desk.run("sync", "--json")
    *events, report = done.events()
    assert done.status == 4
    assert done.err == ""
    kinds = [event["event"] for event in events]
    assert set(kinds) == {
        "source-failed",
        "image-failed",
        "planned",
        "blob-begun",
        "progress",
        "image-completed",
    }
    progress = [event for event in events if event["event"] == "progress"]
    assert all(event["connections"].keys() <= {"one.test"} for event in progress)
    assert any(event["connections"].get("one.test", 0) for event in progress)
    assert report["event"] == "report"
    assert report["images"] == {"total": 2, "complete": 1}
    (failure,) = report["failures"]
    assert failure["name"] == "one.test/none:1"
    assert failure["code"] == "not-found"


@pytest.mark.parametrize("arguments", [["status"], ["settings"], ["status", "--json"], ["--help"]])
def test_a_reader_who_has_seen_enough_hears_nothing_more(desk: Desk, arguments: list[str]) -> None:
    many = {f"one.test/app{number}:1": IMAGE for number in range(40)}
    desk.prepare(many, closed_url())
    with subprocess.Popen(["true"], stdin=subprocess.PIPE) as reader:
        reader.wait()
        done = subprocess.run(
            (*MIRRORKIT, *arguments),
            cwd=desk.folder,
            env=environment(),
            stdout=reader.stdin,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stderr == ""


def test_a_name_to_listen_on_that_leads_nowhere_is_said_in_words(desk: Desk) -> None:
    desk.prepare({APP: IMAGE}, closed_url())
    done = desk.run("serve", "--listen", "nowhere.invalid:5080")
    told(done, 6, "cannot listen on nowhere.invalid:5080: ", "--listen HOST:PORT")
    assert "Unknown error" not in done.err


def test_a_docker_context_that_is_none_is_not_the_default_one(desk: Desk) -> None:
    desk.prepare({APP: IMAGE}, closed_url())
    env = {"DOCKER_CONTEXT": "nowhere", "DOCKER_CONFIG": str(desk.folder)}
    told(desk.run("load", env=env), 6, "Docker has no context 'nowhere'", "docker context ls")


def test_docker_s_certificates_that_are_not_there_are_no_bug_of_ours(desk: Desk) -> None:
    desk.prepare({APP: IMAGE}, closed_url())
    docker = {"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1"}
    done = desk.run("load", env={**docker, "DOCKER_CERT_PATH": str(desk.folder / "none")})
    told(done, 6, "Docker at tcp://127.0.0.1:1 cannot be talked to: ", "docker info")
