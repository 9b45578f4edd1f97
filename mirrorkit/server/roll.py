"""The roll of a room's seats in a page's words: *37 ready, 2 without Docker*, and who is."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.server.phrases import ENGLISH, PHRASES
from mirrorkit.server.seats import SeatState, stuck_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mirrorkit.classroom.findings import Finding
    from mirrorkit.server.seats import Seat, Seats

_ROWS_MOST: Final = 100
_CODES_MOST: Final = 8
_OTHERS: Final = (SeatState.UNDER_WAY, SeatState.SILENT)


class Row(NamedTuple):
    """One seat that is not ready.

    What it would type is left out: a report is anybody's text, and a teacher might type it.
    """

    number: int
    name: str
    state: SeatState
    findings: tuple[Finding, ...]
    """What failed; a warning is in nobody's way."""


class Roll(NamedTuple):
    """What the page says of the seats."""

    headline: str
    rows: list[Row]
    """Those stuck first."""
    has_more: bool
    ready: list[str]
    """The seats that are ready, each by its number and name."""


def call_roll(seats: Seats, say: Mapping[str, str]) -> Roll | None:
    """Return the roll in a language's words; None where nobody reported."""
    parted = seats.by_state()
    if not any(parted.values()):
        return None
    rows = [
        Row(seat.number, seat.report.name, state, seat.failures)
        for state in (SeatState.STUCK, SeatState.SILENT, SeatState.UNDER_WAY)
        for seat in parted[state]
    ]
    return Roll(
        headline=say["between_seats"].join(_counts(parted, say)),
        rows=rows[:_ROWS_MOST],
        has_more=len(rows) > _ROWS_MOST,
        ready=[f"{seat.number} {seat.report.name}".strip() for seat in parted[SeatState.READY]],
    )


def headline(seats: Seats) -> str:
    """Return the counts in English; nothing where nobody reported."""
    roll = call_roll(seats, PHRASES[ENGLISH])
    return roll.headline if roll else ""


def _counts(parted: Mapping[SeatState, list[Seat]], say: Mapping[str, str]) -> Iterator[str]:
    yield say["seats_ready"].format(n=len(parted[SeatState.READY]))
    stuck = stuck_on(parted)
    for code, number in islice(stuck.items(), _CODES_MOST):
        yield say.get(f"stuck_{code}", say["stuck_on"]).format(n=number, code=code)
    if len(stuck) > _CODES_MOST:
        yield say["and_more"]
    for state in _OTHERS:
        if parted[state]:
            yield say[f"seats_{state}"].format(n=len(parted[state]))
