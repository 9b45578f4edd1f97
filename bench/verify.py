"""Read a store again by mirrorkit, and the same files by sha256sum and openssl, a process a core.

Run as `python -m bench.verify`; `--cold` drops the files from the page cache before each run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import middle, spent, table
from tests.lab.classroom import classroom
from tests.lab.product import product_for
from tests.lab.registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.measure import Cost
    from tests.lab.product import Product

HEAD = ("reading again", "GB/s", "CPU s/GB", "wall s")


def main() -> None:
    """Read the arguments, measure, print."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = Path(name)
        product = _filled(place, options)
        files = sorted(path for path in (product.store / "blobs").glob("*/*"))
        tools = _tools(place, product, files)
        size = sum(path.stat().st_size for path in files)
        costs: dict[str, list[Cost]] = defaultdict(list)
        for number in range(options.rounds):
            for tool, argv in tools.items():
                _prepare(files, is_cold=options.cold)
                costs[tool].append(spent(argv, place / "log"))
                print(f"round {number + 1}: {tool} {costs[tool][-1].wall:.2f} s", flush=True)
    what = f"{len(files)} blobs, {size / 1e6:,.0f} MB, {'cold' if options.cold else 'warm'}"
    print(f"\n{what}, {os.cpu_count()} cores, medians of {options.rounds}\n")
    print(table(HEAD, [_row(tool, found, size / 1e9) for tool, found in costs.items()]))
    _ratios(costs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrorkit", default="mirrorkit", help="the program (default: on PATH)")
    parser.add_argument("--scale", type=float, default=6.0, help="1 is some 340 MB")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold", action="store_true", help="from the disk, not from memory")
    return parser.parse_args()


def _filled(place: Path, options: argparse.Namespace) -> Product:
    images = classroom(options.scale)
    with docker_registry(place / "registry") as registry:
        registry.push_all(images)
        product = product_for(place, images, registry.address, (options.mirrorkit,))
        spent(product.command("sync"), place / "log")
    return product


def _tools(place: Path, product: Product, files: Sequence[Path]) -> Mapping[str, Sequence[str]]:
    """Return the command lines; a core's processes take a file at a time, as mirrorkit does."""
    listed = place / "files"
    listed.write_text("".join(f"{path}\n" for path in files))
    shared = ("xargs", "-a", str(listed), "-n1", "-P", str(os.cpu_count() or 1))
    return {
        "mirrorkit verify": product.command("verify"),
        "xargs sha256sum": (*shared, "sha256sum"),
        "xargs openssl": (*shared, "openssl", "dgst", "-sha256"),
    }


def _prepare(files: Sequence[Path], *, is_cold: bool) -> None:
    """Bring every file into memory, or drop it."""
    for path in files:
        with path.open("rb", buffering=0) as file:
            if is_cold:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while file.read(1 << 20):
                    pass


def _row(tool: str, costs: Sequence[Cost], gigabytes: float) -> list[str | float]:
    wall = middle([cost.wall for cost in costs])
    cpu = middle([cost.cpu for cost in costs])
    return [tool, gigabytes / wall, cpu / gigabytes, wall]


def _ratios(costs: Mapping[str, Sequence[Cost]]) -> None:
    """Compare the speeds, round by round: what disturbs one disturbs its neighbour too."""
    first, *others = costs
    for other in others:
        pairs = zip(costs[first], costs[other], strict=True)
        ratios = sorted(b.wall / a.wall for a, b in pairs)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        print(f"\n{first} / {other}: {middle(ratios):.2f} x its speed ({spread})", end="")
    print()


if __name__ == "__main__":
    main()
