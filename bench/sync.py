"""Fill an empty place with a class by mirrorkit and by skopeo, and compare time and processor.

Run as `python -m bench.sync`; both read the same docker-registry on this machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.measure import Cost, middle, spent, table
from tests.lab.classroom import classroom, split_name
from tests.lab.images import Made
from tests.lab.nginx import nginx, proxy
from tests.lab.process import LabError
from tests.lab.product import product_for
from tests.lab.registry import docker_registry

Images = dict[str, Made]
Tool = Callable[[Path, Path], Cost]
HEAD = ("into an empty place", "wall s", "CPU s", "MB/s")
GZIP = b"\x1f\x8b"
TOOLS = ("mirrorkit", "skopeo")


def main() -> None:
    """Read the arguments, measure, print."""
    options = _options()
    images = classroom(options.scale)
    size = sum(map(len, _blobs(images).values()))
    with ExitStack() as life, tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = Path(name)
        upstream = _upstream(life, place, images, options.limit_rate)
        tools = _tools(place, images, upstream, options)
        costs = _measure(place, images, tools, options.rounds)
        _report(costs, size, options)
        if "mirrorkit" in options.tools:
            _small_things(place, images, upstream, options.mirrorkit)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrorkit", default="mirrorkit", help="the program (default: on PATH)")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is some 340 MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit-rate", default="", help="a connection's limit, such as 4m")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=TOOLS)
    return parser.parse_args()


def _upstream(life: ExitStack, place: Path, images: Images, limit_rate: str) -> str:
    registry = life.enter_context(docker_registry(place / "registry"))
    registry.push_all(images)
    if not limit_rate:
        return registry.address
    slow = proxy(registry.address, limit_rate=limit_rate)
    life.enter_context(nginx(place / "nginx", slow))
    return slow.address


def _tools(
    place: Path, images: Images, upstream: str, options: argparse.Namespace
) -> dict[str, Tool]:
    if "mirrorkit" not in options.tools:
        return {"skopeo": lambda target, log: _skopeo(images, upstream, target, log)}
    product = product_for(place, images, upstream, (options.mirrorkit,))
    every: dict[str, Tool] = {
        "mirrorkit": lambda target, log: spent(product.at(target.name).command("sync"), log),
        "skopeo": lambda target, log: _skopeo(images, upstream, target, log),
    }
    return {name: every[name] for name in options.tools}


def _skopeo(images: Images, upstream: str, target: Path, log: Path) -> Cost:
    """Copy image by image, as skopeo does; what the layout has already is not copied again."""
    copy = ("skopeo", "--insecure-policy", "copy", "--quiet", "--all", "--src-tls-verify=false")
    costs = []
    for name in images:
        _, repository, tag = split_name(name)
        source = f"docker://{upstream}/{repository}:{tag}"
        costs.append(spent((*copy, source, f"oci:{target}:{name}"), log))
    return Cost(sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs))


def _measure(
    place: Path, images: Images, tools: dict[str, Tool], rounds: int
) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {name: [] for name in tools}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", flush=True)
        for name, tool in tools.items():
            target = place / name
            # What the run before left unwritten is not this one's to pay.
            os.sync()
            costs[name].append(tool(target, place / f"{name}.log"))
            # Into a layout skopeo turns Docker's manifests and configs into OCI's; layers stay.
            _complete(target, images, exact=name != "skopeo")
            shutil.rmtree(target)
    return costs


def _complete(layout: Path, images: Images, *, exact: bool) -> None:
    """Refuse a figure for work not done."""
    blobs = _blobs(images)
    wanted = {digest for digest, data in blobs.items() if exact or data.startswith(GZIP)}
    if exact:
        wanted |= {each.digest for made in images.values() for each in made.manifests()}
    missing = [d for d in wanted if not (layout / "blobs" / d.replace(":", "/")).is_file()]
    if missing:
        raise LabError(f"{layout}: lacks {len(missing)} of {len(wanted)} blobs")


def _blobs(images: Images) -> dict[str, bytes]:
    return {digest: data for made in images.values() for digest, data in made.all_blobs().items()}


def _report(costs: dict[str, list[Cost]], size: int, options: argparse.Namespace) -> None:
    rows: list[list[str | float]] = []
    for name, each in costs.items():
        wall, cpu = middle([cost.wall for cost in each]), middle([cost.cpu for cost in each])
        rows.append([name, wall, cpu, size / 1e6 / wall])
    if len(rows) > 1:
        ratios = [float(a) / float(b) for a, b in zip(rows[0][1:], rows[1][1:], strict=True)]
        rows.append([f"{rows[0][0]} / {rows[1][0]}", *ratios])
    print(f"\n20 images, {size / 1e6:.0f} MB, medians of {options.rounds}\n\n{table(HEAD, rows)}")


def _small_things(place: Path, images: Images, upstream: str, program: str) -> None:
    """Measure what a user waits for when there is nothing to do."""
    product = product_for(place, images, upstream, (program,))
    log = place / "small.log"
    spent(product.command("sync"), log)
    commands = {"--help": (program, "--help"), "sync again": product.command("sync")}
    rows: list[list[str | float]] = []
    for name, argv in commands.items():
        costs = [spent(argv, log) for _ in range(5)]
        rows.append(
            [name, *(1000 * middle([getattr(c, what) for c in costs]) for what in ("wall", "cpu"))]
        )
    print("\n" + table(("nothing to do", "wall ms", "CPU ms"), rows))


if __name__ == "__main__":
    main()
