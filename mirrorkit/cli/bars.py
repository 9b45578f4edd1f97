"""A sync on a terminal: a bar for all, rows for what is under way, lines that scroll above."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from mirrorkit.cli.display import Display
from mirrorkit.cli.screen import Spared, send_logs_to
from mirrorkit.cli.underway import Underway
from mirrorkit.events import LoadPlanned, Planned, SeedPlanned, VerifyPlanned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.live import Live

    from mirrorkit.cli.underway import Row
    from mirrorkit.events import Event

_PLANS: Final = (Planned, LoadPlanned, SeedPlanned, VerifyPlanned)
_SECONDS: Final = 0.2
_TOTAL_LEAST: Final = 42
_WORDS_LEAST: Final = 23
_PERCENT_LEAST: Final = 5


class BarDisplay(Display):
    """Rows that a thread paints, and only when one of them changed."""

    def __init__(self) -> None:
        super().__init__()
        self._underway = Underway(self.tally)
        self._adding = threading.Lock()
        self._printing = threading.Lock()  # rich joins two frames that are made at the same time
        self._live: Live | None = None
        self._painter: threading.Thread | None = None
        self._ending = threading.Event()

    def __call__(self, event: Event) -> None:
        """Take in one event; printing waits for nobody who waits for the state."""
        with self._adding:
            self.count(event)
            self._underway.add(event)
        if isinstance(event, _PLANS) and self._live is None:
            self._start()
        self.show(event)

    def show(self, event: Event) -> None:
        """Print the line above the rows."""
        if self._live is None:
            super().show(event)
        elif (text := self.news(event)) is not None:
            with self._printing:
                self._live.console.print(text, highlight=False, markup=False)

    def stop(self) -> None:
        """Remove the rows."""
        if self._live is None or self._painter is None:
            return
        self._ending.set()
        self._painter.join()
        self._live.stop()
        self._live = None
        send_logs_to(sys.stderr)

    def _start(self) -> None:
        from rich.console import Console
        from rich.live import Live

        # stderr is redirected meanwhile: what anybody prints scrolls above the rows.
        self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self._live.start()
        send_logs_to(sys.stderr)
        self._painter = threading.Thread(target=self._paint, args=(self._live,), daemon=True)
        self._painter.start()

    def _paint(self, live: Live) -> None:
        painted: list[Row] = []
        while not self._ending.wait(_SECONDS if painted else 0):
            with self._adding:
                self._underway.look(time.monotonic())
                rows = [self._underway.total(), *self._underway.rows()]
            if rows != painted:
                painted = rows
                with self._printing:
                    live.update(Spared(_grid(rows)), refresh=True)


def _grid(rows: Sequence[Row]) -> RenderableType:
    """Lay rows out in one line each: a name gives way to the figures, whatever the width."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    total, *others = rows
    top = Table.grid(padding=(0, 2, 0, 0), expand=True)
    top.add_column(ratio=1)
    top.add_column(no_wrap=True, min_width=_TOTAL_LEAST)
    top.add_row(ProgressBar(total=1.0, completed=total.share or 0.0), Text(total.words))
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    grid.add_column(no_wrap=True, min_width=_WORDS_LEAST, justify="right")
    grid.add_column(no_wrap=True, min_width=_PERCENT_LEAST, justify="right")
    for row in others:
        grid.add_row(Text(row.name), Text(row.words), Text(row.percent))
    return Group(top, grid)
