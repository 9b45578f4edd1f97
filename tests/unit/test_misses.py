from __future__ import annotations

from mirrorkit.server.misses import NAMES_MOST, Misses


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def counts(misses: Misses) -> dict[str, int]:
    return {miss.name: miss.count for miss in misses.names()}


def test_the_several_requests_of_one_pull_count_once() -> None:
    clock = Clock()
    misses = Misses(clock)
    for _ in range(3):
        misses.record("a:1", "10.0.0.5")
        clock.now += 1
    assert (counts(misses), misses.total) == ({"a:1": 1}, 1)


def test_the_same_client_later_and_another_client_count_again() -> None:
    clock = Clock()
    misses = Misses(clock)
    misses.record("a:1", "10.0.0.5")
    misses.record("a:1", "10.0.0.6")
    misses.record("a:1", "10.0.0.5")
    clock.now += 10
    misses.record("a:1", "10.0.0.5")
    assert counts(misses) == {"a:1": 3}


def test_the_most_asked_stand_first() -> None:
    misses = Misses()
    for client in "xyz":
        misses.record("often:1", client)
    misses.record("once:1", "x")
    misses.record("also-once:1", "x")
    assert list(counts(misses)) == ["often:1", "also-once:1", "once:1"]


def test_the_name_asked_longest_ago_makes_room_and_that_is_told() -> None:
    misses = Misses()
    for number in range(NAMES_MOST):
        misses.record(f"n{number}", "x")
    misses.record("n0", "y")
    misses.record("one more", "x")
    names = counts(misses)
    assert len(names) == NAMES_MOST
    assert names["n0"] == 2
    assert "n1" not in names
    assert (misses.dropped, misses.total) == (1, NAMES_MOST + 2)


def test_a_crowd_of_clients_is_not_remembered_one_by_one() -> None:
    misses = Misses(Clock())
    for number in range(1000):
        misses.record("a:1", str(number))
    (miss,) = misses.names()
    assert miss.count == 1000
    assert len(miss.clients) <= 64


def test_a_very_long_name_is_cut() -> None:
    misses = Misses()
    misses.record("n" * 100_000, "x")
    assert len(misses.names()[0].name) == 500
