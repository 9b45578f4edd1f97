"""`/setup.sh`: who gets the script, and what stands in it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.classroom.setup import setup_script
from mirrorkit.documents.lock import parse_lock
from mirrorkit.server.app import make_app
from mirrorkit.server.room import Room
from mirrorkit.store.disk import DiskStore

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp.plugin import AiohttpClient

ADDRESS = "10.1.2.3:5080"
SHELLS = [["dash"], ["busybox", "ash"], ["bash"], ["bash", "--posix"]]


@pytest.fixture
async def client(tmp_path: Path, aiohttp_client: AiohttpClient) -> TestClient[Any, Any]:
    locks = {"week1": parse_lock(b"version: 1\n")}
    return await aiohttp_client(make_app(Room(DiskStore(tmp_path / "store"), lambda: locks)))


async def answer_to(
    client: TestClient[Any, Any], path: str, agent: str, accept: str = "*/*"
) -> tuple[str, str]:
    headers = {"User-Agent": agent, "Accept": accept, "Host": ADDRESS}
    answer = await client.get(path, headers=headers)
    return answer.content_type, await answer.text()


@pytest.mark.parametrize("agent", ["curl/7.88.1", "Wget/1.21.3", "Wget"])
@pytest.mark.parametrize("path", ["/", "/setup.sh"])
async def test_curl_and_wget_get_the_script_with_the_address_they_used(
    client: TestClient[Any, Any], agent: str, path: str
) -> None:
    assert await answer_to(client, path, agent) == ("text/x-shellscript", setup_script(ADDRESS))
    assert f"\nMIRROR={ADDRESS}\n" in setup_script(ADDRESS)


@pytest.mark.parametrize(
    "path, accept", [("/?text", "*/*"), ("/?text&lang=zh", "*/*"), ("/", "text/plain")]
)
async def test_curl_gets_the_page_as_text_where_it_asks_for_it(
    client: TestClient[Any, Any], path: str, accept: str
) -> None:
    kind, text = await answer_to(client, path, "curl/7.88.1", accept)
    assert kind == "text/plain"
    assert "main()" not in text


async def test_a_browser_gets_the_page_whatever_it_calls_itself(
    client: TestClient[Any, Any],
) -> None:
    assert (await answer_to(client, "/", "curl/8", "text/html,*/*;q=0.8"))[0] == "text/html"


async def test_windows_is_told_what_it_takes(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/setup.ps1")
    assert answer.status == 404
    assert "WSL2" in await answer.text()


def test_shellcheck_has_nothing_to_say() -> None:
    checked = subprocess.run(
        ["shellcheck", "-s", "dash", "-"],
        input=setup_script(ADDRESS),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout == ""


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_script_that_is_cut_off_on_its_way_runs_nothing(shell: list[str], tmp_path: Path) -> None:
    script = setup_script(ADDRESS).encode()
    for size in range(0, len(script) - len(b'main "$@"\n'), 997):
        ended = subprocess.run(
            [*shell, "-s", "--", "--help"],
            input=script[:size],
            capture_output=True,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            check=False,
        )
        assert ended.stdout == b"", size
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_processor_that_we_may_not_use_does_not_count(shell: list[str]) -> None:
    ours = min(os.sched_getaffinity(0))
    counted = subprocess.run(
        ["taskset", "--cpu-list", str(ours), *shell],
        input=setup_script(ADDRESS).removesuffix('main "$@"\n') + "cpus\n",
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "7"},
    )
    assert counted.stdout == "1\n"
