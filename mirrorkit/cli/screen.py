"""The one screen of `mirrorkit up` on a terminal: a few rows that stay, lines that scroll above."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import TYPE_CHECKING, Final

from mirrorkit.cli.board import LineBoard
from mirrorkit.cli.view import Phase
from mirrorkit.events import SourcesSilent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.live import Live

    from mirrorkit.cli.view import Row, View
    from mirrorkit.events import Event
    from mirrorkit.flows.share import Look

_SECONDS: Final = 0.5
_SPARED: Final = 3


class Screen(LineBoard):
    """Rows that are painted again only when one of them changed: a still screen stays still."""

    def __init__(self, view: View, look: Callable[[], Look] | None = None) -> None:
        super().__init__(view, look)
        self._live: Live | None = None
        self._painted: Sequence[Row] = ()

    async def paint(self) -> None:
        """Paint until cancelled, and leave the last rows where they are."""
        self._start()
        try:
            while True:
                if self.view.phase is Phase.SYNCING:
                    self.view.rate.add(self.tally.fetched_in_all, time.monotonic())
                    self.view.underway.look(time.monotonic())
                self._paint()
                await asyncio.sleep(_SECONDS)
        finally:
            self._paint()
            self.stop()

    def words(self, event: Event) -> str | None:
        """Leave to the rows what they show: that no source answers."""
        return None if isinstance(event, SourcesSilent) else super().words(event)

    def tell_once(self, text: str) -> None:
        """Leave it to the rows, which show it all the time."""

    def stop(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            send_logs_to(sys.stderr)

    def _start(self) -> None:
        from rich.console import Console
        from rich.live import Live

        # stderr is redirected meanwhile: what anybody prints scrolls above the rows.
        self._live = Live(console=Console(stderr=True), auto_refresh=False)
        self._live.start()
        send_logs_to(sys.stderr)

    def _paint(self) -> None:
        rows = self.view.rows()
        if self._live is not None and rows != self._painted:
            self._painted = rows
            self._live.update(Spared(_grid(rows)), refresh=True)


class Spared:
    """Rows that leave the last columns free, for the ^C that a terminal writes behind them.

    Behind a full row it would begin a row of its own, and what is painted next stand one too low.
    """

    def __init__(self, rows: RenderableType) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(options.max_width - _SPARED, 1)
        yield from console.render(self._rows, options.update(width=width))


def _grid(rows: Sequence[Row]) -> RenderableType:
    """Lay rows out so that long words go on below themselves, in any width."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for row in rows:
        grid.add_row(Text(row.label, style="bold"), Text(row.words))
        if row.share is not None:
            grid.add_row("", ProgressBar(total=1.0, completed=row.share))
    return grid


def send_logs_to(stream: object) -> None:
    """Let warnings scroll with the rest: their handler kept the stream it was made with."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)
