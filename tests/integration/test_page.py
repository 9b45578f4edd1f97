"""`GET /`: for a browser, and for a person with curl."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.pins import Lock
from mirrorkit.server.app import make_app
from mirrorkit.server.phrases import CHINESE, ENGLISH, PHRASES
from mirrorkit.server.room import Room
from mirrorkit.store.disk import DiskStore
from tests.integration.filled import fill

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp.plugin import AiohttpClient

    from tests.lab.images import Made

NGINX, PAUSE = "docker.io/library/nginx:alpine", "registry.k8s.io/pause:3.6"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VOID = {"meta", "br"}
SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    """A page as a parser sees it; tags that do not match are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def lock_of(images: dict[str, Made]) -> Lock:
    return parse_lock(
        "version: 1\nlessons: [pods, storage]\nimages:\n"
        f"- {{name: {NGINX}, digest: {images[NGINX].digest}, needed_by: [pods]}}\n"
        f"- {{name: {PAUSE}, digest: {images[PAUSE].digest}, needed_by: [storage]}}\n".encode()
    )


@pytest.fixture
async def room(tmp_path: Path, images: dict[str, Made]) -> Room:
    """A class with one lesson that is here and one that is not."""
    store = await fill(tmp_path / "store", {NGINX: images[NGINX]})
    locks = {"week1": lock_of(images)}
    return Room(store, lambda: locks)


@pytest.fixture
async def client(room: Room, aiohttp_client: AiohttpClient) -> TestClient[Any, Any]:
    return await aiohttp_client(make_app(room))


async def page(client: TestClient[Any, Any], path: str = "/", **headers: str) -> Page:
    answer = await client.get(path, headers={**BROWSER, **headers})
    assert (answer.status, answer.content_type, answer.charset) == (200, "text/html", "utf-8")
    return Page(await answer.text())


async def test_a_browser_sees_lessons_what_is_missing_and_a_line_with_the_address_it_used(
    client: TestClient[Any, Any],
) -> None:
    seen = await page(client, Host="192.168.1.10:5080")
    assert PHRASES[ENGLISH]["not_all_here"] in seen.text
    assert f"docker pull 192.168.1.10:5080/{NGINX}" in seen.text
    assert re.search(r"pods\s*1 / 1", seen.text)
    assert re.search(rf"storage\s*missing\s*{PAUSE}\s*0 / 1", seen.text)
    assert "loopback" not in seen.text


async def test_of_minikube_the_one_line_comes_first_and_the_rest_is_folded_away(
    tmp_path: Path, images: dict[str, Made], aiohttp_client: AiohttpClient
) -> None:
    pin = f"digest: {images[PAUSE].digest}, needed_by: [minikube v1.25.2]"
    locks = {"a": parse_lock(f"version: 1\nimages: [{{name: {PAUSE}, {pin}}}]".encode())}
    client = await aiohttp_client(make_app(Room(DiskStore(tmp_path), lambda: locks)))
    text = await (await client.get("/", headers={**BROWSER, "Host": "10.1.2.3:5080"})).text()
    before, _, folded = text.partition("<details>")
    assert "<pre>curl 10.1.2.3:5080 | sh</pre>" in before
    assert " minikube start " in folded
    assert before.count("<pre>") == 1
    Page(text)
    plain = await (await client.get("/?text")).text()
    assert (
        plain.index(" | sh\n") < plain.index(PHRASES[ENGLISH]["by_hand"]) < plain.index("--driver")
    )


async def test_a_complete_class_says_so(
    images: dict[str, Made], tmp_path: Path, client: TestClient[Any, Any]
) -> None:
    await fill(tmp_path / "store", {PAUSE: images[PAUSE]})
    assert PHRASES[ENGLISH]["all_here"] in (await page(client)).text


@pytest.mark.parametrize(
    "path, accepted, language",
    [("/", "zh-CN,zh;q=0.9", CHINESE), ("/?lang=zh", "en", CHINESE), ("/?lang=en", "zh", ENGLISH)],
)
async def test_it_speaks_two_languages(
    client: TestClient[Any, Any], path: str, accepted: str, language: str
) -> None:
    seen = await page(client, path, **{"Accept-Language": accepted})
    assert PHRASES[language]["what_is_here"] in seen.text
    assert seen.links == [f"?lang={CHINESE if language == ENGLISH else ENGLISH}"]


async def test_curl_sees_the_same_as_plain_text(client: TestClient[Any, Any]) -> None:
    await client.get("/v2/ngimx/manifests/1")
    answer = await client.get("/", headers={"Accept": "*/*", "Host": "10.1.2.3:5080"})
    assert (answer.status, answer.content_type) == (200, "text/plain")
    lines = (await answer.text()).splitlines()
    assert f"docker pull 10.1.2.3:5080/{NGINX}" in lines
    assert "  + pods: Images 1 / 1, Files 0 / 0, " in "\n".join(lines)
    assert f"      missing: {PAUSE}" in lines
    miss = "docker.io/library/ngimx:1"
    assert f"  1x {miss}  (Nearest: {NGINX})  mirrorkit add {miss}" in lines


async def test_nothing_on_it_comes_from_elsewhere_or_runs(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/", headers=BROWSER)
    text = await answer.text()
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    seen = Page(text)
    assert not {"script", "img", "link", "iframe", "form"} & set(seen.tags)
    assert not [name for name in seen.attributes if name.startswith("on") or name == "style"]
    assert all(link.startswith("?lang=") for link in seen.links)
    assert "url(" not in style
    assert "@import" not in style


async def test_a_hostile_name_stays_text(room: Room, client: TestClient[Any, Any]) -> None:
    room.misses.record(SCRIPT, "10.0.0.5", nearest='"><b onclick="x">', command="\x1b[2J`id`")
    seen = await page(client)
    assert SCRIPT in seen.text
    assert not {"script", "b"} & set(seen.tags)
    answer = await client.get("/")
    assert "\x1b" not in await answer.text()


@pytest.mark.parametrize(
    "host",
    [
        "evil/<script>",
        "a b",
        "$(reboot)",
        "a;reboot",
        "`id`",
        "a:b:c",
        "host:0",
        "host:99999",
        "x" * 400,
        "user@host",
        '"',
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
async def test_a_host_that_is_none_is_not_repeated(
    client: TestClient[Any, Any], host: str, accept: str
) -> None:
    answer = await client.get("/", headers={"Host": host, "Accept": accept})
    text = await answer.text()
    if answer.status == 200:  # aiohttp itself refuses some
        assert f"docker pull 127.0.0.1:{client.port}/" in text
        assert f"{host}/" not in text


@pytest.mark.parametrize(
    "host, address",
    [
        ("mirror.school.cn", "mirror.school.cn:80"),
        ("10.1.2.3", "10.1.2.3:80"),
        ("[fd00::1]:5080", "[fd00::1]:5080"),
        ("[fd00::1]", "[fd00::1]:80"),
    ],
)
async def test_a_host_without_a_port_gets_the_one_that_is_meant(
    client: TestClient[Any, Any], host: str, address: str
) -> None:
    assert f"docker pull {address}/" in (await page(client, Host=host)).text


@pytest.mark.parametrize("host", ["localhost:5080", "127.0.0.1:5080", "[::1]:5080"])
async def test_on_the_mirror_itself_it_says_that_others_need_another_address(
    client: TestClient[Any, Any], host: str
) -> None:
    assert PHRASES[ENGLISH]["loopback"] in (await page(client, Host=host)).text


async def test_a_store_that_cannot_be_read_is_told(
    tmp_path: Path, images: dict[str, Made], aiohttp_client: AiohttpClient, room: Room
) -> None:
    (tmp_path / "store" / "index.json").write_text("{")
    client = await aiohttp_client(make_app(Room(room.shelf, lambda: {"week1": lock_of(images)})))
    answer = await client.get("/", headers=BROWSER)
    assert answer.status == 503
    assert PHRASES[ENGLISH]["cannot_tell"] in Page(await answer.text()).text


async def test_two_locks_are_shown_under_their_names(
    room: Room, images: dict[str, Made], aiohttp_client: AiohttpClient
) -> None:
    locks = {"week1": lock_of(images), "week<2>": Lock(())}
    client = await aiohttp_client(make_app(Room(room.shelf, lambda: locks)))
    seen = await page(client)
    assert "week1" in seen.text
    assert "week<2>" in seen.text


async def test_without_a_lock_there_is_nothing_to_type(
    room: Room, aiohttp_client: AiohttpClient
) -> None:
    client = await aiohttp_client(make_app(Room(room.shelf, dict)))
    answer = await client.get("/?text")
    assert answer.status == 200
    assert "The lock has nothing to start." in await answer.text()


async def test_a_head_has_no_body(client: TestClient[Any, Any]) -> None:
    answer = await client.head("/", headers=BROWSER)
    assert (answer.status, await answer.read()) == (200, b"")
