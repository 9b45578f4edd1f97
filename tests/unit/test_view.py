"""What a teacher reads while a class is served, from values alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mirrorkit.cli.board import LineBoard, follow
from mirrorkit.cli.view import Phase, Row, View
from mirrorkit.events import BytesArrived, ConnectionsChanged, Planned, SourcesSilent
from mirrorkit.flows.check import Completeness, Item, State
from mirrorkit.flows.share import Look
from mirrorkit.host.advice import Advice
from mirrorkit.host.kinds import Kind
from mirrorkit.host.link import Estimate, estimate
from mirrorkit.host.reach import Found, Reach
from mirrorkit.oci.digest import Digest
from mirrorkit.progress import Rate, about
from mirrorkit.sentence import Sentence

DIGEST = Digest.of(b"a")
CABLE = Reach(5080, (Found("192.168.1.10", "eth0", Kind.LAN, speed=1_000_000_000),))
WIFI = Reach(5080, (Found("192.168.1.11", "wlan0", Kind.LAN, is_wireless=True),))


def item(name: str, state: State, kind: str = "image") -> Item:
    present = 10 if state is State.COMPLETE else 0
    digest = Digest.of(name.encode())
    return Item(name, kind, state, digest, (), {digest: present}, 10, present)


def look(*states: State, bytes_each: int | None = 1_100_000_000) -> Look:
    items = tuple(item(f"image{number}", state) for number, state in enumerate(states))
    return Look(Completeness(items), bytes_each)


def words(view: View) -> dict[str, str]:
    return {row.label: row.words for row in view.rows()}


@pytest.mark.parametrize(
    "reach, sentence",
    [
        (CABLE, "40 students x 1.1 GB over 1 Gbit/s: about 6 min if all pull at once"),
        (
            WIFI,
            "40 students x 1.1 GB over 100 Mbit/s (Wi-Fi, assumed):",
        ),
        (
            Reach(5080, advertised="10.1.1.1:5080"),
            "40 students x 1.1 GB over 1 Gbit/s (assumed): about 6 min if all pull at once",
        ),
    ],
)
def test_how_long_the_class_takes(reach: Reach, sentence: str) -> None:
    found = estimate(reach, 40, 1_100_000_000)
    assert str(found).replace("\u00d7", "x").startswith(sentence)
    assert found.as_json()["seconds"] == round(found.seconds, 1)


def test_a_known_speed_is_not_called_assumed() -> None:
    assert estimate(CABLE, 1, 1) == Estimate(1, 1, 1_000_000_000, is_assumed=False)


@pytest.mark.parametrize(
    "seconds, text",
    [(0.2, "about 1 s"), (89, "about 89 s"), (352, "about 6 min"), (9000, "about 2.5 h")],
)
def test_a_time_is_rounded_as_people_do(seconds: float, text: str) -> None:
    assert about(seconds) == text


def test_a_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate(seconds=10)
    assert rate.per_second == 0
    for second in range(30):
        rate.add(min(second, 20) * 100, float(second))
    assert rate.per_second == 10  # 100 bytes in the last ten seconds
    rate.add(5, 31.0)
    assert rate.per_second == 0


def test_while_bytes_come_it_says_how_much_how_fast_and_how_long() -> None:
    view = View(40, CABLE, look=look(State.COMPLETE, State.ABSENT), phase=Phase.SYNCING)
    view.tally.add(Planned(images=2, bytes_needed=3_000_000, bytes_held=500_000))
    view.tally.add(BytesArrived("one", str(DIGEST), 500_000))
    view.rate.add(0, 0.0)
    view.rate.add(500_000, 1.0)
    assert words(view)["Coming"] == "1.0 MB of 3.0 MB, 500 kB/s, about 4 s"
    assert [row.share for row in view.rows() if row.share is not None] == [1 / 3]
    assert words(view)["Complete"] == "1 of 2 images"
    view.arrived.add("image1")
    assert words(view)["Complete"] == "2 of 2 images"


def test_while_bytes_come_it_says_from_whom_over_how_many_connections() -> None:
    view = View(40, CABLE, look=look(State.ABSENT), phase=Phase.SYNCING)
    view.tally.add(Planned(images=1, bytes_needed=3000, bytes_held=0))
    view.underway.add(ConnectionsChanged("registry.k8s.io", 6))
    assert Row("", "registry.k8s.io: 6 connections, 0 B/s") in view.rows()
    view.phase = Phase.READY
    assert not any("connections" in row.words for row in view.rows())


def test_when_all_is_there_it_says_what_to_do_next() -> None:
    view = View(40, CABLE, "sudo ufw allow 5080/tcp", look(State.COMPLETE), Phase.READY)
    found = words(view)
    assert found["Ready"] == "1 of 1 image, 10 B"
    assert "http://192.168.1.10:5080 on a phone" in found["Next"]
    assert "sudo ufw allow 5080/tcp" in found["Next"]
    assert "Coming" not in found


def test_without_a_source_an_empty_store_is_called_that() -> None:
    view = View(40, CABLE, look=look(State.ABSENT))
    follow(view, SourcesSilent(10))
    assert "nothing is held yet" in words(view)["Next"]
    assert words(view)["Next"].endswith("; trying again every 10 s")
    view.look = look(State.COMPLETE, State.ABSENT)
    assert words(view)["Next"].endswith("serving what is here; trying again every 10 s")


def test_while_no_source_answers_what_is_held_is_looked_at_again() -> None:
    looks = [look(State.COMPLETE, State.ABSENT)]
    view = View(40, CABLE, look=look(State.ABSENT, State.ABSENT))
    board = LineBoard(view, looks.pop)
    board(SourcesSilent(10))
    assert words(view)["Complete"] == "1 of 2 images"


def test_no_address_is_told_where_none_is_reached() -> None:
    view = View(40, Reach(5080, advice=Advice(Sentence("this is WSL2"), ("netsh …",))))
    assert "WSL2" in words(view)["Address"]
    assert "http" not in words(view)["Address"]


def test_of_a_class_on_minikube_it_says_the_line_that_students_type() -> None:
    view = View(40, CABLE, look=look(State.COMPLETE))
    assert "Students" not in words(view)
    needed = replace(item("kicbase", State.ABSENT), needed_by=("minikube v1.25.2",))
    view.look = Look(Completeness((needed,)), None)
    assert words(view)["Students"].startswith("not yet, for nothing is held here; then: curl ")
    view.look = Look(Completeness((needed, item("pause", State.COMPLETE))), None)
    assert words(view)["Students"].startswith("curl 192.168.1.10:5080 | sh ")
    view.reach = Reach(5080, advertised="[fd00::1]:5080")
    assert words(view)["Students"].startswith("curl '[fd00::1]:5080' | sh ")
    view.reach = Reach(5080, advice=Advice(Sentence("this is WSL2"), ("netsh …",)))
    assert "Students" not in words(view)


def test_without_known_sizes_nothing_is_estimated() -> None:
    assert "In class" not in words(View(40, CABLE, look=look(State.ABSENT, bytes_each=None)))


def test_the_seats_are_told_once_somebody_has_reported() -> None:
    assert "Seats" not in words(View(40, CABLE))
    assert words(View(40, CABLE, seats=lambda: "37 ready"))["Seats"] == "37 ready"
