"""Measuring: processor time from /proc, the cost of a command, medians in a table."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Thread, Timer
from typing import TYPE_CHECKING

from tests.lab.process import LabError, environment

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_SECONDS = 900
LOOK_SECONDS = 0.02
TICKS = os.sysconf("SC_CLK_TCK")
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds, and the most bytes of memory its first process had."""

    wall: float
    cpu: float
    peak: int = 0


def spent(argv: Sequence[str], log: Path) -> Cost:
    """Run a command to its end, within minutes, and return what it and its children took."""
    started = time.perf_counter()
    with log.open("wb") as sink:
        process = subprocess.Popen(argv, env=environment(), stdout=sink, stderr=subprocess.STDOUT)
        peaks: list[int] = []
        Thread(target=_watch_memory, args=(process.pid, peaks), daemon=True).start()
        late = Timer(LIMIT_SECONDS, process.kill)
        late.start()
        _, status, usage = os.wait4(process.pid, 0)
        late.cancel()
    wall = time.perf_counter() - started
    # Popen must know that it is reaped, or it complains when it is collected.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise LabError(f"{' '.join(argv)}: exit {process.returncode}\n{log.read_text()[-4000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, max(peaks, default=0))


def _watch_memory(pid: int, peaks: list[int]) -> None:
    """Note a process's VmHWM until it ends; what wait4 says begins with its parent's."""
    with suppress(FileNotFoundError, ProcessLookupError):
        while found := PEAK.search(Path(f"/proc/{pid}/status").read_text()):
            peaks.append(int(found[1]) * 1024)
            time.sleep(LOOK_SECONDS)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and everything below it, so far."""
    parents, times = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # Fields from the state on: 1 is the parent, 11 to 14 are own and waited-for ticks.
        parents[int(stat.parent.name)] = int(fields[1])
        times[int(stat.parent.name)] = sum(map(int, fields[11:15]))
    return sum(ticks for each, ticks in times.items() if _below(each, pid, parents)) / TICKS


def idle_seconds() -> float:
    """Return how long all processors of this machine together had nothing to do, so far."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(fields[4]) / TICKS


def _below(process: int, ancestor: int, parents: dict[int, int]) -> bool:
    while process and process != ancestor:
        process = parents.get(process, 0)
    return process == ancestor


def middle(values: Sequence[float]) -> float:
    """Return the median, or zero of nothing."""
    return median(values) if values else 0.0


def table(head: Sequence[str], rows: Sequence[Sequence[str | float]]) -> str:
    """Lay out a table: words to the left, figures to the right."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 -- three digits
