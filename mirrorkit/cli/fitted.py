"""The table of `mirrorkit status --watch`, cut to the height of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult


class Fitted:
    """Lines of which a low terminal shows fewer: no names first, then the last parts and the sum.

    rich would cut them off below, and so the line that says how complete the whole is.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        for lines in _ever_fewer(self._lines):
            text = Text("\n".join(lines))
            if len(text.wrap(console, options.max_width)) <= console.size.height:
                break
        yield text


def _ever_fewer(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    yield lines
    parts = [line for line in lines if not line.startswith(" ")]
    for first in range(len(parts)):
        yield parts[first:]
