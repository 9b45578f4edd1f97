"""Bring a class over lines good and bad, beside skopeo where it can, and hold it to its goals.

Run as `python -m bench.sync`, or with `--scenarios a,b`. All of it is on this machine: the figure
of each scenario is a ratio, so that another machine says nearly the same.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.largeclass import KICBASE, large_class
from bench.measure import middle, spent, table
from bench.scenarios import SCENARIOS, Bench, Figure
from tests.lab.product import product_for
from tests.lab.registry import docker_registry

HEAD = ("scenario", "wall s", "CPU s", "peak MB", "skopeo s", "figure", "goal", "what it is")


def main() -> None:
    """Read the arguments, measure, print."""
    options = _options()
    images = large_class()
    with ExitStack() as life, tempfile.TemporaryDirectory(prefix="bench-") as name:
        registry = life.enter_context(docker_registry(Path(name) / "registry"))
        registry.push_all(images)
        bench = Bench(Path(name), images, registry.address, options.mirrorkit, options.rounds)
        figures: list[Figure] = []
        for letter in options.scenarios.split(","):
            figures += SCENARIOS[letter](bench)
            print(f"({letter}) done", flush=True)
        print("\n" + table(HEAD, [_row(figure) for figure in figures]) + "\n")
        _small_things(bench)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrorkit", default="mirrorkit", help="the program (default: on PATH)")
    parser.add_argument("--rounds", type=int, default=3, help="of (a), for its median")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    return parser.parse_args()


def _row(figure: Figure) -> list[str | float]:
    cost, mark = figure.cost, "" if figure.value <= figure.goal else " !"
    if figure.is_least:
        mark = "" if figure.value >= figure.goal else " !"
    sign = "≥" if figure.is_least else "≤"
    found = f"{figure.value:.3g}{mark}"
    goal = f"{sign} {figure.goal:g}"
    spent_on = [cost.wall, cost.cpu, cost.peak / 1e6]
    return [figure.scenario, *spent_on, figure.peer or "-", found, goal, figure.what]


def _small_things(bench: Bench) -> None:
    """Measure what a user waits for when there is nothing to do."""
    images = {KICBASE: bench.images[KICBASE]}
    product = product_for(bench.place, images, bench.upstream, (bench.program,)).at("small")
    log = bench.place / "small.log"
    spent(product.command("sync"), log)
    commands = {"--help": (bench.program, "--help"), "sync again": product.command("sync")}
    rows: list[list[str | float]] = []
    for name, argv in commands.items():
        costs = [spent(argv, log) for _ in range(5)]
        wall, cpu = middle([cost.wall for cost in costs]), middle([cost.cpu for cost in costs])
        rows.append([name, 1000 * wall, 1000 * cpu])
    print(table(("nothing to do", "wall ms", "CPU ms"), rows))


if __name__ == "__main__":
    main()
