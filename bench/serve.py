"""Serve the same bytes from mirrorkit, docker-registry and nginx, and compare what it costs.

Run as `python -m bench.serve`; what counts is processor time, which other load disturbs least. A
bare aiohttp handler shows what of a manifest's cost is ours, and mirrorkit with its access log what
that adds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.crowd import paced, resident, waits
from bench.load import download, hammer, verify
from bench.measure import cpu_seconds, middle, spent, table
from tests.lab.images import OCI, Made, image
from tests.lab.layers import random_layer
from tests.lab.nginx import nginx, static_files
from tests.lab.process import LOOPBACK, free_port, listening, running
from tests.lab.product import Product, product_for
from tests.lab.registry import DockerRegistry, docker_registry

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "docker.io/library/big:1"
MANIFEST = "/v2/library/big/manifests/1?ns=docker.io"
SERVERS = ("mirrorkit", "mirrorkit, logging", "docker-registry", "nginx", "bare aiohttp")
IN_ROOM = "CPU s/GB in a room"
HEAD = ("server", "MB/s", "CPU s/GB", IN_ROOM, "manifests/CPU s", "p99 ms in a room", "MB of 500")
ROOM = (64, 12_000_000)
"""Clients that pull beside the one that wants manifests, and bytes a second of each."""
ROOM_SECONDS = 3
ASKED = 1500


@dataclass(slots=True)
class Candidate:
    """A running server, where it has the manifest and the blob if any, and what was measured."""

    name: str
    address: str
    pid: int
    manifest: str
    blob: str | None = None
    figures: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def row(self) -> list[str | float]:
        """Return the medians."""
        return [self.name, *(middle(self.figures[name]) or "" for name in HEAD[1:])]


def main() -> None:
    """Read the arguments, measure, print."""
    options = _options()
    with ExitStack() as life, tempfile.TemporaryDirectory(prefix="bench-") as name:
        candidates = _candidates(life, Path(name), options)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", flush=True)
            # One figure of all servers, then the next: the machine's mood changes in between.
            for measure in (_manifests, _blobs, _room):
                for candidate in candidates:
                    measure(candidate, options)
    rows = [candidate.row() for candidate in candidates]
    print(f"\n{options.size} MiB, {options.clients} clients at once, medians of {options.rounds}\n")
    print(table(HEAD, rows))
    print("\n" + table(("against", *HEAD[1:]), _ratios(candidates)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirrorkit", default="mirrorkit", help="the program (default: on PATH)")
    parser.add_argument("--size", type=int, default=256, help="MiB of the blob")
    parser.add_argument("--clients", type=int, default=16, help="downloads at once")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of manifest requests a round")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=SERVERS)
    return parser.parse_args()


def _candidates(life: ExitStack, place: Path, options: argparse.Namespace) -> list[Candidate]:
    layer = random_layer("big", options.size << 20)
    made = image([layer], kind=OCI)
    registry = life.enter_context(docker_registry(place / "registry"))
    registry.push("library/big", "1", made)
    product = _product(place, options.mirrorkit, made, registry)
    starts: dict[str, Callable[[str], Candidate]] = {
        "mirrorkit": lambda name: _mirrorkit(life, name, product, made, "off"),
        "mirrorkit, logging": lambda name: _mirrorkit(life, name, product, made, "plain"),
        "docker-registry": lambda name: _api(name, registry.address, registry.pid, made),
        "nginx": lambda name: _nginx(life, name, place, registry.storage, made),
        "bare aiohttp": lambda name: _bare(life, name, place, made),
    }
    candidates = [starts[name](name) for name in options.servers]
    for candidate in candidates:
        verify(candidate.address, candidate.manifest, made.digest)
        if candidate.blob is not None:
            verify(candidate.address, candidate.blob, layer.digest)
    return candidates


def _product(place: Path, program: str, made: Made, registry: DockerRegistry) -> Product:
    product = product_for(place, {NAME: made}, registry.address, (program,))
    spent(product.command("sync"), place / "sync.log")
    return product


def _mirrorkit(life: ExitStack, name: str, product: Product, made: Made, log: str) -> Candidate:
    served = life.enter_context(product.serving("serve", "--access-log", log))
    candidate = _api(name, served.address, served.pid, made)
    if log != "off":
        candidate.blob = None  # a line a blob is no cost
    return candidate


def _nginx(life: ExitStack, name: str, place: Path, storage: Path, made: Made) -> Candidate:
    """Let nginx send the registry's own files: the least that serving can cost."""
    files = static_files(storage / "docker/registry/v2/blobs/sha256")
    server = life.enter_context(nginx(place / "nginx", files, log=False))
    blob, manifest = (f"/{each[7:9]}/{each[7:]}/data" for each in (_layer(made), made.digest))
    return Candidate(name, files.address, server.pid, manifest, blob)


def _bare(life: ExitStack, name: str, place: Path, made: Made) -> Candidate:
    """Let aiohttp answer the manifest's bytes whatever is asked: the least that Python can cost."""
    port, body = free_port(), place / "manifest"
    body.write_bytes(made.data)
    argv = (sys.executable, "-m", "bench.bare", str(port), str(body), made.media_type, made.digest)
    log = place / "bare.log"
    server = life.enter_context(running(argv, log=log, ready=lambda: listening(port)))
    return Candidate(name, f"{LOOPBACK}:{port}", server.pid, MANIFEST)


def _api(name: str, address: str, pid: int, made: Made) -> Candidate:
    blob = f"/v2/library/big/blobs/{_layer(made)}?ns=docker.io"
    return Candidate(name, address, pid, MANIFEST, blob)


def _layer(made: Made) -> str:
    return max(made.blobs, key=lambda digest: len(made.blobs[digest]))


def _blobs(candidate: Candidate, options: argparse.Namespace) -> None:
    if candidate.blob is None:
        return
    before = cpu_seconds(candidate.pid)
    wall = download(candidate.address, candidate.blob, options.clients)
    gigabytes = options.clients * (options.size << 20) / 1e9
    candidate.figures["MB/s"].append(gigabytes * 1000 / wall)
    candidate.figures["CPU s/GB"].append((cpu_seconds(candidate.pid) - before) / gigabytes)


def _manifests(candidate: Candidate, options: argparse.Namespace) -> None:
    before = cpu_seconds(candidate.pid)
    answers = hammer(candidate.address, candidate.manifest, options.seconds)
    cpu = cpu_seconds(candidate.pid) - before
    candidate.figures["manifests/CPU s"].append(answers / max(cpu, 0.01))


def _room(candidate: Candidate, _: argparse.Namespace) -> None:
    if candidate.blob is None:
        return
    with paced(candidate.address, candidate.blob, *ROOM) as taken:
        # Clients as quick as they can be, on the server's own cores, measure who wakes whom;
        # these take what a network would bring them.
        cpu, count = cpu_seconds(candidate.pid), taken()
        time.sleep(ROOM_SECONDS)
        cpu, count = cpu_seconds(candidate.pid) - cpu, taken() - count
        candidate.figures[IN_ROOM].append(cpu / count * 1e9)
        found = waits(candidate.address, candidate.manifest, ASKED)
    candidate.figures["p99 ms in a room"].append(found[len(found) * 99 // 100] * 1000)
    held = resident(candidate.address, candidate.blob, candidate.pid, 500)
    candidate.figures["MB of 500"].append(held)


def _ratios(candidates: list[Candidate]) -> list[list[str | float]]:
    """Compare the first server with each other one: the median of each round's ratio."""
    first, *others = candidates
    return [
        [
            f"{first.name} / {other.name}",
            *(_ratio(first.figures[name], other.figures[name]) for name in HEAD[1:]),
        ]
        for other in others
    ]


def _ratio(ours: list[float], theirs: list[float]) -> str | float:
    return middle([a / b for a, b in zip(ours, theirs, strict=False) if b]) or ""


if __name__ == "__main__":
    main()
