"""A rate of transfer, as people write it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

RATE_LEAST: Final = 16_000
"""Bytes a second; below, sixty-four connections would not all move within a second."""
RATE_MOST: Final = 10**12

_RATE: Final = re.compile(
    r"(?P<number>\d{1,12}(?:\.\d{1,6})?) ?(?P<unit>(?:[kKMGT]i?)?B?)(?:/s)?", re.ASCII
)
_POWERS: Final = "KMGT"


def parse_rate(text: str) -> int:
    """Read bytes a second: 2M, 500kB, 1.5MiB/s; 0 is no limit. ValueError says what is wrong.

    k, M, G and T are thousands, as links are sold; Ki, Mi, Gi and Ti are 1024s.
    """
    if re.search(r"\d ?[kKMGT]?(?:bit|b(?:ps|/s)?\Z)", text):
        raise ValueError(f"{text[:40]!r} is in bits; write bytes a second: 8 Mbit/s are 1M")
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is not a rate in bytes a second, such as 2M or 500k")
    rate = Decimal(found["number"]) * _factor(found["unit"])
    if rate and not RATE_LEAST <= rate <= RATE_MOST:
        raise ValueError(f"{text[:40]!r} is not between 16k and 1T a second; 0 is no limit")
    return int(rate)


def _factor(unit: str) -> int:
    prefix = unit.removesuffix("B")
    if not prefix:
        return 1
    base: int = 1024 if prefix.endswith("i") else 1000
    power = base ** (_POWERS.index(prefix[0].upper()) + 1)
    return int(power)
