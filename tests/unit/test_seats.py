"""Seats as values: reports taken in, counted, and forgotten in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.server.phrases import CHINESE, ENGLISH, PHRASES
from mirrorkit.server.report import Report, Step, parse_report
from mirrorkit.server.roll import call_roll
from mirrorkit.server.seats import FADES_AFTER, SEATS_MOST, SILENT_AFTER, Seats, SeatState
from mirrorkit.server.turns import BURST, Turns

NO_DOCKER = "fail\tDOCKER\tDocker is not there\tsudo apt-get install -y docker.io"
LATE = "warn\tCLOCK\tthe clock is an hour late\tsudo timedatectl set-ntp true"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def report(number: int, step: Step = Step.READY, *findings: str, name: str = "") -> Report:
    lines = (f"id\tseat-{number:08}", f"step\t{step}", f"name\t{name}", *findings)
    return parse_report("\n".join(lines).encode())


def states(seats: Seats) -> dict[int, str]:
    return {seat.number: state for state, those in seats.by_state().items() for seat in those}


def headline(seats: Seats, language: str = ENGLISH) -> str:
    roll = call_roll(seats, PHRASES[language])
    assert roll is not None
    return roll.headline


def test_a_room_is_told_in_one_line() -> None:
    seats = Seats()
    for number in range(37):
        seats.record(report(number), "10.0.0.1")
    for number in (40, 41):
        seats.record(report(number, Step.CHECK, LATE, NO_DOCKER), "10.0.0.1")
    assert headline(seats) == "37 ready, 2 without Docker"
    assert headline(seats, CHINESE).startswith("37 台就绪")
    seats.record(report(50, Step.STUCK, "fail\tODD\todd"), "10.0.0.1")
    seats.record(report(51, Step.STUCK), "10.0.0.1")
    seats.record(report(52, Step.DOWNLOAD), "10.0.0.1")
    assert headline(seats) == ("37 ready, 2 without Docker, 1 stuck on ODD, 1 stuck, 1 under way")


def test_a_room_where_nobody_reported_says_nothing() -> None:
    assert call_roll(Seats(), PHRASES[ENGLISH]) is None


def test_a_seat_is_who_says_its_id_again_wherever_it_says_it() -> None:
    seats = Seats()
    assert seats.record(report(7, Step.CHECK, NO_DOCKER, name="Li"), "10.0.0.1").number == 1
    assert seats.record(report(8), "10.0.0.1").number == 2
    assert seats.record(report(7, Step.READY), "192.168.9.9").number == 1
    assert [seat.report.name for seat in seats.seats()] == ["Li", ""]
    assert states(seats) == {1: "ready", 2: "ready"}


def test_a_failed_check_is_in_the_way_and_a_warning_is_not() -> None:
    seats = Seats()
    seats.record(report(1, Step.CHECK, LATE), "a")
    seats.record(report(2, Step.CHECK, NO_DOCKER), "a")
    seats.record(report(3, Step.READY, LATE), "a")
    assert states(seats) == {1: "under-way", 2: "stuck", 3: "ready"}


def test_warnings_alone_are_not_stuck_whatever_the_step_and_stand_beside_no_failure() -> None:
    seats = Seats()
    seats.record(report(1, Step.STUCK, LATE), "a")
    seats.record(report(2, Step.STUCK, LATE, NO_DOCKER), "a")
    assert states(seats) == {1: "under-way", 2: "stuck"}
    assert headline(seats) == "0 ready, 1 without Docker, 1 under way"
    roll = call_roll(seats, PHRASES[ENGLISH])
    assert roll is not None
    shown = {row.number: [finding.code for finding in row.findings] for row in roll.rows}
    assert shown == {1: [], 2: ["DOCKER"]}


def test_what_was_only_refused_replaces_no_failure_and_is_told_where_there_is_none() -> None:
    seats = Seats()
    no_seed = "fail\tSEED\ta seed is not here\tcurl 10.0.0.1:5080 | sh -s -- --with-seed"
    seats.record(report(1, Step.STUCK, NO_DOCKER), "a")
    seats.record(report(2), "a")
    for number in (1, 2):
        seats.record(report(number, Step.STUCK, no_seed), "a")
    assert [seat.code for seat in seats.seats()] == ["DOCKER", "SEED"]
    seats.record(report(1), "a")
    assert states(seats) == {1: "ready", 2: "stuck"}


def test_a_seat_under_way_that_falls_silent_is_told_apart_and_all_fade_in_time() -> None:
    clock = Clock()
    seats = Seats(clock)
    seats.record(report(1, Step.DOWNLOAD), "a")
    seats.record(report(2), "a")
    clock.now += SILENT_AFTER + 1
    assert states(seats) == {1: "silent", 2: "ready"}
    seats.record(report(3), "a")
    clock.now += FADES_AFTER - SILENT_AFTER
    assert states(seats) == {3: "ready"}
    clock.now += FADES_AFTER
    assert seats.seats() == []


def test_a_flood_from_one_address_pushes_out_its_own() -> None:
    seats = Seats()
    for number in range(60):
        seats.record(report(number), "10.0.0.1")
    for number in range(1000, 1000 + 2 * SEATS_MOST):
        seats.record(report(number), "10.6.6.6")
    assert len(seats.seats()) == SEATS_MOST
    assert sum(seat.address == "10.0.0.1" for seat in seats.seats()) == 60


def test_of_one_address_the_seat_silent_for_longest_makes_room() -> None:
    seats = Seats()
    for number in range(SEATS_MOST):
        seats.record(report(number), "10.0.0.1")
    seats.record(report(0), "10.0.0.1")
    seats.record(report(9999), "10.0.0.1")
    numbers = {seat.number for seat in seats.seats()}
    assert 1 in numbers
    assert 2 not in numbers


def test_the_data_has_no_id_and_no_address() -> None:
    clock = Clock()
    seats = Seats(clock)
    seats.record(report(1, Step.CHECK, LATE, NO_DOCKER, name="Li"), "10.0.0.1")
    told = seats.as_json()
    assert "seat-0000" not in str(told)
    assert "10.0.0.1" not in str(told)
    assert told["counts"] == {"ready": 0, "stuck": 1, "under-way": 0, "silent": 0}
    assert told["stuck"] == {"DOCKER": 1}
    assert isinstance(told["seats"], list)
    (seat,) = told["seats"]
    assert (seat["seat"], seat["name"], seat["state"]) == (1, "Li", SeatState.STUCK)
    assert seat["last"] == told["since"] == "2027-01-15T08:00:00+00:00"
    assert [finding["code"] for finding in seat["findings"]] == ["DOCKER", "CLOCK"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"id\tshort\nstep\tready",
        b"id\tseat-0001",
        b"step\tready",
        b"id\tseat-0001\nstep\tgo",
        b"id\tseat 0001\nstep\tready",
        b"id\tseat-0001\nstep\tready\nfail\tx\ty\tz",
        b"id\t" + b"x" * 65 + b"\nstep\tready",
    ],
)
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"report|finding"):
        parse_report(body)


def test_a_name_is_cut_and_steers_nothing() -> None:
    found = report(1, name="\x1b[2J\u202eLi\x07" + "梅" * 100)
    assert found.name == "[2JLi" + "梅" * 35


def test_a_report_of_many_findings_keeps_the_failures() -> None:
    found = report(1, Step.CHECK, "ok\tCPU\tfine", *[LATE] * 30, NO_DOCKER)
    assert [finding.code for finding in found.findings] == ["DOCKER", *["CLOCK"] * 15]


@given(st.binary())
def test_any_bytes_are_a_report_or_are_refused(body: bytes) -> None:
    try:
        found = parse_report(b"id\tseat-0001\nstep\tready\n" + body)
    except ValueError:
        return
    assert found.id == "seat-0001"
    assert found.name.isprintable()


def test_a_room_behind_one_address_reports_all_at_once_and_a_flood_waits() -> None:
    clock = Clock()
    turns = Turns(clock)
    assert all(turns.take("10.0.0.1") for _ in range(BURST))
    assert not turns.take("10.0.0.1")
    assert turns.take("10.0.0.2")
    clock.now += 1
    assert [turns.take("10.0.0.1") for _ in range(6)] == [True] * 4 + [False] * 2


def test_whoever_has_one_ipv6_address_has_the_network() -> None:
    turns = Turns(Clock())
    assert all(turns.take(f"fd00::{number:x}") for number in range(BURST))
    assert not turns.take("fd00::ffff")
    assert turns.take("fd00:0:0:1::1")


def test_a_crowd_of_addresses_is_not_remembered_one_by_one() -> None:
    turns = Turns(Clock())
    for number in range(5000):
        turns.take(f"10.0.{number >> 8}.{number & 255}")
    assert len(turns._left) <= 1024  # noqa: SLF001 - memory is what this bounds


def test_a_seat_that_is_ready_stays_so_when_a_later_look_finds_nothing_amiss() -> None:
    seats = Seats(Clock())
    for step, findings, state in (
        (Step.CHECK, (), SeatState.UNDER_WAY),
        (Step.READY, (), SeatState.READY),
        (Step.CHECK, (LATE,), SeatState.READY),
        (Step.CHECK, (NO_DOCKER,), SeatState.STUCK),
        (Step.CHECK, (), SeatState.UNDER_WAY),
    ):
        seats.record(report(1, step, *findings), "10.0.0.1")
        assert states(seats) == {1: state}


def test_a_headline_ends_however_many_codes_somebody_makes_up() -> None:
    seats = Seats(Clock())
    for number in range(100):
        seats.record(report(number, Step.STUCK, f"fail\tX{number}\tmade up\t"), "10.0.0.1")
    assert len(headline(seats)) < 300
    assert headline(seats).endswith(PHRASES[ENGLISH]["and_more"])
