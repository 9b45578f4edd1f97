"""`mirrorkit demo`: a whole class without a network; right answers, or an error."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import urllib.request
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from mirrorkit.demo.evening import prepare
from mirrorkit.demo.run import DemoClass, open_demo, take_tour
from mirrorkit.demo.told import Answer, Serving, Told, Unplugged
from mirrorkit.demo.upstream import LOOPBACK
from mirrorkit.documents.configuration import PORT, Listen
from mirrorkit.errors import AddressInUseError, IntegrityError
from mirrorkit.server.app import make_app
from mirrorkit.server.room import Room
from mirrorkit.wiring import follow_locks, open_store, start_server
from tests.fakes.registry import fake_registry
from tests.integration.command import told
from tests.lab.process import free_port, wait_until
from tests.lab.push import status_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aiohttp.typedefs import Handler
    from pytest_aiohttp.plugin import AiohttpServer

    from mirrorkit.documents.pins import Lock
    from mirrorkit.settings import Settings
    from tests.integration.command import Desk

MADE_UP = "MADE UP"


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the demo's folder is made, to be empty again at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def test_a_whole_class_without_a_network_and_nothing_left_behind(
    desk: Desk, temporary: Path
) -> None:
    with fake_registry({}) as proxy:  # whatever would leave this machine asks it
        env = {"TMPDIR": str(temporary), "http_proxy": proxy.url, "https_proxy": proxy.url}
        listen = f"{LOOPBACK}:{free_port()}"
        done = desk.run("demo", "--once", "--json", "--listen", listen, env=env)
        assert proxy.asked == []
    assert (done.status, done.err) == (0, "")
    events = done.events()
    assert all(event["made_up"] for event in events)
    assert {event["event"] for event in events} == {
        *("begun", "step", "unplugged", "serving", "answer", "ended")
    }
    answers = [event for event in events if event["event"] == "answer"]
    assert all(answer["is_right"] for answer in answers)
    assert {answer["who"] for answer in answers} >= {"containerd", "docker", "minikube", "kubeadm"}
    assert list(temporary.iterdir()) == list(desk.folder.glob("*.yaml")) == []
    assert not desk.store.exists()


def test_people_read_a_short_page_that_says_first_and_last_that_it_is_made_up(desk: Desk) -> None:
    done = desk.run("demo", "--once", "--listen", f"{LOOPBACK}:{free_port()}")
    lines = done.out.splitlines()
    assert done.status == 0
    assert len(lines) <= 30
    assert all(len(line) <= 80 for line in lines)
    assert MADE_UP in lines[1]
    assert "made up" in lines[-2]
    assert "`mirrorkit up course`" in lines[-1]
    assert "WRONG" not in done.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended_and_leaves_nothing(
    desk: Desk, temporary: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("TMPDIR", str(temporary))
    address = f"{LOOPBACK}:{free_port()}"
    with desk.running("demo", "--listen", address) as process:
        out = desk.folder / "out"
        wait_until(lambda: "until Ctrl-C" in out.read_text(), 30, "the end of the tour")
        assert status_of(address, "/health") == 200
        for lang, said in (("en", "This class is made up"), ("zh", "这门课是虚构的")):
            with urllib.request.urlopen(f"http://{address}/?text&lang={lang}") as page:
                assert said in page.read().decode()
        typed = f"curl --silent {address} | LANG={{}} LC_ALL= sh"
        for lang, said in (("C", "the made-up class of the demo"), ("zh_CN.UTF-8", "虚构课程")):
            done = subprocess.run(
                ("sh", "-c", typed.format(lang)), capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stdout) == (6, "")
            assert said in done.stderr
            assert "mirrorkit up course" in done.stderr
        assert len(list(temporary.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(15) == 0
    assert list(temporary.iterdir()) == []
    assert "Traceback" not in desk.printed(0).err


def test_ended_in_the_middle_it_leaves_nothing_either(
    desk: Desk, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(temporary))
    with desk.running("demo", "--listen", f"{LOOPBACK}:{free_port()}") as process:
        wait_until(lambda: any(temporary.iterdir()), 30, "a folder")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) in (0, 130)  # 0 where the tour was over before
    assert list(temporary.iterdir()) == []
    assert "Traceback" not in desk.printed(0).err


async def test_where_the_usual_port_is_taken_a_free_one_is_used() -> None:
    heard: list[Told] = []
    with socket.socket() as other:
        with suppress(OSError):  # somebody else has it already: as good
            other.bind((LOOPBACK, PORT))
            other.listen()
        async with open_demo(None, heard.append):
            pass
    (serving,) = (one for one in heard if isinstance(one, Serving))
    assert not serving.url.endswith(f":{PORT}")


async def test_a_port_that_was_asked_for_and_is_taken_is_an_error() -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        with pytest.raises(AddressInUseError):
            async with open_demo(Listen(LOOPBACK, other.getsockname()[1]), lambda _told: None):
                pass


def test_an_address_that_is_none_is_a_usage_error(desk: Desk) -> None:
    told(desk.run("demo", "--listen", "nonsense:x"), 2, "--listen", "127.0.0.1:5081")


def flip(settings: Settings, _: Lock) -> None:
    """Change a byte of every large blob; its size stays."""
    for blob in (settings.store / "blobs" / "sha256").iterdir():
        data = blob.read_bytes()
        if len(data) > 10_000:
            blob.chmod(0o644)
            blob.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def lose(settings: Settings, lock: Lock) -> None:
    """Remove what one name stands for."""
    digest = next(image.digest for image in lock.images if image.name.repository == "pause")
    (settings.store / "blobs" / "sha256" / digest.hex).unlink()


def forget(settings: Settings, _: Lock) -> None:
    """Remove the names."""
    index = settings.store / "index.json"
    index.write_text('{"schemaVersion": 2, "manifests": []}')


@asynccontextmanager
async def damaged(
    folder: Path, damage: Callable[[Settings, Lock], None]
) -> AsyncIterator[DemoClass]:
    """Serve a demo class after something happened to its store."""
    settings = await prepare(folder, lambda _told: None)
    locks = follow_locks(settings)
    (lock,) = locks.current().values()
    damage(settings, lock)
    runner = await start_server(replace(settings, listen=Listen(LOOPBACK, 0)), locks)
    try:
        yield DemoClass(f"{LOOPBACK}:{runner.addresses[0][1]}", lock)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("damage", [flip, lose, forget])
async def test_wrong_bytes_and_missing_ones_make_the_demo_fail(
    tmp_path: Path, damage: Callable[[Settings, Lock], None]
) -> None:
    heard: list[Told] = []
    async with damaged(tmp_path, damage) as demo:
        with pytest.raises(IntegrityError, match="wrong"):
            await take_tour(demo, heard.append)
    assert any(isinstance(one, Answer) and not one.is_right for one in heard)


@pytest.mark.parametrize(
    "program, told_hash, is_right",
    [(None, None, True), (b"other bytes", None, False), (None, "0" * 64, False)],
)
async def test_a_file_and_its_hash_are_held_against_the_lock(
    tmp_path: Path,
    aiohttp_server: AiohttpServer,
    program: bytes | None,
    told_hash: str | None,
    *,
    is_right: bool,
) -> None:
    settings = await prepare(tmp_path, lambda _told: None)
    locks, store = follow_locks(settings), open_store(settings)
    (lock,) = locks.current().values()
    (file,) = lock.files

    @web.middleware
    async def lie(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/files/"):
            return await handler(request)
        is_hash = request.path.endswith(".sha256")
        data = (told_hash or file.digest.hex).encode() if is_hash else program
        return web.Response(body=data or store.read(file.digest))

    app = make_app(Room(store, locks.current))
    app.middlewares.append(lie)
    server = await aiohttp_server(app)
    heard: list[Told] = []
    demo = DemoClass(f"{server.host}:{server.port}", lock)
    if is_right:
        await take_tour(demo, heard.append)
    else:
        with pytest.raises(IntegrityError, match="1 answer"):
            await take_tour(demo, heard.append)
    (told_file,) = (one for one in heard if isinstance(one, Answer) and one.who == "curl")
    assert told_file.is_right == is_right


async def test_the_upstream_is_gone_before_the_class_begins(tmp_path: Path) -> None:
    heard: list[Told] = []
    settings = await prepare(tmp_path, heard.append)
    assert isinstance(heard[-1], Unplugged)
    assert heard[-1].asked > 0
    for url in settings.endpoints.values():
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, int(url.rpartition(":")[2]))
