"""The evening before class: `mirrorkit up` from nothing, and while things change under it."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.seal import is_sealed
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.command import Desk, closed_url, told
from tests.integration.lesson import APP, WEB, made
from tests.lab.process import free_port, listening, wait_until
from tests.lab.push import status_of

IMAGES = {APP: made("app"), WEB: made("web")}


@pytest.fixture
def port() -> int:
    return free_port()


def wish(desk: Desk, *images: str, name: str = "images.yaml") -> None:
    text = f"version: 1\nplatforms: [linux/amd64]\nimages: [{', '.join(images)}]\n"
    (desk.folder / name).write_text(text)


def start(desk: Desk, url: str, *images: str) -> None:
    """Lay out a folder with a wish and settings, but without a lock."""
    desk.prepare({}, url)
    (desk.folder / "images.lock.yaml").unlink()
    wish(desk, *images)


def pinned(desk: Desk, name: str = "images.lock.yaml") -> set[str]:
    return {str(image.name) for image in parse_lock((desk.folder / name).read_bytes()).images}


def health(port: int) -> int:
    return status_of(f"127.0.0.1:{port}", "/health") if listening(port) else 0


def at(port: int) -> tuple[str, ...]:
    return "up", "--listen", f"127.0.0.1:{port}"


def events(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return [event for event in desk.printed(0).events() if event["event"] == kind]


def test_from_a_wish_alone_it_locks_syncs_and_serves(
    desk: Desk, one: FakeRegistry, port: int
) -> None:
    start(desk, one.url, APP, WEB)
    with desk.running(*at(port)):
        wait_until(lambda: health(port) == 200, 20, "complete")
        wait_until(lambda: "\nnext: " in desk.printed(0).err, 10, "the next step")
    assert pinned(desk) == desk.names() == {APP, WEB}
    lock = parse_lock((desk.folder / "images.lock.yaml").read_bytes())
    assert {image.known for image in lock.images} == {"proven"}
    assert is_sealed(lock.text)


def test_started_again_it_asks_nobody_for_anything(
    desk: Desk, one: FakeRegistry, port: int
) -> None:
    start(desk, one.url, APP)
    for _ in range(2):
        with desk.running(*at(port)):
            wait_until(lambda: "\nnext: " in desk.printed(0).err, 20, "the end")
        asked, one.asked = one.asked, []
    assert asked == []


def test_a_preset_is_written_once_and_used_as_it_is_afterwards(desk: Desk, port: int) -> None:
    (desk.folder / "mirrorkit.yaml").write_text("store: store\n")
    nowhere = {"HTTPS_PROXY": closed_url()}
    for _ in range(2):
        with desk.running("up", "current", *at(port)[1:], env=nowhere):
            wait_until(lambda: "nothing is held yet" in desk.printed(0).err, 20, "an empty store")
            assert listening(port)
        with (desk.folder / "images.yaml").open("a") as file:
            file.write("# the teacher's own line\n")
    assert (desk.folder / "images.yaml").read_text().count("own line") == 2
    assert "images.yaml is here already and used as it is" in desk.printed(0).err
    assert any(name.startswith("gcr.io/k8s-minikube/kicbase:") for name in pinned(desk))


@pytest.mark.parametrize("target", ["curse", "none.yaml", ".", "\x1b[2J"])
def test_what_is_no_preset_and_no_file_is_told(desk: Desk, target: str) -> None:
    told(desk.run("up", target), 2, "is no preset and no file", "course, current")


def test_a_preset_beside_a_lock_of_something_else_is_refused(desk: Desk) -> None:
    desk.prepare({APP: IMAGES[APP]}, closed_url())
    told(desk.run("up", "course"), 2, "nothing was written", "empty folder")
    assert not (desk.folder / "images.yaml").exists()


def test_another_wish_has_a_lock_of_its_own(desk: Desk, one: FakeRegistry, port: int) -> None:
    start(desk, one.url, APP)
    wish(desk, WEB, name="week2.yaml")
    with desk.running("up", "week2.yaml", *at(port)[1:]):
        wait_until(lambda: health(port) == 200, 20, "complete")
    assert pinned(desk, "week2.lock.yaml") == {WEB}
    assert not (desk.folder / "images.lock.yaml").exists()


def test_without_a_source_it_pins_what_it_can_and_the_rest_when_one_comes_back(
    desk: Desk, port: int
) -> None:
    registry = free_port()
    start(desk, f"http://127.0.0.1:{registry}", APP, "registry.k8s.io/pause:3.6")
    with desk.running(*at(port), "--json"):
        wait_until(lambda: bool(events(desk, "sources-silent")), 20, "silence")
        assert pinned(desk) == {"registry.k8s.io/pause:3.6"}
        assert health(port) == 503
        with fake_registry(IMAGES, port=registry):
            wait_until(lambda: APP in pinned(desk), 30, "the rest of the lock")
            wait_until(lambda: APP in desk.names(), 20, "its bytes")
    first, then, *_ = events(desk, "locked")
    assert first["unpinned"] == [APP]
    assert then["unpinned"] == []


def test_a_changed_wish_is_locked_and_fetched_while_it_serves(
    desk: Desk, one: FakeRegistry, port: int
) -> None:
    start(desk, one.url, APP)
    with desk.running(*at(port)):
        wait_until(lambda: health(port) == 200, 20, "complete")
        assert desk.run("add", WEB).status == 0
        wait_until(lambda: WEB in desk.names(), 20, "the new image")
        wait_until(lambda: health(port) == 200, 20, "complete")
    assert f"added {WEB}" in desk.printed(0).err


def test_a_name_that_no_registry_has_is_told_and_costs_the_others_nothing(
    desk: Desk, one: FakeRegistry, port: int
) -> None:
    start(desk, one.url, APP)
    with desk.running(*at(port)):
        wait_until(lambda: health(port) == 200, 20, "complete")
        one.asked.clear()
        assert desk.run("add", "one.test/tpyo:1").status == 0
        words = "not pinned yet: one.test/tpyo:1"
        wait_until(lambda: words in desk.printed(0).err, 20, "the last word of it")
    assert "one.test/tpyo:1: one.test answered 404" in desk.printed(0).err
    assert one.requests("/app/") == []


def test_a_wish_with_a_mistake_is_told_once_and_what_is_locked_is_served(
    desk: Desk, one: FakeRegistry, port: int
) -> None:
    start(desk, one.url, APP)
    assert desk.run("lock").status == 0
    (desk.folder / "images.yaml").write_text("version: 1\nimmages: []\n")
    with desk.running(*at(port)):
        wait_until(lambda: health(port) == 200, 20, "complete")
        wait_until(lambda: "\nnext: " in desk.printed(0).err, 10, "the end")
    assert len(desk.printed(0).lines("error")) == 1
    assert "immages" in desk.printed(0).err


def test_a_lock_that_somebody_edited_is_never_replaced(
    desk: Desk, one: FakeRegistry, port: int
) -> None:
    start(desk, one.url, APP)
    assert desk.run("lock").status == 0
    path = desk.folder / "images.lock.yaml"
    path.write_text(path.read_text() + "# mine\n")
    before = path.read_bytes()
    wish(desk, APP, WEB)
    with desk.running(*at(port)):
        wait_until(lambda: "\nnext: " in desk.printed(0).err, 20, "the end")
    done = desk.printed(0)
    assert path.read_bytes() == before
    assert done.lines("error") == [f"images.yaml wants {WEB}, which the lock does not have"]
    assert "mirrorkit lock" in done.lines("hint")[0]
    assert desk.names() == {APP}


def test_frozen_takes_the_lock_as_it_is(desk: Desk, one: FakeRegistry, port: int) -> None:
    start(desk, one.url, APP)
    assert desk.run("lock").status == 0
    wish(desk, APP, WEB)
    with desk.running(*at(port), "--frozen"):
        wait_until(lambda: "\nnext: " in desk.printed(0).err, 20, "the end")
    assert pinned(desk) == {APP}
    assert desk.printed(0).lines("error") == []


def test_it_tells_how_long_the_class_takes_and_what_to_do_about_the_address(
    desk: Desk, one: FakeRegistry, port: int
) -> None:
    start(desk, one.url, APP)
    with desk.running(*at(port), "--json", "--students", "25") as process:
        wait_until(lambda: bool(events(desk, "report")), 20, "the end")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    (serving,) = events(desk, "serving")
    assert serving["urls"] == []
    assert "--listen" in serving["advice"]["steps"][0]
    estimate = events(desk, "estimate")[-1]
    assert estimate["students"] == 25
    image = IMAGES[APP]
    assert estimate["bytes_each"] == len(image.data) + sum(map(len, image.all_blobs().values()))


def test_the_address_to_tell_can_be_given(desk: Desk, one: FakeRegistry, port: int) -> None:
    desk.prepare({APP: IMAGES[APP]}, one.url)
    with desk.running(*at(port), "--advertise", "teacher.school.cn"):
        wait_until(lambda: "serving" in desk.printed(0).err, 15, "the server")
    assert f"on http://teacher.school.cn:{port}\n" in desk.printed(0).err


@pytest.mark.parametrize("address", ["http://a", "a:0", "[::1"])
def test_an_address_to_tell_that_is_none(desk: Desk, address: str) -> None:
    desk.prepare({APP: IMAGES[APP]}, closed_url())
    told(desk.run("up", "--advertise", address), 2, "--advertise", "mirrorkit up --help")


@pytest.mark.parametrize("text", ["80", "x", "70000", "", "-1", "9" * 40, "5081\n" + "x" * 99])
def test_a_port_in_the_store_that_is_none_is_not_taken(desk: Desk, text: str) -> None:
    desk.prepare({}, closed_url())
    desk.store.mkdir()
    (desk.store / "port").write_text(text)
    settings = json.loads(desk.run("settings", "--json").out)["settings"]
    assert {"name": "listen", "value": ":5080", "origin": "built-in"} in settings


def test_where_nothing_is_held_and_nobody_answers_that_is_one_line(desk: Desk, port: int) -> None:
    start(desk, closed_url(), APP)
    with desk.running(*at(port)):
        wait_until(lambda: "trying again" in desk.printed(0).err, 20, "the news")
    lines = desk.printed(0).err.splitlines()
    said = [line for line in lines if "source answers" in line or "is held" in line]
    assert said == [
        (
            "no source answers and nothing is held yet: check this machine's network;"
            " trying again every 10 s"
        )
    ]


def test_asked_for_the_demo_it_shows_it_in_an_empty_folder_too(desk: Desk, port: int) -> None:
    (desk.folder / "mirrorkit.yaml").write_text("store: store\n")
    with desk.running(*at(port), "--demo-if-offline"):
        wait_until(lambda: health(port) == 200, 30, "the made-up class")
    assert "there is no images.yaml here" in desk.printed(0).err
    assert {path.name for path in desk.folder.iterdir()} == {"mirrorkit.yaml", "out", "err"}


def test_of_two_locks_each_estimate_says_which_it_is_of(
    desk: Desk, one: FakeRegistry, port: int
) -> None:
    desk.prepare(IMAGES, one.url)
    assert desk.run("sync").status == 0
    locks = ("images.lock.yaml", "week2.lock.yaml")
    (desk.folder / locks[1]).write_text((desk.folder / locks[0]).read_text())
    both = [word for lock in locks for word in ("--lock", lock)]
    with desk.running("serve", "--listen", f"127.0.0.1:{port}", *both):
        wait_until(lambda: desk.printed(0).err.count("in class: ") == 2, 20, "both")
    lines = desk.printed(0).err.splitlines()
    said = [line.partition(", in class: ")[0] for line in lines if "in class: " in line]
    assert said == list(locks)
