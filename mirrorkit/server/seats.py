"""Seats: who is ready and who is stuck on what, as the students' machines report it.

Kept in memory alone. After a restart of the mirror the count begins anew: a seat is there again
with its next report, which setup.sh sends whenever it runs.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.findings import State
from mirrorkit.server.report import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mirrorkit.classroom.findings import Finding
    from mirrorkit.server.report import Report

SEATS_VERSION: Final = 1
SEATS_MOST: Final = 500
FADES_AFTER: Final = 12 * 3600.0
"""Seconds after its last report that a seat is another class's."""
SILENT_AFTER: Final = 15 * 60.0
"""Seconds without a report after which a seat that was under way has given up."""
_REFUSALS: Final = frozenset({"SEED", "KEPT"})
"""Codes of setup.sh for what it would not do (`--reset`, `--uninstall`), having changed nothing."""


class SeatState(StrEnum):
    """What a teacher asks of a seat."""

    READY = "ready"
    STUCK = "stuck"
    UNDER_WAY = "under-way"
    SILENT = "silent"


@dataclass(slots=True)
class Seat:
    """One machine of the room, by what it said last."""

    number: int
    """Which it was to report, from 1: what is shown of a seat that has no name."""
    address: str
    """Where it reported from, for bounds alone: behind NAT all addresses are one."""
    report: Report
    first: float
    last: float
    """When it reported first and last: seconds since 1970."""

    def state(self, now: float) -> SeatState:
        """Say how it is at a time; a failed check is in the way whatever the step."""
        step = self.report.step
        if step is Step.READY:
            return SeatState.READY
        if self.failures or (step is Step.STUCK and not self.report.findings):
            return SeatState.STUCK
        return SeatState.SILENT if now - self.last > SILENT_AFTER else SeatState.UNDER_WAY

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What is in its way."""
        return _failures(self.report)

    @property
    def code(self) -> str:
        """What it is stuck on, where it said that: the first failure."""
        return self.failures[0].code if self.failures else ""

    def as_json(self, now: float) -> dict[str, object]:
        """Return it as data, without its id; times are ISO 8601 in UTC."""
        return {
            "seat": self.number,
            "name": self.report.name,
            "state": self.state(now),
            "step": self.report.step,
            "findings": [finding.as_json() for finding in self.report.findings],
            "first": _moment(self.first),
            "last": _moment(self.last),
        }


class Seats:
    """The seats of a room, in bounded memory.

    When there are too many, the one silent for longest goes, of the address that has the most: a
    flood from one address is its own harm.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._since = clock()
        self._numbered = 0
        self._seats: OrderedDict[str, Seat] = OrderedDict()  # the one silent for longest first

    def record(self, report: Report, address: str) -> Seat:
        """Take in a report that came from an address; return the seat it is of."""
        now = self._clock()
        self._fade(now)
        seat = self._seats.get(report.id)
        if seat is None:
            seat = self._new(report, address, now)
        else:
            seat.report, seat.last = _after(seat.report, report), now
            seat.address = address
            self._seats.move_to_end(report.id)
        return seat

    def forget(self, id_: str) -> None:
        """Drop a seat that took everything away again: it waits for nothing."""
        self._seats.pop(id_, None)

    def seats(self) -> list[Seat]:
        """Return the seats, by number."""
        self._fade(self._clock())
        return sorted(self._seats.values(), key=lambda seat: seat.number)

    def by_state(self) -> dict[SeatState, list[Seat]]:
        """Return the seats of each state, by number; every state is a key."""
        now = self._clock()
        found: dict[SeatState, list[Seat]] = {state: [] for state in SeatState}
        for seat in self.seats():
            found[seat.state(now)].append(seat)
        return found

    def as_json(self) -> dict[str, object]:
        """Return everything as data."""
        now, parted = self._clock(), self.by_state()
        return {
            "version": SEATS_VERSION,
            "since": _moment(self._since),
            "counts": {str(state): len(seats) for state, seats in parted.items()},
            "stuck": stuck_on(parted),
            "seats": [seat.as_json(now) for seat in self.seats()],
        }

    def _new(self, report: Report, address: str, now: float) -> Seat:
        if len(self._seats) >= SEATS_MOST:
            self._make_room()
        self._numbered += 1
        seat = self._seats[report.id] = Seat(self._numbered, address, report, now, now)
        return seat

    def _make_room(self) -> None:
        held = Counter(seat.address for seat in self._seats.values())
        most = max(held.values())
        leaving = next(id_ for id_, seat in self._seats.items() if held[seat.address] == most)
        del self._seats[leaving]

    def _fade(self, now: float) -> None:
        while self._seats:
            id_, oldest = next(iter(self._seats.items()))
            if now - oldest.last <= FADES_AFTER:
                return
            del self._seats[id_]


def _failures(report: Report) -> tuple[Finding, ...]:
    return tuple(finding for finding in report.findings if finding.state is State.FAIL)


def _after(before: Report, report: Report) -> Report:
    """Return what holds of a seat that reports again.

    One that is ready stays so when a later look finds nothing amiss, and what was only refused is
    no news of a seat that has a failure.
    """
    name, failures = report.name or before.name, _failures(report)
    is_refusal = bool(failures) and all(one.code in _REFUSALS for one in failures)
    if is_refusal and _failures(before):
        return before._replace(name=name)
    is_look = before.step is Step.READY and report.step is Step.CHECK
    step = Step.READY if is_look and not failures else report.step
    return report._replace(name=name, step=step)


def stuck_on(parted: Mapping[SeatState, list[Seat]]) -> dict[str, int]:
    """Return how many are stuck on what, the most first; the empty code where none was said."""
    return dict(Counter(seat.code for seat in parted[SeatState.STUCK]).most_common())


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
