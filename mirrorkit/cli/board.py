"""What `serve` and `up` tell while they serve: lines in a log, JSON lines for programs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from mirrorkit.cli.display import Display, JsonDisplay
from mirrorkit.cli.output import note, say_json
from mirrorkit.cli.view import Phase, View
from mirrorkit.events import (
    FileCompleted,
    ImageCompleted,
    Planned,
    SourcesSilent,
    TryingAgain,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mirrorkit.events import Event
    from mirrorkit.flows.share import Look
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.host.reach import Reach
    from mirrorkit.settings import Settings


class Board(Protocol):
    """Hears of everything that a teacher should know while a class is served."""

    def __call__(self, event: Event) -> None:
        """Take in one event of a sync."""

    def serving(self, settings: Settings, reach: Reach, firewall: str | None) -> None:
        """Tell that it serves, and where."""

    def seated(self, seats: Callable[[], str]) -> None:
        """Take in how the students' machines are asked for, in a line."""

    def moved(self, reach: Reach) -> None:
        """Tell that the addresses changed."""

    def looked(self, name: str, look: Look) -> None:
        """Tell how much of a lock is held."""

    def ended(self, report: SyncReport) -> None:
        """Take in how a sync ended."""

    def awake(self, what: str | None, *, is_wsl: bool) -> None:
        """Tell what of sleeping is held off, or who else decides it."""

    async def paint(self) -> None:
        """Keep what is shown up to date, until cancelled."""


class LineBoard(Display):
    """Plain lines, each said once."""

    def __init__(self, view: View, look: Callable[[], Look] | None = None) -> None:
        super().__init__()
        self.view = view
        self._look_again = look
        self._told: set[str] = set()
        self._is_named = False
        self._of = ""
        """Which lock the estimate is of, where there are several."""
        view.tally = self.tally

    def serving(self, settings: Settings, reach: Reach, firewall: str | None) -> None:
        """Say where, or what to do where nobody reaches it."""
        self.view.reach, self.view.firewall = reach, firewall
        self._is_named = len(settings.locks) > 1
        note(f"serving {settings.store} on {_where(reach)}")
        if firewall is not None:
            note(f"a firewall is on; if students cannot reach it: `{firewall}`")
        self._tell_advice(reach)

    def seated(self, seats: Callable[[], str]) -> None:
        """Leave it to the rows of a screen: a line for each report would be too many."""
        self.view.seats = seats

    def moved(self, reach: Reach) -> None:
        """Say the new address."""
        self.view.reach = reach
        note(f"the address changed: {_where(reach)}")
        self._tell_advice(reach)
        if self.view.student_line is not None:
            note(_students(self.view.student_line))
        self._tell_estimate()

    def looked(self, name: str, look: Look) -> None:
        """Say how much is held, and how long the class will take."""
        self._take(look)
        self._of = f"{name}, " if self._is_named else ""
        note(f"{name}: {self.view.held()} complete")
        if self.view.student_line is not None:
            wait = "not yet, for nothing is held here; then " if self.view.is_empty else ""
            self.tell_once(f"{wait}{_students(self.view.student_line)}")
        self._tell_estimate()

    def show(self, event: Event) -> None:
        """Follow the phases of a sync, and say its lines."""
        follow(self.view, event)
        self.view.underway.add(event)
        if isinstance(event, (Planned, SourcesSilent)):
            self.look_again()
        super().show(event)

    def words(self, event: Event) -> str | None:
        """Say besides where nothing is held that nobody could give it."""
        if isinstance(event, SourcesSilent) and self.view.is_empty:
            return self.view.next_step()
        return super().words(event)

    def ended(self, report: SyncReport) -> None:
        """Say the next step where everything is held."""
        self.look_again()
        self.view.phase = Phase.READY if report.completeness.is_complete else Phase.LACKING
        if self.view.phase is Phase.READY:
            self.tell_once(f"next: {self.view.next_step()}")

    def awake(self, what: str | None, *, is_wsl: bool) -> None:
        """Say whether the lid may be closed; nothing where the system decides alone."""
        if what is not None:
            lid = "also with its lid closed" if "lid" in what else "but keep its lid open"
            note(f"this machine stays awake while this runs, {lid}")
        elif is_wsl:
            note("note: Windows decides when this machine sleeps; set that to never for the class")

    async def paint(self) -> None:
        """Lines need no repainting."""
        await asyncio.Event().wait()

    def look_again(self) -> None:
        """Look how much is held now, and say it where the estimate became known."""
        if self._look_again is not None:
            self._take(self._look_again())
            self._tell_estimate()

    def _take(self, look: Look) -> None:
        self.view.look = look
        self.view.arrived.clear()

    def _tell_advice(self, reach: Reach) -> None:
        for line in _advice(reach):
            note(line)

    def _tell_estimate(self) -> None:
        if self.view.estimate is not None:
            self.tell_once(f"{self._of}in class: {self.view.estimate}")

    def tell_once(self, text: str) -> None:
        """Say what stays true, once."""
        if text not in self._told:
            self._told.add(text)
            note(text)


class JsonBoard(JsonDisplay):
    """The same as JSON lines."""

    def __init__(self, view: View, look: Callable[[], Look] | None = None) -> None:
        super().__init__()
        self.view = view
        self._look_again = look
        self._estimate: object = None
        self._lock = ""

    def serving(self, settings: Settings, reach: Reach, firewall: str | None) -> None:
        """Print where, once."""
        self.view.reach = reach
        listen = settings.listen._replace(port=reach.port)
        found = {"listen": str(listen), **reach.as_json(), "firewall": firewall}
        say_json({"event": "serving", **found})

    def seated(self, _seats: Callable[[], str]) -> None:
        """A program asks /api/v1/seats."""

    def moved(self, reach: Reach) -> None:
        """Print the addresses as they are now."""
        self.view.reach = reach
        say_json({"event": "addresses", **reach.as_json()})
        self._print_estimate()

    def looked(self, name: str, look: Look) -> None:
        """Print how long the class will take, where that is news."""
        self.view.look, self._lock = look, name
        self._print_estimate()

    def show(self, event: Event) -> None:
        """Print the event."""
        super().show(event)
        if isinstance(event, (Planned, SourcesSilent)) and self._look_again is not None:
            self.looked(self._lock, self._look_again())

    def ended(self, _report: SyncReport) -> None:
        """The report itself is printed by who made it."""

    def awake(self, what: str | None, *, is_wsl: bool) -> None:  # noqa: ARG002 - a person's hint
        """Print what of sleeping is held off, if anything."""
        if what is not None:
            say_json({"event": "awake", "what": what.split(":")})

    async def paint(self) -> None:
        """Lines need no repainting."""
        await asyncio.Event().wait()

    def _print_estimate(self) -> None:
        found = self.view.estimate
        if found is not None and (self._lock, found) != self._estimate:
            self._estimate = self._lock, found
            say_json({"event": "estimate", "lock": self._lock, **found.as_json()})


def follow(view: View, event: Event) -> None:
    """Move a view along with the events of a sync."""
    match event:
        case Planned() if event.images or event.files:
            view.phase = Phase.SYNCING
        case ImageCompleted(name=name) | FileCompleted(path=name):
            view.arrived.add(name)
        case SourcesSilent(retry_in=seconds):
            view.phase, view.retry_in = Phase.SILENT, seconds
        case TryingAgain():
            view.phase = Phase.LACKING
        case _:
            pass


def _where(reach: Reach) -> str:
    return ", ".join(reach.urls) or f"port {reach.port}, but no address that students reach"


def _students(line: str) -> str:
    return f"students type: {line}"


def _advice(reach: Reach) -> Iterator[str]:
    if reach.advice is not None:
        yield f"note: {reach.advice.reason}"
        yield from (f"  {step}" for step in reach.advice.steps)
