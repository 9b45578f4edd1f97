"""A host gets more connections while that helps, and fewer when it complains."""

from __future__ import annotations

from mirrorkit.flows.hosts import Host

MIB = 1 << 20


def look(host: Host, brought: int) -> int:
    """Let half a second pass in which all connections were in use; return how many there may be."""
    host.active = host.limit
    assert not host.is_free(0)
    host.arrived(brought)
    host.look(0.5)
    return host.limit


def test_it_begins_with_four_and_adds_two_while_the_rate_grows() -> None:
    host = Host(most=8)
    assert [host.limit, look(host, 4 * MIB), look(host, 6 * MIB)] == [4, 6, 8]


def test_it_adds_none_where_the_last_ones_brought_nothing_more() -> None:
    host = Host(most=8)
    assert [look(host, 4 * MIB), look(host, 4 * MIB), look(host, 4 * MIB)] == [6, 6, 6]


def test_it_never_has_more_than_it_may() -> None:
    assert Host(most=2).limit == 2
    host = Host(most=5)
    assert [look(host, n * MIB) for n in (4, 8, 16)] == [5, 5, 5]


def test_it_adds_none_while_some_are_idle() -> None:
    host = Host(most=8, active=1)
    assert host.is_free(0)
    host.arrived(MIB)
    host.look(0.5)
    assert host.limit == 4


def test_a_complaint_halves_them_down_to_one_and_growth_begins_anew() -> None:
    host = Host(most=8)
    found = []
    for _ in range(4):
        host.complained()
        found.append(host.limit)
    assert found == [2, 1, 1, 1]
    assert look(host, MIB) == 3


def test_a_host_that_asked_for_a_pause_gets_nothing_until_it_is_over() -> None:
    host = Host(most=8, paused_until=10)
    assert not host.is_free(9.9)
    assert host.is_free(10)


def test_a_piece_is_some_ten_seconds_of_a_connection() -> None:
    host = Host(most=8)
    assert host.piece_size() == 4 * MIB
    host.finished(3 * MIB, 10)
    assert host.piece_size() == 3 * MIB
    host.finished(MIB, 100)
    assert MIB < host.piece_size() < 3 * MIB
    slow, fast = Host(most=8), Host(most=8)
    slow.finished(300 * 1024, 1000)
    fast.finished(4 * MIB, 0)
    assert (slow.piece_size(), fast.piece_size()) == (MIB, 64 * MIB)


def test_what_is_too_small_to_tell_a_rate_tells_none() -> None:
    host = Host(most=8)
    host.finished(300, 3)
    assert host.piece_size() == 4 * MIB


def test_a_stall_is_an_eighth_of_the_others_pace_and_never_everybody_s() -> None:
    host = Host(most=8)
    assert not host.is_stall(0)
    host.finished(8 * MIB, 8)
    assert not host.is_stall(0)  # nothing arrives on any connection: the line is down
    host.arrived(MIB)
    assert host.is_stall(0)
    assert host.is_stall(MIB / 8 - 1)
    assert not host.is_stall(MIB / 8)
