"""A rate as people write it, and a pace that keeps it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.documents.rate import parse_rate
from mirrorkit.remote.pace import Pace


@pytest.mark.parametrize(
    "text, rate",
    [
        ("0", 0),
        ("16000", 16_000),
        ("500k", 500_000),
        ("500K", 500_000),
        ("500kB", 500_000),
        ("500 kB/s", 500_000),
        ("2M", 2_000_000),
        ("2MB", 2_000_000),
        ("2MB/s", 2_000_000),
        ("2Mi", 2 << 20),
        ("2MiB", 2 << 20),
        ("2 MiB/s", 2 << 20),
        ("64KiB", 64 << 10),
        ("1.5M", 1_500_000),
        ("0.5MiB", 1 << 19),
        ("1G", 10**9),
        ("1T", 10**12),
        ("2000000B", 2_000_000),
    ],
)
def test_a_rate_is_read_in_bytes_a_second(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "is not a rate"),
        ("fast", "is not a rate"),
        ("-2M", "is not a rate"),
        ("2X", "is not a rate"),
        ("2m", "is not a rate"),
        ("2M/h", "is not a rate"),
        ("1e6", "is not a rate"),
        ("2,5M", "is not a rate"),
        ("2.M", "is not a rate"),
        ("2 M B", "is not a rate"),
        ("\u0662M", "is not a rate"),
        ("nan", "is not a rate"),
        ("9" * 5000, "is not a rate"),
        ("8Mbit", "is in bits"),
        ("8 Mbit/s", "is in bits"),
        ("8Mb", "is in bits"),
        ("8Mbps", "is in bits"),
        ("8Mb/s", "is in bits"),
        ("2", "is not between 16k and 1T"),
        ("15.9k", "is not between 16k and 1T"),
        ("2T", "is not between 16k and 1T"),
        ("0.5", "is not between 16k and 1T"),
    ],
)
def test_what_is_no_rate_is_told_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refusal:
        parse_rate(text)
    assert len(str(refusal.value)) < 150


@dataclass
class Clock:
    """A clock that only sleeping moves."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@given(st.integers(16_000, 10**9), st.lists(st.integers(1, 64 * 1024), min_size=1, max_size=60))
def test_no_more_arrives_than_the_rate_allows(rate: int, sizes: list[int]) -> None:
    clock = Clock()
    pace = Pace(rate, clock=clock, sleep=clock.sleep)

    async def receive() -> None:
        for size in sizes:
            await pace.take(size)

    asyncio.run(receive())
    passed = clock.now - 100.0
    assert passed == pytest.approx(sum(sizes[:-1]) / rate)


def test_what_was_not_used_is_not_saved_up() -> None:
    clock = Clock()
    pace = Pace(100_000, clock=clock, sleep=clock.sleep)

    async def receive() -> None:
        await pace.take(1000)
        clock.now += 3600
        await pace.take(1000)
        await pace.take(1000)

    asyncio.run(receive())
    assert clock.slept == [pytest.approx(0.01)]


async def test_connections_get_their_turn_in_the_order_they_ask() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    pace = Pace(100_000, clock=Clock(), sleep=sleep)
    await asyncio.gather(*(pace.take(1000) for _ in range(4)))
    assert slept == pytest.approx([0.01, 0.02, 0.03])


@pytest.mark.parametrize(
    "rate, connections", [(16_000, 64), (100_000, 64), (2_000_000, 8), (10**9, 64)]
)
def test_every_connection_moves_within_a_second_at_any_rate(rate: int, connections: int) -> None:
    assert Pace(rate).turn * connections / rate <= 1.1
