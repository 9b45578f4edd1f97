"""What a teacher sees while a class is served: rows of words, from values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.classroom.setup import setup_line
from mirrorkit.cli.underway import Underway
from mirrorkit.host.link import Estimate, estimate
from mirrorkit.progress import Rate, Tally, about, counted, readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.flows.share import Look
    from mirrorkit.host.reach import Reach


class Phase(Enum):
    """How far an evening is."""

    LOOKING = "looking"
    SYNCING = "syncing"
    SILENT = "silent"
    LACKING = "lacking"
    READY = "ready"


class Row(NamedTuple):
    """One row: a label, words, and for the bar how much is done."""

    label: str
    words: str
    share: float | None = None


_NEXT = {
    Phase.LOOKING: "looking for what is missing",
    Phase.SYNCING: "leave this running; what is complete can be pulled already",
    Phase.SILENT: "no source answers: serving what is here",
    Phase.LACKING: "some could not be had, see above; it is tried again by itself",
}
_EMPTY = "no source answers and nothing is held yet: check this machine's network"


@dataclass
class View:
    """The state of one evening, as far as a teacher cares."""

    students: int
    reach: Reach | None = None
    firewall: str | None = None
    """The command that opens the port, where a firewall is known to be on."""
    look: Look | None = None
    phase: Phase = Phase.LOOKING
    tally: Tally = field(default_factory=Tally)
    rate: Rate = field(default_factory=Rate)
    underway: Underway = field(default_factory=lambda: Underway(Tally()))
    seats: Callable[[], str] = str
    """What the students' machines reported, in a line; empty before the first."""
    arrived: set[str] = field(default_factory=set)
    """Names completed since the last look."""
    retry_in: float = 0.0
    """Seconds from one look for a source to the next, while none answers."""

    @property
    def estimate(self) -> Estimate | None:
        """How long the class takes, where sizes are known."""
        if self.reach is None or self.look is None or not self.look.bytes_each:
            return None
        if any(item.digest is None for item in self.look.completeness.items):
            return None  # nobody knows how much the unpinned come to
        return estimate(self.reach, self.students, self.look.bytes_each)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing at all is held."""
        return self.look is not None and not self.look.completeness.bytes()["present"]

    @property
    def student_line(self) -> str | None:
        """What students type, where they are to start minikube and reach us."""
        if not (self.look and self.reach and self.reach.best):
            return None
        needs = (need for item in self.look.completeness.items for need in item.needed_by)
        if not any(need.startswith("minikube ") for need in needs):
            return None
        return setup_line(self.reach.best)

    def rows(self) -> list[Row]:
        """Return the rows of the screen, from the top."""
        rows = [*self._addresses(), *self._held()]
        if self.phase is Phase.SYNCING:
            rows += self._coming()
        if self.estimate is not None:
            rows.append(Row("In class", str(self.estimate)))
        if seats := self.seats():
            rows.append(Row("Seats", seats))
        rows.append(Row("Next", self.next_step()))
        return rows

    def next_step(self) -> str:
        """Say what the teacher does now."""
        if self.phase is Phase.SILENT:
            why = _EMPTY if self.is_empty else _NEXT[Phase.SILENT]
            return f"{why}; trying again every {self.retry_in:.0f} s"
        if self.phase is not Phase.READY:
            return _NEXT[self.phase]
        url = self.reach.urls[0] if self.reach and self.reach.urls else None
        if url is None:
            return "everything is here; give this machine an address that students reach"
        closed = f" (if not: {self.firewall})" if self.firewall else ""
        return (
            f"open {url} on a phone: if it answers, students reach it{closed};"
            " in class run `mirrorkit up` again, it needs no internet"
        )

    def held(self) -> str:
        """Say how much is complete."""
        if self.look is None:
            return "…"
        parts = []
        for kind in ("image", "file"):
            count = self.look.completeness.count(kind)
            names = {
                item.name for item in self.look.completeness.missing_items if item.kind == kind
            }
            done = count["complete"] + len(names & self.arrived)
            if count["total"]:
                parts.append(f"{done} of {counted(count['total'], kind)}")
        return ", ".join(parts) or "nothing is wanted yet"

    def _addresses(self) -> list[Row]:
        if self.reach is None:
            return []
        if not self.reach.urls:
            why = self.reach.advice.reason if self.reach.advice else ""
            return [Row("Address", f"none that students reach: {why}; see above")]
        first, *others = self.reach.urls
        rows = [Row("Address", first), *(Row("", f"also {url}") for url in others[:3])]
        if self.student_line is not None:
            line = f"{self.student_line}  (each types this line)"
            wait = "not yet, for nothing is held here; then: " if self.is_empty else ""
            rows.append(Row("Students", f"{wait}{line}"))
        return rows

    def _held(self) -> list[Row]:
        if self.phase is not Phase.READY or self.look is None:
            return [Row("Complete", self.held())]
        present = self.look.completeness.bytes()["present"] or 0
        return [Row("Ready", f"{self.held()}, {readable(present)}")]

    def _coming(self) -> list[Row]:
        done, needed = self.tally.done, self.tally.needed
        if not needed:
            return [Row("Coming", "asking the sources what it comes to")]
        words = f"{readable(done)} of {readable(needed)}"
        speed = self.rate.per_second
        if speed > 0 and needed > done:
            words += f", {readable(speed)}/s, {about((needed - done) / speed)}"
        elif needed > done:
            words += ", waiting for bytes"
        hosts = [Row("", f"{host.name}: {host.words}") for host in self.underway.host_rows()]
        return [Row("Coming", words, min(done / needed, 1.0)), *hosts]
