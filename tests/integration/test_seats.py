"""Seats over HTTP: reported by students' machines, told to the teacher."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from mirrorkit.classroom.setup import setup_script
from mirrorkit.server.limits import Limits
from mirrorkit.server.phrases import CHINESE, PHRASES
from mirrorkit.server.report import REPORT_BYTES
from mirrorkit.store.disk import DiskStore
from tests.integration.guarded import guarded
from tests.integration.test_page import BROWSER, Page
from tests.lab.process import environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Any

    from aiohttp.test_utils import TestClient

    from tests.integration.conftest import Serve

SEATS = "/api/v1/seats"
SCRIPT = "<script>alert(1)</script>"
NO_DOCKER = f"fail\tDOCKER\tDocker is not there {SCRIPT}\tsudo apt-get install docker.io"


@pytest.fixture
async def client(tmp_path: Path, serve: Serve) -> TestClient[Any, Any]:
    return await serve(DiskStore(tmp_path))


def text(number: int, step: str = "ready", *lines: str) -> str:
    return "\n".join((f"id\tseat-{number:08}", f"step\t{step}", *lines, ""))


async def test_a_report_is_answered_with_the_seats_number_and_told_on_the_page(
    client: TestClient[Any, Any],
) -> None:
    for number in range(3):
        answer = await client.post(SEATS, data=text(number))
        assert (answer.status, await answer.text()) == (200, f"{number + 1}\n")
    answer = await client.post(SEATS, data=text(9, "check", f"name\tLi {SCRIPT}", NO_DOCKER))
    assert await answer.text() == "4\n"
    told = await (await client.get(SEATS)).json()
    assert told["counts"] == {"ready": 3, "stuck": 1, "under-way": 0, "silent": 0}
    page = await (await client.get("/", headers=BROWSER)).text()
    seen = Page(page)
    assert "3 ready, 1 without Docker" in seen.text
    assert re.search(r"4 Li <script>.*stuck\s+DOCKER Docker is not there <script>", seen.text)
    assert "script" not in seen.tags
    assert "seat-0000" not in page
    chinese = Page(await (await client.get("/?lang=zh", headers=BROWSER)).text())
    assert PHRASES[CHINESE]["stuck_DOCKER"].format(n=1) in chinese.text


async def test_before_the_first_report_the_page_has_no_word_of_seats(
    client: TestClient[Any, Any],
) -> None:
    seen = Page(await (await client.get("/", headers=BROWSER)).text())
    assert PHRASES["en"]["seats"] not in seen.text


@pytest.mark.parametrize("body", ["", "x", text(1, "went"), text(1) + "fail\tno code\tx\t"])
async def test_what_is_no_report_is_refused_in_a_sentence(
    client: TestClient[Any, Any], body: str
) -> None:
    answer = await client.post(SEATS, data=body)
    assert answer.status == 400
    assert (await answer.text()).endswith("\n")
    assert (await (await client.get(SEATS)).json())["seats"] == []


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 1024


async def test_a_long_report_is_refused_whether_it_says_its_length_or_not(
    client: TestClient[Any, Any],
) -> None:
    assert (await client.post(SEATS, data=b"x" * (REPORT_BYTES + 1))).status == 413
    assert (await client.post(SEATS, data=pieces(REPORT_BYTES // 1024 + 1))).status == 413
    assert (await client.post(SEATS, data=text(1))).status == 200


async def test_a_seat_that_took_everything_away_is_not_stuck_and_is_no_seat(
    client: TestClient[Any, Any],
) -> None:
    await client.post(SEATS, data=text(1, "stuck"))
    for _ in range(2):
        assert (await client.post(SEATS, data=text(1, "gone"))).status == 204
    assert (await (await client.get(SEATS)).json())["seats"] == []


async def test_a_page_in_a_browser_reports_nothing(client: TestClient[Any, Any]) -> None:
    answer = await client.post(SEATS, data=text(1), headers={"Origin": "http://evil.example"})
    assert answer.status == 403
    assert (await (await client.get(SEATS)).json())["seats"] == []


async def test_sixty_machines_behind_one_address_report_four_times_and_a_flood_is_told_to_wait(
    client: TestClient[Any, Any],
) -> None:
    statuses = [(await client.post(SEATS, data=text(number % 60))).status for number in range(240)]
    assert set(statuses) == {200}
    flood = [await client.post(SEATS, data=text(1)) for _ in range(240)]
    refused = [answer for answer in flood if answer.status == 429]
    assert refused
    assert {answer.headers["Retry-After"] for answer in refused} == {"10"}
    assert (await (await client.get(SEATS)).json())["counts"]["ready"] == 60


async def test_a_report_that_does_not_end_is_dropped(tmp_path: Path) -> None:
    async with guarded(DiskStore(tmp_path), Limits(head=0.2)) as server:
        client = await server.connect()
        client.ask(SEATS, "Content-Length: 100", method="POST")
        client.send("id\tseat")
        status, _ = await client.answer()
    assert status == 408


async def test_prometheus_is_told_how_many_there_are_of_each_state(tmp_path: Path) -> None:
    async with guarded(DiskStore(tmp_path), Limits()) as server:
        for number, step in enumerate(("ready", "ready", "stuck")):
            client = await server.connect()
            body = text(number, step)
            client.ask(SEATS, f"Content-Length: {len(body)}", method="POST")
            client.send(body)
            assert (await client.answer())[0] == 200
        found = (await server.metrics())["mirrorkit_seats"]
    assert found == {("ready",): 2, ("stuck",): 1, ("under-way",): 0, ("silent",): 0}


async def check(client: TestClient[Any, Any], home: Path, *arguments: str) -> None:
    """Let setup.sh look at this machine, and report it."""
    await setup(client, home, "--check", *arguments)


async def setup(client: TestClient[Any, Any], home: Path, *words: str) -> None:
    done = await asyncio.create_subprocess_exec(
        *("sh", "-s", "--", *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment(HOME=str(home), LANG="C"),
    )
    await done.communicate(setup_script(f"127.0.0.1:{client.port}").encode())


async def test_setup_reports_what_it_found_and_is_one_seat_however_often_it_runs(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for _ in range(2):
        await check(client, home, "--name", "Li\x1b[2J\t梅", "start", "--driver=kvm2")
    await check(client, home, "--no-report")
    (seat,) = (await (await client.get(SEATS)).json())["seats"]
    assert (seat["seat"], seat["step"]) == (1, "check")
    assert seat["name"] == "Li[2J 梅"
    assert {finding["state"] for finding in seat["findings"]} <= {"warn", "fail"}
    assert list(home.iterdir()) == []


async def test_setup_that_took_everything_away_is_no_seat_any_more(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    await check(client, tmp_path)
    assert len((await (await client.get(SEATS)).json())["seats"]) == 1
    await setup(client, tmp_path, "--uninstall")
    assert (await (await client.get(SEATS)).json())["seats"] == []


async def test_two_students_of_one_machine_are_two_seats(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    for name in ("li", "mei"):
        (tmp_path / name).mkdir()
        await check(client, tmp_path / name)
    assert len((await (await client.get(SEATS)).json())["seats"]) == 2
