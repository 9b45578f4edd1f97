"""A host gets more connections while that helps, and fewer when it complains."""

from __future__ import annotations

import pytest

from mirrorkit.flows.hosts import Host, Pause

MIB = 1 << 20


def look(host: Host, brought: int, now: float = 0.0) -> int:
    """Let half a second pass in which all connections were in use; return how many there may be."""
    host.active = host.limit
    assert not host.is_free(0)
    host.arrived(brought)
    host.look(0.5, now)
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
    host.look(0.5, 0)
    assert host.limit == 4


def test_complaints_halve_them_down_to_one_and_after_a_while_growth_begins_anew() -> None:
    host = Host(most=8)
    found = []
    for now in range(4):
        host.complained(now, now)
        found.append(host.limit)
    assert found == [2, 1, 1, 1]
    assert [look(host, MIB, 3.5), look(host, 2 * MIB, 5.9), look(host, MIB, 6)] == [1, 1, 3]


def test_connections_that_break_together_are_one_complaint() -> None:
    host = Host(most=8, limit=8)
    for began in (0, 3, 8):
        host.complained(began, 9)
    assert host.limit == 4
    host.complained(9.5, 10)
    assert host.limit == 2


def test_a_host_that_asked_for_a_pause_gets_nothing_until_it_is_over() -> None:
    host = Host(most=8, blobs=Pause(10))
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


def test_a_stall_is_an_eighth_of_what_connections_bring_now() -> None:
    host = Host(most=8)
    assert not host.is_stall(0)
    for _ in range(3):
        look(host, 4 * MIB // 2)
    assert host.limit == 6
    rate = MIB * 4 / 6
    assert not host.is_stall(None)
    assert host.is_stall(0)
    assert host.is_stall(rate / 8 - 1)
    assert not host.is_stall(rate / 8)


@pytest.mark.parametrize("share", [0, 1, 8])
def test_a_line_that_became_slow_for_all_is_no_stall(share: int) -> None:
    host = Host(most=4, connection_rate=64 * MIB)
    for _ in range(8):
        look(host, 32 * MIB)
    for _ in range(8):
        look(host, 4 * share * 1024)
    assert not host.is_stall(2 * share * 1024)
